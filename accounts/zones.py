"""Time zones by the names that users write: `Europe/Berlin`, `berlin`, `Vietnam`."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib import resources

from django.core.exceptions import ValidationError

from accounts.models import known_timezones

MAX_LENGTH = 64
SUGGESTED_MAX = 3
ALIASES = {
    "england": "britain (uk)",
    "uk": "britain (uk)",
    "united kingdom": "britain (uk)",
    "us": "united states",
    "usa": "united states",
}

# Offered while the user writes; every other zone is accepted as well. All of them would
# weigh ten times as much on each visit.
COMMON = """
Africa/Cairo Africa/Casablanca Africa/Johannesburg Africa/Lagos Africa/Nairobi
America/Anchorage America/Argentina/Buenos_Aires America/Bogota America/Caracas
America/Chicago America/Denver America/Halifax America/Lima America/Los_Angeles
America/Mexico_City America/New_York America/Phoenix America/Santiago America/Sao_Paulo
America/St_Johns America/Toronto America/Vancouver Asia/Bangkok Asia/Dhaka Asia/Dubai
Asia/Hong_Kong Asia/Jakarta Asia/Jerusalem Asia/Karachi Asia/Kathmandu Asia/Kolkata
Asia/Manila Asia/Riyadh Asia/Seoul Asia/Shanghai Asia/Singapore Asia/Taipei
Asia/Tashkent Asia/Tehran Asia/Tokyo Atlantic/Azores Atlantic/Reykjavik
Australia/Adelaide Australia/Brisbane Australia/Perth Australia/Sydney Europe/Amsterdam
Europe/Athens Europe/Berlin Europe/Dublin Europe/Helsinki Europe/Istanbul Europe/Kyiv
Europe/Lisbon Europe/London Europe/Madrid Europe/Moscow Europe/Paris Europe/Rome
Europe/Stockholm Europe/Warsaw Europe/Zurich Pacific/Auckland Pacific/Honolulu UTC
"""


def zone_named(text: str) -> str:
    """Return the IANA name of the zone, place or country that a user wrote.

    Raises:
        ValidationError: no zone has this name, or several have it.
    """
    if text in known_timezones():
        return text
    by_key = _zones_by_key()
    key = _key(text)
    zones = by_key.get(ALIASES.get(key, key), ())
    if len(zones) == 1:
        return zones[0]
    keys = difflib.get_close_matches(key, by_key, SUGGESTED_MAX, cutoff=0.75)
    near = zones or [zone for one in keys for zone in by_key[one]]
    names = list(dict.fromkeys(near))[:SUGGESTED_MAX]
    hint = f" Did you mean {' or '.join(names)}?" if names else ""
    raise ValidationError(
        "We can't tell which time zone this is. Write a large city in it, such as"
        f" Berlin.{hint}",
        code="unknown_timezone",
    )


def _key(name: str) -> str:
    """Return a name without case, accents and underscores."""
    letters = unicodedata.normalize("NFKD", name.replace("_", " ").casefold())
    plain = "".join(one for one in letters if not unicodedata.combining(one))
    return " ".join(plain.split())


def _place(name: str) -> str:
    return _key(name.rpartition("/")[2])


@cache
def _zones_by_key() -> dict[str, tuple[str, ...]]:
    """Return the zones for each name: of a place, a country or a zone.

    The table of one zone for each region goes first, as it has no outdated names. Then
    come full names, and last the places of outdated names.
    """
    regions: dict[str, list[str]] = {}
    for name, country in _regions():
        for key in {_key(name), _place(name), _key(country)}:
            regions.setdefault(key, []).append(name)
    names = {_key(name): [name] for name in known_timezones()}
    places: dict[str, list[str]] = {}
    for name in sorted(known_timezones()):
        places.setdefault(_place(name), []).append(name)
    return {key: tuple(zones) for key, zones in (places | names | regions).items()}


def _regions() -> Iterator[tuple[str, str]]:
    """Yield the zone of each region with the name of its country."""
    countries = dict(_table("iso3166.tab"))
    for code, _, name, *_ in _table("zone.tab"):
        if name in known_timezones():
            yield name, countries[code]


def _table(name: str) -> Iterator[list[str]]:
    text = resources.files("tzdata.zoneinfo").joinpath(name).read_text("utf-8")
    return (line.split("\t") for line in text.splitlines() if line[:1] != "#")


@cache
def common_zones() -> tuple[tuple[str, str], ...]:
    """Return the common zones, each with its country, by which it is found as well."""
    countries = dict(_regions())
    return tuple((name, countries.get(name, "")) for name in COMMON.split())
