"""The plan's contract: six routes for clients that were written for the plan.

They accept several spellings and answer with one. A task in the trash and another
user's task are answered with 404, with the same bytes as for an unknown id.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from uuid import UUID

from django.db.models import F
from django.db.models.expressions import OrderBy
from django.db.models.functions import Lower
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.permissions import RouteNamesCaller, names_caller
from accounts.authentication import user_of
from config.api.scopes import APPEND, READ, WRITE
from config.json import JSONObject
from todos import actions
from todos.api.endpoint import OwnedEndpoint
from todos.api.plan.pages import page_of
from todos.api.plan.problems import PlanErrorSerializer, handle_exception
from todos.api.plan.query import NAMES, PlanQuerySerializer, parameters_of
from todos.api.plan.serializers import (
    CompletionSerializer,
    PlanTaskSerializer,
    represent_plan_task,
)
from todos.models import Task, TaskQuerySet
from todos.task_fields import PLAN_COLUMNS

TASK_ID = OpenApiParameter("task_id", OpenApiTypes.UUID, OpenApiParameter.PATH)
PAGE_HEADERS = [
    OpenApiParameter(
        "X-Total-Count",
        int,
        OpenApiParameter.HEADER,
        response=[200],
        description="The number of tasks on all pages.",
    ),
    OpenApiParameter(
        "Link",
        str,
        OpenApiParameter.HEADER,
        response=[200],
        description="Links to the pages first, prev, next and last (RFC 8288).",
    ),
]


NO_PARAMETERS = ("user_id",)  # but the one that names the caller


class PlanEndpoint(OwnedEndpoint):
    """The base class of the plan's endpoints. The route must name the user."""

    permission_classes = (IsAuthenticated, RouteNamesCaller)
    tag = "plan"
    problem_class = PlanErrorSerializer

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return handle_exception

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, actions.InTrash):
            exc = Http404()
        return super().handle_exception(exc)

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Refuse parameters that are not served, and another user's id among them."""
        super().initial(request, *args, **kwargs)
        if request.method == "OPTIONS":
            return
        self.parameters = parameters_of(request.query_params, self.parameter_names)
        named = self.parameters.pop("user_id", None)
        if named is not None and not names_caller(request, named):
            raise PermissionDenied(RouteNamesCaller.message, RouteNamesCaller.code)

    @property
    def parameter_names(self) -> Collection[str]:
        """The query parameters that the request may have."""
        return NO_PARAMETERS

    def tasks(self) -> TaskQuerySet:
        """Return the user's tasks outside the trash."""
        return Task.objects.owned_by(self.request.user).live().with_labels()

    @property
    def task_id(self) -> UUID:
        """The id in the route; 404 if it is not a UUID."""
        try:
            return UUID(self.kwargs["task_id"])
        except ValueError as exc:
            raise Http404() from exc

    @property
    def named_user_id(self) -> str:
        """The id of the user, as in the route; for `me`, or without one, the own id."""
        named: str = self.kwargs.get("user_id", "me")
        return str(user_of(self.request).pk) if named == "me" else named

    def answer(self, task: Task, *, status: int = status.HTTP_200_OK) -> Response:
        """Return the response for a task that an action returned."""
        body = represent_plan_task(vars(task), user_id=self.named_user_id)
        return Response(body, status=status)


class PlanTaskListView(PlanEndpoint):
    """The user's tasks, without steps, as an array."""

    name = "Tasks"
    scopes = {"GET": READ, "POST": APPEND}
    list_methods = {"GET", "POST"}
    input_class = PlanTaskSerializer
    conflicts = {"POST": (actions.AccountFull,)}

    @property
    def parameter_names(self) -> Collection[str]:
        return NO_PARAMETERS if self.request.method == "POST" else NAMES

    @extend_schema(
        operation_id="plan_tasks_list",
        parameters=[PlanQuerySerializer, *PAGE_HEADERS],
        responses={200: PlanTaskSerializer(many=True)},
    )
    def get(self, request: Request, **kwargs: object) -> Response:
        """List the tasks, by default the newest 500."""
        query = PlanQuerySerializer.read(self.parameters)
        rows = (
            self._matching(query)
            .order_by(*_order(query["sort"], query["order"]))
            .values(*PLAN_COLUMNS)
        )
        page = page_of(rows, skip=query["skip"], size=query["limit"])
        user_id = self.named_user_id
        return Response(
            [represent_plan_task(row, user_id=user_id) for row in page.rows],
            headers=page.headers(request),
        )

    def _matching(self, query: JSONObject) -> TaskQuerySet:
        tasks = self.tasks().top_level()
        for is_completed in (query["status"], query["completed"]):
            if is_completed is not None:
                tasks = tasks.filter(completed_at__isnull=not is_completed)
        if query["priority"] is not None:
            tasks = tasks.filter(priority=query["priority"])
        return tasks.with_every_label(query["tag"]).matching(query["search"])

    @extend_schema(
        operation_id="plan_tasks_create",
        responses={201: PlanTaskSerializer},
    )
    def post(self, request: Request, **kwargs: object) -> Response:
        """Create a task in the inbox.

        A token that only adds tasks gets only the `id`.
        """
        body = self.validated(request)
        completed_at = self.caller.at if body.pop("completed") else None
        task = actions.create_task(self.caller, **body, completed_at=completed_at)
        if not self.may_read:
            return Response({"id": task.pk}, status=status.HTTP_201_CREATED)
        return self.answer(task, status=status.HTTP_201_CREATED)


