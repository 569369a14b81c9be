"""One action on many tasks at once: all or nothing, one batch, one undo.

What happens to each task is what the action on a single one does. The number of
statements doesn't grow with the tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError

from todos.actions.due import validate_dates
from todos.actions.labels import label_all, labels_named, unlabel_all
from todos.actions.moves import move_all, require_list
from todos.actions.refusals import InTrash
from todos.actions.states import complete_all, reopen_all, restore_all, trash_all
from todos.actions.storing import store_all
from todos.caller import Caller
from todos.ledger import Batch, Kind, open_batch, snapshot
from todos.limits import LABELS_MAX
from todos.models import Label, Task, label_key

TASKS_MAX = 500  # at once


@dataclass(frozen=True, slots=True)
class BulkChange:
    """The tasks as they are now, in the order they were named.

    `batch` is None where nothing changed. After completing, `following` has what the
    series of a task goes on with, by the id of the task.
    """

    batch: UUID | None
    tasks: list[Task]
    following: Mapping[UUID, Task | None]


def change_tasks(
    caller: Caller,
    *,
    task_ids: Sequence[UUID],
    action: str,
    **values: Any,
) -> BulkChange:
    """Do one of `ACTIONS` to each of the tasks; `values` are what it takes.

    Raises:
        ValidationError: by field; for a task that isn't the owner's or that can't
            be changed so, the field is its place, such as `ids.3`.
        InTrash: a task is in the trash, and the action is neither to trash nor to
            restore.
    """
    with open_batch(caller) as batch:
        tasks = _found(task_ids, batch)
        if action not in {"trash", "restore"}:
            _require_all_live(tasks)
        following = ACTIONS[action](tasks, batch, **values)
        changed = batch.id if batch.count else None
        shown = Task.objects.owned_by(caller.owner).represented().in_bulk(task_ids)
    # One that was taken away as the untouched next of another is there no more.
    rows = [shown[task_id] for task_id in task_ids if task_id in shown]
    return BulkChange(changed, rows, following or {})


def _found(task_ids: Sequence[UUID], batch: Batch) -> list[Task]:
    found = Task.objects.owned_by(batch.owner).with_labels().in_bulk(task_ids)
    unknown = [number for number, key in enumerate(task_ids) if key not in found]
    if unknown:
        raise ValidationError(
            {f"ids.{number}": "There is no such task." for number in unknown}
        )
    return [found[key] for key in task_ids]


def _require_all_live(tasks: Sequence[Task]) -> None:
    for number, task in enumerate(tasks):
        if task.trashed_at is not None:
            raise InTrash(f"ids.{number}: {InTrash.text}")


# --- The actions ------------------------------------------------------------------


def _complete(tasks: Sequence[Task], batch: Batch) -> dict[UUID, Task | None]:
    return complete_all(tasks, batch)


def _reopen(tasks: Sequence[Task], batch: Batch) -> None:
    reopen_all(tasks, batch)


def _trash(tasks: Sequence[Task], batch: Batch) -> None:
    trash_all(tasks, batch)


def _restore(tasks: Sequence[Task], batch: Batch) -> None:
    restore_all(tasks, batch)


def _move(tasks: Sequence[Task], batch: Batch, *, list_id: UUID) -> None:
    """Move to the end of a list what isn't there; a step goes along with its task."""
    require_list(batch.owner, list_id)
    named = {task.pk for task in tasks}
    move_all(
        [
            task
            for task in tasks
            if task.parent_id not in named
            and (task.list_id != list_id or task.parent_id is not None)
        ],
        list_id,
        batch,
    )


def _set_due(tasks: Sequence[Task], batch: Batch, *, due: Mapping[str, Any]) -> None:
    """Set what `due` names of date, time and zone; without a date no time stays."""
    changed = []
    for number, task in enumerate(tasks):
        changed.append((task, snapshot(task)))
        for name, value in due.items():
            setattr(task, name, value)
        if task.due_date is None:
            task.due_time = task.reminder_time = None
        if task.due_time is None:
            task.due_tz, task.reminder_minutes = "", None
        try:
            validate_dates(task, batch.caller)
        except ValidationError as refusal:
            raise ValidationError({f"ids.{number}": refusal.messages}) from refusal
    store_all(changed, Kind.UPDATED, batch)


def _set_priority(tasks: Sequence[Task], batch: Batch, *, priority: int) -> None:
    changed = [(task, snapshot(task)) for task in tasks]
    for task in tasks:
        task.priority = priority
    store_all(changed, Kind.UPDATED, batch)


def _label(tasks: Sequence[Task], batch: Batch, *, label: str) -> None:
    wanted = {label_key(label): label}
    (found,) = labels_named(wanted, batch, field="label")
    for number, task in enumerate(tasks):
        names = task.label_names
        if len(names) >= LABELS_MAX and found.name not in names:
            text = f"Use at most {LABELS_MAX} labels."
            raise ValidationError({f"ids.{number}": text})
    label_all(tasks, found, batch)


def _unlabel(tasks: Sequence[Task], batch: Batch, *, label: str) -> None:
    for found in Label.objects.owned_by(batch.owner).named([label]):
        unlabel_all(tasks, found, batch)


ACTIONS: dict[str, Callable[..., dict[UUID, Task | None] | None]] = {
    "complete": _complete,
    "reopen": _reopen,
    "move": _move,
    "due": _set_due,
    "priority": _set_priority,
    "label": _label,
    "unlabel": _unlabel,
    "trash": _trash,
    "restore": _restore,
}
