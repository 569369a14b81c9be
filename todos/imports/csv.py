"""Importing tables of tasks: our own CSV, or other tables with mapped columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import time, tzinfo
from functools import partial
from typing import IO, TypeVar
from zoneinfo import ZoneInfo

from config.csv_cells import unguarded
from todos.actions.imports.rows import Columns, FileItem, RowIssue, TaskRow
from todos.exports.csv import split_names
from todos.imports import cells, checks
from todos.imports.checks import RowChecker
from todos.imports.date_cells import DATE_ORDERS, Moment, read_moment, read_time
from todos.imports.files import FileRefused, MappingRefused, Options
from todos.imports.parents import ParentSorter
from todos.imports.tables import Cells, Record, folded, preamble_notices, records_of
from todos.schedule.days import Clock
from todos.task_fields import BY_COLUMN, CSV_NAMES, Kind, TaskField

FIELDS = (*CSV_NAMES, "completed")
NO_TIME = (None, time())  # midnight: a date in a column with times
DATES = ["due_date", "due_time", "start_date"]
# Other columns that a table can have under their own names, and can leave empty.
OPTIONAL = [
    column
    for name, column in CSV_NAMES.items()
    if name == column and column not in {"id", "title", *DATES}
]

_T = TypeVar("_T")


def read(file: IO[bytes], options: Options) -> Iterator[FileItem]:
    """Yield the rows of a table; the header is row 1, as in spreadsheets.

    Raises:
        FileRefused: the file is not a table.
        MappingRefused: the mapping names columns that don't exist.
    """
    values = _Values(options.clock, _date_order(options.mapping))
    named = _columns_by_field(options.mapping)
    records = records_of(file, options, names=[folded(named.get("title", "title"))])
    header_row, header = next(records)
    places = _places(header_row, header, named)
    yield from preamble_notices(header_row)
    yield from _ignored(header_row, header, places)
    sorter = ParentSorter("parent")
    for row, record in records:
        if not "".join(record).strip():
            continue
        row_cells = {
            name: unguarded(record[place].strip())
            for name, place in places.items()
            if place < len(record)
        }
        checker = RowChecker(row)
        if "".join(record[len(header) :]).strip():
            checker.error("", "This row has more cells than the header.")
        task = _task(checker, row_cells, values)
        yield from checker.issues
        if not checker.has_errors:
            yield from sorter.add(task)
    yield from sorter.unresolved()


def _date_order(mapping: Mapping[str, object]) -> str:
    order = mapping.get("dates", "ymd")
    if not isinstance(order, str) or order not in DATE_ORDERS:
        raise MappingRefused(f"dates: must be one of {', '.join(DATE_ORDERS)}.")
    return order


def _places(row: int, header: Record, named: Mapping[str, str]) -> dict[str, int]:
    """Return the index of the column of each field."""
    titles = [folded(title) for title in header]
    named = named or {name: name for name in FIELDS if name.casefold() in titles}
    if "title" not in named:
        if {"type", "content"} <= set(titles):
            raise FileRefused("The file is from Todoist. Choose the format todoist.")
        raise MappingRefused(
            'The mapping must name the column of the titles: {"title": "Task name"}.'
        )
    places = {}
    for name, title in named.items():
        if titles.count(folded(title)) != 1:
            raise MappingRefused(
                f"{name}: the header (row {row}) must have the column"
                f" {title[:50]!a} once."
            )
        places[name] = titles.index(folded(title))
    return places


def _columns_by_field(mapping: Mapping[str, object]) -> dict[str, str]:
    """Return the title of the column of each mapped field."""
    named: dict[str, str] = {}
    for name, title in mapping.items():
        if name == "dates":
            continue
        if name not in FIELDS or not isinstance(title, str):
            raise MappingRefused(
                f"{name[:50]!a}: must be one of {', '.join(FIELDS)}, with the name of"
                " a column of the file as its value."
            )
        named[name] = title
    return named


def _ignored(row: int, header: Record, places: Mapping[str, int]) -> Iterator[RowIssue]:
    for place, title in enumerate(header):
        if place not in places.values() and title.strip():
            message = "This column is not imported."
            yield RowIssue(row, title.strip()[:50], message, is_error=False)


class _Values:
    """How the cells of a table are read: the order of its dates, and the checks."""

    def __init__(self, clock: Clock, order: str) -> None:
        self.clock, self.order = clock, order
        self.checks = {column: self._check_of(BY_COLUMN[column]) for column in OPTIONAL}

    def _check_of(self, field: TaskField) -> Callable[[str], object]:
        """Return a check; tables have formats of their own for some kinds."""
        check = checks.TASK_CHECKS[field.column]
        if field.column == "rrule":
            return cells.rule
        if field.column == "priority":
            return cells.priority
        if field.kind is Kind.INSTANT:
            return partial(cells.instant, order=self.order, zone=self.clock.zone)
        if field.kind is Kind.NUMBER:
            return lambda cell: check(cells.integer(cell))
        return check


def _task(checker: RowChecker, row_cells: Cells, values: _Values) -> TaskRow:
    return TaskRow(
        row=checker.row,
        source=row_cells.get("id", "")[:200],
        parent=row_cells.get("parent", "")[:200],
        list_name=_take(checker, "list", checks.list_name, row_cells) or "",
        labels=checker.labels("labels", split_names(row_cells.get("labels", ""))),
        fields=_fields(checker, row_cells, values),
    )


def _fields(checker: RowChecker, row_cells: Cells, values: _Values) -> Columns:
    text = row_cells.get("title", "").replace("\r", "\n")
    lines = [line.strip() for line in text.split("\n")]
    if len(lines) > 1:
        checker.notice("title", "A title is one line: its line ends became spaces.")
    title = checker.take("title", checks.title, " ".join(filter(None, lines)))
    fields: dict[str, object] = {"title": title}
    for column, check in values.checks.items():
        if cell := row_cells.get(column):
            fields[column] = checker.take(column, check, cell)
    if row_cells.get("rrule") and row_cells.get("anchor"):
        fields["rrule_anchor"] = _take(checker, "anchor", checks.anchor, row_cells)
    fields |= _take(checker, "reminder", cells.reminder, row_cells) or {}
    if _take(checker, "completed", cells.yes_or_no, row_cells):
        fields.setdefault("completed_at", values.clock.now)
    _Dates(checker, row_cells, values).take(fields)
    return fields


class _Dates:
    """The cells of one row that say when a task begins and when it is due."""

    def __init__(self, checker: RowChecker, row_cells: Cells, values: _Values) -> None:
        self._checker, self._cells = checker, row_cells
        self._zone: tzinfo = values.clock.zone
        self._order = values.order

    def take(self, fields: dict[str, object]) -> None:
        """Set the dates in the fields of the row; `due_tz` is set already."""
        if isinstance(name := fields.get("due_tz"), str):
            self._zone = ZoneInfo(name)
        if start := self._moment("start_date"):
            fields["start_date"] = start.day
            if start.at not in NO_TIME:
                message = "A start date has no time: the time was dropped."
                self._checker.notice("start_date", message)
        due = self._moment("due_date")
        at = _take(self._checker, "due_time", read_time, self._cells)
        if due is not None:
            fields["due_date"] = due.day
            if at is not None and due.at not in {*NO_TIME, at}:
                self._checker.error("due_time", "The due date has another time.")
            at = due.at if at is None else at
            if at is None and due.zone is not None:
                fields.pop("due_tz", None)  # midnight: the zone has told the date
        fields["due_time"] = at

    def _moment(self, column: str) -> Moment | None:
        moment = _take(self._checker, column, self._read, self._cells)
        if moment is not None and moment.is_cut:
            self._checker.notice(column, "Fractions of a second were dropped.")
        return moment

    def _read(self, cell: str) -> Moment:
        return read_moment(cell, order=self._order).local(self._zone)


def _take(
    checker: RowChecker, name: str, check: Callable[[str], _T], row_cells: Cells
) -> _T | None:
    """Return the checked value of a cell; None for an empty one."""
    return checker.take(name, check, row_cells[name]) if row_cells.get(name) else None
