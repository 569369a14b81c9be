"""The fields of the plan's contract, which accept the spellings of known clients."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any, TypeAlias

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, extend_schema_field
from rest_framework import serializers

from accounts.authentication import user_of
from config.api.extensions import RegistersItself
from config.api.fields import BoundedListField
from config.json import JSONObject
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
# Whether a task with this status is completed. What boards distinguish is open here.
STATUSES = dict.fromkeys(
    [
        *("pending", "incomplete", "todo", "open", "active", "new", "not_started"),
        *("in_progress", "started", "review", "in_review", "backlog", "blocked"),
    ],
    False,
) | dict.fromkeys(["completed", "complete", "done"], True)
RULES = {
    word: f"FREQ={word.upper()}" for word in ("daily", "weekly", "monthly", "yearly")
}
# The word for a stored rule. For the 29th and later, the stored rule also says what
# happens in short months; for the client it is still `monthly`.
RULE_WORDS = {
    recurrence.normalise_rule(rule, due=due): word
    for word, rule in RULES.items()
    for due in (None, *(date(2028, month, 29) for month in (1, 2)))
} | {
    recurrence.normalise_rule(RULES["monthly"], due=date(2028, 1, day)): "monthly"
    for day in (30, 31)
}


# What may separate the words of a name.
_SEPARATORS = str.maketrans("", "", "_-:., ")
WORD_MAX_LENGTH = 50

PlainField: TypeAlias = serializers.Field[Any, Any, Any, Any]


def fold_word(text: str) -> str:
    """Return a name without case and separators: `In-Progress` as `inprogress`."""
    return text[: WORD_MAX_LENGTH + 1].translate(_SEPARATORS).lower()


class WordField(PlainField):
    """One of several words, in any case; `values` maps them to values.

    Words may be joined in any way: `in_progress`, `in-progress`, `inProgress`. An empty
    string is treated as `null`.
    """

    default_error_messages = {"invalid": "Must be one of: {words}."}

    def __init__(
        self, values: Mapping[str, Any], *, shown: Iterable[str] = (), **kwargs: Any
    ) -> None:
        """`shown` are the words that the OpenAPI document lists; by default all."""
        self.values = values
        self.shown = [*shown] or [*values]
        self.folded = {fold_word(word): value for word, value in values.items()}
        super().__init__(**kwargs)

    def run_validation(self, data: object = serializers.empty) -> Any:
        return super().run_validation(None if data == "" else data)

    def to_internal_value(self, data: object) -> Any:
        word = fold_word(data) if isinstance(data, str) else ""
        if word not in self.folded:
            self.fail("invalid", words=", ".join(self.values))
        return self.folded[word]


class WordSchema(RegistersItself, OpenApiSerializerFieldExtension):
    """List the words in the OpenAPI document."""

    target_class = WordField
    match_subclasses = True

    def map_serializer_field(
        self, auto_schema: AutoSchema, direction: Direction
    ) -> JSONObject:
        return {"type": "string", "enum": self.target.shown}


class PriorityField(WordField):
    """The priority; `critical`, `normal` and `none` are accepted as well."""

    def __init__(self, **kwargs: Any) -> None:
        shown = ("urgent", "high", "medium", "low")
        super().__init__(PRIORITIES, shown=shown, **kwargs)


class StatusField(WordField):
    """Whether it is completed; `todo`, `in_progress`, `done` … are accepted as well."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(STATUSES, shown=("pending", "completed"), **kwargs)


@extend_schema_field(bool)
class FlagField(PlainField):
    """A JSON `true` or `false`; other values are rejected."""

    default_error_messages = {"invalid": "Must be true or false, without quotes."}

    def to_internal_value(self, data: object) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


@extend_schema_field({"type": "string", "examples": ["2027-02-28"]})
class DueField(PlainField):
    """The due date, or date and time; read as (date, time or `None`).

    A time with `Z` or an offset is converted to the user's time zone. The exception is
    midnight in `Z`, because date pickers in JavaScript send a date without a time like
    that. An empty string is treated as `null`.
    """

    default_error_messages = {
        "invalid": "Must be a date such as 2027-02-28, or with a time:"
        " 2027-02-28T09:30:00.",
        "range": f"Must be a date from {FIRST_DATE} to {LAST_DATE}.",
    }

    def run_validation(self, data: object = serializers.empty) -> Any:
        return super().run_validation(None if data == "" else data)

    def to_internal_value(self, data: object) -> tuple[date, time | None]:
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
class RecurrenceField(PlainField):
    """The recurrence: daily, weekly, monthly, yearly, or an RFC 5545 rule.

    Read as the text of the rule; empty for `none` and an empty string.
    """

    default_error_messages = {
        "invalid": "Must be daily, weekly, monthly, yearly, none or an RFC 5545 rule."
    }

    def to_internal_value(self, data: object) -> str:
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
    """Names of labels. Empty ones, as of `"".split(",")`, are ignored."""

    child = TextField(max_length=LABEL_MAX_LENGTH)

    def to_internal_value(self, data: Any) -> list[str]:
        if isinstance(data, list):
            data = [tag for tag in data if not _is_blank(tag)]
        tags: list[str] = super().to_internal_value(data)
        return tags


def _is_blank(tag: object) -> bool:
    return isinstance(tag, str) and not tag.strip()
