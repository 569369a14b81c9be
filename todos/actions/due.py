"""Validating when a task is due: its date, time, zone, rule and reminder together."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db.models import Q
from uuid_utils.compat import uuid7

from todos.actions.occurrences import today_of
from todos.caller import Caller
from todos.models import Task
from todos.reminders.planning import check_reminder, plan_reminder
from todos.schedule import recurrence


def validate_dates(task: Task, caller: Caller) -> None:
    """Validate the columns that depend on each other, and derive what follows.

    Raises:
        ValidationError: for a field that contradicts another.
    """
    apply_rule(task, caller)
    if task.due_date is None and task.due_time is not None:
        raise ValidationError({"due_time": "A time needs a due date."})
    if task.due_time is None and task.due_tz:
        raise ValidationError({"due_tz": "A time zone needs a due time."})
    check_reminder(task)
    if task._state.adding:  # otherwise `store` plans it
        plan_reminder(task, owner=caller.owner, at=caller.at)


def apply_rule(task: Task, caller: Caller) -> None:
    """Validate the rule of a task with its due date, and begin its series.

    A task without a due date is due on the first date from the user's today that
    matches the rule. A task that already repeats must keep a due date.

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
            today=today_of(caller),
            from_completion=task.rrule_anchor == Task.Anchor.COMPLETION,
        )
    except recurrence.RuleRefused as exc:
        # A rule that was once accepted stays valid, even if its series has ended.
        if not _was_accepted(task):
            raise ValidationError({"recurrence": str(exc)}) from exc
    if task.series is None:
        task.series, task.occurrence = uuid7(), 1


def _was_accepted(task: Task) -> bool:
    """Whether the task had this rule and due date before, here or before an import.

    Only imported tasks already belong to a series when they are created.
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
