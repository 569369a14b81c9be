"""Storing changed rows, each with its change in the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.db.models import F

from config.writes import update_each
from todos.ledger import Batch, Kind, snapshot
from todos.models import Label, Task, TaskList
from todos.reminders.planning import plan_reminder
from todos.task_fields import REMINDER_COLUMNS

_Row = TypeVar("_Row", bound=Task | TaskList | Label)

CHUNK = 500  # rows that one statement names


def store(
    row: Task | TaskList | Label, before: dict[str, Any], kind: Kind, batch: Batch
) -> None:
    """Save what differs from `before`, count the version, record the change."""
    after = snapshot(row)
    names = [name for name in after if after[name] != before[name]]
    if not names:
        return
    row.version += 1
    row.updated_at = batch.at
    columns = [name for name in names if name != "labels"]
    # And what follows from these.
    if isinstance(row, Task):
        columns.append("search")
        if _plans_reminder(row, names, batch):
            columns.append("remind_on")
    if isinstance(row, Label):
        columns.append("key")
    row.save(update_fields=[*columns, "version", "updated_at"])
    batch.changed(kind, row, before, after)


def store_all(
    changed: Iterable[tuple[_Row, dict[str, Any]]], kind: Kind, batch: Batch
) -> None:
    """As `store` for many rows, each with what it was `before`.

    The number of statements does not depend on the number of rows: rows that change in
    the same columns are stored together, whether to one value or each to its own.
    """
    together: dict[tuple[str, ...], list[_Row]] = defaultdict(list)
    for row, before in changed:
        after = snapshot(row)
        names = {name for name in after if after[name] != before[name]}
        if not names:
            continue
        row.version += 1
        row.updated_at = batch.at
        batch.changed(kind, row, before, after)
        columns = names - {"labels"}
        if isinstance(row, Task) and _plans_reminder(row, names, batch):
            columns.add("remind_on")
        together[tuple(sorted(columns))].append(row)
    for alike, rows in together.items():
        _update_all(rows, alike, batch)


def _update_all(rows: Sequence[_Row], columns: Sequence[str], batch: Batch) -> None:
    values = {tuple(getattr(row, name) for name in columns) for row in rows}
    if len(values) > 1:
        update_each(rows, columns, at=batch.at)
        return
    same = dict(zip(columns, *values, strict=True))
    for start in range(0, len(rows), CHUNK):
        ids = [row.pk for row in rows[start : start + CHUNK]]
        type(rows[0]).objects.filter(pk__in=ids).update(
            **same, version=F("version") + 1, updated_at=batch.at
        )


def _plans_reminder(task: Task, changed: Iterable[str], batch: Batch) -> bool:
    """Plan the reminder anew where it follows from what changed.

    Else its column is not to be stored: a sender may be taking the reminder just now.
    """
    if REMINDER_COLUMNS.isdisjoint(changed):
        return False
    plan_reminder(task, owner=batch.owner, at=batch.at)
    return True
