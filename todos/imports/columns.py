"""Which column of a table is which field, as far as the titles of the columns tell."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import IO

from todos.imports.csv import FIELDS
from todos.imports.files import Options
from todos.imports.tables import COLUMNS_MAX, Record, folded, records_of

COLUMNS_SHOWN = 100
SAMPLES = 200  # rows that are looked at
TITLE_MAX_LENGTH = 100  # characters; a longer title is not offered
SAMPLE_LENGTH = 40
# Other titles that programs give to their columns, the likeliest first.
SYNONYMS = {
    "title": ("task name", "task", "name", "subject", "summary", "content", "to-do"),
    "notes": ("description", "note", "details", "comments", "comment"),
    "list": ("list name", "project", "project name", "folder"),
    "labels": ("tags", "label", "tag", "categories", "category"),
    "due_date": ("due date", "due", "deadline", "due on", "date"),
    "due_time": ("due time", "time"),
    "start_date": ("start date", "start", "starts", "begins"),
    "completed": ("done", "is completed", "complete", "finished"),
    "completed_at": ("completed at", "completed on", "completion date"),
    "created_at": ("created at", "created on", "created", "creation date"),
}
DAY_OR_MONTH = re.compile(r"^(\d{1,2})([./-])(\d{1,2})\2\d{4}\b", re.ASCII)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its title, its place, and its first value."""

    title: str
    place: int
    sample: str


def columns_of(
    file: IO[bytes], options: Options
) -> tuple[list[Column], dict[int, Record]]:
    """Return the columns of a table that can be mapped, and its first rows by number.

    Raises:
        FileRefused: the file is not a table.
    """
    records = records_of(file, options, names=["title"])
    _, header = next(records)
    rows = dict(islice(records, SAMPLES))
    titles = Counter(folded(title) for title in header)
    columns = []
    for place, title in enumerate(header[:COLUMNS_SHOWN]):
        name = title.strip()
        is_plain = 0 < len(name) <= TITLE_MAX_LENGTH and name.isprintable()
        if is_plain and titles[folded(name)] == 1:
            columns.append(Column(name, place, _sample(rows.values(), place)))
    return columns, rows


def titles_of(
    columns: Iterable[Column], rows: Mapping[int, Record], title: str
) -> dict[int, str]:
    """Return the cells of the column with this title, by the number of their row."""
    place = next((one.place for one in columns if one.title == title), COLUMNS_MAX)
    return {row: cells[place] for row, cells in rows.items() if place < len(cells)}


def _sample(rows: Iterable[Record], place: int) -> str:
    cells = (row[place].strip() for row in rows if place < len(row))
    text = " ".join(next(filter(None, cells), "").split())
    return "".join(filter(str.isprintable, text))[:SAMPLE_LENGTH]


def guess(columns: list[Column], rows: Mapping[int, Record]) -> dict[str, str]:
    """Return a mapping with the column of each field that the titles tell."""
    left = {folded(column.title): column.title for column in columns}
    mapping = {name: left.pop(name) for name in FIELDS if name in left}
    for name, others in SYNONYMS.items():
        found = next((other for other in others if other in left), None)
        if name not in mapping and found:
            mapping[name] = left.pop(found)
    if order := _order_of(rows.values()):
        mapping["dates"] = order
    return mapping


def _order_of(rows: Iterable[Record]) -> str:
    """Return the order of the dates in the rows, if one of them tells."""
    found = (DAY_OR_MONTH.match(cell.strip()) for row in rows for cell in row)
    for match in filter(None, found):
        first, mark, second = int(match[1]), match[2], int(match[3])
        if mark == "." or first > 12 >= second:
            return "dmy"
        if second > 12 >= first:
            return "mdy"
    return ""
