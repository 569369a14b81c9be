"""When a task is due: how its date, time, zone and rule must fit each other."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from todos.actions.repeats import apply_rule
from todos.caller import Caller
from todos.models import Task
from todos.reminders.planning import check_reminder, plan_reminder


def validate_dates(task: Task, caller: Caller) -> None:
    """Make due date, time, zone, rule and reminder fit each other.

    Raises:
        ValidationError: for the field that doesn't fit.
    """
    apply_rule(task, caller)
    if task.due_date is None and task.due_time is not None:
        raise ValidationError({"due_time": "A time needs a due date."})
    if task.due_time is None and task.due_tz:
        raise ValidationError({"due_tz": "A time zone needs a due time."})
    check_reminder(task)
    if task._state.adding:  # `store` plans it for a task that changes
        plan_reminder(task, owner=caller.owner, at=caller.at)
