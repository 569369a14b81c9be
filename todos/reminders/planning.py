"""When reminders are due, and taking them so that each is sent once.

`remind_on` is set while a reminder is to be sent. It is a date in the time zone of the
task, because the instant isn't known in advance: a floating time moves with the time
zone of the user. So the sender also looks at the next day, and computes the instant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import emails
from accounts.models import User
from todos.across_owners import waiting_reminders
from todos.models import Task
from todos.schedule.instants import instant_of, wall_clock

TOO_LATE = timedelta(hours=24)  # older reminders are not sent
PAGE = 500  # rows loaded at once


def check_reminder(task: Task) -> None:
    """Check the reminder against the due date and time.

    Raises:
        ValidationError: for `reminder`.
    """
    if task.reminder_minutes is not None and task.due_time is None:
        raise ValidationError(
            {"reminder": "A reminder before the due time requires a due date and time."}
        )
    if task.reminder_time is not None and task.due_date is None:
        raise ValidationError({"reminder": "A reminder requires a due date."})


def plan_reminder(task: Task, *, owner: User, at: datetime) -> None:
    """Set the date on which to send the reminder, or None if it is in the past."""
    moment = moment_of(task, owner=owner)
    if moment is None or moment <= at or task.completed_at or task.trashed_at:
        task.remind_on = None
    else:
        task.remind_on = wall_clock(moment, zone_of(task, owner)).date()


def moment_of(task: Task, *, owner: User) -> datetime | None:
    """Return the instant of the reminder in UTC, or None if the task has none."""
    if task.due_date is None:
        return None
    zone = zone_of(task, owner)
    if task.reminder_time is not None:
        return instant_of(task.due_date, task.reminder_time, zone)
    if task.reminder_minutes is None:
        return None
    due = instant_of(task.due_date, task.due_time or time(0), zone)
    return due - timedelta(minutes=task.reminder_minutes)


def zone_of(task: Task, owner: User) -> ZoneInfo:
    """Return the time zone of the task's times."""
    return ZoneInfo(task.due_tz or owner.timezone)


# --- Sending ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder that one sender has taken, so that no other sends it."""

    task: Task
    moment: datetime

    @property
    def owner(self) -> User:
        return self.task.owner


def due_reminders(*, at: datetime) -> Iterator[Task]:
    """Yield the tasks whose reminder is due, the earliest date first.

    They have the ids of task and owner only. Locks nothing: `take_reminder` decides.
    Memory is bounded by `PAGE`.
    """
    # Clocks are at most 14 hours ahead of UTC, so the planned date is at most one day
    # ahead. If the user moves to a time zone whose clocks skip an hour, it may be a day
    # late, but only for moments shortly before midnight there, when UTC has that date.
    until, after, rows = at.date() + timedelta(days=1), None, None
    while rows is None or len(rows) == PAGE:
        rows = waiting_reminders(until=until, after=after, most=PAGE)
        owners = User.objects.only("timezone").in_bulk({row.owner_id for row in rows})
        for task in rows:
            # An owner who is missing was deleted meanwhile.
            if owner := owners.get(task.owner_id):
                moment = moment_of(task, owner=owner)
                if moment is None or moment <= at:
                    yield task
            after = _place(task)


def _place(task: Task) -> tuple[date, UUID]:
    assert task.remind_on is not None  # it waits
    return task.remind_on, task.pk


@transaction.atomic
def take_reminder(task_id: UUID, *, owner_id: UUID, at: datetime) -> Reminder | None:
    """Take a reminder that is due. Only the caller may send it.

    Returns None if another sender has taken it, if it is not due any more, or if it
    must not be sent. In the last case it is dropped.
    """
    rows = Task.objects.select_for_update(skip_locked=True, of=("self",))
    rows = rows.select_related("owner", "list").filter(remind_on__isnull=False)
    task = rows.filter(owner=owner_id, pk=task_id).first()
    if task is None:
        return None
    moment = moment_of(task, owner=task.owner)
    if moment is not None and moment > at:
        return None
    task.remind_on = None
    task.save(update_fields=["remind_on"])
    if moment is None or moment < at - TOO_LATE or not _is_wanted(task):
        return None
    return Reminder(task, moment)


def _is_wanted(task: Task) -> bool:
    """Whether the task is still open and its owner gets reminder mails."""
    owner = task.owner
    is_open = task.completed_at is None and task.trashed_at is None
    return (
        is_open
        and task.list.archived_at is None
        and owner.is_active
        and owner.delete_after is None
        and owner.reminder_mails
        and emails.is_verified(owner)
    )


def why_no_mail(owner: User, *, is_verified: bool) -> str:
    """Return why the owner gets no reminder mails, or an empty text."""
    if not owner.reminder_mails:
        return "Your reminder e-mails are turned off."
    if not is_verified:
        return "Confirm your e-mail address to receive reminders."
    return ""


@transaction.atomic
def put_back(reminder: Reminder) -> None:
    """Return a reminder that could not be sent, unless it has changed meanwhile."""
    rows = Task.objects.select_for_update(of=("self",)).select_related("owner")
    rows = rows.filter(owner=reminder.task.owner_id, pk=reminder.task.pk)
    task = rows.filter(completed_at=None, trashed_at=None).first()
    if task is not None and moment_of(task, owner=task.owner) == reminder.moment:
        shown = wall_clock(reminder.moment, zone_of(task, task.owner))
        task.remind_on = shown.date()
        task.save(update_fields=["remind_on"])
