"""The dates of a repeating task: its due date, and the start date before it.

RFC 5545 counts a rule from the start of an occurrence. Here it counts from the due
date, with one exception: if the rule's BY parts select the start date and not the due
date, as for 1 to 5 February and BYMONTHDAY=1, they describe the start. The other date
moves along.
"""

from calendar import monthrange
from datetime import date, timedelta
from typing import NamedTuple

from todos.schedule.days import DAY, FIRST_DATE, LAST_DATE, months_later
from todos.schedule.recurrence import (
    MONTHS_IN,
    allows,
    count_of,
    date_after_completion,
    next_date,
)
from todos.schedule.rules import read_rule

# By how many days windows of the same days of the month can differ in length.
LENGTHS_DIFFER = 4


class Dates(NamedTuple):
    """When a task is due, and when it starts, if that is given.

    `day` is the day of the month of the date that the rule doesn't describe, if that
    date is in a month without this day. `is_from_start` is whether the rule described
    the start date of an earlier occurrence: by chance, it can allow both dates here.
    """

    due: date
    start: date | None = None
    day: int = 0
    is_from_start: bool = False


def counts_from_start(rule: str, dates: Dates) -> bool:
    """Whether the rule describes the start date instead of the due date."""
    if dates.start is None or dates.start >= dates.due:
        return False
    if not allows(rule, dates.start):
        return False
    return dates.is_from_start or not allows(rule, dates.due)


def could_count_from_both(rule: str, dates: Dates) -> bool:
    """Whether the days of a rule include both dates."""
    if dates.start is None or dates.start >= dates.due or not has_days(rule):
        return False
    return allows(rule, dates.start) and allows(rule, dates.due)


def dates_after(rule: str, dates: Dates, *, after: date) -> Dates | None:
    """Return the first dates of the rule that are due after `after`.

    They count from `dates`, and are later. None as for `recurrence.next_date`.
    """
    if dates.start is None or not counts_from_start(rule, dates):
        due = next_date(rule, anchor=dates.due, after=max(after, dates.due))
        return _with_due(rule, dates, due)
    # No window that begins earlier is due after `after`.
    length = dates.due - dates.start + LENGTHS_DIFFER * DAY
    begin = max(dates.start, after - length)
    while start := next_date(rule, anchor=dates.start, after=begin):
        found = _with_start(rule, dates, start)
        if found is None or found.due > after:
            return found
        begin = start
    return None


def dates_after_completion(rule: str, dates: Dates, *, done_on: date) -> Dates | None:
    """Return the next dates of a rule that counts from the day of completion."""
    if dates.start is None or not counts_from_start(rule, dates):
        due = date_after_completion(rule, due=dates.due, done_on=done_on)
        return _with_due(rule, dates, due)
    start = date_after_completion(rule, due=dates.start, done_on=done_on)
    return _with_start(rule, dates, start)


def next_dates(
    rule: str, first: Dates, *, count: int = 5, from_completion: bool = False
) -> list[date]:
    """Return the first due dates of a series that begins with `first`.

    Its due date is always the first, as DTSTART is in RFC 5545. COUNT and UNTIL can
    make them fewer than `count`. Each task is taken to be completed on its due date.
    """
    found = [first]
    for _ in range(1, min(count, count_of(rule) or count)):
        last = found[-1]
        if from_completion:
            following = dates_after_completion(rule, last, done_on=last.due)
        else:
            following = dates_after(rule, last, after=last.due)
        if following is None:
            break
        found.append(following)
    return [dates.due for dates in found]


# --- The date that moves along ----------------------------------------------------


def _with_due(rule: str, dates: Dates, due: date | None) -> Dates | None:
    if due is None or dates.start is None:
        return None if due is None else Dates(due)
    along = _Along(dates.start, dates.day)
    start, day = along.moved(rule, named=dates.due, to=due)
    if start > due and dates.start <= dates.due:
        start = _shifted(dates.start, due - dates.due)
    return Dates(due, start, day)


def _with_start(rule: str, dates: Dates, start: date | None) -> Dates | None:
    if start is None or dates.start is None:
        return None
    due, day = _Along(dates.due, dates.day).moved(rule, named=dates.start, to=start)
    return Dates(max(due, start), start, day, is_from_start=True)


class _Along(NamedTuple):
    """The date that moves along, and its day in longer months."""

    when: date
    day: int

    def moved(self, rule: str, *, named: date, to: date) -> "_Along":
        """Return it after the date that the rule describes has moved.

        If that date is the same day of a later month, this one is too, or the last day
        of a shorter month. Otherwise it keeps its distance in days.
        """
        months = (to.year - named.year) * 12 + to.month - named.month
        if months < 1 or not _is_same_day(rule, named=named, to=to, months=months):
            return _Along(_shifted(self.when, to - named), 0)
        day = self.day if (self.when + DAY).day == 1 else 0
        day = max(day, self.when.day)
        month = months_later(self.when.replace(day=1), months)
        last = monthrange(month.year, month.month)[1]
        return _Along(min(month.replace(day=min(day, last)), LAST_DATE), day)


def _is_same_day(rule: str, *, named: date, to: date, months: int) -> bool:
    """Whether a rule by the day of the month gives both months the same day."""
    if not is_by_day_of_month(rule):
        return False
    read = read_rule(rule)
    has_one = len(read.month_days) == 1 or read.position is not None
    return months_later(named, months) == to or (has_one and allows(rule, named))


def is_by_day_of_month(rule: str) -> bool:
    """Whether the dates of a rule are days of the month, not of the week."""
    read = read_rule(rule)
    is_monthly = bool(read.month_days) or read.frequency in MONTHS_IN
    return is_monthly and not read.weekdays


def has_days(rule: str) -> bool:
    """Whether a rule says on which days, and so can describe one of two dates."""
    read = read_rule(rule)
    return bool(read.weekdays or read.month_days or read.months)


def _shifted(day: date, by: timedelta) -> date:
    return max(FIRST_DATE, min(day + by, LAST_DATE))
