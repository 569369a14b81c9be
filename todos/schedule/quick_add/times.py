"""Phrases for a time of day, in the 12-hour or the 24-hour format."""

import re
from datetime import time

from todos.schedule.quick_add.dates import END

# The names only in lower case: "Watch High Noon" has no time.
TIME = re.compile(
    r"(?:(?:at|by) )?(?:"
    r"(?P<hour>\d\d?)(?::(?P<minute>\d\d))? ?(?P<half>am|pm)"
    r"|(?P<hour_24>\d\d?):(?P<minute_24>\d\d)"
    rf"|(?-i:(?P<name>noon|midnight))){END}"
    rf"|at (?P<bare>\d\d?){END}",
    re.I | re.A,
)
NAMES = {"noon": time(12), "midnight": time(0)}


def read_time(
    text: str, start: int, *, is_evening: bool = False
) -> tuple[time, int] | None:
    """Return the time of the phrase at `start`, and where the phrase ends.

    With `is_evening`, `at 8` is 20:00.
    """
    found = TIME.match(text, start)
    if found is None:
        return None
    try:
        return _time_of(found, is_evening=is_evening), found.end()
    except ValueError:
        return None  # 25:00


def _time_of(found: re.Match[str], *, is_evening: bool) -> time:
    if found["name"]:
        return NAMES[found["name"]]
    if found["half"]:
        hour = int(found["hour"])
        if not 1 <= hour <= 12:
            raise ValueError("no such hour")
        later = 12 if found["half"].lower() == "pm" else 0
        return time(hour % 12 + later, int(found["minute"] or 0))
    digits = found["hour_24"] or found["bare"]
    is_vague = not digits.startswith("0") and int(digits) < 12
    later = 12 if is_evening and is_vague else 0
    return time(int(digits) + later, int(found["minute_24"] or 0))
