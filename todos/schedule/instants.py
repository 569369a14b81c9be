"""From wall clock to an instant, where one is needed: for sorting and for reminders."""

from datetime import UTC, date, datetime, time, tzinfo


def instant_of(day: date, at: time, zone: tzinfo) -> datetime:
    """Return the instant, in UTC, at which clocks in `zone` show this day and time.

    A time that occurs twice, when clocks go back, is the first. One that is skipped
    when they go forward is read with the offset before the gap, so it moves forward
    by the gap's length (RFC 5545 section 3.3.5).
    """
    return datetime.combine(day, at, zone).replace(fold=0).astimezone(UTC)


def wall_clock(instant: datetime, zone: tzinfo) -> datetime:
    """Return what clocks in `zone` show at an instant, as a datetime without a zone."""
    return instant.astimezone(zone).replace(tzinfo=None)
