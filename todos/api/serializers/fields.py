"""Date and time fields of several resources, and how they are represented."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, TypeAlias

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from todos.schedule.days import FIRST_DATE, LAST_DATE

Columns: TypeAlias = Mapping[str, Any]  # of a row, by name
Body: TypeAlias = dict[str, object]  # a JSON object of a response

# Only a part of ISO 8601: an offset would be dropped silently.
TIME_FORMATS = ["%H:%M", "%H:%M:%S"]
TIME = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")


def represent_clock(at: time) -> str:
    """Return a time of day as `09:00`, with seconds only if they are not zero."""
    return at.isoformat("seconds" if at.second else "minutes")


class BoundedDateField(serializers.DateField):
    """A date within the range that the schedule supports."""

    default_error_messages = {
        "range": f"Must be a date from {FIRST_DATE} to {LAST_DATE}.",
    }

    def to_internal_value(self, value: date | str) -> date:
        day: date = super().to_internal_value(value)
        if not FIRST_DATE <= day <= LAST_DATE:
            self.fail("range")
        return day


class BoundedDateTimeField(serializers.DateTimeField):
    """A date and time within the same range."""

    default_error_messages = {
        "range": f"Must be a date and time from {FIRST_DATE} to {LAST_DATE}.",
    }

    def to_internal_value(self, value: datetime | str) -> datetime:
        at: datetime = super().to_internal_value(value)
        if not FIRST_DATE <= at.astimezone(UTC).date() <= LAST_DATE:
            self.fail("range")
        return at


@extend_schema_field(
    {"type": "string", "pattern": f"^{TIME.pattern}$", "examples": ["09:00"]}
)
class LocalTimeField(serializers.TimeField):
    """A local time such as `09:00`; a UTC offset is refused, not ignored."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", input_formats=TIME_FORMATS, **kwargs)

    def to_internal_value(self, value: object) -> time:
        # The formats alone would accept digits of any script, and `9:5`.
        if not isinstance(value, str) or not TIME.fullmatch(value):
            self.fail("invalid", format="hh:mm[:ss]")
        return super().to_internal_value(value)
