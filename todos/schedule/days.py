"""Which day it is for someone."""

from datetime import date, datetime, timedelta, tzinfo


def today(*, now: datetime, zone: tzinfo, day_start: int) -> date:
    """Return the date in a person's calendar at the instant `now`.

    `day_start` is the hour, 0 to 23, at which their day begins: at 02:00 with a day
    that begins at 5, it is still yesterday.
    """
    local = now.astimezone(zone)
    if local.hour < day_start:
        return local.date() - timedelta(days=1)
    return local.date()
