"""The occurrences of repeating tasks.

The tasks of a series share its id and are numbered. Completing one opens the next
occurrence as a new task; skipping moves the same task to the next date and number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery
from uuid_utils.compat import uuid7

from accounts.models import User
from todos.actions.labels import set_all_labels
from todos.actions.loading import ExpectedVersion, require_live, task_of
from todos.actions.refusals import (
    AlreadyCompleted,
    NextExists,
    NotRepeating,
    SeriesEnded,
)
from todos.actions.steps import step_quotas
from todos.actions.storing import store
from todos.agenda import clock_of
from todos.caller import Caller
from todos.ledger import Batch, Kind, open_batch, snapshot
from todos.models import Task
from todos.reminders.planning import plan_reminder
from todos.schedule import recurrence
from todos.schedule.days import LAST_DATE
from todos.task_fields import COPIED_COLUMNS, MOVING_COLUMNS

DAY = timedelta(days=1)


# --- The next occurrence ----------------------------------------------------------


def open_next_occurrences(
    tasks: Sequence[Task], batch: Batch
) -> dict[UUID, Task | None]:
    """Open the next occurrence of each repeating task as a new task, with its steps.

    Nothing is opened if the next occurrence exists already (reopening keeps a changed
    one), or if the parent of a step has no room.

    Returns:
        The next occurrence if it is open, or None, by the id of each task.
    """
    repeating = [task for task in tasks if task.rrule and task.due_date]
    existing = _next_occurrence_ids(repeating)
    found: dict[UUID, Task | None] = {task.pk: None for task in tasks}
    found |= _open_occurrences(existing)
    today = today_of(batch.caller)
    copies: list[tuple[Task, Task]] = []
    for task in repeating:
        due_date = None if task.pk in existing else _next_due(task, today=today)
        if due_date is not None:
            copies.append((task, _next_copy(task, due_date=due_date, at=batch.at)))
    copied = list(_with_room(copies, owner=batch.owner))
    found |= {task.pk: copy for task, copy in copied}
    _store_copies(copied, batch)
    return found


def _with_room(
    copied: Sequence[tuple[Task, Task]], *, owner: User
) -> Iterator[tuple[Task, Task]]:
    """Leave out copies of steps if their task can't have more steps."""
    parents = {copy.parent_id for _, copy in copied if copy.parent_id is not None}
    counts = step_quotas(parents, owner=owner) if parents else {}
    for task, copy in copied:
        if copy.parent_id is not None:
            if not counts[copy.parent_id].takes_next:
                continue
            counts[copy.parent_id].add(copy)
        yield task, copy


def _next_copy(task: Task, *, due_date: date, at: datetime) -> Task:
    assert task.due_date is not None
    copy = _copy_of(task, shift=due_date - task.due_date, at=at)
    copy.parent_id = task.parent_id
    copy.series, copy.occurrence = task.series, _number_of(task) + 1
    return copy


def _store_copies(copied: Sequence[tuple[Task, Task]], batch: Batch) -> None:
    """Store the copies of tasks, each followed by copies of the task's steps."""
    steps_of = _steps_to_repeat([task for task, _ in copied], owner=batch.owner)
    all_copied: list[tuple[Task, Task]] = []
    for task, copy in copied:
        assert task.due_date is not None and copy.due_date is not None
        shift = copy.due_date - task.due_date
        all_copied.append((task, copy))
        for step in steps_of[task.pk]:
            step_copy = _copy_of(step, shift=shift, at=batch.at)
            step_copy.parent_id = copy.pk
            if step_copy.rrule:
                step_copy.series, step_copy.occurrence = uuid7(), 1
            all_copied.append((step, step_copy))
        copy.steps_total = len(steps_of[task.pk])
    for _, copy in all_copied:
        plan_reminder(copy, owner=batch.owner, at=batch.at)
    Task.objects.bulk_create([copy for _, copy in all_copied])
    set_all_labels([(copy, task.label_names) for task, copy in all_copied], batch)
    for _, copy in all_copied:
        batch.created(copy)


def _copy_of(task: Task, *, shift: timedelta, at: datetime) -> Task:
    """Return an open copy that is not stored yet, with its dates moved by `shift`."""
    same = {name: getattr(task, name) for name in COPIED_COLUMNS}
    copy = Task.new(owner_id=task.owner_id, at=at, **same)
    _move_dates(copy, shift)
    return copy


def _move_dates(task: Task, shift: timedelta) -> None:
    """Move the due date by `shift`, and the dates that move along with it."""
    for name in MOVING_COLUMNS:
        setattr(task, name, _moved(getattr(task, name), shift))


def _moved(day: date | None, shift: timedelta) -> date | None:
    return min(day + shift, LAST_DATE) if day else None


