"""Every write of a single task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.credentials import Credential
from accounts.models import User
from todos.actions.dates import settle_dates
from todos.actions.labels import set_labels
from todos.actions.refusals import NotInTrash
from todos.actions.repeats import next_of, open_next
from todos.actions.rows import (
    inbox_of,
    locked_task,
    place,
    require_live,
    require_version,
    store,
)
from todos.ledger import Batch, Kind, batch, snapshot
from todos.models import Task


@dataclass(frozen=True, slots=True)
class Completion:
    """A completed task, and the next of its series where it repeats."""

    task: Task
    next: Task | None


def create_task(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    list_id: UUID | None = None,
    parent_id: UUID | None = None,
    labels: Iterable[str] = (),
    **fields: Any,
) -> Task:
    """Store a new task; without `list_id` in its parent's list, or the inbox.

    `fields` are columns of `Task` by name.

    Raises:
        ValidationError: by field, also for a list or parent that isn't the owner's.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        task = Task(owner_id=owner.pk, created_at=at, updated_at=at, **fields)
        place(task, owner=owner, list_id=list_id, parent_id=parent_id)
        settle_dates(task, owner=owner, at=at)
        task.save(force_insert=True)
        set_labels(task, labels, owner=owner, entries=entries)
        entries.created(task)
    return task


def update_task(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    task_id: UUID,
    changes: Mapping[str, Any],
    completed: bool | None = None,
    version: int | None = None,
) -> Task:
    """Change the named fields of a task; `labels` replaces all of its labels.

    With `completed`, also complete or reopen it, in the same batch. Nothing is
    stored, and no version counted, where nothing differs.

    Raises:
        Task.DoesNotExist: not a task of the owner.
        InTrash: it is in the trash.
        VersionConflict: `version` is given and is not the stored one.
        ValidationError: by field.
    """
    changes = dict(changes)
    with batch(owner=owner, by=by, at=at) as entries:
        task = locked_task(owner, task_id)
        require_live(task, version=version)
        before = snapshot(task)
        labels = changes.pop("labels", None)
        if "list_id" in changes or "parent_id" in changes:
            list_id = changes.pop("list_id", task.list_id)
            parent_id = changes.pop("parent_id", task.parent_id)
            place(task, owner=owner, list_id=list_id, parent_id=parent_id)
        for name, value in changes.items():
            setattr(task, name, value)
        settle_dates(task, owner=owner, at=at)
        if labels is not None:
            set_labels(task, labels, owner=owner, entries=entries)
        moved = task.list_id != UUID(before["list_id"])
        store(task, before, Kind.MOVED if moved else Kind.UPDATED, entries)
        if moved:
            for step in task.steps.live().for_change().with_labels():
                before = snapshot(step)
                step.list_id = task.list_id
                store(step, before, Kind.MOVED, entries)
        if completed is not None and completed != task.is_completed:
            _turn(task, owner=owner, entries=entries)
    return task


def complete_task(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    task_id: UUID,
    version: int | None = None,
) -> Completion:
    """Complete a task and its open steps; open the next occurrence of a repeat.

    Completing what is completed changes nothing.

    Raises:
        Task.DoesNotExist, InTrash, VersionConflict: as `update_task`.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        task = locked_task(owner, task_id)
        require_live(task, version=version)
        if task.is_completed:
            return Completion(task, next_of(task))
        upcoming = _complete(task, owner=owner, entries=entries)
    return Completion(task, upcoming)


def _complete(task: Task, *, owner: User, entries: Batch) -> Task | None:
    """Complete an open task and its open steps; return the next of its series."""
    for step in task.steps.open().for_change().with_labels():
        _finish(step, entries)
        task.steps_done += 1  # type: ignore[attr-defined]
    upcoming = open_next(task, owner=owner, at=entries.at, entries=entries)
    _finish(task, entries)
    return upcoming


def _finish(task: Task, entries: Batch) -> None:
    before = snapshot(task)
    task.completed_at = entries.at
    store(task, before, Kind.COMPLETED, entries)


def reopen_task(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    task_id: UUID,
    version: int | None = None,
) -> Task:
    """Open a completed task again, and take away its untouched next occurrence.

    Reopening what is open changes nothing.

    Raises:
        Task.DoesNotExist, InTrash, VersionConflict: as `update_task`.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        task = locked_task(owner, task_id)
        require_live(task, version=version)
        if task.is_completed:
            _reopen(task, entries)
    return task


