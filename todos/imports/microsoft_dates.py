"""The dates and times of Microsoft To Do (dateTimeTimeZone of Microsoft Graph)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from zoneinfo import ZoneInfo

from todos.imports.json_lists import Members
from todos.imports.zones import zone_named
from todos.schedule.instants import wall_clock


@dataclass(frozen=True, slots=True)
class Moment:
    """A date and time as a file has it: aware if its time zone is known."""

    at: datetime
    text: str

    @property
    def is_utc_midnight(self) -> bool:
        return self.at.tzinfo is UTC and self.at.time() == time(0)

    def in_zone(self, zone: tzinfo) -> datetime | None:
        """Return the wall clock in `zone` then; None if it can't be known."""
        if self.at.tzinfo is None:
            return None
        try:
            return wall_clock(self.at, zone).replace(microsecond=0)
        except OverflowError:
            return None


class NotAMoment(ValueError):
    """The value is not a date and time. The text of the exception is the value."""


def moment_of(value: Members) -> Moment | None:
    """Return a date and time with the zone that the file names; None if it is empty.

    Raises:
        NotAMoment: it is neither a date nor a date and time.
    """
    written, name = value.text("dateTime"), value.text("timeZone")
    if not written or written.startswith("0001-"):  # both mean none
        return None
    text = f"{written} ({name})" if name else written
    try:
        at = datetime.fromisoformat(written)
    except ValueError as exc:
        raise NotAMoment(text) from exc
    zone = _zone(name)
    if at.tzinfo is None:
        return Moment(at.replace(tzinfo=zone), text)
    if name and zone is not UTC:
        # Some tools add an offset to what is local time already.
        return Moment(at.replace(tzinfo=None), text)
    return Moment(at, text)


def _zone(name: str) -> tzinfo | None:
    """Return the zone with an IANA or Windows name; None if it is unknown."""
    if name.rpartition("/")[2].upper() == "UTC":  # also `tzone://Microsoft/Utc`
        return UTC
    known = zone_named(name) if name else ""
    return ZoneInfo(known) if known else None
