"""Conversion between wall clock and instants, for sorting and reminders."""

from datetime import UTC, date, datetime, time, tzinfo


def instant_of(day: date, at: time, zone: tzinfo) -> datetime:
    """Return the instant, in UTC, of this date and time in `zone`.

    Of a time that occurs twice, when clocks go back, it is the first. A time that is
    skipped, when clocks go forward, is interpreted with the offset before the gap, so
    it moves forward by the length of the gap (RFC 5545 section 3.3.5).
    """
    return datetime.combine(day, at, zone).replace(fold=0).astimezone(UTC)


def wall_clock(instant: datetime, zone: tzinfo) -> datetime:
    """Return the wall clock in `zone` at an instant, as a naive datetime."""
    return instant.astimezone(zone).replace(tzinfo=None)
