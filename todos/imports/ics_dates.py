"""The dates, times, zones and durations of iCalendar (RFC 5545 section 3.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from todos.imports import checks
from todos.imports.ics_components import Component, Property
from todos.imports.ics_leftovers import Leftovers
from todos.imports.zones import zone_named
from todos.schedule.days import FIRST_DATE, LAST_DATE
from todos.schedule.instants import instant_of, wall_clock

WHEN = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?", re.ASCII)
DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,5})W)?(?:(\d{1,5})D)?"
    r"(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?",
    re.ASCII,
)
MIDNIGHT = time(0)


class When(NamedTuple):
    """A date, perhaps with a time and a zone, as columns store them.

    `is_vague` if the file has a time that is not clear: only the date is used.
    """

    day: date
    at: time | None = None
    zone: str = ""
    is_vague: bool = False

    @property
    def wall_clock(self) -> datetime:
        """What clocks in its zone show; midnight if it has no time."""
        return datetime.combine(self.day, self.at or MIDNIGHT)

    def instant(self) -> datetime:
        """Return the instant of a time with a zone.

        Raises:
            ValueError: it has none.
        """
        if self.at is None or not self.zone:
            raise ValueError
        return instant_of(self.day, self.at, ZoneInfo(self.zone))

    def wall_clock_in(self, zone: str) -> datetime:
        """Return what clocks in another zone show then.

        Raises:
            ValueError: only one of the two has a zone, so it is not known.
        """
        if self.at is None or self.zone == zone:
            return self.wall_clock
        if not zone:
            raise ValueError
        return wall_clock(self.instant(), ZoneInfo(zone))


class Duration(NamedTuple):
    """A duration: whole days of the calendar, and exact time (section 3.3.6)."""

    days: int
    time: timedelta

    @property
    def total(self) -> timedelta:
        return timedelta(self.days) + self.time


def read_when(prop: Property, zones: Mapping[str, str]) -> When:
    """Read a date or a date with a time; `zones` are those that the file names.

    Raises:
        ValueError, ValidationError: it is neither.
    """
    match = WHEN.fullmatch(prop.value.strip().upper())
    if match is None:
        raise ValueError
    day = checks.day(match[1])
    if match[2] is None:
        return When(day)
    if match[2] == "240000":  # some versions of Python take it for the day's beginning
        raise ValueError
    at = checks.time_of_day(match[2])
    kind = prop.parameters.get("VALUE", "").upper()
    if kind not in {"", "DATE-TIME"}:
        return When(day, is_vague=True)
    if match[3]:
        return When(day, at, "UTC")
    name = prop.parameters.get("TZID", "")
    zone = zone_named(name) or zones.get(name, "")
    return When(day, is_vague=True) if name and not zone else When(day, at, zone)


def read_duration(text: str) -> Duration:
    """Read a duration.

    Raises:
        ValueError: it is not one.
    """
    text = text.strip().upper()
    match = DURATION.fullmatch(text)
    if match is None or text[-1] in "PT":
        raise ValueError
    sign = -1 if match[1] == "-" else 1
    weeks, days, hours, minutes, seconds = (int(n or 0) for n in match.groups()[1:])
    exact = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return Duration(sign * (7 * weeks + days), sign * exact)


def end_of(start: When, duration: Duration) -> When:
    """Return the end of something that takes this long (section 3.6.2).

    Days are days of the calendar; hours are exact, also when clocks change.

    Raises:
        ValueError: a date without a time can't take hours, or it ends too late.
    """
    if duration.total < timedelta(0) or (start.at is None and duration.time):
        raise ValueError
    try:
        end = start.wall_clock + timedelta(duration.days)
        if start.zone and duration.time:
            zone = ZoneInfo(start.zone)
            instant = instant_of(end.date(), end.time(), zone) + duration.time
            end = wall_clock(instant, zone)
        else:
            end += duration.time
        day = checks.day(end.date().isoformat())
    except (OverflowError, ValidationError) as exc:
        raise ValueError from exc
    return start._replace(day=day, at=None if start.at is None else end.time())


@dataclass(slots=True)
class Schedule:
    """When a to-do is due, and its columns for that.

    `is_over` if every occurrence of its series is done, the last one at `done_at` if
    the file says when.
    """

    due: When | None
    start: When | None
    columns: dict[str, Any] = field(default_factory=dict)
    is_over: bool = False
    done_at: datetime | None = None

    def move(self, due: date, start: date | None) -> None:
        """Set both dates, with their times and zones."""
        if self.due is not None:
            self.due = self.due._replace(day=due)
        if self.start is not None and start is not None:
            self.start = self.start._replace(day=start)


class DateReader:
    """Reads the dates of a to-do; one that is not certain goes to its notes."""

    def __init__(
        self, todo: Component, zones: Mapping[str, str], leftovers: Leftovers
    ) -> None:
        self._todo, self._zones, self._leftovers = todo, zones, leftovers

    def when(self, name: str) -> When | None:
        properties = self._todo.every(name)
        if not properties:
            return None
        first = properties[0]
        if any(one[1:3] != first[1:3] for one in properties):
            message = "A to-do has one, so none of these is certain."
            self._leftovers.keep(properties, message)
            return None
        try:
            when = read_when(first, self._zones)
        except (ValueError, ValidationError):
            self._leftovers.keep([first], "Not a valid date.")
            return None
        if when.is_vague:
            self._keep_time(first)
        return when

    def instant(self, name: str, zone: tzinfo) -> datetime | None:
        """Return the instant of a property, in `zone` if it does not name its own."""
        when = self.when(name)
        if when is None:
            return None
        named = ZoneInfo(when.zone) if when.zone else zone
        instant = instant_of(when.day, when.at or MIDNIGHT, named)
        if FIRST_DATE <= instant.date() <= LAST_DATE:  # in UTC too
            return instant
        self._leftovers.keep(self._todo.every(name)[:1], "Not a valid date.")
        return None

    def _keep_time(self, prop: Property) -> None:
        zone = prop.parameters.get("TZID", "")
        self._leftovers.add(f"{prop.name.capitalize()}: {prop.value} {zone}"[:200])
        reason = "Unknown time zone" if zone else "Not a valid time"
        message = f"{reason}: only the date was imported. The time is in the notes."
        self._leftovers.notice("tzid" if zone else prop.name, message, line=prop.line)
