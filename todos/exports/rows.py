"""The rows of a user for an export, in order, a chunk at a time.

The order does not depend on ids, which differ between accounts: lists in the user's
order, labels by name, tasks by creation. Steps come after all tasks, so an import knows
the task of a step before it reads the step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias
from uuid import UUID

from django.db.models import F

from accounts.models import User
from todos.models import (
    Label,
    Task,
    TaskList,
    TaskListQuerySet,
    TaskQuerySet,
    label_key,
)
from todos.task_fields import EXPORTED_COLUMNS

CHUNK = 1_000  # rows
Columns: TypeAlias = dict[str, Any]  # the values of one row, by column name

LIST_COLUMNS = (
    "id",
    "name",
    "colour",
    "position",
    "is_inbox",
    "archived_at",
    "trashed_at",
    "created_at",
    "updated_at",
    "version",
)
LABEL_COLUMNS = ("name", "colour", "created_at", "updated_at", "version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What to export: by default everything, of all lists.

    Steps of a task that is left out are left out too. A format without the trash leaves
    it out anyway.
    """

    list_id: UUID | None = None
    with_completed: bool = True
    with_trash: bool = True

    def tasks_of(self, user: User) -> TaskQuerySet:
        tasks = Task.objects.owned_by(user)
        if self.list_id is not None:
            tasks = tasks.filter(list=self.list_id)
        if not self.with_completed:
            tasks = tasks.filter(completed_at=None, parent__completed_at=None)
        if not self.with_trash:
            tasks = tasks.filter(trashed_at=None, parent__trashed_at=None)
        return tasks

    def lists_of(self, user: User) -> TaskListQuerySet:
        lists = TaskList.objects.owned_by(user)
        if self.list_id is not None:
            lists = lists.filter(pk=self.list_id)
        return lists if self.with_trash else lists.live()


EVERYTHING = Selection()


def lists_of(user: User, selection: Selection = EVERYTHING) -> list[Columns]:
    """Return the lists, including archived and trashed ones; the inbox first."""
    lists = selection.lists_of(user).order_by("position", "created_at", "id")
    rows: list[Columns] = list(lists.values(*LIST_COLUMNS))
    return sorted(rows, key=lambda row: not row["is_inbox"])


def labels_of(user: User) -> list[Columns]:
    """Return the labels; if the user sees only some lists, those of tasks there."""
    labels = Label.objects.owned_by(user)
    if user.visible_lists is not None:
        labels = labels.filter(tasks__in=Task.objects.owned_by(user)).distinct()
    # Not sorted by the database: databases order text differently.
    rows: list[Columns] = list(labels.values(*LABEL_COLUMNS))
    return sorted(rows, key=lambda row: label_key(row["name"]))


def tasks_of(user: User, selection: Selection = EVERYTHING) -> Iterator[Columns]:
    """Yield the tasks, including completed and trashed ones; steps last."""
    tasks = selection.tasks_of(user)
    order = ("created_at", "position", "id")
    top_level = tasks.top_level().order_by(*order)
    steps = tasks.filter(parent__isnull=False).order_by(*order)
    return chain.from_iterable(chain(chunks(user, top_level), chunks(user, steps)))


def chunks(user: User, tasks: TaskQuerySet) -> Iterator[list[Columns]]:
    """Yield the rows of `tasks` in their order, a chunk at a time.

    All ids are read first, 16 bytes each. A server-side cursor does not work through a
    pooler in transaction mode, and no index has this order.
    """
    ids = b"".join(
        task_id.bytes
        for task_id in tasks.values_list("pk", flat=True).iterator(chunk_size=CHUNK)
    )
    for start in range(0, len(ids), 16 * CHUNK):
        yield _rows(user, ids[start : start + 16 * CHUNK])


def _rows(user: User, ids: bytes) -> list[Columns]:
    wanted = [UUID(bytes=ids[at : at + 16]) for at in range(0, len(ids), 16)]
    tasks = Task.objects.owned_by(user).filter(pk__in=wanted).with_labels()
    found = {row["id"]: row for row in tasks.values(*EXPORTED_COLUMNS)}
    rows = [found[task_id] for task_id in wanted if task_id in found]
    for row in rows:
        row["label_names"] = sorted(row["label_names"], key=label_key)
    return rows


def checklist_of(
    user: User, list_id: UUID, selection: Selection
) -> Iterator[tuple[Columns, list[Columns]]]:
    """Yield the tasks of a list with their steps, open ones first, without trash."""
    tasks = selection.tasks_of(user).live()
    top_level = tasks.top_level().filter(list=list_id)
    order = (F("completed_at").asc(nulls_first=True), "position", "id")
    for rows in chunks(user, top_level.order_by(*order)):
        steps: dict[UUID, list[Columns]] = {row["id"]: [] for row in rows}
        below = tasks.filter(parent__in=steps).order_by("position", "id")
        for step in chain.from_iterable(chunks(user, below)):
            steps[step["parent_id"]].append(step)
        yield from ((row, steps[row["id"]]) for row in rows)


def zones_of(user: User) -> list[str]:
    """Return the names of the time zones of due times."""
    tasks = Task.objects.owned_by(user).exclude(due_tz="")
    return sorted(tasks.values_list("due_tz", flat=True).distinct())
