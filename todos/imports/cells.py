"""The cells of tables as values: common formats of dates, times and words.

Every function raises ValidationError with one message if the cell is invalid.
"""

from __future__ import annotations

import re
from datetime import datetime, time, tzinfo

from django.core.exceptions import ValidationError

from todos.imports import checks
from todos.imports.date_cells import read_moment, read_time, spaced
from todos.imports.rules import tidy_rule

INTEGER = re.compile(r"\d{1,9}", re.ASCII)
MINUTES = re.compile(r"(\d{1,6})m", re.ASCII)
PRIORITIES = {"urgent": 1, "high": 2, "medium": 3, "normal": 3, "low": 4}
YES = {"yes", "true", "1", "x", "done", "completed", "y"}
NO = {"no", "false", "0", "open", "n", "needs-action", "pending"}


def instant(cell: str, *, order: str, zone: tzinfo) -> datetime:
    """Return a date and time; without a zone of its own it is in `zone`."""
    try:
        found = datetime.fromisoformat(cell)
    except ValueError:
        moment = read_moment(cell, order=order)
        found = datetime.combine(moment.day, moment.at or time(), moment.zone)
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone)
    return checks.instant(found.isoformat())


def rule(cell: str) -> str:
    return checks.rule(tidy_rule(cell))


def priority(cell: str) -> int:
    """Return a priority written as a number or a word: `1`, `p1`, `urgent`."""
    word = spaced(cell).lower().removeprefix("p")
    if word in PRIORITIES:
        return PRIORITIES[word]
    return checks.priority(int(word) if word in {"1", "2", "3", "4"} else word)


def integer(cell: str) -> int | str:
    """Return an integer, or the unchanged cell if it is not an integer."""
    text = spaced(cell)
    return int(text) if INTEGER.fullmatch(text) else cell


def reminder(cell: str) -> dict[str, int | time]:
    """Return the columns of a reminder written as `30m` or as a time of day."""
    if match := MINUTES.fullmatch(cell):
        return {"reminder_minutes": checks.minutes_before(int(match[1]))}
    return {"reminder_time": read_time(cell)}


def yes_or_no(cell: str) -> bool:
    word = spaced(cell).lower()
    if word not in YES | NO:
        raise ValidationError("Must be yes or no.")
    return word in YES
