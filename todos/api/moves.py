"""The order by hand: `tasks/{id}/move` and `lists/{id}/move`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.conditional import expected_version
from config.api.fields import ExactlyOneField
from todos import actions
from todos.api.lists import ListEndpoint
from todos.api.serializers.lists import ListSerializer
from todos.api.serializers.tasks import TaskSerializer
from todos.api.tasks import TaskEndpoint


class ListMoveSerializer(ExactlyOneField):
    """Where to: right before or right after another. Exactly one of the fields."""

    before = serializers.UUIDField(required=False, help_text="The id of the other.")
    after = serializers.UUIDField(required=False, help_text="The id of the other.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the new place as the argument `to` of the actions."""
        ((name, key),) = super().validate(attrs).items()
        return {"to": key if name == "list" else actions.Beside(name, key)}


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
    input_class = TaskMoveSerializer
    is_versioned = True
    conflicts = {"POST": (actions.InTrash,)}

    @extend_schema(operation_id="tasks_move", responses=TaskSerializer)
    def post(self, request: Request, task_id: UUID, **kwargs: Any) -> Response:
        """Move a task beside another, under the same parent, or to a list's end."""
        task = actions.move_task(
            self.caller,
            task_id=task_id,
            **self.validated(request),
            version=expected_version(request),
        )
        return self.answer(task)


class ListMoveView(ListEndpoint):
    """Move a list among the others. The inbox stays first."""

    name = "Move a list"
    input_class = ListMoveSerializer
    is_versioned = True
    conflicts = {"POST": (actions.InboxProtected,)}

    @extend_schema(operation_id="lists_move", responses=ListSerializer)
    def post(self, request: Request, list_id: UUID, **kwargs: Any) -> Response:
        """Move a list right before or right after another."""
        actions.move_list(
            self.caller,
            list_id=list_id,
            **self.validated(request),
            version=expected_version(request),
        )
        return self.answer(list_id)
