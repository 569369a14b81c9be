"""Bulk changes: `tasks/bulk`."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from accounts.models import validate_timezone
from config.api.fields import BoundedListField, WholeNumberField
from config.api.responses import Response
from config.api.scopes import WRITE
from config.json import JSONObject
from config.text import TextField
from todos import actions
from todos.api.serializers.fields import BoundedDateField, LocalTimeField
from todos.api.serializers.tasks import TaskSerializer, represent_task
from todos.api.tasks import TaskEndpoint
from todos.limits import (
    LABEL_MAX_LENGTH,
    PRIORITY_MAX,
    PRIORITY_MIN,
    TIMEZONE_MAX_LENGTH,
)

ACTIONS = (
    "complete",
    "reopen",
    "move",
    "due",
    "priority",
    "label",
    "unlabel",
    "trash",
    "restore",
)
# The field that an action requires.
REQUIRED = {
    "move": "list",
    "due": "due_date",
    "priority": "priority",
    "label": "label",
    "unlabel": "label",
}
DUE = ("due_date", "due_time", "due_tz")


class BulkSerializer(serializers.Serializer[None]):
    """An action on several tasks. It changes all of them, or none if one fails."""

    ids = BoundedListField(
        child=serializers.UUIDField(),
        allow_empty=False,
        min_length=1,  # for the OpenAPI document
        max_length=actions.TASKS_MAX,
        help_text="The ids of the tasks, without duplicates.",
    )
    action = serializers.ChoiceField(
        ACTIONS, help_text="The action. It determines which other fields apply."
    )
    list = serializers.UUIDField(
        required=False, help_text="For `move`: the id of the new list."
    )
    due_date = BoundedDateField(
        allow_null=True,
        required=False,
        help_text="For `due`: the new date; null removes it.",
    )
    due_time = LocalTimeField(
        allow_null=True,
        required=False,
        help_text="For `due`: the new time; unchanged if omitted.",
    )
    due_tz = TextField(
        max_length=TIMEZONE_MAX_LENGTH,
        allow_null=True,
        required=False,
        validators=[validate_timezone],
        help_text="For `due`, with a time: the IANA time zone.",
    )
    priority = WholeNumberField(
        min_value=PRIORITY_MIN,
        max_value=PRIORITY_MAX,
        required=False,
        help_text="For `priority`: the new priority.",
    )
    label = TextField(  # type: ignore[assignment]  # shadows an attribute
        max_length=LABEL_MAX_LENGTH,
        required=False,
        help_text="For `label` and `unlabel`: the name of the label.",
    )

    def validate_ids(self, ids: Sequence[UUID]) -> Sequence[UUID]:
        """Reject duplicate ids, with their positions."""
        seen: set[UUID] = set()
        duplicates = {}
        for number, one in enumerate(ids):
            if one in seen:
                duplicates[str(number)] = ["Duplicate id."]
            seen.add(one)
        if duplicates:
            raise serializers.ValidationError(duplicates)
        return ids

    def validate(self, values: JSONObject) -> JSONObject:
        """Check the fields of the action; return the arguments of `change_tasks`."""
        required = REQUIRED.get(values["action"])
        if required and required not in values:
            raise serializers.ValidationError({required: ["This field is required."]})
        has_time = values.get("due_time") is not None
        if has_time and values.get("due_date") is None:
            raise serializers.ValidationError(
                {"due_time": ["A time needs a due date."]}
            )
        if values.get("due_tz") is not None and not has_time:
            raise serializers.ValidationError(
                {"due_tz": ["A time zone needs a due time."]}
            )
        return self._as_arguments(values)

    def _as_arguments(self, values: JSONObject) -> JSONObject:
        action = values["action"]
        arguments: JSONObject = {"task_ids": values["ids"], "action": action}
        if action == "move":
            arguments["list_id"] = values["list"]
        elif action == "due":
            arguments["due"] = {name: values[name] for name in DUE if name in values}
            if values.get("due_tz", "") is None:
                arguments["due"]["due_tz"] = ""
        elif action in REQUIRED:
            arguments[REQUIRED[action]] = values[REQUIRED[action]]
        return arguments


class BulkTaskSerializer(TaskSerializer):
    """A task after the action."""

    optional_in_response = ("next",)

    next = TaskSerializer(
        read_only=True,
        allow_null=True,
        help_text="After `complete`: the next occurrence of a repeating task.",
    )


class BulkChangeSerializer(serializers.Serializer[None]):
    batch = serializers.UUIDField(
        read_only=True,
        allow_null=True,
        help_text="The batch to undo; null if nothing changed.",
    )
    tasks = BulkTaskSerializer(many=True, read_only=True)


class TaskBulkView(TaskEndpoint):
    """One action on up to 500 tasks. It changes all of them or none."""

    name = "Many tasks at once"
    scopes = {"POST": WRITE}
    list_methods = {"POST"}
    input_class = BulkSerializer
    conflicts = {"POST": (actions.InTrash, actions.AccountFull)}

    @extend_schema(operation_id="tasks_bulk", responses=BulkChangeSerializer)
    def post(self, request: Request, **kwargs: object) -> Response:
        """Change several tasks at once; the response has the order of `ids`."""
        done = actions.change_tasks(self.caller, **self.validated(request))
        return Response({"batch": done.batch, "tasks": represent_changed(done)})


def represent_changed(done: actions.BulkChange) -> list[JSONObject]:
    """Return the representations of the tasks, with next occurrences as `next`."""
    rows = []
    for task in done.tasks:
        row = represent_task(vars(task))
        if task.pk in done.next_occurrences:
            following = done.next_occurrences[task.pk]
            row["next"] = following and represent_task(vars(following))
        rows.append(row)
    return rows
