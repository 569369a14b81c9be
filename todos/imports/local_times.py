"""Dates and times of programs that write instants, as columns store them.

Ownlist keeps the wall clock: a date, perhaps with a time and a zone. So an instant is
converted in a time zone, and a date that would depend on the choice is not read.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from todos.imports import checks
from todos.limits import REMINDER_MINUTES_MAX
from todos.schedule.instants import instant_of, wall_clock
from todos.schedule.recurrence import RuleRefused, normalise_rule
from todos.schedule.windows import Dates, counts_from_start

MIDNIGHT = time(0)
MINUTE = timedelta(minutes=1)
UNTIL = re.compile(r"UNTIL=(\d{8}T\d{6})Z", re.ASCII)


class When(NamedTuple):
    """A date, perhaps with a time and the name of its zone; without it, it floats."""

    day: date
    at: time | None = None
    zone: str = ""

    @property
    def wall_clock(self) -> datetime:
        """What clocks in its zone show; midnight if it has no time."""
        return datetime.combine(self.day, self.at or MIDNIGHT)

    def is_after(self, due: When) -> bool:
        """Whether a start is after the due date."""
        if due.at is None:
            return self.day > due.day
        return self.wall_clock > due.wall_clock

    def columns(self) -> dict[str, object]:
        """Return the columns of a task that is due then."""
        return {"due_date": self.day, "due_time": self.at, "due_tz": self.zone}


def when_of(instant: datetime, zone: tzinfo, *, name: str = "") -> When:
    """Return the wall clock of an instant in `zone`, which is stored as `name`.

    Raises:
        ValidationError: it is before or after the supported dates.
    """
    shown = wall_clock(instant, zone)
    return When(checks.day(shown.date().isoformat()), shown.time(), name)


def is_start_of_day(instant: datetime, zone: tzinfo) -> bool:
    """Whether a day in `zone` begins then: where midnight is skipped, later."""
    day = wall_clock(instant, zone).date()
    return instant_of(day, MIDNIGHT, zone) == instant


def whole_day(instant: datetime, zone: tzinfo) -> date | None:
    """Return the day that begins at an instant; None if that is not certain.

    Midnight in UTC is accepted as well, if it is the same date in `zone`.
    """
    day = wall_clock(instant, zone).date()
    in_utc = instant.astimezone(UTC)
    if is_start_of_day(instant, zone) or (
        in_utc.time() == MIDNIGHT and in_utc.date() == day
    ):
        return day
    return None


def reminder_columns(due: When, alarm: datetime) -> dict[str, object] | None:
    """Return the columns of a reminder; None if a task can't have it.

    `alarm` is a wall clock in the zone of the due time.
    """
    before = due.wall_clock - alarm
    if due.at is not None and before % MINUTE == timedelta(0):
        minutes = before // MINUTE
        if 0 <= minutes <= REMINDER_MINUTES_MAX:
            return {"reminder_minutes": minutes}
    return {"reminder_time": alarm.time()} if alarm.date() == due.day else None


def rule_for(text: str, due: When, zone: tzinfo, *, start: When | None = None) -> str:
    """Return a rule in canonical form; an UNTIL in UTC is a date in `zone`.

    Raises:
        RuleRefused: it is invalid or not supported, or it names days, and not
            those of a start before the due date, from which such rules count.
    """

    def local(match: re.Match[str]) -> str:
        try:
            until = datetime.strptime(match[1] + "Z", "%Y%m%dT%H%M%S%z")
            return f"UNTIL={wall_clock(until, zone):%Y%m%d}"
        except (ValueError, OverflowError):
            return match[0]

    text = text.upper()
    rule = normalise_rule(UNTIL.sub(local, text), due=due.day)
    dates = Dates(due.day, start.day if start else None)
    is_window = start is not None and start.day < due.day
    if is_window and "BY" in text and not counts_from_start(rule, dates):
        raise RuleRefused("Its days are those of the start, not of the due date.")
    return rule
