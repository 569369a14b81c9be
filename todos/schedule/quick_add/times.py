"""Phrases for a time of day, in the 12-hour or the 24-hour format."""

import re
from datetime import time
from typing import NamedTuple

from todos.schedule.quick_add.dates import END

# The names only in lower case: "Watch High Noon" has no time.
TIME = re.compile(
    r"(?:(?:(?:due )?(?:at|by)|@) |@)?(?:"
    r"(?P<hour>\d\d?)(?::(?P<minute>\d\d))? ?(?P<half>[ap]\.?m\.?)"
    r"|(?P<hour_24>\d\d?):(?P<minute_24>\d\d)"
    rf"|(?-i:(?:12 )?(?P<name>noon|midnight))){END}"
    rf"|at (?P<bare>\d\d?)(?: o['’]clock)?{END}",
    re.I | re.A,
)
FOUR_DIGITS = re.compile(
    rf"(?:at|@) (?P<hour_24>[01]\d|2[0-3])(?P<minute_24>[0-5]\d){END}", re.I | re.A
)
NAMES = {"noon": time(12), "midnight": time(0)}

# Only in lower case: "Death in the Afternoon" has no time.
PART_OF_DAY = re.compile(
    rf"(?-i:(?P<in_the>in the )?(?P<part>morning|afternoon|evening|night)){END}", re.A
)


class PartOfDay(NamedTuple):
    """The hours of a part of the day, and the time that it means alone."""

    first: int
    last: int
    alone: time | None


PARTS_OF_DAY = {
    "morning": PartOfDay(3, 11, time(9)),
    "afternoon": PartOfDay(12, 17, time(12)),
    "evening": PartOfDay(16, 23, time(19)),
    "night": PartOfDay(18, 23, time(22)),
    "tonight": PartOfDay(16, 23, None),
}


class Clocked(NamedTuple):
    """A time of day; a vague one can be twelve hours later, in the evening."""

    at: time
    is_vague: bool


def read_time(text: str, start: int) -> tuple[Clocked, int] | None:
    """Return the time of the phrase at `start`, and where the phrase ends."""
    return _read(TIME, text, start)


def read_four_digits(text: str, start: int) -> tuple[Clocked, int] | None:
    """Return the time of `at 1900`, which needs a date beside it."""
    return _read(FOUR_DIGITS, text, start)


def _read(
    pattern: re.Pattern[str], text: str, start: int
) -> tuple[Clocked, int] | None:
    found = pattern.match(text, start)
    if found is None:
        return None
    try:
        return _time_of(found.groupdict()), found.end()
    except ValueError:
        return None  # 25:00


def _time_of(found: dict[str, str | None]) -> Clocked:
    if name := found.get("name"):
        return Clocked(NAMES[name], is_vague=False)
    if half := found.get("half"):
        hour = int(found["hour"] or 0)
        if not 1 <= hour <= 12:
            raise ValueError("no such hour")
        later = 12 if half[0].lower() == "p" else 0
        return Clocked(time(hour % 12 + later, int(found["minute"] or 0)), False)
    digits = found["hour_24"] or found["bare"] or ""
    is_vague = not digits.startswith("0") and int(digits) < 12
    return Clocked(time(int(digits), int(found["minute_24"] or 0)), is_vague)


def read_part_of_day(
    text: str, start: int, *, is_after_date: bool
) -> tuple[str, int] | None:
    """Return the part of the day at `start`, such as `in the evening`.

    Without `in the`, it must follow a date: `tomorrow evening`.
    """
    found = PART_OF_DAY.match(text, start)
    if found is None or not (found["in_the"] or is_after_date):
        return None
    return found["part"], found.end()


def within(part: str, clocked: Clocked) -> time | None:
    """Return the time in this part of the day; None if it is not in it.

    "At 8" is 20:00 in the evening.
    """
    hours = PARTS_OF_DAY[part]
    shift = 12 if clocked.is_vague and clocked.at.hour < hours.first else 0
    at = clocked.at.replace(hour=clocked.at.hour + shift)
    return at if hours.first <= at.hour <= hours.last else None
