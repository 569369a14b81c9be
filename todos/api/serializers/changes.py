"""What the endpoints of changes and of undo take and give."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any

from rest_framework import serializers

from config.api.fields import FieldsField, names_of
from config.api.pagination import (
    CURSOR_MAX_LENGTH,
    DEFAULT_PAGE_SIZE,
    MAX_PAGE_SIZE,
)
from config.api.problems import ProblemSerializer
from todos.api.serializers.fields import represent_clock
from todos.api.serializers.tasks import TaskSerializer
from todos.limits import LIST_NAME_MAX_LENGTH
from todos.models import Change, Colour
from todos.task_fields import FIELDS, Kind

LATEST = "latest"
SINCE = rf"^(0|[1-9][0-9]{{0,18}}|{LATEST})\Z"
CHANGE_COLUMNS = (
    "id",
    "seq",
    "at",
    "entity",
    "entity_id",
    "kind",
    "before",
    "after",
    "batch",
)


def represent_change(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a change as v1 shows it, from its columns by name."""
    return {
        "id": row["id"],
        "at": row["at"],
        "entity": row["entity"],
        "entity_id": row["entity_id"],
        "kind": row["kind"],
        "before": _fields(row["before"]),
        "after": _fields(row["after"]),
        "batch": row["batch"],
    }


def _fields(columns: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the columns that a change touched in the words of the API."""
    if columns is None:
        return None
    fields = {NAMES[name]: columns[name] for name in columns if name in NAMES}
    for name in INSTANTS & fields.keys():
        fields[name] = _instant(fields[name])
    if "due_time" in columns:
        fields["due_time"] = _clock(columns["due_time"])
    if "due_tz" in columns:
        fields["due_tz"] = columns["due_tz"] or None
    if "rrule" in columns:
        rule = {"rrule": columns["rrule"], "anchor": columns["rrule_anchor"]}
        fields["recurrence"] = rule if columns["rrule"] else None
    if {"reminder_minutes", "reminder_time"} & columns.keys():
        fields["reminder"] = _reminder(columns)
    return fields


TASK_FIELDS = [field for field in FIELDS if field.recorded and field.shown]
NOT_OF_TASKS = ("name", "colour", "archived_at")
# The member that shows what the ledger records. Several columns make up a recurrence
# or a reminder; labels are recorded as they are shown.
NAMES = {
    field.column if field.stored else field.name: field.name
    for field in TASK_FIELDS
    if field.name not in {"recurrence", "reminder"}
} | {name: name for name in NOT_OF_TASKS}
INSTANTS = {field.name for field in TASK_FIELDS if field.kind is Kind.INSTANT} | {
    "archived_at"
}


def _instant(text: str | None) -> str | None:
    """Return an instant as every other answer writes it."""
    return text and text.replace("+00:00", "Z")


def _clock(text: str | None) -> str | None:
    """Return a time of day as every other answer writes it."""
    return text and represent_clock(time.fromisoformat(text))


def _reminder(columns: Mapping[str, Any]) -> dict[str, Any] | None:
    if columns.get("reminder_minutes") is not None:
        return {"minutes_before": columns["reminder_minutes"]}
    if columns.get("reminder_time"):
        return {"time": _clock(columns["reminder_time"])}
    return None


RECORDED_MEMBERS = [
    name
    for name in names_of(TaskSerializer)
    if name in {field.name for field in TASK_FIELDS}
]


class ChangedFieldsSerializer(TaskSerializer):
    """Fields of a task, a list or a label: those that a change touched."""

    name = serializers.CharField(max_length=LIST_NAME_MAX_LENGTH)
    colour = serializers.ChoiceField(Colour.choices)
    archived_at = serializers.DateTimeField(allow_null=True)

    optional_in_response = (*RECORDED_MEMBERS, *NOT_OF_TASKS)

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        return {name: fields[name] for name in self.optional_in_response}


class ChangeSerializer(serializers.Serializer[Any]):
    """One entry of the ledger: what was done to one object, before and after.

    `before` and `after` hold the fields that the change touched; `before` is null for
    what came to be, `after` for what was removed, both once it was removed for good.
    """

    id = serializers.UUIDField(read_only=True)
    at = serializers.DateTimeField(read_only=True)
    entity = serializers.ChoiceField(Change.Entity.choices, read_only=True)
    entity_id = serializers.UUIDField(read_only=True)
    kind = serializers.ChoiceField(Change.Kind.choices, read_only=True)
    before = ChangedFieldsSerializer(read_only=True, allow_null=True)
    after = ChangedFieldsSerializer(read_only=True, allow_null=True)
    batch = serializers.UUIDField(
        read_only=True, help_text="Shared by all that was done at once."
    )


class ChangeFeedSerializer(serializers.Serializer[Any]):
    """A part of the feed, the oldest change first."""

    results = ChangeSerializer(many=True, read_only=True)
    next = serializers.CharField(
        read_only=True, help_text="What to send as `since` the next time; always there."
    )


class ChangePageSerializer(serializers.Serializer[Any]):
    """A page of a history; `next` and `previous` are the addresses of the others."""

    next = serializers.URLField(read_only=True, allow_null=True)
    previous = serializers.URLField(read_only=True, allow_null=True)
    results = ChangeSerializer(many=True, read_only=True)


class ChangeQuerySerializer(serializers.Serializer[Any]):
    """How changes are asked for."""

    fields = FieldsField(names_of(ChangeSerializer))  # type: ignore[assignment]
    page_size = serializers.IntegerField(
        min_value=1,
        max_value=MAX_PAGE_SIZE,
        default=DEFAULT_PAGE_SIZE,
        help_text="How many changes come at once.",
    )


class ChangeFeedQuerySerializer(ChangeQuerySerializer):
    """How `GET changes` is asked."""

    since = serializers.RegexField(
        SINCE,
        default=None,
        error_messages={
            "invalid": "Use the `next` of an earlier answer, 0, or latest."
        },
        help_text=(
            "The `next` of an earlier answer. Without it, from the oldest change that"
            " is kept; `latest` only tells where the feed ends."
        ),
    )


class TaskChangesQuerySerializer(ChangeQuerySerializer):
    """How `GET tasks/{id}/changes` is asked."""

    cursor = serializers.CharField(
        max_length=CURSOR_MAX_LENGTH,
        default=None,
        help_text="A page of an earlier answer: follow its `next` and `previous`.",
    )


class UndoSerializer(serializers.Serializer[Any]):
    """What to take back: a change, a batch, or, with neither, the last batch."""

    schema_keywords = {"not": {"required": ["change", "batch"]}}

    change = serializers.UUIDField(required=False, help_text="The id of one change.")
    batch = serializers.UUIDField(
        required=False, help_text="The id of a batch: all that was done at once."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) > 1:
            raise serializers.ValidationError({"batch": "Give a change or a batch."})
        return {f"{name}_id": key for name, key in attrs.items()}


class UndoneSerializer(serializers.Serializer[Any]):
    """What undoing changed; it is a batch itself."""

    batch = serializers.UUIDField(read_only=True, help_text="Undo it to redo.")
    changes = ChangeSerializer(
        many=True, read_only=True, help_text="The first 200 that undoing made."
    )


class UndoProblemSerializer(ProblemSerializer):
    """The problem document of an undo; `undo_conflict` lists the changes."""

    optional_in_response = ("errors", "changes")

    changes = serializers.ListField(
        child=serializers.UUIDField(),
        read_only=True,
        help_text="The ids of later changes that conflict, or some of them.",
    )
