"""The dates of a recurrence rule.

A rule is evaluated period by period (a day, a week, a month or a year), and only for
the ten years in which the next date must lie. So the work is bounded: no rule, whether
it ever occurs or not, takes more than the days of eleven years. The tests compare the
results with python-dateutil, which searches until the year 9999.
"""

from calendar import isleap, monthrange
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from todos.schedule.days import LAST_DATE
from todos.schedule.rules import (
    Rule,
    RuleRefused,
    Weekday,
    read_rule,
)

__all__ = [
    "RuleRefused",
    "begin_series",
    "count_of",
    "date_after_completion",
    "first_date",
    "next_date",
    "next_dates",
    "normalise_rule",
]

HORIZON_DAYS = 366 * 10
# A rule without a due date is tried on these years, which include every kind of year.
SAMPLE_START, SAMPLE_DAYS = date(2000, 1, 1), 366 * 28
LAST_DAY = date.max.toordinal()


def normalise_rule(text: str, *, due: date | None) -> str:
    """Return the rule in canonical form, with the days of short months resolved.

    A monthly rule without a day that counts from the 29th to the 31st means the last
    day of months without that day; so does a yearly rule from 29 February. `due` is the
    date from which the rule counts, if it is known.

    Raises:
        RuleRefused: the rule is invalid, not supported, or has no date within ten years
            after `due`, even without its COUNT and UNTIL.
    """
    rule = _with_month_end(read_rule(text), due)
    if not _occurs(rule, due):
        raise RuleRefused("The rule never occurs within 10 years.")
    return str(rule)


def _with_month_end(rule: Rule, due: date | None) -> Rule:
    if due is None or {"BYDAY", "BYMONTHDAY", "BYSETPOS"} & set(rule.names):
        return rule
    if rule.frequency == "MONTHLY" and due.day > 28:
        return _or_last(rule, due.day)
    if rule.frequency == "YEARLY" and len(rule.months) < 2:
        month = rule.months[0] if rule.months else due.month
        if due.day > monthrange(2001, month)[1]:
            return _or_last(rule, due.day, month=month)
    return rule


def _or_last(rule: Rule, day: int, *, month: int | None = None) -> Rule:
    """Return the rule for this day of the month, or the last day of shorter months."""
    names = (*rule.names, "BYMONTHDAY", "BYSETPOS")
    if month and not rule.months:
        names = (*rule.names, "BYMONTH", "BYMONTHDAY", "BYSETPOS")
    return replace(
        rule,
        names=names,
        months=(month,) if month else rule.months,
        month_days=tuple(range(28, day + 1)),
        position=-1,
    )


def _occurs(rule: Rule, due: date | None) -> bool:
    if due is not None:
        dates = _dates(rule, anchor=due, first=due.toordinal() + 1)
    else:
        dates = _dates(
            replace(rule, interval=1),
            anchor=SAMPLE_START,
            first=SAMPLE_START.toordinal(),
            days=SAMPLE_DAYS,
        )
    return next(dates, None) is not None


def begin_series(
    text: str, *, due: date | None, today: date, from_completion: bool
) -> tuple[str, date]:
    """Return the rule of a new series in canonical form, and the first date.

    The first date is `due`, or else the first date of the rule from `today` on. If the
    rule counts from completion, the days of short months are resolved at completion.

    Raises:
        RuleRefused: as `normalise_rule`, or the rule has no date from `today` on.
    """
    rule = normalise_rule(text, due=None)
    start = due or first_date(rule, on_or_after=today)
    if start is None:
        raise RuleRefused("UNTIL must not be in the past.")
    settled = normalise_rule(text, due=start)
    return rule if from_completion else settled, start


def next_date(rule: str, *, anchor: date, after: date) -> date | None:
    """Return the first date of the rule after `after`, counted from `anchor`.

    None if it would be after the rule's UNTIL, after `LAST_DATE` or more than ten years
    away. COUNT is not applied: the caller knows how many occurrences there were.
    """
    read = read_rule(rule)
    first = max(anchor.toordinal(), after.toordinal() + 1)
    found = _within(read, next(_dates(read, anchor=anchor, first=first), None))
    return found if found and found <= LAST_DATE else None


def _within(rule: Rule, day: date | None) -> date | None:
    is_over = day and rule.until and day > rule.until
    return None if is_over else day


def date_after_completion(rule: str, *, done_on: date) -> date | None:
    """Return the next date of a rule that counts from the day of completion."""
    read = _with_month_end(read_rule(rule), done_on)
    return next_date(str(read), anchor=done_on, after=done_on)


def first_date(rule: str, *, on_or_after: date) -> date | None:
    """Return the first date that the rule allows, on which a series can begin.

    INTERVAL counts from that date, so it doesn't delay it. None as for `next_date`.
    """
    read = replace(read_rule(rule), interval=1)
    dates = _dates(read, anchor=on_or_after, first=on_or_after.toordinal())
    return _within(read, next(dates, None))


def next_dates(
    rule: str, *, start: date, count: int = 5, from_completion: bool = False
) -> list[date]:
    """Return the first dates of a series that begins on `start`.

    `start` is always the first, as DTSTART is in RFC 5545. COUNT and UNTIL can make
    them fewer than `count`. With `from_completion`, each date counts from the date
    before, as if each task were completed on its due date.
    """
    dates = [start]
    for _ in range(1, min(count, count_of(rule) or count)):
        following: date | None
        if from_completion:
            following = date_after_completion(rule, done_on=dates[-1])
        else:
            following = next_date(rule, anchor=dates[-1], after=dates[-1])
        if following is None:
            break
        dates.append(following)
    return dates


def count_of(rule: str) -> int | None:
    """Return the number of tasks in a series of this rule; None if it is unlimited."""
    return read_rule(rule).count


# --- Evaluation -------------------------------------------------------------
# Days are numbers here, as of `date.toordinal`; day 1 was a Monday.


def _dates(
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
