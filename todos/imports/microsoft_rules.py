"""The recurrences of Microsoft To Do as rules (patternedRecurrence of Graph).

A pattern has fields for every type, and those that its type does not use hold
defaults. Days of the month that are too late mean the last day of a shorter month.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from todos.imports.json_lists import Members
from todos.schedule.recurrence import RuleRefused, first_date, normalise_rule

DAYS = {
    "monday": "MO",
    "tuesday": "TU",
    "wednesday": "WE",
    "thursday": "TH",
    "friday": "FR",
    "saturday": "SA",
    "sunday": "SU",
}
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
LEAP_YEAR = 2000


def rule_of(recurrence: Members, *, due: date) -> str:
    """Return the rule of a recurrence whose next occurrence is due on this date.

    Raises:
        RuleRefused: a rule can't express it, or it contradicts the due date. The text
            says why.
    """
    pattern, span = recurrence.object("pattern"), recurrence.object("range")
    if pattern is None:
        raise RuleRefused("It has no pattern.")
    parts = _pattern(pattern) + (_range(span, due) if span else [])
    rule = normalise_rule(";".join(parts), due=due)
    if first_date(rule, on_or_after=due) != due:
        raise RuleRefused("The due date is not one of its dates.")
    return rule


def _pattern(pattern: Members) -> list[str]:
    kind, interval = pattern.text("type"), pattern.number("interval") or 1
    step = [f"INTERVAL={interval}"] if interval != 1 else []
    match kind:
        case "daily":
            return ["FREQ=DAILY", *step]
        case "weekly":
            return ["FREQ=WEEKLY", *step, *_weekdays(pattern, interval)]
        case "absoluteMonthly":
            day = _number(pattern, "dayOfMonth", 31)
            return ["FREQ=MONTHLY", *step, *_month_day(day)]
        case "relativeMonthly":
            return ["FREQ=MONTHLY", *step, *_ordinal_days(pattern)]
        case "absoluteYearly":
            month = _number(pattern, "month", 12)
            day = _number(pattern, "dayOfMonth", monthrange(LEAP_YEAR, month)[1])
            days = _month_day(day) if month == 2 else [f"BYMONTHDAY={day}"]
            return ["FREQ=YEARLY", *step, f"BYMONTH={month}", *days]
        case "relativeYearly":
            month = _number(pattern, "month", 12)
            return ["FREQ=YEARLY", *step, f"BYMONTH={month}", *_ordinal_days(pattern)]
    raise RuleRefused("Its type is unknown.")


def _number(pattern: Members, name: str, most: int) -> int:
    number = pattern.number(name)
    if not 1 <= number <= most:
        raise RuleRefused(f"Its {name} is not from 1 to {most}.")
    return number


def _month_day(day: int) -> list[str]:
    if day <= 28:
        return [f"BYMONTHDAY={day}"]
    days = ",".join(map(str, range(28, day + 1)))
    return [f"BYMONTHDAY={days}", "BYSETPOS=-1"]


def _days(pattern: Members) -> list[str]:
    names = [name.lower() for name in pattern.texts("daysOfWeek")]
    if not names or not DAYS.keys() >= set(names):
        raise RuleRefused("Its daysOfWeek are not days of the week.")
    return [day for name, day in DAYS.items() if name in names]


def _weekdays(pattern: Members, interval: int) -> list[str]:
    days = _days(pattern)
    parts = [f"BYDAY={','.join(days)}"]
    # The first day of the week only matters if weeks are left out.
    if interval > 1 and len(days) > 1:
        start = (pattern.text("firstDayOfWeek") or "sunday").lower()
        if start not in DAYS:
            raise RuleRefused("Its firstDayOfWeek is not a day of the week.")
        parts += [f"WKST={DAYS[start]}"] if start != "monday" else []
    return parts


def _ordinal_days(pattern: Members) -> list[str]:
    """Return the parts for a numbered day, or for one of several days of the week."""
    days, index = _days(pattern), (pattern.text("index") or "first").lower()
    if index not in ORDINALS:
        raise RuleRefused("Its index is not first, second, third, fourth or last.")
    if len(days) == 1:
        return [f"BYDAY={ORDINALS[index]}{days[0]}"]
    return [f"BYDAY={','.join(days)}", f"BYSETPOS={ORDINALS[index]}"]


def _range(span: Members, due: date) -> list[str]:
    match span.text("type"):
        case "noEnd" | "":
            return []
        case "endDate":
            return [f"UNTIL={_date(span, 'endDate'):%Y%m%d}"]
        case "numbered":
            if _date(span, "startDate") != due:
                raise RuleRefused("How many of its occurrences are left is unknown.")
            return [f"COUNT={span.number('numberOfOccurrences')}"]
    raise RuleRefused("The type of its range is unknown.")


def _date(span: Members, name: str) -> date:
    try:
        return date.fromisoformat(span.text(name))
    except ValueError as exc:
        raise RuleRefused(f"Its {name} is not a date.") from exc