def _order(column: str, direction: str) -> list[OrderBy]:
    """Return the order by a column, of equal values the newest first.

    Tasks without a date come last; of those due on one date, a date without a time is
    less than one with a time.
    """
    newest_first = [F("created_at").desc(), F("id").desc()]
    match column, direction:
        case "created_at", "asc":
            return [F("created_at").asc(), F("id").asc()]
        case "created_at", _:
            return newest_first
        case "due_date", "asc":
            at = F("due_time").asc(nulls_first=True)
            return [F("due_date").asc(nulls_last=True), at, *newest_first]
        case "due_date", _:
            at = F("due_time").desc(nulls_last=True)
            return [F("due_date").desc(nulls_last=True), at, *newest_first]
    value = Lower("title") if column == "title" else F(column)
    is_reversed = direction == "desc"
    return [value.desc() if is_reversed else value.asc(), *newest_first]


class PlanTaskDetailView(PlanEndpoint):
    """One task. `PUT` works like `PATCH`: keys that are not sent don't change."""

    name = "Task"
    scopes = {"GET": READ, "PUT": WRITE, "PATCH": WRITE, "DELETE": WRITE}
    list_methods = {"GET", "PUT", "PATCH", "DELETE"}
    input_class = PlanTaskSerializer
    partial_methods = {"PUT", "PATCH"}
    conflicts = {"PUT": (actions.AccountFull,), "PATCH": (actions.AccountFull,)}

    @extend_schema(
        operation_id="plan_tasks_retrieve",
        parameters=[TASK_ID],
        responses={200: PlanTaskSerializer},
    )
    def get(self, request: Request, **kwargs: object) -> Response:
        """Get a task."""
        row = self.tasks().values(*PLAN_COLUMNS).get(pk=self.task_id)
        return Response(represent_plan_task(row, user_id=self.named_user_id))

    @extend_schema(operation_id="plan_tasks_partial_update", methods=["PATCH"])
    @extend_schema(operation_id="plan_tasks_update", methods=["PUT"])
    @extend_schema(
        parameters=[TASK_ID],
        responses={200: PlanTaskSerializer},
    )
    def put(self, request: Request, **kwargs: object) -> Response:
        """Update a task with the keys that are sent."""
        stored = self.tasks().values(*PLAN_COLUMNS).get(pk=self.task_id)
        shown = represent_plan_task(stored, user_id=self.named_user_id)
        changes = self.validated(request, stored=stored, shown=shown)
        completed = changes.pop("completed")
        task = actions.update_task(
            self.caller, task_id=self.task_id, changes=changes, completed=completed
        )
        return self.answer(task)

    patch = put

    @extend_schema(
        operation_id="plan_tasks_destroy",
        parameters=[TASK_ID],
        responses={204: None},
    )
    def delete(self, request: Request, **kwargs: object) -> Response:
        """Move a task to the trash, where these routes no longer find it."""
        task = actions.trash_task(self.caller, task_id=self.task_id)
        if task.trashed_at != self.caller.at:  # it was in the trash already
            raise Http404()
        return Response(status=status.HTTP_204_NO_CONTENT)


class PlanTaskCompleteView(PlanEndpoint):
    """Complete or reopen a task."""

    name = "Complete a task"
    scopes = {"PATCH": WRITE}
    list_methods = {"PATCH"}
    input_class = CompletionSerializer
    conflicts = {"PATCH": (actions.AccountFull,)}

    @extend_schema(
        operation_id="plan_tasks_complete",
        parameters=[TASK_ID],
        responses={200: PlanTaskSerializer},
    )
    def patch(self, request: Request, **kwargs: object) -> Response:
        """Complete or reopen a task; without `completed`, toggle its state."""
        is_completed = self.validated(request)["completed"]
        if is_completed is None:
            task = actions.toggle_task(self.caller, task_id=self.task_id)
        elif is_completed:
            task = actions.complete_task(self.caller, task_id=self.task_id).task
        else:
            task = actions.reopen_task(self.caller, task_id=self.task_id)
        return self.answer(task)
