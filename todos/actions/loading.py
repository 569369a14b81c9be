"""Loading the owner's tasks and lists for an action, and checking their state."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeAlias
from uuid import UUID

from accounts.models import User
from config.compiled_queries import instance
from todos.actions.refusals import InTrash, VersionConflict
from todos.compiled_queries import INBOX, TASK
from todos.models import Label, Task, TaskList

# The version that a caller has seen, or several of which any will do; None: all will.
ExpectedVersion: TypeAlias = int | Collection[int] | None


def task_of(owner: User, task_id: UUID) -> Task:
    """Return the task with all that a face shows of it."""
    row = TASK.first(owner=owner.pk, task=task_id)
    if row is None:
        raise Task.DoesNotExist
    return instance(Task, row)


def list_of(owner: User, list_id: UUID) -> TaskList:
    return TaskList.objects.owned_by(owner).live().get(pk=list_id)


def inbox_id(owner: User) -> UUID:
    """Return the id of the list that everyone has."""
    row = INBOX.first(owner=owner.pk)
    assert row is not None
    inbox: UUID = row["id"]
    return inbox


def require_live(task: Task, *, version: ExpectedVersion) -> None:
    if task.trashed_at is not None:
        raise InTrash
    require_version(task, version)


def require_version(row: Task | TaskList | Label, version: ExpectedVersion) -> None:
    seen = {version} if isinstance(version, int) else version
    if seen is not None and row.version not in seen:
        raise VersionConflict
