"""The dates of a recurrence rule.

The next date must lie within ten years. So the work is bounded: no rule, whether it
ever occurs or not, takes more than the days of a few decades. The tests compare the
results with python-dateutil, which searches until the year 9999.
"""

from calendar import monthrange
from dataclasses import replace
from datetime import date, timedelta

from todos.schedule.days import LAST_DATE, months_later
from todos.schedule.evaluation import HORIZON_DAYS, dates_of
from todos.schedule.rules import DAYS_IN, Rule, RuleRefused, read_rule

__all__ = [
    "RuleRefused",
    "allows",
    "begin_series",
    "count_of",
    "date_after_completion",
    "first_date",
    "next_date",
    "normalise_rule",
]

# A rule without a due date is tried on these years, which include every kind of year.
SAMPLE_START, SAMPLE_DAYS = date(2000, 1, 1), 366 * 28
MONTHS_IN = {"MONTHLY": 1, "YEARLY": 12}
NEVER_OCCURS = "The rule never occurs within 10 years."


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
        raise RuleRefused(NEVER_OCCURS)
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
        dates = dates_of(rule, anchor=due, first=due.toordinal() + 1)
    else:
        dates = dates_of(
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
    if not from_completion:
        return normalise_rule(text, due=start), start
    if _after_completion(read_rule(rule), due=start, done_on=start) is None:
        raise RuleRefused(NEVER_OCCURS)
    return rule, start


def next_date(rule: str, *, anchor: date, after: date) -> date | None:
    """Return the first date of the rule after `after`, counted from `anchor`.

    None if it would be after the rule's UNTIL, after `LAST_DATE` or more than ten years
    away. COUNT is not applied: the caller knows how many occurrences there were.
    """
    read = read_rule(rule)
    first = max(anchor.toordinal(), after.toordinal() + 1)
    found = _within(read, next(dates_of(read, anchor=anchor, first=first), None))
    return found if found and found <= LAST_DATE else None


def _within(rule: Rule, day: date | None) -> date | None:
    is_over = day and rule.until and day > rule.until
    return None if is_over else day


def date_after_completion(
    rule: str, *, done_on: date, due: date | None = None
) -> date | None:
    """Return the next date of a rule that counts from the day of completion.

    A rule without BYDAY, BYMONTHDAY and BYMONTH adds its interval to that day. With
    them, only the days that they allow are left, and of these only those later than
    `done_on` and than `due`, the date of the completed task. With an interval of 1 it
    is the first of them, otherwise the one nearest to the interval after completion,
    of two equally near ones the earlier. None as for `next_date`.
    """
    read = read_rule(rule)
    found = _within(read, _after_completion(read, due=due or done_on, done_on=done_on))
    return found if found and found <= LAST_DATE else None


def _after_completion(rule: Rule, *, due: date, done_on: date) -> date | None:
    has_days = rule.weekdays or rule.month_days or rule.months
    rule = _with_month_end(rule, done_on)
    if not has_days:
        after = done_on.toordinal() + 1
        return next(dates_of(rule, anchor=done_on, first=after), None)
    first = max(due, done_on).toordinal() + 1
    wanted = first
    if rule.interval > 1:
        wanted = max(first, _periods_later(done_on, rule).toordinal())
    return _nearest(replace(rule, interval=1), wanted, first=first, anchor=done_on)


def _periods_later(day: date, rule: Rule) -> date:
    """Return the day one interval later; the last day of shorter months."""
    if rule.frequency in MONTHS_IN:
        return months_later(day, rule.interval * MONTHS_IN[rule.frequency])
    return day + timedelta(rule.interval * DAYS_IN[rule.frequency])


def _nearest(rule: Rule, wanted: int, *, first: int, anchor: date) -> date | None:
    """Return the date nearest to day `wanted` from day `first` on; the earlier of two.

    None if there is no date within ten years after `first`, or `wanted` is later.
    """
    last = first + HORIZON_DAYS
    days = dates_of(rule, anchor=anchor, first=wanted, days=last - wanted)
    later = next(days, None)
    reach = later.toordinal() - wanted if later else last - first
    begin = max(first, wanted - reach)
    days = dates_of(rule, anchor=anchor, first=begin, days=wanted - 1 - begin)
    return max(days, default=later) if wanted <= last else None


def allows(rule: str, day: date) -> bool:
    """Whether the BY parts of a rule select this day."""
    read = replace(read_rule(rule), interval=1)
    on = day.toordinal()
    return next(dates_of(read, anchor=day, first=on, days=0), None) is not None


def first_date(rule: str, *, on_or_after: date) -> date | None:
    """Return the first date that the rule allows, on which a series can begin.

    INTERVAL counts from that date, so it doesn't delay it. None as for `next_date`.
    """
    read = replace(read_rule(rule), interval=1)
    dates = dates_of(read, anchor=on_or_after, first=on_or_after.toordinal())
    return _within(read, next(dates, None))


def count_of(rule: str) -> int | None:
    """Return the number of tasks in a series of this rule; None if it is unlimited."""
    return read_rule(rule).count
