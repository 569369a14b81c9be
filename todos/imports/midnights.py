"""Dates that other programs write as instants.

They store midnight of the user's zone, and write it in UTC: 10 February in Berlin is
23:00 of 9 February. Others write midnight in UTC for the date itself.
"""

from __future__ import annotations

from datetime import date, datetime, time, tzinfo

from todos.imports import checks
from todos.schedule.instants import instant_of

MIDNIGHT = time(0)
UNCERTAIN = (
    "Midnight neither in its own time zone nor in yours, so the date is uncertain."
    " If your time zone is wrong in the settings, correct it and import again."
)


def date_of_midnight(at: datetime, *, zone: tzinfo) -> date | None:
    """Return the date whose beginning an instant is, in its own zone or in `zone`.

    None if it is not a midnight in either: any date would be a guess. Without a zone
    of its own, it must be midnight as written.

    Raises:
        ValidationError: the date is not supported.
    """
    if at.time() == MIDNIGHT:
        return checks.day(at.date().isoformat())
    if at.tzinfo is None:
        return None
    try:
        local = at.astimezone(zone)
    except (OverflowError, ValueError):
        return None
    # Where clocks go forward at midnight, the day begins later.
    first = instant_of(local.date(), MIDNIGHT, zone)
    if local.time() != MIDNIGHT and first != at:
        return None
    return checks.day(local.date().isoformat())
