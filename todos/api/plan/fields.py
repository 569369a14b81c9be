"""The fields of the plan's contract, which accept the spellings of known clients."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, extend_schema_field
from rest_framework import serializers

from config.api.extensions import RegistersItself
from config.api.fields import BoundedListField
from config.json import JSONObject
from config.text import TextField
from todos.limits import LABEL_MAX_LENGTH
from todos.models import Task

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
