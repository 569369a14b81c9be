"""Repeating tasks: what a rule makes of a task, and how its series goes on.

The tasks of a series share its id and are numbered. Completing one opens the next as a
task of its own; skipping lets the same task take the next one's date and number.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q
from uuid_utils.compat import uuid7

from accounts.credentials import Credential
from accounts.models import User
from todos.actions.labels import set_labels
from todos.actions.refusals import (
    AlreadyCompleted,
    NextExists,
    NotRepeating,
    SeriesEnded,
)
from todos.actions.reminders import plan_reminder
from todos.actions.rows import Seen, require_live, store, task_of
from todos.agenda import clock_of
from todos.ledger import Batch, Kind, batch, snapshot
from todos.models import Task, TaskQuerySet
from todos.schedule import recurrence
from todos.schedule.days import LAST_DATE

DAY = timedelta(days=1)


def settle_rule(task: Task, *, owner: User, at: datetime) -> None:
    """Hold the rule of a task against its due date, and number the task.

    Without a due date it is due on the first day from the person's today that the
    rule allows. One that repeats already doesn't lose its due date.

    Raises:
        ValidationError: for `recurrence` or `due_date`.
    """
    if not task.rrule:
        task.rrule_anchor = ""
        return
    task.rrule_anchor = task.rrule_anchor or Task.Anchor.DUE
    if task.due_date is None and _is_stored(task, ~Q(rrule="")):
        raise ValidationError({"due_date": "A repeating task needs a due date."})
    try:
        task.rrule, task.due_date = recurrence.begin_series(
            task.rrule,
            due=task.due_date,
            today=today_of(owner, at),
            from_completion=task.rrule_anchor == Task.Anchor.COMPLETION,
        )
    except recurrence.RuleRefused as exc:
        # What was taken once stays, also where the series has run out since.
        if not _was_taken(task):
            raise ValidationError({"recurrence": str(exc)}) from exc
    if task.series is None:
        task.series, task.occurrence = uuid7(), 1


def _was_taken(task: Task) -> bool:
    """Whether the task had this rule on this day before: here, or where it came from.

    Only an import stores a task that is of a series already.
    """
    if not task._state.adding:
        return _is_stored(task, Q(rrule=task.rrule, due_date=task.due_date))
    if task.series is None or task.due_date is None:
        return False
    try:
        return recurrence.normalise_rule(task.rrule, due=None) == task.rrule
    except recurrence.RuleRefused:
        return False


def _is_stored(task: Task, state: Q) -> bool:
    return Task.objects.filter(state, owner_id=task.owner_id, pk=task.pk).exists()


# --- The next of a series ---------------------------------------------------------


def open_next(task: Task, *, owner: User, at: datetime, entries: Batch) -> Task | None:
    """Open the next occurrence of a repeating task, as a task of its own.

    Its steps come along, to be done again.
    """
    if not task.rrule or task.due_date is None:
        return None
    if _later_in_series(task).exists():
        # Reopening left it, because it had been touched: this is no new completion.
        return next_of(task)
    due_date = _next_due(task, today=today_of(owner, at))
    if due_date is None:
        return None
    shift = due_date - task.due_date
    upcoming = _copy_of(task, shift=shift, at=at)
    upcoming.series, upcoming.occurrence = task.series, _number_of(task) + 1
    upcoming.parent_id = task.parent_id
    _store_copy(upcoming, task, owner=owner, entries=entries)
    steps = _steps_to_repeat(task)
    for step in steps:
        copy = _copy_of(step, shift=shift, at=at)
        copy.parent_id = upcoming.pk
        if copy.rrule:
            copy.series, copy.occurrence = uuid7(), 1
        _store_copy(copy, step, owner=owner, entries=entries)
    vars(upcoming).update(steps_total=len(steps), steps_done=0)
    return upcoming


def _copy_of(task: Task, *, shift: timedelta, at: datetime) -> Task:
    """Return an open copy, not stored yet, with its dates moved on by `shift`."""
    return Task(
        owner_id=task.owner_id,
        list_id=task.list_id,
        title=task.title,
        notes=task.notes,
        priority=task.priority,
        due_date=_moved(task.due_date, shift),
        due_time=task.due_time,
        due_tz=task.due_tz,
        start_date=_moved(task.start_date, shift),
        rrule=task.rrule,
        rrule_anchor=task.rrule_anchor,
        reminder_minutes=task.reminder_minutes,
        reminder_time=task.reminder_time,
        position=task.position,
        created_at=at,
        updated_at=at,
    )


def _moved(day: date | None, shift: timedelta) -> date | None:
    return min(day + shift, LAST_DATE) if day else None


def _store_copy(copy: Task, task: Task, *, owner: User, entries: Batch) -> None:
    plan_reminder(copy, owner=owner, at=entries.at)
    copy.save(force_insert=True)
    set_labels(copy, getattr(task, "label_names", []), owner=owner, entries=entries)
    entries.created(copy)


def _steps_to_repeat(task: Task) -> list[Task]:
    """Return the steps that the next occurrence has as well.

    Of a step that repeats by itself, only the one that is open.
    """
    if task.parent_id is not None:
        return []
    steps = task.steps.live().exclude(~Q(rrule=""), completed_at__isnull=False)
    return list(steps.with_labels().order_by("position", "id"))


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


def today_of(owner: User, at: datetime) -> date:
    return clock_of(owner, now=at).today


def take_back_next(task: Task, *, entries: Batch) -> None:
    """Remove the next occurrence with its steps, unless somebody touched them."""
    upcoming = next_of(task)
    if upcoming is None or upcoming.version != 1:
        return
    steps = list(upcoming.steps.with_labels().order_by("id"))
    if any(_is_touched(step, with_=upcoming) for step in steps):
        return
    for row in [*steps, upcoming]:
        entries.removed(row, before=snapshot(row))
    upcoming.delete()


def _is_touched(step: Task, *, with_: Task) -> bool:
    return step.version != 1 or step.created_at != with_.created_at


def next_of(task: Task) -> Task | None:
    """Return the occurrence after `task`, while it is open."""
    if task.series is None:
        return None
    following = _later_in_series(task).represented().first()
    if following is None or following.completed_at or following.trashed_at:
        return None
    return following


def _later_in_series(task: Task) -> TaskQuerySet:
    """Return the occurrences after `task`, in whatever state, the nearest first.

    There can be gaps in the numbers: skipping goes on to the next.
    """
    tasks = Task.objects.filter(owner_id=task.owner_id)
    if task.series is None or task.occurrence is None:
        return tasks.none()
    later = tasks.filter(series=task.series, occurrence__gt=task.occurrence)
    return later.order_by("occurrence")


# --- Skipping ---------------------------------------------------------------------


def skip_occurrence(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    task_id: UUID,
    version: Seen = None,
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
    with batch(owner=owner, by=by, at=at) as entries:
        task = task_of(owner, task_id)
        require_live(task, version=version)
        _require_skippable(task)
        due_date = _due_after_skipping(task, today=today_of(owner, at))
        if due_date is None or task.due_date is None:
            raise SeriesEnded("This is the last of its series; complete or delete it.")
        before = snapshot(task)
        task.start_date = _moved(task.start_date, due_date - task.due_date)
        task.due_date, task.occurrence = due_date, _number_of(task) + 1
        store(task, before, Kind.UPDATED, entries)
    return task


def _require_skippable(task: Task) -> None:
    if not task.rrule:
        raise NotRepeating("The task doesn't repeat.")
    if task.is_completed:
        raise AlreadyCompleted("The task is completed; reopen it first.")
    if _later_in_series(task).exists():
        raise NextExists("The next of this series is there already, as another task.")


def _due_after_skipping(task: Task, *, today: date) -> date | None:
    assert task.due_date is not None
    if _is_last(task):
        return None
    if task.rrule_anchor == Task.Anchor.COMPLETION:
        done_on = max(task.due_date, today)
        return recurrence.date_after_completion(task.rrule, done_on=done_on)
    after = max(task.due_date, today - DAY)
    return recurrence.next_date(task.rrule, anchor=task.due_date, after=after)
