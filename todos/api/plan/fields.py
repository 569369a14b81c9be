"""What clients of the plan write, in their many spellings, and what is meant by it."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any, ClassVar

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.authentication import user_of
from config.api.fields import BoundedListField
from config.text import TextField
from todos.limits import LABEL_MAX_LENGTH
from todos.models import Task
from todos.schedule import recurrence
from todos.schedule.days import FIRST_DATE, LAST_DATE

PRIORITIES = {
    "urgent": Task.Priority.URGENT,
    "critical": Task.Priority.URGENT,
    "high": Task.Priority.HIGH,
    "medium": Task.Priority.MEDIUM,
    "normal": Task.Priority.MEDIUM,
    "none": Task.Priority.MEDIUM,
    "low": Task.Priority.LOW,
}
# The words are whether the task is completed.
STATUSES = {
    "pending": False,
    "incomplete": False,
    "todo": False,
    "open": False,
    "active": False,
    "completed": True,
    "complete": True,
    "done": True,
}
RULES = {
    word: f"FREQ={word.upper()}" for word in ("daily", "weekly", "monthly", "yearly")
}
# A stored rule by the word it was asked by. From the 29th on, short months are
# settled in the rule's text, which is still plain `monthly` to the client.
RULE_WORDS = {
    recurrence.normalise_rule(rule, due=due): word
    for word, rule in RULES.items()
    for due in (None, *(date(2028, month, 29) for month in (1, 2)))
} | {
    recurrence.normalise_rule(RULES["monthly"], due=date(2028, 1, day)): "monthly"
    for day in (30, 31)
}


class WordField(serializers.Field[Any, Any, Any, Any]):
    """One of some words, in any case; `values` says what each of them means.

    An empty text is `null`.
    """

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "Write one of: {words}."
    }

    def __init__(
        self, values: Mapping[str, Any], *, shown: Iterable[str] = (), **kwargs: Any
    ) -> None:
        """`shown` are the words in the spelling that the OpenAPI document has."""
        self.values = values
        self.shown = [*shown] or [*values]
        super().__init__(**kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation(None if data == "" else data)

    def to_internal_value(self, data: Any) -> Any:
        word = data.strip().lower() if isinstance(data, str) else ""
        if word not in self.values:
            self.fail("invalid", words=", ".join(self.values))
        return self.values[word]


class WordScheme(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Lets the OpenAPI document list the words."""

    target_class = WordField

    def map_serializer_field(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        return {"type": "string", "enum": self.target.shown}


@extend_schema_field({"type": "string", "enum": ["urgent", "high", "medium", "low"]})
class PriorityField(WordField):
    """How much it matters; `critical`, `normal` and `none` are understood as well."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(PRIORITIES, **kwargs)


@extend_schema_field({"type": "string", "enum": ["pending", "completed"]})
class StatusField(WordField):
    """Whether it is done, in words; `todo`, `incomplete`, `done` … are understood."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(STATUSES, **kwargs)


@extend_schema_field(bool)
class FlagField(serializers.Field[Any, Any, Any, Any]):
    """`true` or `false` as JSON has them; no other value stands for either."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "Write true or false, without quotes."
    }

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


@extend_schema_field({"type": "string", "examples": ["2027-02-28"]})
class DueField(serializers.Field[Any, Any, Any, Any]):
    """When it is due: a date, or a date with a time, as (date, time or `None`).

    What carries `Z` or an offset is converted to the clock on the person's wall. An
    exception is midnight in `Z`, which is how a date picker in JavaScript writes a
    date without a time. An empty text is `null`.
    """

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "Write a date as 2027-02-28, or with a time: 2027-02-28T09:30:00.",
        "range": f"Write a date from {FIRST_DATE} to {LAST_DATE}.",
    }

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation(None if data == "" else data)

    def to_internal_value(self, data: Any) -> tuple[date, time | None]:
        text = data.strip() if isinstance(data, str) else ""
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail("invalid")
        self._check_range(moment)
        if len(text) <= len("2027-02-28") or _is_date_in_utc(moment):
            return moment.date(), None
        if moment.tzinfo is not None:
            moment = moment.astimezone(user_of(self.context["request"]).zone)
            self._check_range(moment)
        return moment.date(), time(moment.hour, moment.minute)

    def _check_range(self, moment: datetime) -> None:
        if not FIRST_DATE <= moment.date() <= LAST_DATE:
            self.fail("range")


def _is_date_in_utc(moment: datetime) -> bool:
    is_utc = moment.tzinfo is not None and not moment.utcoffset()
    return is_utc and moment.time() == time()


@extend_schema_field({"type": "string", "examples": ["weekly"]})
class RecurrenceField(serializers.Field[Any, Any, Any, Any]):
    """How it repeats: daily, weekly, monthly, yearly, or an RFC 5545 rule.

    Read as the rule's text; `none` and an empty text are the empty rule.
    """

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "Write daily, weekly, monthly, yearly, none or a rule as text."
    }

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        word = data.strip().lower()
        if word in {"", "none"}:
            return ""
        if word in RULES:
            return RULES[word]
        if "=" not in word or not word.isascii():
            self.fail("invalid")
        try:
            return recurrence.normalise_rule(data, due=None)
        except recurrence.RuleRefused as exc:
            raise serializers.ValidationError(str(exc)) from exc


class TagsField(BoundedListField):
    """Words to find tasks by. Empty ones fall out: `"".split(",")` makes them."""

    child = TextField(max_length=LABEL_MAX_LENGTH)

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list):
            data = [tag for tag in data if not _is_blank(tag)]
        return super().to_internal_value(data)


def _is_blank(tag: Any) -> bool:
    return isinstance(tag, str) and not tag.strip()
