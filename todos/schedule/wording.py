"""Recurrence rules in words: `Every week on Mon, Wed and Fri, 3 times`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache

from todos.schedule.rules import Rule, Weekday, read_rule

UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
DAYS = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
KINDS_OF_DAY = {
    frozenset(range(7)): "day",
    frozenset(range(5)): "weekday",
    frozenset({5, 6}): "weekend day",
}
SHORTEST_MONTH = 28


@lru_cache(maxsize=1024)
def rule_words(text: str, *, from_completion: bool = False) -> str:
    """Describe how often a rule repeats, on which days, and when it ends.

    `from_completion` tells whether dates count from the day of completion instead of
    the due date. A day that the rule takes from that date, as a plain `FREQ=MONTHLY`
    does, is not named.
    """
    rule = _simplified(read_rule(text))
    if from_completion:
        return _after_completion(rule) + _end(rule)
    return _how_often_and_when(rule) + _end(rule)


def _simplified(rule: Rule) -> Rule:
    """Return a rule for the same dates, without parts that select nothing."""
    if rule.month_days and _is_every_day(rule.weekdays):
        rule = replace(rule, weekdays=())
    is_numbered = any(day.ordinal for day in rule.weekdays)
    is_year = rule.frequency == "YEARLY" and not (rule.months or rule.month_days)
    is_one_period = rule.frequency == "MONTHLY" or len(rule.months) == 1 or is_year
    is_one_day = len(rule.month_days or rule.weekdays) == 1
    if is_one_period and is_one_day and (rule.month_days or is_numbered):
        rule = replace(rule, position=None)
    return rule


def _is_every_day(weekdays: Sequence[Weekday]) -> bool:
    return {day.day for day in weekdays if not day.ordinal} == set(range(len(DAYS)))


def _how_often_and_when(rule: Rule) -> str:
    days = _days(rule)
    return days if _names_itself(rule) else f"{_how_often(rule)}{days}"


def _after_completion(rule: Rule) -> str:
    """Describe dates that `recurrence.date_after_completion` returns."""
    later = f"{_number_of(rule.interval, UNITS[rule.frequency])} after completion"
    days = _days(rule)
    if not days:
        return later
    if rule.interval == 1:
        return f"{_how_often_and_when(rule)}, counted from completion"
    # It is the nearest of these days, not all of them.
    return f"About {later},{_any_day(rule)}"


def _how_often(rule: Rule) -> str:
    unit = UNITS[rule.frequency]
    return f"Every {unit if rule.interval == 1 else f'{rule.interval} {unit}s'}"


def _number_of(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"


def _end(rule: Rule) -> str:
    if rule.count is not None:
        return ", once" if rule.count == 1 else f", {rule.count} times"
    return f", until {_date(rule.until)}" if rule.until else ""


def _date(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


# --- Which days -------------------------------------------------------------------


def _names_itself(rule: Rule) -> bool:
    """Whether the days alone describe the frequency, as in `Every weekday`."""
    by_weekday = rule.weekdays and not rule.month_days and rule.interval == 1
    if rule.frequency == "WEEKLY":
        return bool(by_weekday) and rule.position is None and _is_kind(rule.weekdays)
    return bool(by_weekday) and rule.frequency == "DAILY"


def _is_kind(weekdays: Iterable[Weekday]) -> bool:
    return frozenset(day.day for day in weekdays) in KINDS_OF_DAY


def _days(rule: Rule) -> str:
    if rule.frequency == "DAILY":
        return _days_of_daily(rule)
    if rule.frequency == "WEEKLY":
        return _days_of_week(rule)
    return _days_of_month(rule) if rule.frequency == "MONTHLY" else _days_of_year(rule)


def _any_day(rule: Rule) -> str:
    """Describe the days as a choice: ` on Mon or Fri`, ` on the 1st or the 15th`."""
    if rule.frequency == "DAILY":
        # Its parts only exclude days, and BYSETPOS does nothing.
        return _days_of_month(replace(rule, position=None), last="or")
    if rule.frequency == "WEEKLY":
        return _days_of_week(rule, last="or")
    if rule.frequency == "MONTHLY":
        return _days_of_month(rule, last="or")
    return _days_of_year(rule, last="or")


def _days_of_daily(rule: Rule) -> str:
    """Describe the days of a daily rule, whose parts only exclude days."""
    if _names_itself(rule):
        return f"Every {_names(rule.weekdays)}{_in_months(rule)}"
    wanted = []
    if rule.weekdays:
        wanted.append(f"a {_names(rule.weekdays, last='or')}")
    if rule.month_days:
        wanted.append(_month_days(rule, last="or"))
    when = f", when that is {' and '.join(wanted)}" if wanted else ""
    return f"{_in_months(rule)}{when}"


def _days_of_week(rule: Rule, *, last: str = "and") -> str:
    weekdays: Sequence[Weekday] = rule.weekdays
    if rule.position is not None and not rule.months:
        # It is the same day in each week, so it can be named.
        weekdays = _at(rule.position, _from_start(rule))
    if rule.position is not None and rule.months and weekdays:
        days = f"the {_plural(weekdays)}" if _is_kind(weekdays) else _names(weekdays)
        return f" on {_place(rule)} {days}{_in_months(rule, last=last)}"
    if _names_itself(rule):
        return f"Every {_names(weekdays)}{_in_months(rule)}"
    in_months = _in_months(rule, last=last)
    if last == "or":
        return f" on {_one_of(weekdays)}{in_months}" if weekdays else in_months
    on = f" on {_all_of(weekdays)}" if weekdays else ""
    starts = ""
    if weekdays and rule.interval > 1 and rule.week_start:
        starts = f", weeks from {DAYS[rule.week_start]}"
    return f"{on}{in_months}{starts}"


def _from_start(rule: Rule) -> list[Weekday]:
    return sorted(rule.weekdays, key=lambda one: (one.day - rule.week_start) % 7)


def _at(position: int, days: Sequence[Weekday]) -> Sequence[Weekday]:
    place = position - 1 if position > 0 else position
    return days[place:][:1]


def _days_of_month(rule: Rule, *, last: str = "and") -> str:
    chosen = _chosen(rule, last=last)
    on = f" on {chosen}" if chosen else ""
    return f"{on}{_in_months(rule, last=last)}{_when(rule)}"


def _days_of_year(rule: Rule, *, last: str = "and") -> str:
    if not rule.months:
        return _days_of_whole_year(rule, last=last)
    # BYSETPOS selects from all of these months together.
    months = _months(rule, last=last if rule.position is None else "and")
    is_plain = rule.month_days and not rule.weekdays and rule.position is None
    if is_plain and len(rule.months) == 1 and min(rule.month_days) > 0:
        days = _joined([str(day) for day in sorted(rule.month_days)], last=last)
        return f" on {days} {months}"
    chosen = _chosen(rule, is_one_month=len(rule.months) == 1, last=last)
    if chosen:
        return f" on {chosen} of {months}{_when(rule)}"
    is_one_of = rule.position is not None and len(rule.months) > 1
    return f" in {_place(rule)} {months}" if is_one_of else f" in {months}"


def _days_of_whole_year(rule: Rule, *, last: str) -> str:
    """Describe the days of a yearly rule without months."""
    chosen = _chosen(rule, is_one_month=False, last=last)
    if not chosen:
        return ""
    is_numbered = any(day.ordinal for day in rule.weekdays)
    of_the_year = " of the year" if is_numbered else ""
    if rule.month_days:
        return f" on {chosen} of each month{_when(rule)}{of_the_year}"
    is_placed = rule.position is not None and not is_numbered
    return f" on {chosen}{' of the year' if is_placed else of_the_year}"


def _chosen(rule: Rule, *, is_one_month: bool = True, last: str = "and") -> str:
    """Describe the days of a month or a year; empty if the rule has none.

    `is_one_month` tells whether the period is one month, whose last day can be named.
    """
    position = rule.position
    if position is not None and is_one_month and _is_end_of_month(rule):
        return _end_of_month(rule)
    if rule.month_days:
        is_choice = rule.weekdays or (last == "or" and position is None)
        days = _month_days(rule, last="or" if is_choice else "and")
        return days if position is None else f"{_place(rule)} {days}"
    if rule.weekdays:
        return _chosen_weekdays(rule, in_one=is_one_month or not rule.months, last=last)
    return ""


def _when(rule: Rule) -> str:
    """Describe the weekdays on which days of the month must fall."""
    if not (rule.month_days and rule.weekdays):
        return ""
    article = "" if all(day.ordinal for day in rule.weekdays) else "a "
    return f" when that is {article}{_names(rule.weekdays, last='or')}"


def _place(rule: Rule) -> str:
    assert rule.position is not None
    return f"the {'first' if rule.position == 1 else _ordinal(rule.position)} of"


def _is_end_of_month(rule: Rule) -> bool:
    """Whether the rule means the last of consecutive days up to the end of a month."""
    days = sorted(rule.month_days)
    if not days or rule.weekdays or rule.position != -1:
        return False
    return days[0] >= 1 and SHORTEST_MONTH in days and _has_no_gap(days)


def _has_no_gap(days: Sequence[int]) -> bool:
    return list(days) == list(range(days[0], days[-1] + 1))


def _end_of_month(rule: Rule) -> str:
    last = max(rule.month_days)
    if last == 31:
        return "the last day"
    if last == SHORTEST_MONTH:
        return f"the {_ordinal(last)}"
    return f"the {_ordinal(last)} or the last day"


def _chosen_weekdays(rule: Rule, *, in_one: bool, last: str) -> str:
    """Describe the weekdays that BYDAY names, or the one that BYSETPOS selects.

    `in_one` tells whether they are those of one month or one year.
    """
    weekdays, position = rule.weekdays, rule.position
    numbered = any(day.ordinal for day in weekdays)
    each = "" if all(day.ordinal for day in weekdays) else "each "
    if position is not None and numbered:
        return f"{_place(rule)} {each}{_names(weekdays)}"
    if position is not None and not in_one:
        return f"{_place(rule)} the {_plural(weekdays)}"
    if position is not None:
        return f"the {_ordinal(position)} {_names(weekdays, last='or')}"
    if last == "or":
        return _one_of(weekdays)
    return f"{each}{_names(weekdays)}"


def _month_days(rule: Rule, *, last: str = "and") -> str:
    """Describe days of the month: `the 1st and the 15th`, `the last day`."""
    days = sorted(rule.month_days, key=lambda day: (day < 0, day))
    return _joined([f"the {_month_day(day)}" for day in days], last=last)


def _month_day(day: int) -> str:
    return _ordinal(day) if day > 0 else f"{_ordinal(day)} day"


def _in_months(rule: Rule, *, last: str = "and") -> str:
    return f" in {_months(rule, last=last)}" if rule.months else ""


def _months(rule: Rule, *, last: str = "and") -> str:
    return _joined([MONTHS[month - 1] for month in sorted(rule.months)], last=last)


# --- Names ------------------------------------------------------------------------


def _all_of(weekdays: Sequence[Weekday]) -> str:
    """Name the days as `_names` does, but in the plural: `weekdays`, `every day`."""
    if _is_every_day(weekdays):
        return "every day"
    return f"{_names(weekdays)}s" if _is_kind(weekdays) else _names(weekdays)


def _one_of(weekdays: Sequence[Weekday]) -> str:
    """Name the days as a choice: `Monday`, `Mon or Fri`, `a weekday`, `any day`."""
    if _is_every_day(weekdays):
        return "any day"
    return f"{'a ' if _is_kind(weekdays) else ''}{_names(weekdays, last='or')}"


def _plural(weekdays: Sequence[Weekday]) -> str:
    """Name days without ordinals in the plural: `weekdays`, `Mondays and Fridays`."""
    kind = KINDS_OF_DAY.get(frozenset(day.day for day in weekdays))
    if kind:
        return f"{kind}s"
    return _joined([f"{DAYS[day.day]}s" for day in sorted(weekdays)])


def _names(weekdays: Sequence[Weekday], *, last: str = "and") -> str:
    """Name the days: `Mon and Fri`, `weekday`, `the 3rd Tuesday`."""
    if not any(day.ordinal for day in weekdays):
        kind = KINDS_OF_DAY.get(frozenset(day.day for day in weekdays))
        if kind:
            return kind
    alone = len(weekdays) == 1
    in_order = sorted(weekdays, key=lambda one: (one.ordinal < 0, one))
    return _joined([_name(day, alone=alone) for day in in_order], last=last)


def _name(weekday: Weekday, *, alone: bool) -> str:
    name = DAYS[weekday.day] if alone else DAYS[weekday.day][:3]
    return f"the {_ordinal(weekday.ordinal)} {name}" if weekday.ordinal else name


def _ordinal(number: int) -> str:
    """Return `1st`, `2nd`, `11th`; from the end `last`, `2nd to last`."""
    if number == -1:
        return "last"
    if number < 0:
        return f"{_ordinal(-number)} to last"
    teen = 10 < number % 100 < 14
    ending = "th" if teen else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _joined(words: Sequence[str], *, last: str = "and") -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
