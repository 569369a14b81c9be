"""Files that people bring, before anyone knows what is in them."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from todos.schedule.days import Clock

MARK = codecs.BOM_UTF8


class FileRefused(Exception):
    """The file as a whole can't be read; the text says why, without quoting it."""


class MappingRefused(FileRefused):
    """It is not the file that can't be used, but what was said of its columns."""


class TooManyRows(FileRefused):
    """The file has more rows than are taken this way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What reading depends on beside the file: whose it is, and how it is laid out.

    `week_start` is 0 for Monday. `mapping` is for tables: our field, their column.
    `rows_max` is how many rows are read; blank ones, and those that bring no task,
    cost their time as well and count. None reads any number.
    """

    clock: Clock
    week_start: int = 0
    mapping: Mapping[str, Any] = field(default_factory=dict)
    rows_max: int | None = None

    def require_room(self, rows: int) -> None:
        """Refuse a file that has more rows than are read.

        Raises:
            TooManyRows: `rows` is one too many.
        """
        if self.rows_max is not None and rows > self.rows_max:
            raise TooManyRows(f"The file has more than {self.rows_max} rows.")


def skip_byte_order_mark(file: IO[bytes]) -> IO[bytes]:
    """Return the file from its beginning, after the byte order mark if it has one.

    Raises:
        FileRefused: it is in another encoding that says so.
    """
    file.seek(0)
    start = file.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise FileRefused("The file is UTF-16. Save it as UTF-8.")
    file.seek(len(MARK) if start.startswith(MARK) else 0)
    return file


def lines_of(file: IO[bytes], *, longest: int) -> Iterator[str]:
    """Yield the lines of a text file, with their ends, of at most `longest` bytes.

    Raises:
        FileRefused: a line is longer, or the file is not UTF-8.
    """
    return map(decoded, bytes_of_lines(file, longest=longest))


def bytes_of_lines(file: IO[bytes], *, longest: int) -> Iterator[bytes]:
    """Yield the lines of a file, with their ends.

    Raises:
        FileRefused: a line is longer than `longest` bytes.
    """
    file = skip_byte_order_mark(file)
    while line := file.readline(longest + 1):
        if len(line) > longest:
            raise FileRefused(f"A line is longer than {longest} bytes.")
        yield line


def decoded(line: bytes | bytearray) -> str:
    """Return a line as text.

    Raises:
        FileRefused: it is not UTF-8.
    """
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise FileRefused("The file is not UTF-8. Save it as UTF-8.") from exc
