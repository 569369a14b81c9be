"""The due date of the plan's contract: one text for a date, a time and an offset."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.authentication import user_of
from accounts.models import User
from config.json import JSONObject
from todos.api.plan.fields import PlainField, fold_word
from todos.schedule.days import FIRST_DATE, LAST_DATE
from todos.schedule.instants import instant_of, wall_clock

DATE_LENGTH = len("2027-02-28")
TIME_LENGTH = len("09:30:00")


class Due(NamedTuple):
    """When a task is due, as it is stored: wall clock, perhaps of a named zone."""

    day: date | None = None
    at: time | None = None
    zone: str = ""

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Due:
        """Return the columns of a row."""
        return cls(row["due_date"], row["due_time"], row["due_tz"])

    def columns(self) -> JSONObject:
        return {"due_date": self.day, "due_time": self.at, "due_tz": self.zone}

    @property
    def instant(self) -> datetime | None:
        """The instant, if a zone is stored; without one it moves with the user."""
        if self.day is None or self.at is None or not self.zone:
            return None
        return instant_of(self.day, self.at, ZoneInfo(self.zone))

    def is_at(self, moment: datetime) -> bool:
        """Whether it is this instant, or without an offset this wall clock."""
        if moment.tzinfo:
            return self.instant == moment
        return bool(self.zone) and (self.day, self.at) == (moment.date(), moment.time())

    def text(self) -> str | None:
        """Return the text of the contract, with the offset of the zone, if it has one.

        RFC 3339 has no seconds in an offset, as zones had them long ago.
        """
        if self.day is None:
            return None
        if self.at is None:
            return self.day.isoformat()
        if not self.zone:
            return f"{self.day}T{self.at:%H:%M}:00"
        moment = datetime.combine(self.day, self.at, ZoneInfo(self.zone))
        offset = moment.utcoffset()
        if offset and offset.seconds % 60:
            moment = moment.astimezone(UTC)
        return moment.isoformat(timespec="seconds")


@extend_schema_field(
    {"type": "string", "examples": ["2027-02-28", "2027-02-28T09:30:00+01:00"]}
)
class DueField(PlainField):
    """The due date, or date and time.

    A time with `Z` or an offset is an instant, which the user's zone shows. The
    exception is midnight in `Z`, because date pickers in JavaScript send a date without
    a time like that. An empty string is treated as `null`.
    """

    default_error_messages = {
        "invalid": "Must be a date such as 2027-02-28, or with a time:"
        " 2027-02-28T09:30:00.",
        "range": f"Must be a date from {FIRST_DATE} to {LAST_DATE}.",
    }

    def run_validation(self, data: object = serializers.empty) -> Any:
        return super().run_validation(None if data == "" else data)

    def to_internal_value(self, data: object) -> Due:
        text = data.strip() if isinstance(data, str) else ""
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail("invalid")
        self._check_range(moment.date())
        stored = self.context.get("stored")
        if stored and Due.of(stored).is_at(moment):
            return Due.of(stored)
        if len(text) <= DATE_LENGTH or _is_date_in_utc(moment):
            return Due(moment.date())
        if moment.tzinfo is None:
            return Due(moment.date(), time(moment.hour, moment.minute))
        user = user_of(self.context["request"])
        due = due_at(user, moment.replace(microsecond=0))
        self._check_range(due.day)
        return due

    def _check_range(self, day: date | None) -> None:
        if day is None or not FIRST_DATE <= day <= LAST_DATE:
            self.fail("range")


def due_at(user: User, moment: datetime) -> Due:
    """Return an instant in the user's zone, or in UTC where clocks there go back.

    The stored time of an hour that occurs twice means the first one.
    """
    due = _in_zone(user.timezone, user.zone, moment)
    return due if due.instant == moment else _in_zone("UTC", UTC, moment)


def _in_zone(name: str, zone: tzinfo, moment: datetime) -> Due:
    local = wall_clock(moment, zone)
    return Due(local.date(), local.time(), name)


def _is_date_in_utc(moment: datetime) -> bool:
    is_utc = moment.tzinfo is not None and not moment.utcoffset()
    return is_utc and moment.time() == time()


def join_due_time(body: JSONObject, stored: Mapping[str, Any] | None) -> JSONObject:
    """Return a body in which a separate `due_time` belongs to the due date.

    Raises:
        ValidationError: for the key of the time; it has no date, or another time.
    """
    for key in [key for key in body if fold_word(key) == "duetime"]:
        if at := body.pop(key):
            name = "dueDate" if body.get("dueDate") else "due_date"
            day = body.get(name, stored and Due.of(stored).text())
            body[name] = _joined(key, day, at)
    return body


def _joined(key: str, day: object, at: object) -> str:
    try:
        if not isinstance(at, str) or len(at) > TIME_LENGTH:
            raise ValueError
        read = time.fromisoformat(at)
    except ValueError as exc:
        raise serializers.ValidationError(
            {key: "Must be a time such as 09:30."}
        ) from exc
    if not isinstance(day, str) or not day:
        raise serializers.ValidationError({key: "A time needs a due date."})
    if len(day) <= DATE_LENGTH:
        return f"{day}T{read}"
    if f"T{read:%H:%M}" not in day:
        raise serializers.ValidationError({key: "`due_date` has another time."})
    return day
