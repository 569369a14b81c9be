"""Evaluating a recurrence rule: the days that it selects, period by period.

A period is a week, a month or a year. Only the periods in which a wanted day can lie
are evaluated, so the work is bounded, whether the rule ever occurs or not. Days are
numbers here, as of `date.toordinal`; day 1 was a Monday.
"""

from calendar import isleap, monthrange
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from todos.schedule.rules import Rule, Weekday

HORIZON_DAYS = 366 * 10
LAST_DAY = date.max.toordinal()


def dates_of(
    rule: Rule, *, anchor: date, first: int, days: int = HORIZON_DAYS
) -> Iterator[date]:
    """Yield the dates of the rule from day `first` on, within this number of days.

    The periods are a finite range that begins near `first`, so the distance from the
    anchor does not matter.
    """
    rule = _with_anchor_days(rule, anchor)
    last = min(first + days, LAST_DAY)
    for period in _periods(rule, anchor=anchor, first=first, last=last):
        for day in _chosen(rule, _days_in(rule, period)):
            if first <= day <= last and _in_step(rule, day, anchor):
                yield date.fromordinal(day)


def _with_anchor_days(rule: Rule, anchor: date) -> Rule:
    """Add the days that a rule takes from the date from which it counts."""
    if rule.weekdays or rule.month_days or rule.frequency == "DAILY":
        return rule
    if rule.frequency == "WEEKLY":
        return replace(rule, weekdays=(Weekday(0, anchor.weekday()),))
    if rule.frequency == "YEARLY" and not rule.months:
        rule = replace(rule, months=(anchor.month,))
    return replace(rule, month_days=(anchor.day,))


def _periods(rule: Rule, *, anchor: date, first: int, last: int) -> range:
    """Return the numbers of the periods to evaluate: weeks, months or years.

    A daily rule is evaluated by month; `_in_step` applies its interval.
    """
    if first > last:
        return range(0)
    base = _period_of(rule, anchor)
    ahead = _period_of(rule, date.fromordinal(first)) - base
    step = 1 if rule.frequency == "DAILY" else rule.interval
    end = _period_of(rule, date.fromordinal(last))
    return range(base + ahead // step * step, end + 1, step)


def _in_step(rule: Rule, day: int, anchor: date) -> bool:
    return rule.frequency != "DAILY" or (day - anchor.toordinal()) % rule.interval == 0


def _period_of(rule: Rule, day: date) -> int:
    if rule.frequency == "WEEKLY":
        return (day.toordinal() - 1 - rule.week_start) // 7
    if rule.frequency == "YEARLY":
        return day.year
    return day.year * 12 + day.month - 1


def _days_in(rule: Rule, period: int) -> list[int]:
    """Return the days of a period that the rule selects, in order."""
    if rule.frequency == "WEEKLY":
        begin = period * 7 + 1 + rule.week_start
        week = range(max(begin, 1), min(begin + 7, LAST_DAY + 1))
        return sorted(day for day in _weekdays_in(rule, week) if _in_month(rule, day))
    if rule.frequency == "YEARLY":
        return _days_in_year(rule, period)
    year, month = divmod(period, 12)
    return _days_in_month(rule, year, month + 1)


def _in_month(rule: Rule, day: int) -> bool:
    return not rule.months or date.fromordinal(day).month in rule.months


def _days_in_year(rule: Rule, year: int) -> list[int]:
    months = sorted(rule.months) or range(1, 13)
    if rule.months or not rule.weekdays:
        return [day for month in months for day in _days_in_month(rule, year, month)]
    # Without months, ordinals of weekdays count within the year.
    begin = date(year, 1, 1).toordinal()
    named = _weekdays_in(rule, range(begin, begin + 365 + isleap(year)))
    every = replace(rule, weekdays=())
    days = (day for month in months for day in _days_in_month(every, year, month))
    return [day for day in days if day in named]


def _days_in_month(rule: Rule, year: int, month: int) -> list[int]:
    if rule.months and month not in rule.months:
        return []
    begin = date(year, month, 1).toordinal()
    days = range(begin, begin + monthrange(year, month)[1])
    named: Collection[int] = days
    if rule.month_days:
        named = sorted(_each(days, rule.month_days))
    if not rule.weekdays:
        return list(named)
    weekdays = _weekdays_in(rule, days)
    return [day for day in named if day in weekdays]


def _weekdays_in(rule: Rule, days: range) -> set[int]:
    """Return the days that BYDAY selects in a week, a month or a year."""
    found: set[int] = set()
    for ordinal, weekday in rule.weekdays:
        begin = days.start + (weekday + 1 - days.start) % 7
        same = range(begin, days.stop, 7)
        found.update(_each(same, (ordinal,)) if ordinal else same)
    return found


def _chosen(rule: Rule, days: Sequence[int]) -> Sequence[int]:
    """Return the days of a period that BYSETPOS selects."""
    # The period of a daily rule is one day, which is both the first and the last.
    if rule.position is None or rule.frequency == "DAILY":
        return days
    return list(_each(days, (rule.position,)))


def _each(days: Sequence[int], ordinals: Iterable[int]) -> set[int]:
    """Return the days with these ordinals: from 1 on, or from -1 at the end."""
    places = (ordinal - 1 if ordinal > 0 else ordinal for ordinal in ordinals)
    return {days[place] for place in places if -len(days) <= place < len(days)}
