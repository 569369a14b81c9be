"""Fields of dates and times that several resources take and give."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from todos.schedule.days import FIRST_DATE, LAST_DATE

# Not ISO 8601 as a whole: its offset would be dropped without a word.
TIME_FORMATS = ["%H:%M", "%H:%M:%S"]
TIME = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")


def represent_clock(at: time) -> str:
    """Return a time of day as `09:00`; with its seconds where it has some."""
    return at.isoformat("seconds" if at.second else "minutes")


class BoundedDateField(serializers.DateField):
    """A calendar date in the centuries that dates can be reckoned with."""

    default_error_messages = {
        "range": f"Write a date from {FIRST_DATE} to {LAST_DATE}.",
    }

    def to_internal_value(self, value: Any) -> date:
        day: date = super().to_internal_value(value)
        if not FIRST_DATE <= day <= LAST_DATE:
            self.fail("range")
        return day


class BoundedDateTimeField(serializers.DateTimeField):
    """An instant in the same centuries."""

    default_error_messages = {
        "range": f"Write a time from {FIRST_DATE} to {LAST_DATE}.",
    }

    def to_internal_value(self, value: Any) -> datetime:
        at: datetime = super().to_internal_value(value)
        if not FIRST_DATE <= at.astimezone(UTC).date() <= LAST_DATE:
            self.fail("range")
        return at


@extend_schema_field(
    {"type": "string", "pattern": f"^{TIME.pattern}$", "examples": ["09:00"]}
)
class WallTimeField(serializers.TimeField):
    """What a clock shows, as `09:00`; an offset would be dropped, so it is refused."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", input_formats=TIME_FORMATS, **kwargs)

    def to_internal_value(self, value: Any) -> time:
        # The formats alone would take digits of any script, and `9:5`.
        if not isinstance(value, str) or not TIME.fullmatch(value):
            self.fail("invalid", format="hh:mm[:ss]")
        return super().to_internal_value(value)
