"""Repeating tasks: what a rule makes of a task, and how its series goes on.

The tasks of a series share its id and are numbered. Completing one opens the next as a
task of its own; skipping lets the same task take the next one's date and number.
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


# --- The next of a series ---------------------------------------------------------


def open_next_occurrences(
    tasks: Sequence[Task], batch: Batch
) -> dict[UUID, Task | None]:
    """Open the next occurrence of each task that repeats, as a task of its own.

    Their steps come along, to be done again. Where the next one is there, because
    reopening left what had been touched, none is opened; nor is one of a step whose
    task can't keep more.

    Returns:
        The next occurrence, if there is one that is open, by the id of each task.
    """
    repeating = [task for task in tasks if task.rrule and task.due_date]
    nearest = _later_occurrence_ids(repeating)
    found: dict[UUID, Task | None] = {task.pk: None for task in tasks}
    found |= _open_occurrences(nearest)
    today = today_of(batch.caller)
    copies: list[tuple[Task, Task]] = []
    for task in repeating:
        due_date = None if task.pk in nearest else _next_due(task, today=today)
        if due_date is not None:
            copies.append((task, _next_copy(task, due_date=due_date, at=batch.at)))
    copied = list(_with_room(copies, owner=batch.owner))
    found |= {task.pk: copy for task, copy in copied}
    _store_copies(copied, batch)
    return found


def _with_room(
    copied: Sequence[tuple[Task, Task]], *, owner: User
) -> Iterator[tuple[Task, Task]]:
    """Leave out copies of steps that their task has no room for."""
    above = {copy.parent_id for _, copy in copied if copy.parent_id is not None}
    counts = step_quotas(above, owner=owner) if above else {}
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
    every: list[tuple[Task, Task]] = []
    for task, copy in copied:
        assert task.due_date is not None and copy.due_date is not None
        shift = copy.due_date - task.due_date
        every.append((task, copy))
        for step in steps_of[task.pk]:
            step_copy = _copy_of(step, shift=shift, at=batch.at)
            step_copy.parent_id = copy.pk
            if step_copy.rrule:
                step_copy.series, step_copy.occurrence = uuid7(), 1
            every.append((step, step_copy))
        copy.steps_total = len(steps_of[task.pk])
    for _, copy in every:
        plan_reminder(copy, owner=batch.owner, at=batch.at)
    Task.objects.bulk_create([copy for _, copy in every])
    set_all_labels([(copy, task.label_names) for task, copy in every], batch)
    for _, copy in every:
        batch.created(copy)


def _copy_of(task: Task, *, shift: timedelta, at: datetime) -> Task:
    """Return an open copy, not stored yet, with its dates moved on by `shift`."""
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
    """Return the steps that the next occurrence has as well, by the id of the task.

    Of a step that repeats by itself, only the one that is open.
    """
    found: dict[UUID | None, list[Task]] = defaultdict(list)
    above = [task.pk for task in tasks if task.parent_id is None]
    if above:
        steps = Task.objects.owned_by(owner).live().filter(parent__in=above)
        steps = steps.exclude(~Q(rrule=""), completed_at__isnull=False)
        for step in steps.with_labels().order_by("position", "id"):
            found[step.parent_id].append(step)
    return found


def _number_of(task: Task) -> int:
    return task.occurrence or 1


def _next_due(task: Task, *, today: date) -> date | None:
    """Return when the task that follows on completing this one is due."""
    assert task.due_date is not None
    if _is_last(task):
        return None
    if task.rrule_anchor == Task.Anchor.COMPLETION:
        return recurrence.date_after_completion(task.rrule, done_on=today)
    # An overdue repeat goes on after today, not through every missed date.
    after = max(task.due_date, today)
    return recurrence.next_date(task.rrule, anchor=task.due_date, after=after)


def _is_last(task: Task) -> bool:
    count = recurrence.count_of(task.rrule)
    return count is not None and _number_of(task) >= count


def today_of(caller: Caller) -> date:
    return clock_of(caller.owner, now=caller.at).today


def remove_next_occurrences(tasks: Sequence[Task], batch: Batch) -> None:
    """Remove the next occurrences with their steps, unless somebody touched them."""
    following = _open_occurrences(_later_occurrence_ids(tasks)).values()
    untouched = {task.pk: task for task in following if task and task.version == 1}
    if not untouched:
        return
    steps_of: dict[UUID | None, list[Task]] = defaultdict(list)
    steps = Task.objects.owned_by(batch.owner).filter(parent__in=untouched)
    for step in steps.with_labels().order_by("id"):
        steps_of[step.parent_id].append(step)
    removed = []
    for key, upcoming in untouched.items():
        if any(_is_touched(step, with_=upcoming) for step in steps_of[key]):
            continue
        removed.append(key)
        for row in [*steps_of[key], upcoming]:
            batch.removed(row, before=snapshot(row))
    Task.objects.owned_by(batch.owner).filter(pk__in=removed).delete()


def _is_touched(step: Task, *, with_: Task) -> bool:
    return step.version != 1 or step.created_at != with_.created_at


def next_occurrences_of(tasks: Sequence[Task]) -> dict[UUID, Task | None]:
    """Return the occurrence after each task, while that is open, by the task's id."""
    none: dict[UUID, Task | None] = {task.pk: None for task in tasks}
    return none | _open_occurrences(_later_occurrence_ids(tasks))


def _later_occurrence_ids(tasks: Sequence[Task]) -> dict[UUID, UUID]:
    """Return the occurrence after each task, in whatever state, by the task's id.

    There can be gaps in the numbers: skipping goes on to the next.
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
    return {task: following for task, following in pairs if following}


def _open_occurrences(nearest: Mapping[UUID, UUID]) -> dict[UUID, Task | None]:
    """Return the occurrences that can be done, by what the ids are found under."""
    if not nearest:
        return {}
    rows = Task.objects.open().represented().in_bulk(list(nearest.values()))
    return {task: rows.get(following) for task, following in nearest.items()}


# --- Skipping ---------------------------------------------------------------------


def skip_occurrence(
    caller: Caller,
    *,
    task_id: UUID,
    version: ExpectedVersion = None,
) -> Task:
    """Move an open repeating task on to its next occurrence.

    It stays the same task, with the next number of its series; its start date and its
    reminder move along. One that is overdue goes to the first occurrence from today
    on, which is still to be done. A rule that counts from completion counts from the
    due date here, or from today if that is later: nothing was completed.

    Raises:
        Task.DoesNotExist, InTrash, VersionConflict: as `update_task`.
        NotRepeating, AlreadyCompleted: there is nothing to skip.
        NextExists: the next of its series is there already, as another task.
        SeriesEnded: it is the last of its series.
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
    if _later_occurrence_ids([task]):
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
