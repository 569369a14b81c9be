"""The records of a table in a text file: CSV with one of several delimiters."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import chain
from typing import IO, TypeAlias

from todos.imports.files import FileRefused, Options, lines_of

LINE_MAX = 1024 * 1024  # bytes
RECORDS_MAX = 1024 * 1024  # the most that spreadsheets have, including blank ones
COLUMNS_MAX = 1024
DELIMITERS = ",;\t"

Record: TypeAlias = list[str]
Cells: TypeAlias = dict[str, str]  # by the name of their column


def records_of(file: IO[bytes], options: Options) -> Iterator[tuple[int, Record]]:
    """Yield the records of a table with their numbers; the header is number 1.

    Raises:
        FileRefused: the file is not a table, or is too large.
    """
    lines = lines_of(file, longest=LINE_MAX)
    first = next(lines, "")
    if not first.strip():
        raise FileRefused("The file is empty, or does not begin with a header.")
    delimiter = max(DELIMITERS, key=first.count)
    records = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
    row = 0
    try:
        for row, record in enumerate(records, 1):
            if row > RECORDS_MAX:
                raise FileRefused(f"The table has more than {RECORDS_MAX} rows.")
            if row == 1 and len(record) > COLUMNS_MAX:
                raise FileRefused(f"The table has more than {COLUMNS_MAX} columns.")
            options.require_room(row - 1)  # without the header
            yield row, record
    except csv.Error as exc:
        raise FileRefused(
            f"After row {row}, quotes don't match or a cell is longer than"
            f" {csv.field_size_limit()} characters."
        ) from exc
