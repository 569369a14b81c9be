"""Security events in the words of their user."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import SecurityEvent

Kind = SecurityEvent.Kind

# The words for `about` where its own text would say little to users.
WORDS = {
    "all": "all of them",
    "api": "API",
    "first": "the first one",
    "ics": "calendar",
    "leaving": "to keep or download the account",
    "personal-token": "access token",
    "reset": "with a link by e-mail",
    "session": "browser",
    "totp": "authenticator app",
    "trusted-browser": "trusted browser",
} | {name: name.upper() for name in ("csv", "json")}


# What a refused second step was.
WRONG = {
    "code": "Wrong code",
    "passkey": "Passkey refused",
    "copied passkey": "Passkey refused, because it may be a copy",
}


@dataclass(frozen=True, slots=True)
class Row:
    """An event as a page shows it."""

    what: str
    detail: str
    at: datetime
    is_by_support: bool


def rows_of(events: Iterable[SecurityEvent]) -> list[Row]:
    return [
        Row(
            what=_what_of(event),
            detail=_detail_of(event),
            at=event.at,
            is_by_support=bool(event.by_digest),
        )
        for event in events
    ]


def _what_of(event: SecurityEvent) -> str:
    if event.kind == Kind.FACTOR_FAILED and event.about in WRONG:
        return WRONG[event.about]
    return str(Kind(event.kind).label)


def _detail_of(event: SecurityEvent) -> str:
    """Return what the event concerns, if its kind doesn't say it, and never an id."""
    if event.kind in {Kind.TOKEN_CREATED, Kind.CODE_USED, Kind.FACTOR_FAILED}:
        return ""
    try:
        UUID(event.about)
    except ValueError:
        return WORDS.get(event.about, event.about)
    return ""
