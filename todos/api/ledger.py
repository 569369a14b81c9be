"""The ledger as programs see it: the feed of changes, a task's history, undo."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import user_of
from config.api.fields import FieldsField, names_of, picked
from config.api.pagination import (
    CURSOR_MAX_LENGTH,
    DEFAULT_PAGE_SIZE,
    MAX_PAGE_SIZE,
    Cursor,
    page_body,
    page_of,
)
from config.api.problems import Gone, ProblemSerializer
from config.api.throttling import CostlyThrottle, UserThrottle
from todos import actions
from todos.api.endpoint import OwnedEndpoint
from todos.api.serializers import TaskSerializer, represent_clock
from todos.limits import LIST_NAME_MAX_LENGTH
from todos.models import Change, Colour, Ledger, Task

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
    fields = {name: columns[name] for name in columns if name in SAME_IN_BOTH}
    for name in INSTANTS & columns.keys():
        fields[name] = _instant(columns[name])
    for name in ("list", "parent"):
        if f"{name}_id" in columns:
            fields[name] = columns[f"{name}_id"]
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


SAME_IN_BOTH = {
    *("title", "notes", "priority", "due_date", "start_date", "labels", "series"),
    *("position", "name", "colour"),
}
INSTANTS = {"completed_at", "trashed_at", "archived_at"}


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


class ChangedFieldsSerializer(TaskSerializer):
    """Fields of a task, a list or a label: those that a change touched."""

    name = serializers.CharField(max_length=LIST_NAME_MAX_LENGTH)
    colour = serializers.ChoiceField(Colour.choices)
    archived_at = serializers.DateTimeField(allow_null=True)

    FIELDS = (
        *("list", "parent", "title", "notes", "priority", "due_date", "due_time"),
        *("due_tz", "start_date", "recurrence", "reminder", "labels", "position"),
        *("series", "completed_at", "trashed_at", "name", "colour", "archived_at"),
    )
    may_lack = FIELDS

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        return {name: fields[name] for name in self.FIELDS}


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


class ChangeListView(OwnedEndpoint):
    """What was changed since a place in the feed, in order, with tombstones."""

    name = "Changes"
    schema_tag = "changes"
    operations = {"GET": "changes_list"}

    @extend_schema(
        parameters=[ChangeFeedQuerySerializer],
        responses={200: ChangeFeedSerializer, 410: None},
    )
    def get(self, request: Request, **kwargs: Any) -> Response:
        """Follow the feed: what was changed since a place in it, in order. What was
        removed for good stays as a tombstone without text.
        """
        query = self.checked_query(ChangeFeedQuerySerializer)
        purged, last = _bounds(request)
        since = _start(query["since"], purged=purged, last=last)
        mine = Change.objects.owned_by(request.user).filter(seq__gt=since)
        rows = list(mine.order_by("seq").values(*CHANGE_COLUMNS)[: query["page_size"]])
        return Response(
            {
                "results": [
                    picked(represent_change(row), query["fields"]) for row in rows
                ],
                "next": str(rows[-1]["seq"] if rows else since),
            }
        )


def _bounds(request: Request) -> tuple[int, int]:
    """Return the last number that is gone for its age, and the last there is."""
    ledgers = Ledger.objects.owned_by(request.user)
    found = ledgers.values_list("purged_seq", "last_seq").first()
    return found or (0, 0)


def _start(since: str | None, *, purged: int, last: int) -> int:
    """Return the number after which to go on.

    Raises:
        Gone: changes after `since` are no longer kept, or it is of another time: a
            backup was put back since.
    """
    if since is None:
        return purged
    if since == LATEST:
        return last
    if not purged <= int(since) <= last:
        raise Gone("The feed no longer reaches back to there. Read everything again.")
    return int(since)


class TaskChangesQuerySerializer(ChangeQuerySerializer):
    """How `GET tasks/{id}/changes` is asked."""

    cursor = serializers.CharField(
        max_length=CURSOR_MAX_LENGTH,
        default=None,
        help_text="A page of an earlier answer: follow its `next` and `previous`.",
    )


class TaskChangesView(OwnedEndpoint):
    """The history of one task, the latest change first."""

    name = "Changes of a task"
    schema_tag = "tasks"
    operations = {"GET": "tasks_changes"}
    ORDERING = "-seq"

    @extend_schema(
        parameters=[TaskChangesQuerySerializer], responses=ChangePageSerializer
    )
    def get(self, request: Request, task_id: UUID, **kwargs: Any) -> Response:
        """Return the history of a task, the latest change first."""
        query = self.checked_query(TaskChangesQuerySerializer)
        task = Task.objects.owned_by(request.user).only("pk").get(pk=task_id)
        cursor = query["cursor"] and Cursor.decode(
            query["cursor"], ordering=self.ORDERING
        )
        page = page_of(
            Change.objects.owned_by(request.user)
            .of(Change.Entity.TASK, task.pk)
            .values(*CHANGE_COLUMNS),
            ordering=self.ORDERING,
            size=query["page_size"],
            cursor=cursor,
        )
        changes = (represent_change(row) for row in page.rows)
        results = [picked(change, query["fields"]) for change in changes]
        return Response(page_body(request, page, results))


class UndoSerializer(serializers.Serializer[Any]):
    """What to take back: a change, a batch, or, with neither, the last batch."""

    rules = {"not": {"required": ["change", "batch"]}}

    change = serializers.UUIDField(required=False, help_text="The id of one change.")
    batch = serializers.UUIDField(
        required=False, help_text="The id of a batch: all that was done at once."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) > 1:
            raise serializers.ValidationError({"batch": "Give a change or a batch."})
        return attrs


class UndoneSerializer(serializers.Serializer[Any]):
    """What undoing changed; it is a batch itself."""

    batch = serializers.UUIDField(read_only=True, help_text="Undo it to redo.")
    changes = ChangeSerializer(
        many=True, read_only=True, help_text="The first 200 that undoing made."
    )


class UndoProblemSerializer(ProblemSerializer):
    """The problem document of an undo; of `undo_conflict`, with what is in the way."""

    may_lack = ("errors", "changes")

    changes = serializers.ListField(
        child=serializers.UUIDField(),
        read_only=True,
        help_text="The ids of later changes that stand in the way, or some of them.",
    )


class UndoView(OwnedEndpoint):
    """Take changes back. Undoing an undo does them again."""

    name = "Undo"
    schema_tag = "changes"
    operations = {"POST": "undo"}
    throttle_classes = (UserThrottle, CostlyThrottle)
    throttle_scope = "undo"
    refusal_serializers = {409: UndoProblemSerializer}
    conflicts = {
        "POST": (
            actions.AccountFull,
            actions.UndoConflict,
            actions.CannotBeUndone,
            actions.UndoTooLarge,
            actions.NothingToUndo,
        )
    }

    @extend_schema(request=UndoSerializer, responses={200: UndoneSerializer, 404: None})
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Take changes back. Undoing an undo does them again."""
        serializer = UndoSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        undone = actions.undo(
            **self.caller(),
            change_id=serializer.validated_data.get("change"),
            batch_id=serializer.validated_data.get("batch"),
        )
        made = Change.objects.owned_by(user_of(request)).filter(batch=undone.batch)
        rows = made.order_by("seq").values(*CHANGE_COLUMNS)[:MAX_PAGE_SIZE]
        return Response(
            {"batch": undone.batch, "changes": [represent_change(row) for row in rows]}
        )
