"""Deleting permanently from the trash; the ledger keeps no text of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import F

from todos.actions.loading import ExpectedVersion, require_version, task_of
from todos.actions.refusals import NotInTrash
from todos.actions.storing import delete_tasks
from todos.caller import Caller
from todos.ledger import Batch, Entity, open_batch
from todos.models import Task, TaskList

TRASH_DAYS = 30  # before a purge deletes from the trash, by default
CHUNK = 200  # rows that one transaction deletes
EMPTIED_MAX = 10_000  # rows that one request deletes


def remove_task(
    caller: Caller,
    *,
    task_id: UUID,
    version: ExpectedVersion = None,
) -> None:
    """Delete a task in the trash permanently, and its text from the ledger.

    Raises:
        Task.DoesNotExist: the owner has no such task.
        NotInTrash: it must be moved to the trash first.
        VersionConflict: it does not have the expected `version`.
    """
    with open_batch(caller) as batch:
        task = task_of(caller.owner, task_id)
        require_version(task, version)
        if task.trashed_at is None:
            raise NotInTrash
        _remove_tasks([task], batch)


def empty_trash(caller: Caller, *, before: datetime) -> int:
    """Delete what was put into the trash before a time, in several batches.

    One call deletes about `EMPTIED_MAX` rows, so that it does not take too long.

    Returns:
        The number of deleted rows, including steps.
    """
    gone = 0
    while gone < EMPTIED_MAX:
        number = remove_trashed(caller, before=before, limit=CHUNK)
        if not number:
            break
        gone += number
    return gone


def remove_trashed(caller: Caller, *, before: datetime, limit: int) -> int:
    """Delete up to `limit` tasks, then lists, that were trashed before a time.

    A list is deleted when it has no tasks left.

    Returns:
        The number of deleted rows, including steps; 0 if there was nothing to delete.
    """
    with open_batch(caller) as batch:
        tasks = Task.objects.owned_by(caller.owner).filter(trashed_at__lt=before)
        # Tasks before steps, because their steps are deleted with them.
        tasks = tasks.order_by(F("parent").asc(nulls_first=True), "id")
        found = list(tasks[:limit])
        if found:
            return _remove_tasks(found, batch)
        lists = TaskList.objects.owned_by(caller.owner).filter(trashed_at__lt=before)
        lists = lists.filter(tasks__isnull=True).order_by("id")
        empty = list(lists[:limit])
        return _remove_lists(empty, batch)


def _remove_tasks(tasks: Sequence[Task], batch: Batch) -> int:
    """Delete the tasks and all of their steps."""
    chosen = [task.pk for task in tasks]
    steps = Task.objects.owned_by(batch.owner).filter(parent__in=chosen)
    rows = [*steps.exclude(pk__in=chosen).order_by("id"), *tasks]
    _erase_history(Entity.TASK, [row.pk for row in rows], batch)
    for row in rows:
        batch.removed(row)
    delete_tasks([row.pk for row in rows], owner=batch.owner)
    return len(rows)


def _remove_lists(lists: Sequence[TaskList], batch: Batch) -> int:
    _erase_history(Entity.LIST, [row.pk for row in lists], batch)
    for row in lists:
        batch.removed(row)
    ids = [row.pk for row in lists]
    TaskList.objects.filter(owner=batch.owner, pk__in=ids).delete()
    return len(lists)


def _erase_history(entity: Entity, ids: list[UUID], batch: Batch) -> None:
    """Remove the recorded values of the rows from the ledger."""
    changes = batch.owner.changes.filter(entity=entity, entity_id__in=ids)
    changes.update(before=None, after=None)
