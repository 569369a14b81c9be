"""Opening the next occurrence of a completed task, and removing it again.

The tasks of a series share its id and are numbered. Completing one opens the next
occurrence as a new task, with its steps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from uuid import UUID

from django.db.models import OuterRef, Subquery

from accounts.models import User
from todos.actions.labels import set_all_labels
from todos.actions.occurrences import (
    dates_after_completing,
    move_dates,
    number_of,
    today_of,
)
from todos.actions.repeating_steps import (
    Shift,
    begin_series,
    carried_before,
    carry,
    completed_dates,
    created_as,
    give_back,
    steps_to_repeat,
)
from todos.actions.steps import step_quotas
from todos.actions.storing import delete_tasks
from todos.ledger import Batch, snapshot
from todos.models import Task
from todos.reminders.planning import plan_reminder
from todos.schedule.windows import Dates
from todos.task_fields import COPIED_COLUMNS


def open_next_occurrences(
    tasks: Sequence[Task], batch: Batch, *, done: Collection[UUID] = ()
) -> dict[UUID, Task | None]:
    """Open the next occurrence of each repeating task as a new task, with its steps.

    Nothing is opened if the next occurrence exists already (reopening keeps a changed
    one), or if the task of a step is completed or has no room. `done` are the ids of
    steps that are completed together with their task, even if they are ahead of it.

    Returns:
        The next occurrence if it is open, or None, by the id of each task.
    """
    repeating = [task for task in tasks if task.rrule and task.due_date]
    found: dict[UUID, Task | None] = {task.pk: None for task in tasks}
    if not repeating:
        return found
    existing = _next_occurrence_ids(repeating)
    found |= _open_occurrences(existing, batch.owner)
    today = today_of(batch.caller)
    copies: list[tuple[Task, Task]] = []
    for task in repeating:
        dates = None if task.pk in existing else dates_after_completing(task, on=today)
        if dates is not None:
            copies.append((task, _next_copy(task, dates=dates, at=batch.at)))
    copied = list(_with_room(copies, owner=batch.owner))
    found |= {task.pk: copy for task, copy in copied}
    _store_copies(copied, batch, done=done)
    return found


def _with_room(
    copied: Sequence[tuple[Task, Task]], *, owner: User
) -> Iterator[tuple[Task, Task]]:
    """Leave out copies of steps if their task is completed or can't have more steps."""
    parents = {copy.parent_id for _, copy in copied if copy.parent_id is not None}
    counts = step_quotas(parents, owner=owner) if parents else {}
    if parents:
        mine = Task.objects.owned_by(owner).filter(pk__in=parents)
        parents = set(mine.open().values_list("pk", flat=True))
    for task, copy in copied:
        if copy.parent_id is not None:
            if copy.parent_id not in parents or not counts[copy.parent_id].takes_next:
                continue
            counts[copy.parent_id].add(copy)
        yield task, copy


def _next_copy(task: Task, *, dates: Dates, at: datetime) -> Task:
    copy = _copy_of(task, at=at)
    copy.due_date, copy.start_date = dates.due, dates.start
    copy.parent_id = task.parent_id
    copy.series, copy.occurrence = task.series, number_of(task) + 1
    return copy


def _store_copies(
    copied: Sequence[tuple[Task, Task]], batch: Batch, *, done: Collection[UUID]
) -> None:
    """Store the copies of tasks, each with copies of the task's steps.

    Steps that are ahead are not copied, but carried to the copy of their task.
    """
    steps_of = steps_to_repeat([task for task, _ in copied], owner=batch.owner)
    completed = completed_dates(chain(*steps_of.values()), owner=batch.owner)
    all_copied: list[tuple[Task, Task]] = []
    carried: list[tuple[Task, Task, Shift]] = []
    for task, copy in copied:
        all_copied.append((task, copy))
        copy.steps_total = len(steps_of[task.pk])
        if not copy.steps_total:
            continue
        assert copy.due_date is not None
        shift = Shift(task, to=copy.due_date, completed=completed)
        carried_before_task = len(carried)
        for step in steps_of[task.pk]:
            if shift.is_ahead(step) and step.pk not in done:
                carried.append((step, copy, shift))
            else:
                all_copied.append((step, _step_copy(step, copy, shift)))
        if "steps_total" in vars(task):
            task.steps_total -= len(carried) - carried_before_task
    for _, copy in all_copied:
        plan_reminder(copy, owner=batch.owner, at=batch.at)
    Task.objects.bulk_create([copy for _, copy in all_copied])
    set_all_labels([(copy, task.label_names) for task, copy in all_copied], batch)
    for _, copy in all_copied:
        batch.created(copy)
    carry(carried, batch)


