"""The order by hand: `tasks/{id}/move` and `lists/{id}/move`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.conditional import expected_version
from todos import actions
from todos.api.lists import ListEndpoint
from todos.api.serializers.lists import ListSerializer
from todos.api.serializers.tasks import TaskSerializer
from todos.api.tasks import TaskEndpoint


class ListMoveSerializer(serializers.Serializer[Any]):
    """Where to: right before or right after another. Exactly one of the fields."""

    is_a_choice = True

    before = serializers.UUIDField(required=False, help_text="The id of the other.")
    after = serializers.UUIDField(required=False, help_text="The id of the other.")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        """Refuse none and more than one."""
        if len(values) != 1:
            *others, last = self.fields
            raise serializers.ValidationError(
                f"Give exactly one of {', '.join(others)} and {last}."
            )
        return values

    def place(self) -> Any:
        """Return the place in the words of the actions."""
        ((name, key),) = self.validated_data.items()
        return key if name == "list" else actions.Beside(name, key)


class TaskMoveSerializer(ListMoveSerializer):
    """Where to: right before or after another task, or to the end of a list.

    Exactly one of the fields.
    """

    list = serializers.UUIDField(
        required=False, help_text="The id of the list to go to the end of."
    )


class TaskMoveView(TaskEndpoint):
    """Move a task, with its steps."""

    name = "Move a task"
    operations = {"POST": "tasks_move"}
    tagged = conditional = ("POST",)
    conflicts = {"POST": (actions.InTrash,)}

    @extend_schema(request=TaskMoveSerializer, responses=TaskSerializer)
    def post(self, request: Request, task_id: UUID, **kwargs: Any) -> Response:
        """Move a task beside another, under the same parent, or to a list's end."""
        serializer = TaskMoveSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        task = actions.move_task(
            self.caller,
            task_id=task_id,
            to=serializer.place(),
            version=expected_version(request),
        )
        return self.answer(task)


class ListMoveView(ListEndpoint):
    """Move a list among the others. The inbox stays first."""

    name = "Move a list"
    operations = {"POST": "lists_move"}
    tagged = conditional = ("POST",)
    conflicts = {"POST": (actions.InboxProtected,)}

    @extend_schema(request=ListMoveSerializer, responses=ListSerializer)
    def post(self, request: Request, list_id: UUID, **kwargs: Any) -> Response:
        """Move a list right before or right after another."""
        serializer = ListMoveSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        actions.move_list(
            self.caller,
            list_id=list_id,
            to=serializer.place(),
            version=expected_version(request),
        )
        return self.answer(list_id)
