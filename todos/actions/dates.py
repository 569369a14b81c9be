"""When a task is due: how its date, time, zone and rule must fit each other."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from uuid_utils.compat import uuid7

from accounts.models import User
from todos.actions.reminders import check_reminder, plan_reminder
from todos.models import Task
from todos.schedule import recurrence


def settle_dates(task: Task, *, owner: User, at: datetime) -> None:
    """Make due date, time, zone, rule and reminder fit each other.

    Raises:
        ValidationError: for the field that doesn't fit.
    """
    if task.due_date is None and task.due_time is not None:
        raise ValidationError({"due_time": "A time needs a due date."})
    if task.due_time is None and task.due_tz:
        raise ValidationError({"due_tz": "A time zone needs a due time."})
    _settle_rule(task)
    check_reminder(task)
    if task._state.adding:  # `store` plans it for a task that changes
        plan_reminder(task, owner=owner, at=at)


def _settle_rule(task: Task) -> None:
    if not task.rrule:
        task.rrule_anchor = ""
        return
    if task.due_date is None:
        raise ValidationError({"due_date": "A repeating task needs a due date."})
    try:
        task.rrule = recurrence.normalise_rule(task.rrule, due=task.due_date)
    except recurrence.RuleRefused as exc:
        raise ValidationError({"recurrence": str(exc)}) from exc
    task.rrule_anchor = task.rrule_anchor or Task.Anchor.DUE
    if task.series is None:
        task.series, task.occurrence = uuid7(), 1
