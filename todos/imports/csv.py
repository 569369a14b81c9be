"""Reading tables of tasks: CSV of our own, or of others with their columns mapped."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, tzinfo
from functools import partial
from typing import IO, Any

from django.core.exceptions import ValidationError

from config.csv_cells import unguarded
from todos.actions.imports.rows import FileItem, RowIssue, TaskRow
from todos.exports.csv import split_names
from todos.imports import checks
from todos.imports.checks import RowChecker
from todos.imports.files import FileRefused, MappingRefused, Options, lines_of
from todos.task_fields import BY_COLUMN, CSV_NAMES, Kind, TaskField

LINE_MAX = 1024 * 1024  # bytes
RECORDS_MAX = 1024 * 1024  # as spreadsheets have at most, blank ones too
COLUMNS_MAX = 1024
DELIMITERS = ",;\t"
FIELDS = (*CSV_NAMES, "completed")
# Columns of ours that a table may have under their own names, and may leave empty.
OPTIONAL = [
    column
    for name, column in CSV_NAMES.items()
    if name == column and column not in {"id", "title"}
]
ORDERS = ("ymd", "dmy", "mdy")

DATE = re.compile(r"(\d{1,4})[-./](\d{1,2})[-./](\d{1,4})", re.ASCII)
TIME = re.compile(r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?\s*([ap]m)?", re.ASCII | re.I)
NUMBER = re.compile(r"\d{1,9}", re.ASCII)
MINUTES = re.compile(r"(\d{1,6})m", re.ASCII)
PRIORITIES = {"urgent": 1, "high": 2, "medium": 3, "normal": 3, "low": 4}
YES = {"yes", "true", "1", "x", "done", "completed", "y"}
NO = {"no", "false", "0", "open", "n", "needs-action", "pending"}

Record = list[str]
Cells = dict[str, str]


def read(file: IO[bytes], options: Options) -> Iterator[FileItem]:
    """Yield the rows of a table; the header is row 1, as spreadsheets count.

    Raises:
        FileRefused: it can't be read as a table.
        MappingRefused: the mapping names columns that are not there.
    """
    records = records_of(file, options)
    _, header = next(records, (1, []))
    places = _places(header, options.mapping)
    yield from _ignored(header, places)
    for row, record in records:
        if not "".join(record).strip():
            continue
        cells = {
            name: unguarded(record[place].strip())
            for name, place in places.items()
            if place < len(record)
        }
        checker = RowChecker(row)
        if "".join(record[len(header) :]).strip():
            checker.error("", "This row has more cells than the header.")
        task = _task(checker, cells, options)
        yield from checker.issues
        if not checker.has_errors:
            yield task


def records_of(file: IO[bytes], options: Options) -> Iterator[tuple[int, Record]]:
    """Yield the records of a table with their numbers, the header's being 1.

    Raises:
        FileRefused: it can't be read, or has more rows than are read.
    """
    lines = lines_of(file, longest=LINE_MAX)
    first = next(lines, "")
    if not first.strip():
        raise FileRefused("The file is empty, or does not begin with a header.")
    delimiter = max(DELIMITERS, key=first.count)
    records = csv.reader(_with(first, lines), delimiter=delimiter, strict=True)
    row = 0
    try:
        for row, record in enumerate(records, 1):
            if row > RECORDS_MAX:
                raise FileRefused(f"A table has at most {RECORDS_MAX} rows.")
            if row == 1 and len(record) > COLUMNS_MAX:
                raise FileRefused(f"A table has at most {COLUMNS_MAX} columns.")
            options.require_room(row - 1)  # the header is none
            yield row, record
    except csv.Error as exc:
        raise FileRefused(
            f"After row {row} the quotes are not in order, or a cell is longer than"
            f" {csv.field_size_limit()} characters."
        ) from exc


def _with(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines


def _places(header: Record, mapping: Mapping[str, Any]) -> dict[str, int]:
    """Return at which place of a record each of our fields stands."""
    titles = [title.strip().casefold() for title in header]
    named = _checked(mapping) or {
        name: name for name in FIELDS if name.casefold() in titles
    }
    if "title" not in named:
        raise MappingRefused(
            'Say which column holds the titles, as {"title": "Task name"}.'
        )
    places = {}
    for name, title in named.items():
        if titles.count(title.strip().casefold()) != 1:
            raise MappingRefused(
                f"{name}: the header must have the column {title[:50]!a} once."
            )
        places[name] = titles.index(title.strip().casefold())
    return places


def _checked(mapping: Mapping[str, Any]) -> dict[str, str]:
    """Return which column of theirs each of our fields is in."""
    if mapping.get("dates", "ymd") not in ORDERS:
        raise MappingRefused(f"dates: write one of {', '.join(ORDERS)}.")
    named = {name: title for name, title in mapping.items() if name != "dates"}
    for name, title in named.items():
        if name not in FIELDS or not isinstance(title, str):
            raise MappingRefused(
                f"{name[:50]!a}: write one of {', '.join(FIELDS)}, with the name of"
                " a column of the file."
            )
    return named


def _ignored(header: Record, places: Mapping[str, int]) -> Iterator[RowIssue]:
    for place, title in enumerate(header):
        if place not in places.values() and title.strip():
            yield RowIssue(
                1, title.strip()[:50], "This column is not imported.", is_error=False
            )


def _task(checker: RowChecker, cells: Cells, options: Options) -> TaskRow:
    return TaskRow(
        row=checker.row,
        source=cells.get("id", "")[:200],
        parent=cells.get("parent", "")[:200],
        list_name=_taken(checker, "list", checks.list_name, cells) or "",
        labels=checker.labels("labels", split_names(cells.get("labels", ""))),
        fields=_fields(checker, cells, options),
    )


def _fields(checker: RowChecker, cells: Cells, options: Options) -> dict[str, Any]:
    cells = _with_time_apart(cells)
    fields: dict[str, Any] = {}
    fields["title"] = checker.take("title", checks.title, cells.get("title", ""))
    for column in OPTIONAL:
        if cell := cells.get(column):
            check = _check_of(BY_COLUMN[column], options)
            fields[column] = checker.take(column, check, cell)
    if cells.get("rrule") and cells.get("anchor"):
        fields["rrule_anchor"] = checker.take("anchor", checks.anchor, cells["anchor"])
    fields |= _taken(checker, "reminder", _reminder, cells) or {}
    if _taken(checker, "completed", _is_done, cells):
        fields.setdefault("completed_at", options.clock.now)
    return fields


def _check_of(field: TaskField, options: Options) -> Callable[[str], object]:
    """Return what reads a cell: tables write dates and numbers in ways of their own."""
    order = options.mapping.get("dates", "ymd")
    check = checks.TASK_CHECKS[field.column]
    match field.kind:
        case Kind.DATE:
            return partial(day, order=order)
        case Kind.TIME:
            return clock
        case Kind.INSTANT:
            return partial(instant, order=order, zone=options.clock.zone)
        case Kind.NUMBER if field.column == "priority":
            return priority
        case Kind.NUMBER:
            return lambda cell: check(int(cell) if NUMBER.fullmatch(cell) else cell)
        case _:
            return check


def _taken(checker: RowChecker, name: str, check: Any, cells: Cells) -> Any:
    return checker.take(name, check, cells[name]) if cells.get(name) else None


def _with_time_apart(cells: Cells) -> Cells:
    """Return the cells with a time that stands beside the due date in its own."""
    day_cell, _, rest = cells.get("due_date", "").replace("T", " ").partition(" ")
    if not rest.strip() or cells.get("due_time"):
        return cells
    return cells | {"due_date": day_cell, "due_time": rest.strip()}


def day(cell: str, *, order: str) -> date:
    """Return the date in a cell, its parts in this order: `ymd`, `dmy` or `mdy`.

    Raises:
        ValidationError: there is none.
    """
    match = DATE.fullmatch(cell)
    parts = dict(zip(order, match.groups(), strict=True)) if match else {}
    year = parts.get("y", "")
    if len(year) != 4:
        raise ValidationError(f"Write a date as {_sample(order)}.")
    return checks.day(f"{year}-{parts['m']:0>2}-{parts['d']:0>2}")


def _sample(order: str) -> str:
    return {"ymd": "2027-02-28", "dmy": "28.02.2027", "mdy": "02/28/2027"}[order]


def clock(cell: str) -> time:
    """Return the time in a cell: `9:30`, `09:30:00`, `9:30 pm`.

    Raises:
        ValidationError: there is none.
    """
    match = TIME.fullmatch(cell)
    if match is None:
        raise ValidationError("Write a time as 09:30.")
    hour, half = int(match[1]), (match[4] or "").lower()
    if half and not 1 <= hour <= 12:
        raise ValidationError("Write a time as 09:30.")
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return checks.clock(f"{hour:02}:{match[2]}:{match[3] or '00'}")


def instant(cell: str, *, order: str, zone: tzinfo) -> datetime:
    """Return the instant in a cell; without a zone it is in that of the person.

    Raises:
        ValidationError: there is none.
    """
    try:
        read_at = datetime.fromisoformat(cell)
    except ValueError:
        day_cell, _, rest = cell.partition(" ")
        at = clock(rest.strip()) if rest.strip() else time(0)
        read_at = datetime.combine(day(day_cell, order=order), at)
    if read_at.tzinfo is None:
        read_at = read_at.replace(tzinfo=zone)
    return checks.instant(read_at.isoformat())


def priority(cell: str) -> int:
    """Return a priority, by number or by word.

    Raises:
        ValidationError: it is neither.
    """
    word = cell.lower().removeprefix("p")
    if word in PRIORITIES:
        return PRIORITIES[word]
    return checks.priority(int(word) if word in {"1", "2", "3", "4"} else word)


def _reminder(cell: str) -> dict[str, Any]:
    if match := MINUTES.fullmatch(cell):
        return {"reminder_minutes": checks.minutes_before(int(match[1]))}
    return {"reminder_time": clock(cell)}


def _is_done(cell: str) -> bool:
    word = cell.lower()
    if word not in YES | NO:
        raise ValidationError("Write yes or no.")
    return word in YES
