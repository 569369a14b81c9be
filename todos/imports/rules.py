"""Recurrence rules as other programs write them."""

from __future__ import annotations

import re

SPACES = re.compile(r"\s+")
# A comma before the name of another part was meant to be a semicolon.
LOST_SEMICOLON = re.compile(r",(?=[A-Z]{4,10}=)")


def tidy_rule(text: str) -> str:
    """Return a rule without spaces, and without separators that separate nothing.

    Some programs write `freq=weekly; byday=MO, WE,;`. A part with an empty value has
    no meaning and is left out.
    """
    text = SPACES.sub("", text).upper().removeprefix("RRULE:")
    parts = []
    for part in LOST_SEMICOLON.sub(";", text).split(";"):
        name, equals, value = part.strip(",").partition("=")
        values = ",".join(filter(None, value.split(",")))
        if values or (name and not equals):
            parts.append(f"{name}{equals}{values}")
    return ";".join(parts)
