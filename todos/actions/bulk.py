"""One action on many tasks: all or nothing, in one batch, taken back by one undo.

Each task changes as by the action on a single task. The number of statements does not
depend on the number of tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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

TASKS_MAX = 500  # in one call


@dataclass(frozen=True, slots=True)
class BulkChange:
    """The tasks after a bulk action, in the order of their ids in the call.

    `batch` is None if nothing changed. After completing, `next_occurrences` has that of
    each task, or None, by the id of the task.
    """

    batch: UUID | None
    tasks: list[Task]
    next_occurrences: Mapping[UUID, Task | None]


def change_tasks(
    caller: Caller,
    *,
    task_ids: Sequence[UUID],
    action: str,
    **values: object,
) -> BulkChange:
    """Run one of `ACTIONS` on the tasks; `values` are the arguments that it takes.

    Raises:
        ValidationError: by field; for a task that the owner does not have or that can't
            be changed so, the field is its index, such as `ids.3`.
        InTrash: a task is in the trash, and the action is neither trash nor restore.
    """
    with open_batch(caller) as batch:
        tasks = _load(task_ids, batch)
        if action not in {"trash", "restore"}:
            _require_all_live(tasks)
        next_occurrences = ACTIONS[action](tasks, batch, **values)
        changed = batch.id if batch.count else None
        shown = Task.objects.owned_by(caller.owner).represented().in_bulk(task_ids)
    # A task that was the unchanged next occurrence of another may have been removed.
    rows = [shown[task_id] for task_id in task_ids if task_id in shown]
    return BulkChange(changed, rows, next_occurrences or {})


def _load(task_ids: Sequence[UUID], batch: Batch) -> list[Task]:
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


def _move(tasks: Sequence[Task], batch: Batch, *, list_id: UUID) -> None:
    """Move tasks to the end of a list unless they are in it; steps move with tasks."""
    require_list(batch.owner, list_id)
    given = {task.pk for task in tasks}
    move_all(
        [
            task
            for task in tasks
            if task.parent_id not in given
            and (task.list_id != list_id or task.parent_id is not None)
        ],
        list_id,
        batch,
    )


def _set_due(tasks: Sequence[Task], batch: Batch, *, due: Mapping[str, object]) -> None:
    """Set the given date, time and zone; without a date, the time is removed."""
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
    "complete": complete_all,
    "reopen": reopen_all,
    "move": _move,
    "due": _set_due,
    "priority": _set_priority,
    "label": _label,
    "unlabel": _unlabel,
    "trash": trash_all,
    "restore": restore_all,
}
