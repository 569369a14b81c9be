"""The signed-in person's tasks and lists, version 1 of the API.

Someone else's object does not exist here: 404, with the same bytes as for an id that
never was.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, QueryDict
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import credential_of, user_of
from config.api.conditional import (
    PreconditionFailed,
    etag,
    expected_version,
    tagged,
)
from config.api.pagination import Cursor, page_body, page_of
from config.api.problems import Conflict
from config.api.views import Endpoint
from todos import actions
from todos.api.serializers import (
    TASK_COLUMNS,
    CompletedTaskSerializer,
    ListDeletionSerializer,
    ListPageSerializer,
    ListSerializer,
    TaskPageSerializer,
    TaskQuerySerializer,
    TaskSerializer,
    represent_task,
)
from todos.models import Task, TaskList, TaskQuerySet
from todos.schedule.days import today as day_of


class OwnedEndpoint(Endpoint):
    """An endpoint over the caller's own rows; every write goes through an action."""

    def caller(self) -> dict[str, Any]:
        """Return what each action asks: whose data, by which credential, when."""
        return {
            "owner": user_of(self.request),
            "by": credential_of(self.request),
            "at": timezone.now(),
        }

    def handle_exception(self, exc: Exception) -> Response:
        """Word the domain's exceptions for HTTP."""
        if isinstance(exc, ObjectDoesNotExist):
            exc = Http404()
        elif isinstance(exc, actions.VersionConflict):
            exc = PreconditionFailed()
        elif isinstance(exc, actions.Refused):
            exc = Conflict(str(exc), code=exc.code)
        return super().handle_exception(exc)

    def checked_query(self, serializer: Any) -> dict[str, Any]:
        """Return the query as `serializer` reads it, or answer 400."""
        if not self.request.query_params:
            return dict(_unasked(serializer))
        checked = serializer(data=_without_empty(self.request.query_params))
        checked.is_valid(raise_exception=True)
        query: dict[str, Any] = checked.validated_data
        return query


@cache
def _unasked(serializer: Any) -> dict[str, Any]:
    """Return what an empty query means to a serializer class: its defaults.

    Kept, because most lists are asked for so, and finding out takes a sixth of the
    time of such a request.
    """
    checked = serializer(data=QueryDict())
    checked.is_valid(raise_exception=True)
    query: dict[str, Any] = checked.validated_data
    return query


def _without_empty(query: QueryDict) -> QueryDict:
    """Treat `?due_after=` like an absent parameter, as forms send it."""
    given = query.copy()
    for name in query:
        given.setlist(name, [value for value in query.getlist(name) if value != ""])
        if not given.getlist(name):
            del given[name]
    return given


