"""The endpoints of lists."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request

from config.api.conditional import conditional_response, etag, expected_version
from config.api.fields import select_fields
from config.api.responses import Response
from config.api.scopes import READ, WRITE
from todos import actions
from todos.api.endpoint import OwnedEndpoint
from todos.api.serializers.lists import (
    ListDeletionSerializer,
    ListPageQuerySerializer,
    ListPageSerializer,
    ListQuerySerializer,
    ListSerializer,
)
from todos.models import TaskList, TaskListQuerySet


class ListEndpoint(OwnedEndpoint):
    """The base class of the endpoints of lists."""

    tag = "lists"

    def answer(
        self,
        list_id: UUID,
        *,
        status: int = status.HTTP_200_OK,
        fields: Collection[str] | None = None,
    ) -> Response:
        """Return the response for a list as it is stored."""
        lists = TaskList.objects.owned_by(self.request.user).live().with_open_counts()
        row = lists.get(pk=list_id)
        body = ListSerializer(row).data
        return conditional_response(
            self.request,
            select_fields(body, fields),
            tag=etag(row.version, body["open_count"]),
            status=status,
        )


class ListListView(ListEndpoint):
    """The user's lists."""

    name = "Lists"
    scopes = {"GET": READ, "POST": WRITE}
    list_methods = {"GET"}
    input_class = ListSerializer
    conflicts = {"POST": (actions.AccountFull,)}
    is_versioned = True

    @extend_schema(
        operation_id="lists_list",
        parameters=[ListPageQuerySerializer],
        responses=ListPageSerializer,
    )
    def get(self, request: Request, **kwargs: object) -> Response:
        """List the lists, the inbox first. There is only one page."""
        query = self.validated_query(request, ListPageQuerySerializer)
        lists = _view_of(TaskList.objects.owned_by(request.user), query["view"])
        rows = ListSerializer(lists.with_open_counts().in_order(), many=True).data
        results = [select_fields(row, query["fields"]) for row in rows]
        return Response({"next": None, "previous": None, "results": results})

    @extend_schema(
        operation_id="lists_create",
        responses={201: ListSerializer},
    )
    def post(self, request: Request, **kwargs: object) -> Response:
        """Create a list at the end of the lists."""
        new = actions.create_list(self.caller, **self.validated(request))
        return self.answer(new.pk, status=status.HTTP_201_CREATED)


def _view_of(lists: TaskListQuerySet, view: str) -> TaskListQuerySet:
    match view:
        case "active":
            return lists.active()
        case "archived":
            return lists.archived()
        case "trash":
            return lists.trashed()
        case _:
            return lists.live()


class ListDetailView(ListEndpoint):
    """One of the user's lists."""

    name = "List"
    scopes = {"GET": READ, "PATCH": WRITE, "DELETE": WRITE}
    list_methods = {"GET"}
    input_class = ListSerializer
    is_versioned = True
    conflicts = {
        "PATCH": (actions.InboxProtected,),
        "DELETE": (actions.InboxProtected,),
    }

    @extend_schema(
        operation_id="lists_retrieve",
        parameters=[ListQuerySerializer],
        responses=ListSerializer,
    )
    def get(self, request: Request, list_id: UUID, **kwargs: object) -> Response:
        """Get a list that is not in the trash."""
        query = self.validated_query(request, ListQuerySerializer)
        return self.answer(list_id, fields=query["fields"])

    @extend_schema(
        operation_id="lists_partial_update",
        responses=ListSerializer,
    )
    def patch(self, request: Request, list_id: UUID, **kwargs: object) -> Response:
        """Update the fields of a list that are sent; `archived_at` archives it."""
        actions.update_list(
            self.caller,
            list_id=list_id,
            changes=self.validated(request),
            version=expected_version(request),
        )
        return self.answer(list_id)

    @extend_schema(
        operation_id="lists_destroy",
        parameters=[ListDeletionSerializer],
        responses={204: None},
    )
    def delete(self, request: Request, list_id: UUID, **kwargs: object) -> Response:
        """Move a list to the trash, with its tasks unless `move_to` is sent."""
        query = self.validated_query(request, ListDeletionSerializer)
        actions.trash_list(
            self.caller,
            list_id=list_id,
            move_to=query["move_to"],
            version=expected_version(request),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class ListRestoreView(ListEndpoint):
    """Restore a list from the trash. Repeating the request has no further effect."""

    name = "Restore a list"
    scopes = {"POST": WRITE}
    is_versioned = True

    @extend_schema(operation_id="lists_restore", responses=ListSerializer)
    def post(self, request: Request, list_id: UUID, **kwargs: object) -> Response:
        """Restore a list, with the tasks that were moved to the trash with it."""
        actions.restore_list(
            self.caller, list_id=list_id, version=expected_version(request)
        )
        return self.answer(list_id)
