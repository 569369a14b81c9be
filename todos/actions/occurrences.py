"""The number of a task in its series, and the dates of the occurrence after it."""

from __future__ import annotations

from datetime import date, timedelta

from todos.agenda import clock_of
from todos.caller import Caller
from todos.ledger import Entity
from todos.models import Change, Task
from todos.schedule.days import DAY, LAST_DATE
from todos.schedule.recurrence import count_of
from todos.schedule.windows import (
    Dates,
    could_count_from_both,
    counts_from_start,
    dates_after,
    dates_after_completion,
    is_by_day_of_month,
)
from todos.task_fields import MOVING_COLUMNS

MONTHS = 12


def today_of(caller: Caller) -> date:
    return clock_of(caller.owner, now=caller.at).today


def number_of(task: Task) -> int:
    return task.occurrence or 1


def dates_after_completing(task: Task, *, on: date) -> Dates | None:
    """Return the dates of the next occurrence if the task is completed on this day.

    None if it is the last one.
    """
    if _is_last(task):
        return None
    dates = _dates_of(task)
    if task.rrule_anchor == Task.Anchor.COMPLETION:
        return dates_after_completion(task.rrule, dates, done_on=on)
    # An overdue task skips the dates that were missed.
    return dates_after(task.rrule, dates, after=max(dates.due, on))


def dates_after_skipping(task: Task, *, on: date) -> Dates | None:
    """Return the dates to which the task moves if it is skipped on this day."""
    if _is_last(task):
        return None
    dates = _dates_of(task)
    if task.rrule_anchor == Task.Anchor.COMPLETION:
        done_on = max(dates.due, on)
        return dates_after_completion(task.rrule, dates, done_on=done_on)
    return dates_after(task.rrule, dates, after=max(dates.due, on - DAY))


def _dates_of(task: Task) -> Dates:
    assert task.due_date is not None
    dates = Dates(task.due_date, task.start_date)
    if could_count_from_both(task.rrule, dates):
        dates = dates._replace(is_from_start=_counted_from_start(task))
    if dates.start is None or not is_by_day_of_month(task.rrule):
        return dates
    along = dates.due if counts_from_start(task.rrule, dates) else dates.start
    if along.day == 31 or (along + DAY).day > 1:
        return dates
    # It may have been a later day in a longer month, which earlier occurrences tell.
    earlier = (
        when.due if along is dates.due else when.start for when in _earlier(task)
    )
    return dates._replace(day=max((day.day for day in earlier if day), default=0))


def _counted_from_start(task: Task) -> bool:
    """Whether the rule described the start of the last occurrence that shows it."""
    for dates in _earlier(task):
        if dates.start and not could_count_from_both(task.rrule, dates):
            return counts_from_start(task.rrule, dates)
    return False


def _earlier(task: Task) -> list[Dates]:
    """Return the dates of earlier occurrences, the last first: skipped, then others."""
    changes = Change.objects.of(Entity.TASK, task.pk).filter(owner=task.owner_id)
    skips = changes.filter(before__has_key="occurrence").order_by("-seq")
    before = [skip for skip in skips.values_list("before", flat=True)[:MONTHS] if skip]
    skipped = [
        (_day(one.get("due_date")), _day(one.get("start_date"))) for one in before
    ]
    tasks = Task.objects.filter(
        owner=task.owner_id, series=task.series, occurrence__lt=number_of(task)
    )
    others = tasks.order_by("-occurrence").values_list("due_date", "start_date")
    found = [*skipped, *others[:MONTHS]]
    return [Dates(due, start) for due, start in found if due]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _is_last(task: Task) -> bool:
    count = count_of(task.rrule)
    return count is not None and number_of(task) >= count


def move_dates(task: Task, shift: timedelta) -> None:
    """Move the due date by `shift`, and the dates that move along with it."""
    for name in MOVING_COLUMNS:
        day = getattr(task, name)
        setattr(task, name, min(day + shift, LAST_DATE) if day else None)
