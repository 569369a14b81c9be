"""Storing changed rows, each with its change in the ledger, and deleting tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import F

from accounts.models import User
from config.writes import update_each
from todos.ledger import Batch, Kind, RecordedRow, Snapshot, snapshot
from todos.models import Label, Task, TaskLabel
from todos.reminders.planning import plan_reminder
from todos.task_fields import REMINDER_COLUMNS

_RecordedRow = TypeVar("_RecordedRow", bound=RecordedRow)

CHUNK = 500  # rows that one statement names


def store(row: RecordedRow, before: Snapshot, kind: Kind, batch: Batch) -> None:
    """Store what differs from `before`, with a new version, and record the change."""
    after = snapshot(row)
    names = [name for name in after if after[name] != before[name]]
    if not names:
        return
    row.version += 1
    row.updated_at = batch.at
    columns = [name for name in names if name != "labels"]
    # Columns that are derived from others:
    if isinstance(row, Task):
        columns.append("search")
        if _replan_reminder(row, names, batch):
            columns.append("remind_on")
    if isinstance(row, Label):
        columns.append("key")
    update_each([row], columns, at=batch.at)
    batch.changed(kind, row, before, after)


def store_all(
    changed: Iterable[tuple[_RecordedRow, Snapshot]], kind: Kind, batch: Batch
) -> None:
    """Store many rows as `store` does, each with its snapshot from before.

    The number of statements does not depend on the number of rows: rows with the same
    changed columns are stored together, whether their new values are equal or not.
    """
    rows_by_columns: dict[tuple[str, ...], list[_RecordedRow]] = defaultdict(list)
    for row, before in changed:
        after = snapshot(row)
        names = {name for name in after if after[name] != before[name]}
        if not names:
            continue
        row.version += 1
        row.updated_at = batch.at
        batch.changed(kind, row, before, after)
        columns = names - {"labels"}
        if isinstance(row, Task) and _replan_reminder(row, names, batch):
            columns.add("remind_on")
        rows_by_columns[tuple(sorted(columns))].append(row)
    for alike, rows in rows_by_columns.items():
        _update_all(rows, alike, batch)


def _update_all(
    rows: Sequence[_RecordedRow], columns: Sequence[str], batch: Batch
) -> None:
    values = {tuple(getattr(row, name) for name in columns) for row in rows}
    if len(values) > 1 or len(rows) == 1:
        update_each(rows, columns, at=batch.at)
        return
    same = dict(zip(columns, *values, strict=True))
    for start in range(0, len(rows), CHUNK):
        ids = [row.pk for row in rows[start : start + CHUNK]]
        mine = type(rows[0]).objects.filter(owner=batch.owner)
        mine.filter(pk__in=ids).update(
            **same, version=F("version") + 1, updated_at=batch.at
        )


def _replan_reminder(task: Task, changed: Iterable[str], batch: Batch) -> bool:
    """Plan the reminder again if it depends on what changed; return whether it does.

    Otherwise its column must not be stored: a sender may be taking the reminder at this
    moment.
    """
    if REMINDER_COLUMNS.isdisjoint(changed):
        return False
    plan_reminder(task, owner=batch.owner, at=batch.at)
    return True


def recorded_task(values: Mapping[str, Any]) -> Task:
    """Return a task that is not stored, with the values that the ledger recorded."""
    task = Task(title="")
    assign(task, dict(values))
    task.label_names = list(values.get("labels", []))
    return task


def assign(row: RecordedRow, values: Snapshot) -> None:
    """Set columns of a row to the values that the ledger recorded, except labels."""
    fields = {field.attname: field for field in row._meta.concrete_fields}
    for name, value in values.items():
        if name != "labels":
            setattr(row, name, fields[name].to_python(value))


def delete_tasks(ids: Collection[UUID], *, owner: User) -> None:
    """Delete tasks and their links to labels; record nothing.

    `ids` must include those of their steps, or the database refuses.
    """
    TaskLabel.objects.filter(owner=owner, task__in=ids).delete()
    Task.objects.filter(owner=owner, pk__in=ids).delete()
