"""The weeks of a user, which begin on the day of their choice."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from todos.schedule.days import DAY

STARTS = {"monday": 0, "saturday": 5, "sunday": 6}  # as `date.weekday` counts


def week_of(day: date, *, start: str) -> date:
    """Return the first day of the week of a day."""
    return day - (day.weekday() - STARTS[start]) % 7 * DAY


def weeks_of_month(day: date, *, start: str) -> list[list[date]]:
    """Return the weeks that have a day of this month, as seven days each."""
    first = day.replace(day=1)
    last = day.replace(day=monthrange(day.year, day.month)[1])
    begin = week_of(first, start=start)
    count = (last - begin).days // 7 + 1
    return [[begin + (7 * week + n) * DAY for n in range(7)] for week in range(count)]
