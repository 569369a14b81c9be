"""Loading the owner's rows for an action, and checking their state."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeAlias
from uuid import UUID

from django.core.exceptions import ValidationError

from accounts.models import User
from config.compiled_queries import instance
from todos import compiled_queries
from todos.actions.refusals import InTrash, VersionConflict
from todos.ledger import Entity, RecordedRow
from todos.models import Label, OwnedQuerySet, Task, TaskList

# The version that the caller expects, or several of which any is accepted; None accepts
# every version.
ExpectedVersion: TypeAlias = int | Collection[int] | None
RecordedQuerySet: TypeAlias = (
    OwnedQuerySet[Task] | OwnedQuerySet[TaskList] | OwnedQuerySet[Label]
)


def task_of(owner: User, task_id: UUID) -> Task:
    """Return the task with its labels and its number of steps."""
    row = compiled_queries.task_row(owner, task_id)
    if row is None:
        raise Task.DoesNotExist
    return instance(Task, row)


def list_of(owner: User, list_id: UUID) -> TaskList:
    """Return the list unless it is in the trash."""
    return TaskList.objects.owned_by(owner).live().get(pk=list_id)


def inbox_id(owner: User) -> UUID:
    """Return the id of the owner's inbox, which takes tasks without a list.

    For a credential that is limited to other lists, the first of these takes them.

    Raises:
        ValidationError: for `list`; all lists that it is limited to are gone.
    """
    inbox = compiled_queries.inbox_id(owner)
    if owner.sees_list(inbox):
        return inbox
    first = TaskList.objects.owned_by(owner).active().in_order().first()
    if first is None:
        raise ValidationError({"list": "There is no such list."})
    return first.pk


def recorded_rows(entity: str, owner: User) -> RecordedQuerySet:
    """Return the owner's rows of one entity, loaded as `ledger.snapshot` needs them."""
    match entity:
        case Entity.TASK:
            return Task.objects.owned_by(owner).with_labels()
        case Entity.LIST:
            return TaskList.objects.owned_by(owner)
        case _:
            return Label.objects.owned_by(owner)


def require_live(task: Task, *, version: ExpectedVersion) -> None:
    """Require a task that is not in the trash and has the expected version."""
    if task.trashed_at is not None:
        raise InTrash
    require_version(task, version)


def require_version(row: RecordedRow, version: ExpectedVersion) -> None:
    expected = {version} if isinstance(version, int) else version
    if expected is not None and row.version not in expected:
        raise VersionConflict
