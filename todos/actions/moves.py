"""Moving tasks and lists: into another list, below another task, or beside a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError

from accounts.models import User
from todos.actions.loading import (
    ExpectedVersion,
    inbox_id,
    require_live,
    require_version,
)
from todos.actions.positions import place_beside, positions_at_end
from todos.actions.refusals import InboxProtected
from todos.actions.steps import require_step_room
from todos.actions.storing import store_all
from todos.caller import Caller
from todos.ledger import Batch, Kind, Snapshot, open_batch, snapshot
from todos.models import Task, TaskList, TaskQuerySet


@dataclass(frozen=True, slots=True)
class Beside:
    """The place directly before or after the row with this id."""

    side: str  # "before" or "after"
    id: UUID


def move_task(
    caller: Caller,
    *,
    task_id: UUID,
    to: Beside | UUID,
    version: ExpectedVersion = None,
) -> Task:
    """Move a task beside another, or to the end of a list, where it is not a step.

    Beside another task it gets the same list and the same parent. Its own steps move
    along.

    Raises:
        Task.DoesNotExist, InTrash, VersionConflict: as `update_task`.
        ValidationError: for `before`, `after` or `list`.
    """
    with open_batch(caller) as batch:
        found = _load_with_neighbour(caller.owner, task_id, to)
        if task_id not in found:
            raise Task.DoesNotExist
        task = found[task_id]
        require_live(task, version=version)
        before = snapshot(task)
        if not isinstance(to, Beside):
            _move_to_end(task, to, batch)
            return task
        renumbered = _move_beside(task, found.get(to.id), to, batch)
        store_all([(task, before), *renumbered], Kind.MOVED, batch)
        if str(task.list_id) != before["list_id"]:
            move_steps_along(task, batch)
    return task


def _load_with_neighbour(
    owner: User, task_id: UUID, to: Beside | UUID
) -> dict[UUID, Task]:
    """Return the task and its new neighbour by id, as far as they exist."""
    ids = [task_id, to.id] if isinstance(to, Beside) else [task_id]
    return Task.objects.owned_by(owner).represented().in_bulk(ids)


def _move_beside(
    task: Task, neighbour: Task | None, to: Beside, batch: Batch
) -> list[tuple[Task, Snapshot]]:
    if neighbour is None or neighbour.trashed_at is not None:
        raise ValidationError({to.side: "There is no such task."})
    if neighbour.pk == task.pk:
        raise ValidationError({to.side: "Choose another task."})
    is_step = neighbour.parent_id is not None
    # This includes a move beside one of its own steps.
    if is_step and task.parent_id is None and _steps_of(task).exists():
        raise ValidationError({to.side: "A step can't have steps of its own."})
    if neighbour.parent_id is not None and neighbour.parent_id != task.parent_id:
        require_step_room(neighbour.parent_id, owner=batch.owner, field=to.side)
    task.parent_id, task.list_id = neighbour.parent_id, neighbour.list_id
    siblings = Task.objects.owned_by(batch.owner).with_labels()
    siblings = siblings.filter(list=neighbour.list_id, parent=neighbour.parent_id)
    return place_beside(task, neighbour, siblings, side=to.side, at=batch.at)


def _move_to_end(task: Task, list_id: UUID, batch: Batch) -> None:
    require_list(batch.owner, list_id)
    if task.list_id != list_id or task.parent_id is not None:
        move_all([task], list_id, batch)


def require_list(owner: User, list_id: UUID, *, field: str = "list") -> None:
    """Raise a ValidationError for `field` where the owner has no such list."""
    if not TaskList.objects.owned_by(owner).live().filter(pk=list_id).exists():
        raise ValidationError({field: "There is no such list."})


def move_all(tasks: Iterable[Task], list_id: UUID, batch: Batch) -> None:
    """Move tasks to the end of a list, in their present order, with their steps.

    A step that is given becomes a task.
    """
    rows = sorted(tasks, key=lambda task: (task.position, task.pk))
    if not rows:
        return
    steps = Task.objects.owned_by(batch.owner).live()
    steps = steps.filter(parent__in=[row.pk for row in rows])
    moved_steps = list(steps.with_labels().order_by("id"))
    changed = [(row, snapshot(row)) for row in [*rows, *moved_steps]]
    positions = positions_at_end(list_id, batch, count=len(rows))
    for task, position in zip(rows, positions, strict=True):
        task.parent, task.position = None, position
    for row in [*rows, *moved_steps]:
        row.list_id = list_id
    store_all(changed, Kind.MOVED, batch)


def move_list(
    caller: Caller,
    *,
    list_id: UUID,
    to: Beside,
    version: ExpectedVersion = None,
) -> TaskList:
    """Move a list directly before or after another. The inbox stays first.

    Raises:
        TaskList.DoesNotExist: the owner has no such list.
        InboxProtected: it is the inbox, or would come before it.
        VersionConflict: it does not have the expected `version`.
        ValidationError: for `before` or `after`.
    """
    with open_batch(caller) as batch:
        lists = TaskList.objects.owned_by(caller.owner).live()
        found = lists.in_bulk([list_id, to.id])
        if list_id not in found:
            raise TaskList.DoesNotExist
        row, neighbour = found[list_id], found.get(to.id)
        if row.is_inbox:
            raise InboxProtected
        require_version(row, version)
        before = snapshot(row)
        renumbered = _move_list_beside(row, neighbour, to, batch)
        store_all([(row, before), *renumbered], Kind.MOVED, batch)
    return row


def _move_list_beside(
    row: TaskList, neighbour: TaskList | None, to: Beside, batch: Batch
) -> list[tuple[TaskList, Snapshot]]:
    if neighbour is None:
        raise ValidationError({to.side: "There is no such list."})
    if neighbour.pk == row.pk:
        raise ValidationError({to.side: "Choose another list."})
    siblings = TaskList.objects.owned_by(batch.owner).filter(is_inbox=False)
    if not neighbour.is_inbox:
        return place_beside(row, neighbour, siblings, side=to.side, at=batch.at)
    if to.side == "before":
        raise InboxProtected
    first = siblings.order_by("position", "id")[0]
    if first.pk == row.pk:
        return []
    return place_beside(row, first, siblings, side="before", at=batch.at)


def place(
    task: Task, batch: Batch, *, list_id: UUID | None, parent_id: UUID | None
) -> None:
    """Assign a task to a list of the owner and, with `parent_id`, to a parent task.

    Raises:
        ValidationError: for `list` or `parent`, with the same text whether the row is
            another user's or does not exist.
    """
    if parent_id is not None:
        tasks = Task.objects.owned_by(batch.owner).live()
        parent = tasks.filter(pk=parent_id).first()
        if parent is None:
            raise ValidationError({"parent": "There is no such task."})
        has_steps = not task._state.adding and _steps_of(task).exists()
        if parent.pk == task.pk or parent.parent_id or has_steps:
            raise ValidationError({"parent": "A step can't have steps of its own."})
        if list_id not in (None, parent.list_id, task.list_id):
            raise ValidationError({"list": "A step belongs to the list of its task."})
        if task.parent_id != parent.pk:
            require_step_room(parent.pk, owner=batch.owner, field="parent")
        task.parent, task.list_id = parent, parent.list_id
        return
    task.parent = None
    if list_id is None:
        task.list_id = inbox_id(batch.owner)
    elif list_id != task.list_id:
        require_list(batch.owner, list_id)
        task.list_id = list_id


def _steps_of(task: Task) -> TaskQuerySet:
    """Return the steps of a task that are not in the trash."""
    return Task.objects.filter(owner=task.owner_id, parent=task).live()


def move_steps_along(task: Task, batch: Batch) -> None:
    """Move the steps of a task to its list."""
    steps = list(_steps_of(task).with_labels().order_by("id"))
    changed = [(step, snapshot(step)) for step in steps]
    for step in steps:
        step.list_id = task.list_id
    store_all(changed, Kind.MOVED, batch)
