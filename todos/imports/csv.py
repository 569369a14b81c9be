"""Importing tables of tasks: our own CSV, or other tables with mapped columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import IO, TypeVar

from config.csv_cells import unguarded
from todos.actions.imports.rows import Columns, FileItem, RowIssue, TaskRow
from todos.exports.csv import split_names
from todos.imports import cells, checks
from todos.imports.cells import DATE_ORDERS
from todos.imports.checks import RowChecker
from todos.imports.files import MappingRefused, Options
from todos.imports.tables import Cells, Record, records_of
from todos.task_fields import BY_COLUMN, CSV_NAMES, Kind, TaskField

FIELDS = (*CSV_NAMES, "completed")
# Columns that a table can have under their own names, and can leave empty.
OPTIONAL = [
    column
    for name, column in CSV_NAMES.items()
    if name == column and column not in {"id", "title"}
]

_T = TypeVar("_T")


def read(file: IO[bytes], options: Options) -> Iterator[FileItem]:
    """Yield the rows of a table; the header is row 1, as in spreadsheets.

    Raises:
        FileRefused: the file is not a table.
        MappingRefused: the mapping names columns that don't exist.
    """
    records = records_of(file, options)
    _, header = next(records, (1, []))
    order = _date_order(options.mapping)
    places = _places(header, options.mapping)
    yield from _ignored(header, places)
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
        task = _task(checker, row_cells, options, order)
        yield from checker.issues
        if not checker.has_errors:
            yield task


def _date_order(mapping: Mapping[str, object]) -> str:
    order = mapping.get("dates", "ymd")
    if not isinstance(order, str) or order not in DATE_ORDERS:
        raise MappingRefused(f"dates: must be one of {', '.join(DATE_ORDERS)}.")
    return order


def _places(header: Record, mapping: Mapping[str, object]) -> dict[str, int]:
    """Return the index of the column of each field."""
    titles = [title.strip().casefold() for title in header]
    named = _columns_by_field(mapping) or {
        name: name for name in FIELDS if name.casefold() in titles
    }
    if "title" not in named:
        raise MappingRefused(
            'The mapping must name the column of the titles: {"title": "Task name"}.'
        )
    places = {}
    for name, title in named.items():
        if titles.count(title.strip().casefold()) != 1:
            raise MappingRefused(
                f"{name}: the header must have the column {title[:50]!a} once."
            )
        places[name] = titles.index(title.strip().casefold())
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


def _ignored(header: Record, places: Mapping[str, int]) -> Iterator[RowIssue]:
    for place, title in enumerate(header):
        if place not in places.values() and title.strip():
            yield RowIssue(
                1, title.strip()[:50], "This column is not imported.", is_error=False
            )


def _task(
    checker: RowChecker, row_cells: Cells, options: Options, order: str
) -> TaskRow:
    return TaskRow(
        row=checker.row,
        source=row_cells.get("id", "")[:200],
        parent=row_cells.get("parent", "")[:200],
        list_name=_take(checker, "list", checks.list_name, row_cells) or "",
        labels=checker.labels("labels", split_names(row_cells.get("labels", ""))),
        fields=_fields(checker, row_cells, options, order),
    )


def _fields(
    checker: RowChecker, row_cells: Cells, options: Options, order: str
) -> Columns:
    row_cells = _split_due_time(row_cells)
    title = checker.take("title", checks.title, row_cells.get("title", ""))
    fields: dict[str, object] = {"title": title}
    for column in OPTIONAL:
        if cell := row_cells.get(column):
            check = _check_of(BY_COLUMN[column], options, order)
            fields[column] = checker.take(column, check, cell)
    if row_cells.get("rrule") and row_cells.get("anchor"):
        fields["rrule_anchor"] = _take(checker, "anchor", checks.anchor, row_cells)
    fields |= _take(checker, "reminder", cells.reminder, row_cells) or {}
    if _take(checker, "completed", cells.yes_or_no, row_cells):
        fields.setdefault("completed_at", options.clock.now)
    return fields


def _check_of(
    field: TaskField, options: Options, order: str
) -> Callable[[str], object]:
    """Return the check of a cell: tables have formats of their own for some kinds."""
    check = checks.TASK_CHECKS[field.column]
    match field.kind:
        case Kind.DATE:
            return partial(cells.day, order=order)
        case Kind.TIME:
            return cells.time_of_day
        case Kind.INSTANT:
            return partial(cells.instant, order=order, zone=options.clock.zone)
        case Kind.NUMBER if field.column == "priority":
            return cells.priority
        case Kind.NUMBER:
            return lambda cell: check(cells.integer(cell))
        case _:
            return check


def _take(
    checker: RowChecker, name: str, check: Callable[[str], _T], row_cells: Cells
) -> _T | None:
    """Return the checked value of a cell; None for an empty one."""
    return checker.take(name, check, row_cells[name]) if row_cells.get(name) else None


def _split_due_time(row_cells: Cells) -> Cells:
    """Move a time that follows the due date into a cell of its own."""
    day_cell, _, rest = row_cells.get("due_date", "").replace("T", " ").partition(" ")
    if not rest.strip() or row_cells.get("due_time"):
        return row_cells
    return row_cells | {"due_date": day_cell, "due_time": rest.strip()}