def _step_copy(step: Task, parent: Task, shift: Shift) -> Task:
    copy = _copy_of(step, at=parent.created_at)
    copy.parent_id = parent.pk
    move_dates(copy, shift.of(step))
    begin_series(copy)
    return copy


def _copy_of(task: Task, *, at: datetime) -> Task:
    """Return an open copy that is not stored yet."""
    same = {name: getattr(task, name) for name in COPIED_COLUMNS}
    return Task.new(owner_id=task.owner_id, at=at, **same)


def remove_next_occurrences(tasks: Sequence[Task], batch: Batch) -> None:
    """Remove the next occurrences with their steps, unless these were changed.

    Steps that were carried to them return.
    """
    unchanged = _unchanged_occurrences(tasks, batch.owner)
    if not unchanged:
        return
    steps_of: dict[UUID | None, list[Task]] = defaultdict(list)
    steps = Task.objects.owned_by(batch.owner).filter(parent__in=unchanged)
    for step in steps.with_labels().order_by("id"):
        steps_of[step.parent_id].append(step)
    others = [
        step
        for key, task in unchanged.items()
        for step in steps_of[key]
        if _is_changed(step, of=task)
    ]
    before = carried_before(others, to=unchanged, owner=batch.owner)
    kept = {step.parent_id for step in others if step.pk not in before}
    give_back([(s, before[s.pk]) for s in others if s.parent_id not in kept], batch)
    removed: list[UUID] = []
    for key in unchanged.keys() - kept:
        own = [step for step in steps_of[key] if step.pk not in before]
        for row in [*own, unchanged[key]]:
            batch.removed(row, before=snapshot(row))
            removed.append(row.pk)
    delete_tasks(removed, owner=batch.owner)


def _unchanged_occurrences(tasks: Sequence[Task], owner: User) -> dict[UUID, Task]:
    """Return the open next occurrences of tasks that are as they were opened."""
    upcoming = _open_occurrences(_next_occurrence_ids(tasks), owner).values()
    found = {task.pk: task for task in upcoming if task}
    # A step that was carried and returned has another version.
    doubtful = [task.pk for task in found.values() if task.version != 1]
    opened = created_as(doubtful, owner=owner)
    return {
        key: task
        for key, task in found.items()
        if task.version == 1 or opened.get(key) == snapshot(task)
    }


def _is_changed(step: Task, *, of: Task) -> bool:
    return step.version != 1 or step.created_at != of.created_at


def next_occurrences_of(tasks: Sequence[Task], owner: User) -> dict[UUID, Task | None]:
    """Return the next occurrence if it is open, or None, by the id of each task."""
    none: dict[UUID, Task | None] = {task.pk: None for task in tasks}
    return none | _open_occurrences(_next_occurrence_ids(tasks), owner)


def _next_occurrence_ids(tasks: Sequence[Task]) -> dict[UUID, UUID]:
    """Return the ids of existing next occurrences in any state, by the id of the task.

    Skipping leaves gaps between the numbers of a series.
    """
    ids = [task.pk for task in tasks if task.series and task.occurrence]
    if not ids:
        return {}
    later = Task.objects.filter(
        owner=OuterRef("owner"),
        series=OuterRef("series"),
        occurrence__gt=OuterRef("occurrence"),
    )
    nearest = Subquery(later.order_by("occurrence").values("pk")[:1])
    rows = Task.objects.filter(owner=tasks[0].owner_id, pk__in=ids)
    found = rows.annotate(nearest=nearest)
    pairs = found.values_list("pk", "nearest")
    return {task: upcoming for task, upcoming in pairs if upcoming}


def _open_occurrences(ids: Mapping[UUID, UUID], owner: User) -> dict[UUID, Task | None]:
    """Load those occurrences that are open, under the keys of their ids."""
    if not ids:
        return {}
    mine = Task.objects.owned_by(owner).open()
    rows = mine.represented().in_bulk(list(ids.values()))
    return {task: rows.get(upcoming) for task, upcoming in ids.items()}


def has_next_occurrence(task: Task) -> bool:
    """Whether the next occurrence exists, in any state."""
    return bool(_next_occurrence_ids([task]))