def _steps_to_repeat(
    tasks: Sequence[Task], *, owner: User
) -> dict[UUID | None, list[Task]]:
    """Return the steps that the next occurrence gets too, by the id of the task.

    Of a repeating step, these include only the open occurrence.
    """
    found: dict[UUID | None, list[Task]] = defaultdict(list)
    parents = [task.pk for task in tasks if task.parent_id is None]
    if parents:
        steps = Task.objects.owned_by(owner).live().filter(parent__in=parents)
        steps = steps.exclude(~Q(rrule=""), completed_at__isnull=False)
        for step in steps.with_labels().order_by("position", "id"):
            found[step.parent_id].append(step)
    return found


def _number_of(task: Task) -> int:
    return task.occurrence or 1


def _next_due(task: Task, *, today: date) -> date | None:
    """Return the due date of the next occurrence, when this task is completed today."""
    assert task.due_date is not None
    if _is_last(task):
        return None
    if task.rrule_anchor == Task.Anchor.COMPLETION:
        return recurrence.date_after_completion(task.rrule, done_on=today)
    # An overdue task skips the dates that were missed.
    after = max(task.due_date, today)
    return recurrence.next_date(task.rrule, anchor=task.due_date, after=after)


def _is_last(task: Task) -> bool:
    count = recurrence.count_of(task.rrule)
    return count is not None and _number_of(task) >= count


def today_of(caller: Caller) -> date:
    return clock_of(caller.owner, now=caller.at).today


def remove_next_occurrences(tasks: Sequence[Task], batch: Batch) -> None:
    """Remove the next occurrences with their steps, unless these were changed."""
    upcoming = _open_occurrences(_next_occurrence_ids(tasks)).values()
    unchanged = {task.pk: task for task in upcoming if task and task.version == 1}
    if not unchanged:
        return
    steps_of: dict[UUID | None, list[Task]] = defaultdict(list)
    steps = Task.objects.owned_by(batch.owner).filter(parent__in=unchanged)
    for step in steps.with_labels().order_by("id"):
        steps_of[step.parent_id].append(step)
    removed = []
    for key, task in unchanged.items():
        if any(_is_changed(step, of=task) for step in steps_of[key]):
            continue
        removed.append(key)
        for row in [*steps_of[key], task]:
            batch.removed(row, before=snapshot(row))
    Task.objects.owned_by(batch.owner).filter(pk__in=removed).delete()


def _is_changed(step: Task, *, of: Task) -> bool:
    return step.version != 1 or step.created_at != of.created_at


def next_occurrences_of(tasks: Sequence[Task]) -> dict[UUID, Task | None]:
    """Return the next occurrence if it is open, or None, by the id of each task."""
    none: dict[UUID, Task | None] = {task.pk: None for task in tasks}
    return none | _open_occurrences(_next_occurrence_ids(tasks))


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
    found = Task.objects.filter(pk__in=ids).annotate(nearest=nearest)
    pairs = found.values_list("pk", "nearest")
    return {task: upcoming for task, upcoming in pairs if upcoming}


def _open_occurrences(ids: Mapping[UUID, UUID]) -> dict[UUID, Task | None]:
    """Load those occurrences that are open, under the keys of their ids."""
    if not ids:
        return {}
    rows = Task.objects.open().represented().in_bulk(list(ids.values()))
    return {task: rows.get(upcoming) for task, upcoming in ids.items()}


# --- Skipping ---------------------------------------------------------------------


def skip_occurrence(
    caller: Caller,
    *,
    task_id: UUID,
    version: ExpectedVersion = None,
) -> Task:
    """Move an open repeating task to its next date.

    It stays the same task and gets the next number of its series; its start date and
    reminder move along. An overdue task moves to the first date from today on. A rule
    that counts from completion counts from the due date or from today, whichever is
    later, because nothing was completed.

    Raises:
        Task.DoesNotExist, InTrash, VersionConflict: as `update_task`.
        NotRepeating, AlreadyCompleted: the task has no date to skip.
        NextExists: its next occurrence exists already, as another task.
        SeriesEnded: it is the last occurrence.
    """
    with open_batch(caller) as batch:
        task = task_of(caller.owner, task_id)
        require_live(task, version=version)
        _require_skippable(task)
        due_date = _due_after_skipping(task, today=today_of(caller))
        if due_date is None or task.due_date is None:
            raise SeriesEnded
        before = snapshot(task)
        _move_dates(task, due_date - task.due_date)
        task.occurrence = _number_of(task) + 1
        store(task, before, Kind.UPDATED, batch)
    return task


def _require_skippable(task: Task) -> None:
    if not task.rrule:
        raise NotRepeating
    if task.is_completed:
        raise AlreadyCompleted
    if _next_occurrence_ids([task]):
        raise NextExists


def _due_after_skipping(task: Task, *, today: date) -> date | None:
    assert task.due_date is not None
    if _is_last(task):
        return None
    if task.rrule_anchor == Task.Anchor.COMPLETION:
        done_on = max(task.due_date, today)
        return recurrence.date_after_completion(task.rrule, done_on=done_on)
    after = max(task.due_date, today - DAY)
    return recurrence.next_date(task.rrule, anchor=task.due_date, after=after)
