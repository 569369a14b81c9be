"""Many tasks at once: `tasks/bulk`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import validate_timezone
from config.api.fields import BoundedListField, WholeNumberField
from config.text import TextField
from todos import actions
from todos.api.serializers.fields import BoundedDateField, WallTimeField
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
# What an action can't do without.
NEEDED = {
    "move": "list",
    "due": "due_date",
    "priority": "priority",
    "label": "label",
    "unlabel": "label",
}
DUE = ("due_date", "due_time", "due_tz")


class BulkSerializer(serializers.Serializer[Any]):
    """What to do to which tasks: all of them, or none where one can't be changed."""

    ids = BoundedListField(
        child=serializers.UUIDField(),
        allow_empty=False,
        min_length=1,  # as the document has to be told once more
        max_length=actions.TASKS_MAX,
        help_text="The tasks, each once.",
    )
    action = serializers.ChoiceField(
        ACTIONS, help_text="What to do; the fields below say for which it is needed."
    )
    list = serializers.UUIDField(required=False, help_text="For `move`: where to.")
    due_date = BoundedDateField(
        allow_null=True, required=False, help_text="For `due`; null takes it away."
    )
    due_time = WallTimeField(
        allow_null=True,
        required=False,
        help_text="For `due`; what is not sent stays.",
    )
    due_tz = TextField(
        max_length=TIMEZONE_MAX_LENGTH,
        allow_null=True,
        required=False,
        validators=[validate_timezone],
        help_text="For `due`, with a time.",
    )
    priority = WholeNumberField(
        min_value=PRIORITY_MIN,
        max_value=PRIORITY_MAX,
        required=False,
        help_text="For `priority`.",
    )
    label = TextField(  # type: ignore[assignment]  # no clash: a field
        max_length=LABEL_MAX_LENGTH,
        required=False,
        help_text="For `label` and `unlabel`: a name.",
    )

    def validate_ids(self, ids: Any) -> Any:
        """Refuse a task that is named twice, and say where."""
        seen: set[Any] = set()
        twice = {}
        for number, one in enumerate(ids):
            if one in seen:
                twice[str(number)] = ["Name each task once."]
            seen.add(one)
        if twice:
            raise serializers.ValidationError(twice)
        return ids

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """Check the fields against the action; return arguments of `change_tasks`."""
        needed = NEEDED.get(values["action"])
        if needed and needed not in values:
            raise serializers.ValidationError({needed: ["This field is required."]})
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

    def _as_arguments(self, values: dict[str, Any]) -> dict[str, Any]:
        action = values["action"]
        arguments: dict[str, Any] = {"task_ids": values["ids"], "action": action}
        if action == "move":
            arguments["list_id"] = values["list"]
        elif action == "due":
            arguments["due"] = {name: values[name] for name in DUE if name in values}
            if values.get("due_tz", "") is None:
                arguments["due"]["due_tz"] = ""
        elif action in NEEDED:
            arguments[NEEDED[action]] = values[NEEDED[action]]
        return arguments


class BulkTaskSerializer(TaskSerializer):
    """A task after the change."""

    optional_in_response = ("next",)

    next = TaskSerializer(
        read_only=True,
        allow_null=True,
        help_text="After `complete`: the next occurrence of a repeating task.",
    )


class BulkChangeSerializer(serializers.Serializer[Any]):
    batch = serializers.UUIDField(
        read_only=True,
        allow_null=True,
        help_text="To be undone as one; null where nothing changed.",
    )
    tasks = BulkTaskSerializer(many=True, read_only=True)


class TaskBulkView(TaskEndpoint):
    """One action on up to 500 tasks: all or nothing."""

    name = "Many tasks at once"
    input_class = BulkSerializer
    conflicts = {"POST": (actions.InTrash, actions.AccountFull)}

    @extend_schema(operation_id="tasks_bulk", responses=BulkChangeSerializer)
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Change the tasks; the answer has them in the order they were named."""
        done = actions.change_tasks(self.caller, **self.validated(request))
        return Response({"batch": done.batch, "tasks": represent_changed(done)})


def represent_changed(done: actions.BulkChange) -> list[dict[str, Any]]:
    """Return the tasks as v1 shows them; completed ones with what follows."""
    rows = []
    for task in done.tasks:
        row = represent_task(vars(task))
        if task.pk in done.next_occurrences:
            following = done.next_occurrences[task.pk]
            row["next"] = following and represent_task(vars(following))
        rows.append(row)
    return rows