def _reopen(task: Task, entries: Batch) -> None:
    """Open a completed task, without the next occurrence that nobody touched."""
    upcoming = next_of(task)
    if upcoming is not None and upcoming.version == 1:
        entries.removed(upcoming)
        upcoming.delete()
    before = snapshot(task)
    task.completed_at = None
    store(task, before, Kind.REOPENED, entries)


def toggle_task(*, owner: User, by: Credential, at: datetime, task_id: UUID) -> Task:
    """Complete the task if it is open, reopen it if it is completed.

    Decided on the locked row, so that of two at once the second turns it back.

    Raises:
        Task.DoesNotExist, InTrash: as `update_task`.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        task = locked_task(owner, task_id)
        require_live(task, version=None)
        _turn(task, owner=owner, entries=entries)
    return task


def _turn(task: Task, *, owner: User, entries: Batch) -> None:
    if task.is_completed:
        _reopen(task, entries)
    else:
        _complete(task, owner=owner, entries=entries)


def trash_task(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    task_id: UUID,
    version: int | None = None,
) -> Task:
    """Put a task and its steps into the trash. Twice changes nothing.

    Raises:
        Task.DoesNotExist: not a task of the owner.
        VersionConflict: `version` is given and is not the stored one.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        task = locked_task(owner, task_id)
        require_version(task, version)
        if task.trashed_at is None:
            for row in [*task.steps.live().for_change().with_labels(), task]:
                before = snapshot(row)
                row.trashed_at = at
                store(row, before, Kind.TRASHED, entries)
    return task


def restore_task(*, owner: User, by: Credential, at: datetime, task_id: UUID) -> Task:
    """Take a task out of the trash, with the steps that went there with it.

    A task whose list is in the trash comes back in the inbox; a step whose parent is
    there comes back as a task of its own.

    Raises:
        Task.DoesNotExist: not a task of the owner.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        task = locked_task(owner, task_id)
        if task.trashed_at is None:
            return task
        steps = task.steps.filter(trashed_at=task.trashed_at)
        rows = [task, *steps.for_change().with_labels()]
        home = _home_for(task, owner)
        for row in rows:
            before = snapshot(row)
            row.trashed_at = None
            row.list_id = home
            if row is task and task.parent and task.parent.trashed_at is not None:
                row.parent = None
            store(row, before, Kind.RESTORED, entries)
        _count_steps(task)
    return task


def _count_steps(task: Task) -> None:
    """Say how many steps the task has, now that some came back."""
    counted = Task.objects.filter(pk=task.pk).represented().get()
    vars(task).update(steps_total=counted.steps_total, steps_done=counted.steps_done)  # type: ignore[attr-defined]


def _home_for(task: Task, owner: User) -> UUID:
    if task.list.trashed_at is None:
        return task.list_id
    return inbox_of(owner).pk


def remove_task(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    task_id: UUID,
    version: int | None = None,
) -> None:
    """Delete a task in the trash for good, and its text from the ledger.

    Raises:
        Task.DoesNotExist: not a task of the owner.
        NotInTrash: it must be put into the trash first.
        VersionConflict: `version` is given and is not the stored one.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        task = locked_task(owner, task_id)
        require_version(task, version)
        if task.trashed_at is None:
            raise NotInTrash("Put the task into the trash first.")
        for row in [*task.steps.for_change(), task]:
            owner.changes.of("task", row.pk).update(before=None, after=None)
            entries.removed(row)
        task.delete()