class TaskEndpoint(OwnedEndpoint):
    """What the endpoints of tasks share."""

    schema_tag = "tasks"

    def answer(self, task: Task, *, status: int = status.HTTP_200_OK) -> Response:
        """Answer with a task as an action left it."""
        return Response(
            represent_task(vars(task)),
            status=status,
            headers={"ETag": etag(task.version)},
        )

    def validated(self, *, partial: bool = False) -> dict[str, Any]:
        """Return the body in the words of the actions, or answer 400."""
        serializer = TaskSerializer(data=self.request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        return serializer.as_changes()


class TaskListView(TaskEndpoint):
    """The caller's tasks."""

    operations = {
        "GET": "tasks_list",
        "POST": "tasks_create",
    }

    @extend_schema(
        parameters=[TaskQuerySerializer],
        responses=TaskPageSerializer,
    )
    def get(self, request: Request, **kwargs: Any) -> Response:
        query = self.checked_query(TaskQuerySerializer)
        cursor = query["cursor"] and Cursor.decode(
            query["cursor"], ordering=query["ordering"]
        )
        page = page_of(
            self._tasks(query).with_labels().values(*TASK_COLUMNS),
            ordering=query["ordering"],
            size=query["page_size"],
            cursor=cursor,
        )
        return Response(
            page_body(request, page, [represent_task(row) for row in page.rows])
        )

    def _tasks(self, query: dict[str, Any]) -> TaskQuerySet:
        tasks = _view_of(
            Task.objects.owned_by(self.request.user), query["view"], self.request
        )
        if query["list"]:
            tasks = tasks.filter(list__in=query["list"])
        if query["parent"]:
            tasks = tasks.filter(parent=query["parent"])
        elif query["view"] in TOP_LEVEL_VIEWS:
            tasks = tasks.top_level()
        if query["priority"]:
            tasks = tasks.filter(priority=query["priority"])
        if query["due_after"]:
            tasks = tasks.filter(due_date__gte=query["due_after"])
        if query["due_before"]:
            tasks = tasks.filter(due_date__lt=query["due_before"])
        return tasks.with_every_label(query["label"]).matching(query["q"])

    @extend_schema(
        request=TaskSerializer,
        responses={201: TaskSerializer},
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        task = actions.create_task(**self.caller(), **self.validated())
        return self.answer(task, status=status.HTTP_201_CREATED)


# The others also show steps: by a date, or a state, of their own.
TOP_LEVEL_VIEWS = {"open", "inbox", "all"}


def _view_of(tasks: TaskQuerySet, view: str, request: Request) -> TaskQuerySet:
    user = user_of(request)
    today = day_of(now=timezone.now(), zone=user.zone, day_start=user.day_start)
    match view:
        case "open":
            return tasks.open().in_active_lists()
        case "today":
            return tasks.due_by(today).in_active_lists()
        case "overdue":
            return tasks.overdue(today=today).in_active_lists()
        case "upcoming":
            return tasks.upcoming(today=today).in_active_lists()
        case "inbox":
            return tasks.open().in_inbox()
        case "completed":
            return tasks.completed()
        case "trash":
            return tasks.trashed()
        case _:
            return tasks.live()


class TaskDetailView(TaskEndpoint):
    """One of the caller's tasks."""

    operations = {
        "GET": "tasks_retrieve",
        "PUT": "tasks_update",
        "PATCH": "tasks_partial_update",
        "DELETE": "tasks_destroy",
    }

    @extend_schema(responses=TaskSerializer)
    def get(self, request: Request, task_id: UUID, **kwargs: Any) -> Response:
        tasks = Task.objects.owned_by(request.user).with_labels()
        row = tasks.values(*TASK_COLUMNS).get(pk=task_id)
        return tagged(request, represent_task(row), version=row["version"])

    @extend_schema(
        request=TaskSerializer, responses={200: TaskSerializer, 409: None, 412: None}
    )
    def put(self, request: Request, task_id: UUID, **kwargs: Any) -> Response:
        return self._update(task_id, partial=False)

    @extend_schema(
        request=TaskSerializer(partial=True),
        responses=TaskSerializer,
    )
    def patch(self, request: Request, task_id: UUID, **kwargs: Any) -> Response:
        return self._update(task_id, partial=True)

    def _update(self, task_id: UUID, *, partial: bool) -> Response:
        task = actions.update_task(
            **self.caller(),
            task_id=task_id,
            changes=self.validated(partial=partial),
            version=expected_version(self.request),
        )
        return self.answer(task)

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "permanent",
                bool,
                description="Remove for good what is already in the trash.",
            )
        ],
        responses={204: None, 409: None},
    )
    def delete(self, request: Request, task_id: UUID, **kwargs: Any) -> Response:
        permanent = request.query_params.get("permanent", "").lower()
        for_good = permanent in {"true", "1"}
        act = actions.remove_task if for_good else actions.trash_task
        act(**self.caller(), task_id=task_id, version=expected_version(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class TaskCompleteView(TaskEndpoint):
    """Complete a task; twice is as good as once."""

    operations = {"POST": "tasks_complete"}

    @extend_schema(request=None, responses=CompletedTaskSerializer)
    def post(self, request: Request, task_id: UUID, **kwargs: Any) -> Response:
        done = actions.complete_task(
            **self.caller(), task_id=task_id, version=expected_version(request)
        )
        body = represent_task(vars(done.task))
        body["next"] = done.next and represent_task(vars(done.next))
        return Response(body, headers={"ETag": etag(done.task.version)})


class TaskReopenView(TaskEndpoint):
    """Open a completed task again; twice is as good as once."""

    operations = {"POST": "tasks_reopen"}

    @extend_schema(request=None, responses=TaskSerializer)
    def post(self, request: Request, task_id: UUID, **kwargs: Any) -> Response:
        task = actions.reopen_task(
            **self.caller(), task_id=task_id, version=expected_version(request)
        )
        return self.answer(task)


class TaskRestoreView(TaskEndpoint):
    """Take a task out of the trash; twice is as good as once."""

    operations = {"POST": "tasks_restore"}

    @extend_schema(request=None, responses=TaskSerializer)
    def post(self, request: Request, task_id: UUID, **kwargs: Any) -> Response:
        return self.answer(actions.restore_task(**self.caller(), task_id=task_id))


class ListEndpoint(OwnedEndpoint):
    """What the endpoints of lists share."""

    schema_tag = "lists"

    def answer(self, list_id: UUID, *, status: int = status.HTTP_200_OK) -> Response:
        """Answer with a list as it is stored now, with its count of open tasks."""
        lists = TaskList.objects.owned_by(self.request.user).live().with_open_counts()
        row = lists.get(pk=list_id)
        return tagged(
            self.request,
            ListSerializer(row).data,
            version=row.version,
            status=status,
        )

    def validated(self, *, partial: bool = False) -> dict[str, Any]:
        """Return the body as the actions want it, or answer 400."""
        serializer = ListSerializer(data=self.request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        changes: dict[str, Any] = dict(serializer.validated_data)
        return changes


class ListListView(ListEndpoint):
    """The caller's lists, the inbox first. They are few, so all come at once."""

    operations = {
        "GET": "lists_list",
        "POST": "lists_create",
    }

    @extend_schema(responses=ListPageSerializer)
    def get(self, request: Request, **kwargs: Any) -> Response:
        lists = TaskList.objects.owned_by(request.user).live()
        rows = lists.with_open_counts().in_order()
        return Response(
            {
                "next": None,
                "previous": None,
                "results": ListSerializer(rows, many=True).data,
            }
        )

    @extend_schema(
        request=ListSerializer,
        responses={201: ListSerializer},
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        new = actions.create_list(**self.caller(), **self.validated())
        return self.answer(new.pk, status=status.HTTP_201_CREATED)


class ListDetailView(ListEndpoint):
    """One of the caller's lists."""

    operations = {
        "GET": "lists_retrieve",
        "PATCH": "lists_partial_update",
        "DELETE": "lists_destroy",
    }

    @extend_schema(responses=ListSerializer)
    def get(self, request: Request, list_id: UUID, **kwargs: Any) -> Response:
        return self.answer(list_id)

    @extend_schema(
        request=ListSerializer(partial=True),
        responses=ListSerializer,
    )
    def patch(self, request: Request, list_id: UUID, **kwargs: Any) -> Response:
        actions.update_list(
            **self.caller(),
            list_id=list_id,
            changes=self.validated(partial=True),
            version=expected_version(request),
        )
        return self.answer(list_id)

    @extend_schema(
        parameters=[ListDeletionSerializer],
        responses={204: None, 409: None},
    )
    def delete(self, request: Request, list_id: UUID, **kwargs: Any) -> Response:
        query = self.checked_query(ListDeletionSerializer)
        actions.trash_list(
            **self.caller(),
            list_id=list_id,
            move_to=query["move_to"],
            version=expected_version(request),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)
