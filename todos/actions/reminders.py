"""Reminders of tasks: when one is still to be sent."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from accounts.models import User
from todos.models import Task
from todos.schedule.instants import instant_of, wall_clock


def settle_reminder(task: Task, *, owner: User, at: datetime) -> None:
    """Make the reminder fit the due date, and note the day when it is to be sent.

    One whose moment is past is not sent any more.

    Raises:
        ValidationError: for `reminder`.
    """
    if task.reminder_minutes is not None and task.due_time is None:
        raise ValidationError({"reminder": "Minutes before need a due time."})
    if task.reminder_time is not None and task.due_date is None:
        raise ValidationError({"reminder": "A reminder needs a due date."})
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
