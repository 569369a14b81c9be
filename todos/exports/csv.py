"""Tasks as a table for spreadsheets: CSV (RFC 4180) in UTF-8.

The columns are described in `docs/exchange.md`. The file begins with a byte order mark,
without which Excel does not recognise UTF-8.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from uuid import UUID

from accounts.models import User
from config.csv_cells import guarded
from todos.exports.rows import Columns, Selection, lists_of, tasks_of
from todos.exports.times import time_text
from todos.task_fields import CSV_NAMES

BYTE_ORDER_MARK = "\ufeff"


def write(user: User, selection: Selection) -> Iterator[bytes]:
    """Yield the table, row by row: all tasks, including those in the trash."""
    lists = {row["id"]: row["name"] for row in lists_of(user)}
    yield (BYTE_ORDER_MARK + line_of(CSV_NAMES)).encode()
    for row in tasks_of(user, selection):
        yield line_of(guarded(cell) for cell in _cells(row, lists)).encode()


def line_of(cells: Iterable[str]) -> str:
    """Return one line of a table, with its line end."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _cells(row: Columns, lists: dict[UUID, str]) -> Iterator[str]:
    cells = {name: row[column] for name, column in CSV_NAMES.items()} | {
        "list": lists[row["list_id"]],
        "labels": join_names(row["label_names"]),
        "due_time": time_text(row["due_time"]),
        "reminder": _reminder(row),
    }
    return map(_text, cells.values())


def join_names(names: Iterable[str]) -> str:
    """Return names as one cell, which is itself CSV: a name may contain commas."""
    return line_of(names).removesuffix("\r\n")


def split_names(cell: str) -> list[str]:
    """Return the names in a cell that `join_names` could have made."""
    rows = csv.reader(cell.splitlines(), skipinitialspace=True)
    return [name for row in rows for name in row if name.strip()]


def _reminder(row: Columns) -> str | None:
    minutes = row["reminder_minutes"]
    return time_text(row["reminder_time"]) if minutes is None else f"{minutes}m"


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return "" if value is None else str(value)
