"""Tasks as a table for spreadsheets: CSV (RFC 4180), UTF-8.

The columns are described in `docs/exchange.md`. A byte order mark stands at the
beginning, without which Excel takes UTF-8 for something else.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from accounts.models import User
from config.csv_cells import guarded
from todos.exports.json import clock
from todos.exports.rows import Columns, lists_of, tasks_of
from todos.task_fields import CSV_NAMES

BYTE_ORDER_MARK = "\ufeff"


def write(user: User) -> Iterator[bytes]:
    """Yield the table, row by row: every task, also those in the trash."""
    lists = {row["id"]: row["name"] for row in lists_of(user)}
    yield (BYTE_ORDER_MARK + line_of(CSV_NAMES)).encode()
    for row in tasks_of(user):
        yield line_of(guarded(cell) for cell in _cells(row, lists)).encode()


def line_of(cells: Iterable[str]) -> str:
    """Return one line of a table, with its line end."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _cells(row: Columns, lists: dict[UUID, str]) -> Iterator[str]:
    cells = {name: row[column] for name, column in CSV_NAMES.items()} | {
        "list": lists[row["list_id"]],
        "labels": joined(row["label_names"]),
        "due_time": clock(row["due_time"]),
        "reminder": _reminder(row),
    }
    return map(_text, cells.values())


def joined(names: Iterable[str]) -> str:
    """Return names as one cell: a line of CSV itself, as names may hold commas."""
    return line_of(names).removesuffix("\r\n")


def split(cell: str) -> list[str]:
    """Return the names in a cell."""
    rows = csv.reader(cell.splitlines(), skipinitialspace=True)
    return [name for row in rows for name in row if name.strip()]


def _reminder(row: Columns) -> str | None:
    minutes = row["reminder_minutes"]
    return clock(row["reminder_time"]) if minutes is None else f"{minutes}m"


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return "" if value is None else str(value)
