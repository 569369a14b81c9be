"""Whether phrases beside each other say the same: "every Monday on Friday" does not."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time

from todos.schedule.quick_add.calendars import WEEKDAY
from todos.schedule.quick_add.dates import LEAD
from todos.schedule.quick_add.parts import Length, Part, Settings
from todos.schedule.quick_add.times import (
    PARTS_OF_DAY,
    Clocked,
    read_four_digits,
    read_time,
    within,
)
from todos.schedule.recurrence import first_date
from todos.schedule.rules import RuleRefused, read_rule

DAY_OF_WEEK = re.compile(rf"{LEAD}(?:(?:this|next|coming) )?{WEEKDAY}", re.I | re.A)
# A period beside a recurrence could be its bounds: "every day next week".
PERIOD = re.compile(
    rf"{LEAD}(?:(?:on |at |over )?the |this |next )?(?:week|month|year|end of)", re.I
)
# What can follow a recurrence without `starting`: "every month 2027-01-31".
BEGINNING = re.compile(
    r"(?:today|tomorrow|tod|tom|tmrw?)\b|(?!on |by |due).*\d{4}", re.I
)


def occurs_on(rule: str, day: date) -> bool:
    """Whether a series of this rule can begin on this day."""
    try:
        return first_date(rule, on_or_after=day) == day
    except RuleRefused:
        return False


def agree(parts: Sequence[Part], text: str) -> bool:
    """Whether the date, the recurrence and its end don't contradict each other."""
    repeat = next((part for part in parts if "rule" in part.sets), None)
    dated = next((part for part in parts if "due_date" in part.sets), None)
    if dated is None:
        return True
    due = dated.sets["due_date"]
    ends = [part.sets["end"] for part in parts if "end" in part.sets]
    if any(_is_over(end, due) for end in ends):
        return False
    if repeat is None or dated.sets.get("is_beginning"):
        return True
    rule = repeat.sets["rule"]
    phrase = text[dated.start : dated.end]
    if PERIOD.match(phrase) or not occurs_on(rule, due):
        return False
    is_weekday = bool(DAY_OF_WEEK.match(phrase))
    if dated.start > repeat.start:
        return bool(BEGINNING.match(phrase)) and not is_weekday
    return not is_weekday or _can_begin_on_weekday(rule)


def _is_over(end: str | Length, due: date) -> bool:
    return (
        isinstance(end, str) and end.startswith("UNTIL") and end[6:] < f"{due:%Y%m%d}"
    )


def _can_begin_on_weekday(rule: str) -> bool:
    """Whether "Saturday every 2 weeks" is a beginning; "Saturday every day" is not."""
    read = read_rule(rule)
    return read.frequency == "WEEKLY" or (
        read.frequency == "DAILY" and read.interval > 1
    )


def at_part_of_day(parts: Sequence[Part], text: str) -> list[Part] | None:
    """Return the parts with the time of "tonight at 8" or "every evening".

    None if the time is not in that part of the day.
    """
    found = next((part for part in parts if "part_of_day" in part.sets), None)
    if found is None:
        return list(parts)
    name = found.sets["part_of_day"]
    timed = next((part for part in parts if "due_time" in part.sets), None)
    at = PARTS_OF_DAY[name].alone
    if timed is not None:
        at = within(name, _clocked(timed, text))
        if at is None:
            return None
    return [_at(part, at, sets_time=part is (timed or found)) for part in parts]


def _clocked(timed: Part, text: str) -> Clocked:
    clocked = read_time(text, timed.start) or read_four_digits(text, timed.start)
    return clocked[0] if clocked else Clocked(timed.sets["due_time"], is_vague=False)


def _at(part: Part, at: time | None, *, sets_time: bool) -> Part:
    sets = Settings(**part.sets)
    sets.pop("part_of_day", None)
    if at is None:
        return replace(part, sets=sets)
    if sets_time:
        sets["due_time"] = at
    value = f"{at:%H:%M}" if part.kind == "time" else part.value
    return replace(part, value=value, sets=sets)
