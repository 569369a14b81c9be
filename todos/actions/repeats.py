"""Repeating tasks: completing one opens the next of its series."""

from __future__ import annotations

from datetime import date, datetime

from accounts.models import User
from todos.actions.labels import set_labels
from todos.actions.reminders import plan_reminder
from todos.agenda import clock_of
from todos.ledger import Batch
from todos.models import Task, TaskQuerySet
from todos.schedule import recurrence


def open_next(task: Task, *, owner: User, at: datetime, entries: Batch) -> Task | None:
    """Open the next occurrence of a repeating task, as a task of its own."""
    if not task.rrule or task.due_date is None:
        return None
    if _later_in_series(task).exists():
        # Reopening left it, because it had been touched: this is no new completion.
        return next_of(task)
    due_date = _next_due(task, today=today_of(owner, at))
    if due_date is None:
        return None
    shift = due_date - task.due_date
    upcoming = Task(
        owner_id=owner.pk,
        list_id=task.list_id,
        title=task.title,
        notes=task.notes,
        priority=task.priority,
        due_date=due_date,
        due_time=task.due_time,
        due_tz=task.due_tz,
        start_date=task.start_date + shift if task.start_date else None,
        rrule=task.rrule,
        rrule_anchor=task.rrule_anchor,
        reminder_minutes=task.reminder_minutes,
        reminder_time=task.reminder_time,
        series=task.series,
        occurrence=(task.occurrence or 1) + 1,
        position=task.position,
        created_at=at,
        updated_at=at,
    )
    plan_reminder(upcoming, owner=owner, at=at)
    upcoming.save(force_insert=True)
    names = getattr(task, "label_names", [])
    set_labels(upcoming, names, owner=owner, entries=entries)
    entries.created(upcoming)
    return upcoming


def _next_due(task: Task, *, today: date) -> date | None:
    assert task.due_date is not None
    if task.rrule_anchor == Task.Anchor.COMPLETION:
        rule = recurrence.normalise_rule(task.rrule, due=today)
        return recurrence.next_date(rule, anchor=today, after=today)
    # An overdue repeat goes on after today, not through every missed date.
    after = max(task.due_date, today) if task.due_date < today else task.due_date
    return recurrence.next_date(task.rrule, anchor=task.due_date, after=after)


def today_of(owner: User, at: datetime) -> date:
    return clock_of(owner, now=at).today


def next_of(task: Task) -> Task | None:
    """Return the occurrence after `task`, while it is open."""
    return _later_in_series(task).open().with_labels().first()


def _later_in_series(task: Task) -> TaskQuerySet:
    """Return the occurrence right after `task`, in whatever state it is."""
    tasks = Task.objects.filter(owner_id=task.owner_id)
    if task.series is None or task.occurrence is None:
        return tasks.none()
    return tasks.filter(series=task.series, occurrence=task.occurrence + 1)
