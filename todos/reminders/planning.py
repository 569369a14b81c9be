"""Reminders of tasks: when one is due, and taking it so that it is sent once.

`remind_on` is set while a reminder is still to be sent. It is coarse, a day by the
clock of the task, because the instant isn't known ahead: a floating time moves with
the person. So the sender looks a day further and reckons the instant itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from accounts import emails
from accounts.models import User
from todos.models import Task, TaskQuerySet
from todos.schedule.instants import instant_of, wall_clock
from todos.task_fields import REMINDER_COLUMNS

TOO_LATE = timedelta(hours=24)  # after its moment a reminder is no help any more
PAGE = 500  # rows looked at together


def settle_reminder(task: Task, *, owner: User, at: datetime) -> None:
    """Make the reminder of a new task fit its due date, and plan it.

    Raises:
        ValidationError: for `reminder`.
    """
    check_reminder(task)
    plan_reminder(task, owner=owner, at=at)


def check_reminder(task: Task) -> None:
    """Hold the reminder against the due date and time.

    Raises:
        ValidationError: for `reminder`.
    """
    if task.reminder_minutes is not None and task.due_time is None:
        raise ValidationError({"reminder": "Minutes before need a due time."})
    if task.reminder_time is not None and task.due_date is None:
        raise ValidationError({"reminder": "A reminder needs a due date."})


def plan_reminder(task: Task, *, owner: User, at: datetime) -> None:
    """Note the day when the reminder is to be sent; one that is past never is."""
    moment = moment_of(task, owner=owner)
    if moment is None or moment <= at or task.completed_at or task.trashed_at:
        task.remind_on = None
    else:
        task.remind_on = wall_clock(moment, zone_of(task, owner)).date()


def moment_of(task: Task, *, owner: User) -> datetime | None:
    """Return the instant at which to remind of a task, in UTC; None without one."""
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
    """Return the zone in which the task's times are meant."""
    return ZoneInfo(task.due_tz or owner.timezone)


# --- Sending ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder in the hands of one sender: nobody else will send it."""

    task: Task
    moment: datetime

    @property
    def owner(self) -> User:
        return self.task.owner


def due_reminders(*, at: datetime) -> Iterator[UUID]:
    """Yield the tasks whose reminder is due, the longest waiting day first.

    Nothing is locked: `take_reminder` decides. Memory is bounded by `PAGE`.
    """
    # Clocks are at most 14 hours ahead of UTC, so the planned day is at most one
    # ahead. When the person moves to a zone whose clocks jump it may be a day too late,
    # but only for moments shortly before midnight there, when UTC has that date too.
    waiting = Task.objects.filter(remind_on__lte=at.date() + timedelta(days=1))
    waiting = waiting.select_related("owner").only(
        *REMINDER_COLUMNS, "remind_on", "owner__timezone"
    )
    waiting = waiting.order_by("remind_on", "id")
    rows = list(waiting[:PAGE])
    while rows:
        for task in rows:
            moment = moment_of(task, owner=task.owner)
            if moment is None or moment <= at:
                yield task.pk
        rows = list(_after(waiting, rows[-1].remind_on, rows[-1].pk)[:PAGE])


def _after(waiting: TaskQuerySet, day: date | None, last: UUID) -> TaskQuerySet:
    """Return the rows after one, in the order by day and id."""
    assert day is not None
    return waiting.filter(Q(remind_on__gt=day) | Q(remind_on=day, pk__gt=last))


@transaction.atomic
def take_reminder(task_id: UUID, *, at: datetime) -> Reminder | None:
    """Take a reminder that is due, so that it is sent by the caller or never.

    Returns None where another sender has it, where it is not due any more, and where
    it must not be sent: it is dropped then.
    """
    rows = Task.objects.select_for_update(skip_locked=True, of=("self",))
    rows = rows.select_related("owner", "list").filter(remind_on__isnull=False)
    task = rows.filter(pk=task_id).first()
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
    """Whether the task is still to be done, and its owner to be reminded of it."""
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


def what_stops_mails(owner: User) -> str:
    """Say why the owner gets no mail of a reminder; empty if they do."""
    if not owner.reminder_mails:
        return "Your reminder mails are switched off."
    if not emails.is_verified(owner):
        return "Mails need a confirmed e-mail address."
    return ""


@transaction.atomic
def put_back(reminder: Reminder) -> None:
    """Let a reminder that could not be sent be taken again, if it is still the same."""
    rows = Task.objects.select_for_update(of=("self",)).select_related("owner")
    task = rows.filter(pk=reminder.task.pk, completed_at=None, trashed_at=None).first()
    if task is not None and moment_of(task, owner=task.owner) == reminder.moment:
        shown = wall_clock(reminder.moment, zone_of(task, task.owner))
        task.remind_on = shown.date()
        task.save(update_fields=["remind_on"])
