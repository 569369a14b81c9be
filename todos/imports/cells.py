"""The cells of tables as values: common formats of dates, times and words.

Every function raises ValidationError with one message if the cell is invalid.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, tzinfo

from django.core.exceptions import ValidationError

from todos.imports import checks

DATE_ORDERS = {"ymd": "2027-02-28", "dmy": "28.02.2027", "mdy": "02/28/2027"}

DATE = re.compile(r"(\d{1,4})[-./](\d{1,2})[-./](\d{1,4})", re.ASCII)
TIME = re.compile(r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?\s*([ap]m)?", re.ASCII | re.I)
INTEGER = re.compile(r"\d{1,9}", re.ASCII)
MINUTES = re.compile(r"(\d{1,6})m", re.ASCII)
PRIORITIES = {"urgent": 1, "high": 2, "medium": 3, "normal": 3, "low": 4}
YES = {"yes", "true", "1", "x", "done", "completed", "y"}
NO = {"no", "false", "0", "open", "n", "needs-action", "pending"}


def day(cell: str, *, order: str) -> date:
    """Return a date whose parts have this order, a key of `DATE_ORDERS`."""
    match = DATE.fullmatch(cell)
    parts = dict(zip(order, match.groups(), strict=True)) if match else {}
    year = parts.get("y", "")
    if len(year) != 4:
        raise ValidationError(f"Must be a date such as {DATE_ORDERS[order]}.")
    return checks.day(f"{year}-{parts['m']:0>2}-{parts['d']:0>2}")


def time_of_day(cell: str) -> time:
    """Return a time written as `9:30`, `09:30:00` or `9:30 pm`."""
    match = TIME.fullmatch(cell)
    hour, half = (int(match[1]), (match[4] or "").lower()) if match else (0, "")
    if match is None or (half and not 1 <= hour <= 12):
        raise ValidationError("Must be a time such as 09:30.")
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return checks.time_of_day(f"{hour:02}:{match[2]}:{match[3] or '00'}")


def instant(cell: str, *, order: str, zone: tzinfo) -> datetime:
    """Return a date and time; without a zone of its own it is in `zone`."""
    try:
        found = datetime.fromisoformat(cell)
    except ValueError:
        day_cell, _, rest = cell.partition(" ")
        at = time_of_day(rest.strip()) if rest.strip() else time(0)
        found = datetime.combine(day(day_cell, order=order), at)
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone)
    return checks.instant(found.isoformat())


def priority(cell: str) -> int:
    """Return a priority written as a number or a word: `1`, `p1`, `urgent`."""
    word = cell.lower().removeprefix("p")
    if word in PRIORITIES:
        return PRIORITIES[word]
    return checks.priority(int(word) if word in {"1", "2", "3", "4"} else word)


def integer(cell: str) -> int | str:
    """Return an integer, or the unchanged cell if it is not an integer."""
    return int(cell) if INTEGER.fullmatch(cell) else cell


def reminder(cell: str) -> dict[str, int | time]:
    """Return the columns of a reminder written as `30m` or as a time of day."""
    if match := MINUTES.fullmatch(cell):
        return {"reminder_minutes": checks.minutes_before(int(match[1]))}
    return {"reminder_time": time_of_day(cell)}


def yes_or_no(cell: str) -> bool:
    word = cell.lower()
    if word not in YES | NO:
        raise ValidationError("Must be yes or no.")
    return word in YES
