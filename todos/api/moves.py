"""Manual sorting: `tasks/{id}/move` and `lists/{id}/move`."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from config.api.conditional import expected_version
from config.api.fields import ExactlyOneField
from config.api.responses import Response
from config.api.scopes import WRITE
from config.json import JSONObject
from todos import actions
from todos.api.lists import ListEndpoint
from todos.api.serializers.lists import ListSerializer
from todos.api.serializers.tasks import TaskSerializer
from todos.api.tasks import TaskEndpoint


class ListMoveSerializer(ExactlyOneField):
    """The new position: directly before or after another. Send exactly one field."""

    before = serializers.UUIDField(
        required=False, help_text="The id of the other object."
    )
    after = serializers.UUIDField(
        required=False, help_text="The id of the other object."
    )

    def validate(self, attrs: JSONObject) -> JSONObject:
        """Return the new place as the argument `to` of the actions."""
        ((name, key),) = super().validate(attrs).items()
        return {"to": key if name == "list" else actions.Beside(name, key)}


class TaskMoveSerializer(ListMoveSerializer):
    """The new position: next to another task, or at the end of a list.

    Send exactly one field.
    """

    list = serializers.UUIDField(required=False, help_text="The id of the list.")


class TaskMoveView(TaskEndpoint):
    """Move a task, with its steps."""

    name = "Move a task"
    scopes = {"POST": WRITE}
    list_methods = {"POST"}
    input_class = TaskMoveSerializer
    is_versioned = True
    conflicts = {"POST": (actions.InTrash,)}

    @extend_schema(operation_id="tasks_move", responses=TaskSerializer)
    def post(self, request: Request, task_id: UUID, **kwargs: object) -> Response:
        """Move a task next to another with the same parent, or to the end of a list."""
        task = actions.move_task(
            self.caller,
            task_id=task_id,
            **self.validated(request),
            version=expected_version(request),
        )
        return self.answer(task)


class ListMoveView(ListEndpoint):
    """Move a list. The inbox is always first."""

    name = "Move a list"
    scopes = {"POST": WRITE}
    input_class = ListMoveSerializer
    is_versioned = True
    conflicts = {"POST": (actions.InboxProtected,)}

    @extend_schema(operation_id="lists_move", responses=ListSerializer)
    def post(self, request: Request, list_id: UUID, **kwargs: object) -> Response:
        """Move a list directly before or after another."""
        actions.move_list(
            self.caller,
            list_id=list_id,
            **self.validated(request),
            version=expected_version(request),
        )
        return self.answer(list_id)
