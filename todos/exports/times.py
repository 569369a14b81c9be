"""Times of day as text, in the form that all formats but iCalendar share."""

from __future__ import annotations

from datetime import time


def time_text(at: time | None) -> str | None:
    """Return a time of day such as `09:00`, with seconds only if it has any."""
    if at is None:
        return None
    has_seconds = at.second or at.microsecond
    return at.isoformat() if has_seconds else at.isoformat("minutes")
