"""The plan's contract: six routes for clients that were written for the plan.

They accept several spellings and answer with one. A task in the trash and another
user's task are answered with 404, with the same bytes as for an unknown id.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from django.db.models import Count, F, Subquery
from django.db.models.expressions import OrderBy
from django.db.models.functions import Lower
from django.http import Http404, QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import response as framework
from rest_framework import status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from accounts.api.permissions import RouteNamesCaller, names_caller
from accounts.authentication import user_of
from accounts.token_users import TokenUser
from config.api.responses import Response
from config.api.scopes import APPEND, READ, WRITE
from config.compiled_queries import RowValues
from config.json import JSONObject
from todos import actions
from todos.api.endpoint import OwnedEndpoint, ReadsFirstPage
from todos.api.plan.pages import Page, page_of
from todos.api.plan.problems import PlanErrorSerializer, handle_exception
from todos.api.plan.query import NAMES, PlanQuerySerializer, parameters_of
from todos.api.plan.serializers import (
    CompletionSerializer,
    PlanTaskSerializer,
    represent_plan_task,
)
from todos.compiled_queries import (
    TOTAL,
    PageQuery,
    QueryWithUser,
    task_row,
    task_with_user,
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


FIRST_PAGES = 64  # kinds of them whose SQL is kept
KEPT_QUERIES = 256  # query strings of which it is kept whether they ask for one
KEPT_MAX_LENGTH = 100  # characters of such a query string
NO_PARAMETERS = ("user_id",)  # but the one that names the caller


class PlanEndpoint(OwnedEndpoint):
    """The base class of the plan's endpoints. The route must name the user."""

    permission_classes = (IsAuthenticated, RouteNamesCaller)
    tag = "plan"
    problem_class = PlanErrorSerializer

    def get_exception_handler(self) -> Callable[..., framework.Response | None]:
        return handle_exception

    def handle_exception(self, exc: Exception) -> framework.Response:
        if isinstance(exc, actions.InTrash):
            exc = Http404()
        return super().handle_exception(exc)

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Refuse parameters that are not served, and another user's id among them."""
        super().initial(request, *args, **kwargs)
        if request.method != "OPTIONS":
            self.check_parameters(request)

    def check_parameters(self, request: Request) -> None:
        """Read the parameters of the query."""
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


class PlanTaskListView(ReadsFirstPage, PlanEndpoint):
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
        page = self._first_page() or self._page(
            PlanQuerySerializer.read(self.parameters)
        )
        user_id = self.named_user_id
        return Response(
            [represent_plan_task(row, user_id=user_id) for row in page.rows],
            headers=page.headers(request),
        )

    def check_parameters(self, request: Request) -> None:
        if request.method != "GET" or self._first is None:
            super().check_parameters(request)

    @property
    def _first(self) -> FirstPage | None:
        """What is asked, if the caller sees the tasks of all lists."""
        limit = user_of(self.request).visible_lists
        return self._asked if limit is None else None

    @property
    def _asked(self) -> FirstPage | None:
        """The first page that the query asks for, if that is all it asks for."""
        return first_page_of(self.request._request.META["QUERY_STRING"])

    def read_with_user(self, user: TokenUser) -> RowValues | None:
        """Read a first page together with its owner, if that is what is asked."""
        asked = self._asked if self.only_reads(user) else None
        if asked is None:
            return None
        return self.keep(asked.query.rows(user), user)

    def _first_page(self) -> Page | None:
        """Answer the most frequent requests: a first page by status alone."""
        asked, found = self._first, self._found
        if asked is None:
            return None
        if found is None:  # its user is not known by a token alone
            found = asked.query.rows(TokenUser(user_of(self.request).pk))
        total = found[0][TOTAL] if found else 0
        return Page(found, skip=0, size=asked.size, total=total)

    def _page(self, query: JSONObject) -> Page:
        rows = (
            self._matching(query)
            .order_by(*_order(query["sort"], query["order"]))
            .values(*PLAN_COLUMNS)
        )
        return page_of(rows, skip=query["skip"], size=query["limit"])

    def _matching(self, query: JSONObject) -> TaskQuerySet:
        tasks = self.tasks().top_level()
        for is_completed in (query["status"], query["completed"]):
            tasks = _in_state(tasks, is_completed)
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


def _in_state(tasks: TaskQuerySet, is_completed: bool | None) -> TaskQuerySet:
    if is_completed is None:
        return tasks
    return tasks.filter(completed_at__isnull=not is_completed)


class FirstPage(NamedTuple):
    """A query for a first page of this size, with the total of all pages."""

    query: QueryWithUser
    size: int


def first_page_of(query: str) -> FirstPage | None:
    """Return the first page that a query string asks for by status alone, or None."""
    return _first_page_of(query) if len(query) <= KEPT_MAX_LENGTH else None


@lru_cache(KEPT_QUERIES)
def _first_page_of(query: str) -> FirstPage | None:
    try:
        asked = parameters_of(QueryDict(query), NAMES)
        named = asked.pop("user_id", None)
        asked = PlanQuerySerializer.read(asked)
    except ValidationError:
        return None
    states = {asked["status"], asked["completed"]} - {None}
    others = named, asked["skip"], asked["tag"], asked["search"], asked["priority"]
    if len(states) > 1 or any(others):
        return None
    state, size = next(iter(states), None), asked["limit"]
    return FirstPage(_first_page(state, asked["sort"], asked["order"], size), size)


@lru_cache(FIRST_PAGES)
def _first_page(
    is_completed: bool | None, column: str, direction: str, size: int
) -> QueryWithUser:
    def page(tasks: TaskQuerySet) -> TaskQuerySet:
        found = _in_state(tasks.live().top_level(), is_completed)
        total = found.values("owner").annotate(total=Count("*")).values("total")
        order = _order(column, direction)
        shown = found.represented().annotate(**{TOTAL: Subquery(total)})
        return shown.order_by(*order)[:size]

    return QueryWithUser([*PLAN_COLUMNS, TOTAL], page, kind=PageQuery)


class PlanTaskDetailView(PlanEndpoint):
    """One task. `PUT` works like `PATCH`: keys that are not sent don't change."""

    name = "Task"
    scopes = {"GET": READ, "PUT": WRITE, "PATCH": WRITE, "DELETE": WRITE}
    list_methods = {"GET", "PUT", "PATCH", "DELETE"}
    input_class = PlanTaskSerializer
    partial_methods = {"PUT", "PATCH"}
    conflicts = {"PUT": (actions.AccountFull,), "PATCH": (actions.AccountFull,)}
    _found: RowValues | None = None

    def read_with_user(self, user: TokenUser) -> RowValues | None:
        """Read the task together with its owner, if that is all a request does."""
        if self.only_reads(user):
            with suppress(Http404):  # the answer, if the user is let in
                self._found = task_with_user(user, self.task_id)
        return self._found

    @extend_schema(
        operation_id="plan_tasks_retrieve",
        parameters=[TASK_ID],
        responses={200: PlanTaskSerializer},
    )
    def get(self, request: Request, **kwargs: object) -> Response:
        """Get a task."""
        row = self._found or task_row(user_of(request), self.task_id)
        if row is None or row["trashed_at"] is not None:
            raise Http404()
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
