"""Every write of a single task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.models import User
from config.writes import insert
from todos.actions.due import validate_dates
from todos.actions.labels import set_labels
from todos.actions.loading import (
    ExpectedVersion,
    require_live,
    require_version,
    task_of,
)
from todos.actions.moves import move_steps_along, place
from todos.actions.repeats import open_next_occurrences
from todos.actions.states import complete_all, reopen_all, restore_all, trash_all
from todos.actions.storing import store
from todos.caller import Caller
from todos.ledger import Batch, Kind, open_batch, snapshot
from todos.models import Task


@dataclass(frozen=True, slots=True)
class Completion:
    """A completed task, and the next occurrence if it repeats."""

    task: Task
    next: Task | None


def create_task(
    caller: Caller,
    *,
    list_id: UUID | None = None,
    parent_id: UUID | None = None,
    labels: Iterable[str] = (),
    **fields: object,
) -> Task:
    """Store a new task; without `list_id`, in the list of its parent or the inbox.

    `fields` are columns of `Task`. If the task repeats and is already completed, its
    next occurrence is opened.

    Raises:
        ValidationError: by field, also for a list or parent of another user.
    """
    with open_batch(caller, adds=1) as batch:
        task = Task.new(owner_id=caller.owner.pk, at=caller.at, **fields)
        place(task, batch, list_id=list_id, parent_id=parent_id)
        validate_dates(task, caller)
        insert(task)
        set_labels(task, labels, batch)
        batch.created(task)
        if task.is_completed:
            open_next_occurrences([task], batch)
    return task


def update_task(
    caller: Caller,
    *,
    task_id: UUID,
    changes: Mapping[str, Any],
    completed: bool | None = None,
    restores: bool = False,
    version: ExpectedVersion = None,
) -> Task:
    """Change the given fields of a task; `labels` replaces all of its labels.

    `completed` also completes or reopens it, and `restores` first restores it from the
    trash, all in one batch. If nothing differs, nothing is stored and the version stays
    the same.

    Raises:
        Task.DoesNotExist: the owner has no such task.
        InTrash: it is in the trash.
        VersionConflict: it does not have the expected `version`.
        ValidationError: by field.
    """
    changes = dict(changes)
    with open_batch(caller) as batch:
        task = task_of(caller.owner, task_id)
        if restores and task.trashed_at is not None:
            require_version(task, version)
            restore_all([task], batch)
            _count_steps(task, caller.owner)
        else:
            require_live(task, version=version)
        before = snapshot(task)
        labels = changes.pop("labels", None)
        if "list_id" in changes or "parent_id" in changes:
            list_id = changes.pop("list_id", task.list_id)
            parent_id = changes.pop("parent_id", task.parent_id)
            place(task, batch, list_id=list_id, parent_id=parent_id)
        for name, value in changes.items():
            setattr(task, name, value)
        validate_dates(task, caller)
        if labels is not None:
            set_labels(task, labels, batch)
        moved = str(task.list_id) != before["list_id"]
        store(task, before, Kind.MOVED if moved else Kind.UPDATED, batch)
        if moved:
            move_steps_along(task, batch)
        if completed is not None and completed != task.is_completed:
            _toggle(task, batch)
    return task


def complete_task(
    caller: Caller,
    *,
    task_id: UUID,
    version: ExpectedVersion = None,
) -> Completion:
    """Complete a task and its open steps, and open the next occurrence if it repeats.

    Completing a completed task changes nothing.

    Raises:
        Task.DoesNotExist, InTrash, VersionConflict: as `update_task`.
    """
    with open_batch(caller) as batch:
        task = task_of(caller.owner, task_id)
        require_live(task, version=version)
        next_occurrence = _complete(task, batch)
    return Completion(task, next_occurrence)


def _complete(task: Task, batch: Batch) -> Task | None:
    """Complete a task and its steps; return the next occurrence, or None."""
    was_open = not task.is_completed
    next_occurrence = complete_all([task], batch)[task.pk]
    if was_open:
        task.steps_done = task.steps_total
    return next_occurrence


def reopen_task(
    caller: Caller,
    *,
    task_id: UUID,
    version: ExpectedVersion = None,
) -> Task:
    """Open a completed task again, and remove its next occurrence if unchanged.

    Reopening an open task changes nothing.

    Raises:
        Task.DoesNotExist, InTrash, VersionConflict: as `update_task`.
    """
    with open_batch(caller) as batch:
        task = task_of(caller.owner, task_id)
        require_live(task, version=version)
        reopen_all([task], batch)
    return task


def toggle_task(caller: Caller, *, task_id: UUID) -> Task:
    """Complete the task if it is open, reopen it if it is completed.

    The batch decides which, so two simultaneous calls cancel each other out.

    Raises:
        Task.DoesNotExist, InTrash: as `update_task`.
    """
    with open_batch(caller) as batch:
        task = task_of(caller.owner, task_id)
        require_live(task, version=None)
        _toggle(task, batch)
    return task


def _toggle(task: Task, batch: Batch) -> None:
    if task.is_completed:
        reopen_all([task], batch)
    else:
        _complete(task, batch)


def trash_task(
    caller: Caller,
    *,
    task_id: UUID,
    version: ExpectedVersion = None,
) -> Task:
    """Move a task and its steps to the trash. If it is there, nothing changes.

    Raises:
        Task.DoesNotExist, VersionConflict: as `update_task`.
    """
    with open_batch(caller) as batch:
        task = task_of(caller.owner, task_id)
        require_version(task, version)
        trash_all([task], batch)
    return task


def restore_task(
    caller: Caller,
    *,
    task_id: UUID,
    version: ExpectedVersion = None,
) -> Task:
    """Restore a task from the trash, with the steps that were trashed with it.

    `states.restore_all` tells into which list.

    Raises:
        Task.DoesNotExist, VersionConflict: as `update_task`.
    """
    with open_batch(caller) as batch:
        task = task_of(caller.owner, task_id)
        require_version(task, version)
        if task.trashed_at is None:
            return task
        restore_all([task], batch)
        _count_steps(task, caller.owner)
    return task


def _count_steps(task: Task, owner: User) -> None:
    """Update the number of steps of a task whose steps were restored."""
    counted = Task.objects.owned_by(owner).filter(pk=task.pk).represented().get()
    task.steps_total, task.steps_done = counted.steps_total, counted.steps_done
