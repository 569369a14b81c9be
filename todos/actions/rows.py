"""What the actions share: a row found under a lock, checked, placed, and stored."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError

from accounts.models import User
from todos.actions.refusals import InTrash, VersionConflict
from todos.ledger import Batch, Kind, snapshot
from todos.models import Label, Task, TaskList


def locked_task(owner: User, task_id: UUID) -> Task:
    tasks = Task.objects.owned_by(owner).for_change().represented()
    return tasks.get(pk=task_id)


def locked_list(owner: User, list_id: UUID) -> TaskList:
    lists = TaskList.objects.owned_by(owner).live().select_for_update(of=("self",))
    return lists.get(pk=list_id)


def inbox_of(owner: User) -> TaskList:
    """Return the list that everyone has."""
    return TaskList.objects.owned_by(owner).get(is_inbox=True)


def require_live(task: Task, *, version: int | None) -> None:
    if task.trashed_at is not None:
        raise InTrash("The task is in the trash; restore it first.")
    require_version(task, version)


def require_version(row: Task | TaskList, version: int | None) -> None:
    if version is not None and version != row.version:
        raise VersionConflict("It has changed since you read it.")


def store(
    row: Task | TaskList | Label, before: dict[str, Any], kind: Kind, entries: Batch
) -> None:
    """Save what differs from `before`, count the version, record the change."""
    after = snapshot(row)
    names = [name for name in after if after[name] != before[name]]
    if not names:
        return
    row.version += 1
    row.updated_at = entries.at
    columns = [name for name in names if name != "labels"]
    if isinstance(row, Task):
        columns += ["remind_on", "search"]  # follow from the others
    row.save(update_fields=[*columns, "version", "updated_at"])
    entries.changed(kind, row, before)


def place(
    task: Task, *, owner: User, list_id: UUID | None, parent_id: UUID | None
) -> None:
    """Put a task into a list and maybe under a parent, both the owner's.

    Raises:
        ValidationError: for `list` or `parent`, in the same words whether the row
            is someone else's or never was.
    """
    if parent_id is not None:
        parent = Task.objects.owned_by(owner).live().filter(pk=parent_id).first()
        if parent is None:
            raise ValidationError({"parent": "There is no such task."})
        has_steps = not task._state.adding and task.steps.live().exists()
        if parent.pk == task.pk or parent.parent_id or has_steps:
            raise ValidationError({"parent": "Steps go one level deep."})
        if list_id not in (None, parent.list_id, task.list_id):
            raise ValidationError({"list": "A step is in the list of its task."})
        task.parent, task.list_id = parent, parent.list_id
        return
    task.parent = None
    if list_id is None:
        task.list_id = inbox_of(owner).pk
    elif list_id != task.list_id:
        if not TaskList.objects.owned_by(owner).live().filter(pk=list_id).exists():
            raise ValidationError({"list": "There is no such list."})
        task.list_id = list_id
