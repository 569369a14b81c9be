"""When a task is due: how its date, time, zone and rule must fit each other."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError

from accounts.models import User
from todos.actions.repeats import settle_rule
from todos.models import Task
from todos.reminders.planning import check_reminder, plan_reminder


def settle_dates(task: Task, *, owner: User, at: datetime) -> None:
    """Make due date, time, zone, rule and reminder fit each other.

    Raises:
        ValidationError: for the field that doesn't fit.
    """
    settle_rule(task, owner=owner, at=at)
    if task.due_date is None and task.due_time is not None:
        raise ValidationError({"due_time": "A time needs a due date."})
    if task.due_time is None and task.due_tz:
        raise ValidationError({"due_tz": "A time zone needs a due time."})
    check_reminder(task)
    if task._state.adding:  # `store` plans it for a task that changes
        plan_reminder(task, owner=owner, at=at)
