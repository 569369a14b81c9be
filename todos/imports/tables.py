"""The records of a table in a text file: CSV with one of several delimiters."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from contextlib import suppress
from itertools import chain, islice
from typing import IO, TypeAlias

from todos.actions.imports.rows import RowIssue
from todos.imports.date_cells import spaced
from todos.imports.files import FileRefused, Options, lines_of

LINE_MAX = 1024 * 1024  # bytes
RECORDS_MAX = 1024 * 1024  # the most that spreadsheets have, including blank ones
COLUMNS_MAX = 1024
BEFORE_HEADER_MAX = 20  # lines
HEADER_MAX = 64 * 1024  # characters of a header that is not the first line
DELIMITERS = ",;\t"
# What a text that is not a table begins with, in upper case.
OTHER_FORMATS = {
    "{": "The file is JSON and not a table. Choose the format it was exported in.",
    "[": "The file is JSON and not a table. Choose the format it was exported in.",
    "BEGIN:VCALENDAR": "The file is a calendar. Choose the format ics.",
    "<": "The file is a web page or XML and not a table. Export the tasks again.",
}

Record: TypeAlias = list[str]
Cells: TypeAlias = dict[str, str]  # by the name of their column


def records_of(
    file: IO[bytes], options: Options, *, names: Collection[str] = ()
) -> Iterator[tuple[int, Record]]:
    """Yield the header of a table and its records, with their numbers.

    The header is the first of some lines that has all of these `names`, in the form of
    `folded`; what precedes it is counted. Without such a line, it is the first record.

    Raises:
        FileRefused: the file is not a table, or is too large.
    """
    lines = _split(lines_of(file, longest=LINE_MAX))
    beginning = list(islice(lines, BEFORE_HEADER_MAX + 1))
    preamble, delimiter = _header_of(beginning, names)
    header = sum(1 for _ in _lenient(beginning[:preamble], ",")) + 1
    lines = chain(beginning[preamble:], lines)
    records = csv.reader(lines, delimiter=delimiter, strict=True)
    row = header - 1
    try:
        for row, record in enumerate(records, header):
            if row > RECORDS_MAX:
                raise FileRefused(f"The table has more than {RECORDS_MAX} rows.")
            if row == header and len(record) > COLUMNS_MAX:
                raise FileRefused(f"The table has more than {COLUMNS_MAX} columns.")
            options.require_room(row - header)
            yield row, record
    except csv.Error as exc:
        raise FileRefused(
            f"After row {row}, quotes don't match or a cell is longer than"
            f" {csv.field_size_limit()} characters."
        ) from exc


def folded(title: str) -> str:
    """Return the form in which titles of columns are compared."""
    return spaced(title).casefold()


def preamble_notices(header_row: int) -> Iterator[RowIssue]:
    """Tell users that the header is not the first row."""
    if header_row > 1:
        message = f"The header is row {header_row}. The rows above it are not imported."
        yield RowIssue(1, "", message, is_error=False)


def _header_of(lines: list[str], names: Collection[str]) -> tuple[int, str]:
    """Return the number of lines before the header, and the delimiter."""
    for index, line in enumerate(lines if names else ()):
        if delimiter := _delimiter_of(line, names):
            return index, delimiter
    first = lines[0] if lines else ""
    if names:
        _refuse_other_formats("".join(lines).lstrip())
    if not first.strip():
        raise FileRefused("The file is empty, or does not begin with a header.")
    return 0, max(DELIMITERS, key=first.count)


def _delimiter_of(line: str, names: Collection[str]) -> str:
    """Return the delimiter of a line that has columns with these names, or nothing."""
    text = folded(line) if len(line) <= HEADER_MAX else ""
    if all(name in text for name in names):
        for delimiter in sorted(DELIMITERS, key=line.count, reverse=True):
            records = _lenient([line], delimiter)
            if set(names) <= set(map(folded, next(records, []))):
                return delimiter
    return ""


def _split(lines: Iterator[str]) -> Iterator[str]:
    """Yield lines; a carriage return ends one too, which some programs mix in."""
    for line in lines:
        if line.find("\r", 0, -2) < 0:
            yield line
        else:
            yield from io.StringIO(line, newline=None)


def _lenient(lines: list[str], delimiter: str) -> Iterator[Record]:
    """Yield the records of lines up to one that can't be read."""
    with suppress(csv.Error):
        yield from csv.reader(lines, delimiter=delimiter)


def _refuse_other_formats(text: str) -> None:
    for start, refusal in OTHER_FORMATS.items():
        if text[: len(start)].upper() == start:
            raise FileRefused(refusal)
