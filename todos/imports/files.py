"""Uploaded files: how they are opened and read as lines, whatever their format."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import IO

from todos.schedule.days import Clock

CHUNK = 256 * 1024  # bytes read at once


class FileRefused(Exception):
    """The whole file can't be read. The text says why, without quoting its values."""


class MappingRefused(FileRefused):
    """The mapping of the columns is wrong, not the file."""


class TooManyRows(FileRefused):
    """The file has more rows than this interface accepts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to read a file: the owner's clock and week, and the layout of the file.

    `week_start` is 0 for Monday. `mapping` is for tables: field to column of the file.
    `rows_max` limits the rows that are read, including blank rows and rows without a
    task, which take time too; None means no limit. Of an archive, `rows_before` were
    read from earlier files.
    """

    clock: Clock
    week_start: int = 0
    mapping: Mapping[str, object] = field(default_factory=dict)
    rows_max: int | None = None
    rows_before: int = 0

    def require_room(self, rows: int) -> None:
        """Refuse a file with at least `rows` rows if that is too many.

        Raises:
            TooManyRows: there are more than `rows_max`.
        """
        if self.rows_max is not None and rows + self.rows_before > self.rows_max:
            raise TooManyRows(f"The file has more than {self.rows_max} rows.")


def refuse_mapping(options: Options) -> None:
    """Refuse a mapping, for formats whose fields have fixed names.

    Raises:
        MappingRefused: there is a mapping.
    """
    if options.mapping:
        raise MappingRefused("This format needs no mapping: its fields have names.")


def skip_byte_order_mark(file: IO[bytes]) -> IO[bytes]:
    """Move to the beginning of a file, after the byte order mark of UTF-8 if any."""
    file.seek(0)
    start = file.read(len(codecs.BOM_UTF8))
    file.seek(len(start) if start == codecs.BOM_UTF8 else 0)
    return file


def lines_of(file: IO[bytes], *, longest: int) -> Iterator[str]:
    """Yield the lines of a text file, with their line ends.

    Raises:
        FileRefused: a line is longer than `longest` bytes, or the file is not UTF-8.
    """
    for line in _raw_lines(skip_byte_order_mark(file), longest):
        if len(line) > longest:
            raise FileRefused(f"A line is longer than {longest} bytes.")
        yield decode(line)


def _raw_lines(file: IO[bytes], longest: int) -> Iterator[bytes]:
    """Yield lines; in a file without line feeds they end with carriage returns."""
    begin = file.tell()
    start = file.read(CHUNK)
    file.seek(begin)
    if b"\n" in start or b"\r" not in start:
        yield from iter(partial(file.readline, longest + 1), b"")
        return
    rest = b""
    while chunk := file.read(CHUNK):
        *lines, rest = (rest + chunk).split(b"\r")
        yield from (line + b"\n" for line in lines)
        if len(rest) > longest:
            break
    yield rest


def decode(line: bytes) -> str:
    """Decode a line.

    Raises:
        FileRefused: it is not UTF-8.
    """
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise FileRefused("The file is not UTF-8. Save it as UTF-8.") from exc
