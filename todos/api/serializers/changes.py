"""Requests and responses of the endpoints of changes and undo."""

from __future__ import annotations

from datetime import time
from typing import Any

from rest_framework import serializers

from config.api.fields import FieldsQuerySerializer, field_names
from config.api.pagination import cursor_field, page_size_field
from config.api.problems import ProblemSerializer
from todos.api.serializers.fields import Body, Columns, represent_clock
from todos.api.serializers.tasks import TaskSerializer, represent_rule
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


def represent_change(row: Columns) -> Body:
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


def _fields(columns: Columns | None) -> Body | None:
    """Return the columns that a change recorded, by their names in the API."""
    if columns is None:
        return None
    fields: Body = {NAMES[name]: columns[name] for name in columns if name in NAMES}
    for name in INSTANTS & columns.keys():
        fields[name] = _instant(columns[name])
    if "due_time" in columns:
        fields["due_time"] = _clock(columns["due_time"])
    if "due_tz" in columns:
        fields["due_tz"] = columns["due_tz"] or None
    if "rrule" in columns:
        rule = columns["rrule"]
        shown = represent_rule(rule, columns["rrule_anchor"]) if rule else None
        fields["recurrence"] = shown
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
    """Return an instant as all other responses represent it."""
    return text and text.replace("+00:00", "Z")


def _clock(text: str | None) -> str | None:
    """Return a time of day as all other responses represent it."""
    return text and represent_clock(time.fromisoformat(text))


def _reminder(columns: Columns) -> Body | None:
    if columns.get("reminder_minutes") is not None:
        return {"minutes_before": columns["reminder_minutes"]}
    if columns.get("reminder_time"):
        return {"time": _clock(columns["reminder_time"])}
    return None


RECORDED_MEMBERS = [
    name
    for name in field_names(TaskSerializer)
    if name in {field.name for field in TASK_FIELDS}
]


class ChangedFieldsSerializer(TaskSerializer):
    """The changed fields of a task, a list or a label."""

    name = serializers.CharField(max_length=LIST_NAME_MAX_LENGTH)
    colour = serializers.ChoiceField(Colour.choices)
    archived_at = serializers.DateTimeField(allow_null=True)

    optional_in_response = (*RECORDED_MEMBERS, *NOT_OF_TASKS)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        return {name: fields[name] for name in self.optional_in_response}


class ChangeSerializer(serializers.Serializer[None]):
    """One entry of the ledger: a change of one object.

    `before` and `after` hold the changed fields. `before` is null if the object was
    created, `after` if it was removed; both are null once it is permanently deleted.
    """

    id = serializers.UUIDField(read_only=True)
    at = serializers.DateTimeField(read_only=True)
    entity = serializers.ChoiceField(Change.Entity.choices, read_only=True)
    entity_id = serializers.UUIDField(read_only=True)
    kind = serializers.ChoiceField(Change.Kind.choices, read_only=True)
    before = ChangedFieldsSerializer(read_only=True, allow_null=True)
    after = ChangedFieldsSerializer(read_only=True, allow_null=True)
    batch = serializers.UUIDField(
        read_only=True, help_text="Shared by all changes of one action."
    )


class ChangeFeedSerializer(serializers.Serializer[None]):
    """A page of the feed, oldest change first."""

    results = ChangeSerializer(many=True, read_only=True)
    next = serializers.CharField(
        read_only=True,
        help_text="Send it as `since` in the next request. Always present.",
    )


class ChangePageSerializer(serializers.Serializer[None]):
    """A page of a history; `next` and `previous` are the URLs of the adjacent pages."""

    next = serializers.URLField(read_only=True, allow_null=True)
    previous = serializers.URLField(read_only=True, allow_null=True)
    results = ChangeSerializer(many=True, read_only=True)


class ChangeQuerySerializer(FieldsQuerySerializer):
    """Query parameters of the feed and of a history."""

    shows = ChangeSerializer
    page_size = page_size_field("Number of changes per response.")


class ChangeFeedQuerySerializer(ChangeQuerySerializer):
    """Query parameters of `GET changes`."""

    since = serializers.RegexField(
        SINCE,
        default=None,
        error_messages={
            "invalid": "Must be the `next` of an earlier response, 0 or latest."
        },
        help_text=(
            "The `next` of an earlier response. By default the feed starts with the"
            " oldest change that is kept; `latest` returns only its end."
        ),
    )


class TaskChangesQuerySerializer(ChangeQuerySerializer):
    """Query parameters of `GET tasks/{id}/changes`."""

    cursor = cursor_field()


class UndoSerializer(serializers.Serializer[None]):
    """What to undo: a change, a batch, or by default the last batch."""

    schema_keywords = {"not": {"required": ["change", "batch"]}}

    change = serializers.UUIDField(required=False, help_text="The id of one change.")
    batch = serializers.UUIDField(
        required=False, help_text="The id of a batch: all changes of one action."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) > 1:
            raise serializers.ValidationError(
                {"batch": "Provide either a change or a batch, not both."}
            )
        return {f"{name}_id": key for name, key in attrs.items()}


class UndoneSerializer(serializers.Serializer[None]):
    """What was undone. Undoing is a batch, too."""

    batch = serializers.UUIDField(read_only=True, help_text="Undo this batch to redo.")
    changes = ChangeSerializer(
        many=True, read_only=True, help_text="The first 200 changes made by undoing."
    )


class UndoProblemSerializer(ProblemSerializer):
    """The problem document of an undo; `undo_conflict` lists the changes."""

    optional_in_response = ("errors", "changes")

    changes = serializers.ListField(
        child=serializers.UUIDField(),
        read_only=True,
        help_text="The ids of later changes that conflict, or some of them.",
    )
