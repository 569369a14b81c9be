"""Time zones as other programs name them."""

from __future__ import annotations

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from accounts.models import known_timezones


def zone_named(name: str) -> str:
    """Return the IANA zone of a name; empty if it is unknown.

    The name can be that of the zone, a path that ends in it, or that of Windows.
    """
    if name in known_timezones():
        return name
    parts = name.strip("/").split("/")
    tails = ("/".join(parts[-length:]) for length in (3, 2, 1))
    found = (one for one in tails if one in known_timezones())
    return next(found, "") or WINDOWS_TO_OLSON.get(name, "")
