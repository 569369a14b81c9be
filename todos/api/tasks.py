"""The endpoints of tasks."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request

from accounts.authentication import user_of
from accounts.token_users import TokenUser
from config.api.conditional import conditional_response, expected_version
from config.api.fields import select_fields
from config.api.pagination import (
    DEFAULT_PAGE_SIZE,
    Cursor,
    page_body,
    page_from,
    page_of,
    page_query,
)
from config.api.responses import Response
from config.api.scopes import APPEND, READ, WRITE
from config.api.views import has_query
from config.compiled_queries import RowValues
from config.json import JSONObject
from todos import actions
from todos.agenda import Agenda
from todos.api.endpoint import OwnedEndpoint, ReadsFirstPage
from todos.api.serializers.tasks import (
    CompletedTaskSerializer,
    TaskDeletionSerializer,
    TaskDetailQuerySerializer,
    TaskPageSerializer,
    TaskQuerySerializer,
    TaskSerializer,
    represent_task,
    task_tag,
)
from todos.compiled_queries import (
    PageQuery,
    QueryWithUser,
    task_row,
    task_with_user,
)
from todos.models import Task, TaskQuerySet
from todos.task_fields import SHOWN_COLUMNS


class TaskEndpoint(OwnedEndpoint):
    """The base class of the endpoints of tasks."""

    tag = "tasks"

    def answer(self, task: Task, *, status: int = status.HTTP_200_OK) -> Response:
        """Return the response for a task that an action returned."""
        return Response(
            represent_task(vars(task)),
            status=status,
            headers={"ETag": task_tag(vars(task))},
        )


class TaskListView(ReadsFirstPage, TaskEndpoint):
    """The user's tasks."""

    name = "Tasks"
    scopes = {"GET": READ, "POST": APPEND}
    list_methods = {"GET", "POST"}
    input_class = TaskSerializer
    conflicts = {"POST": (actions.AccountFull,)}
    is_versioned = True

    def read_with_user(self, user: TokenUser) -> RowValues | None:
        """Read the first page together with its owner, if that is what is asked."""
        if not self.only_reads(user) or has_query(self.request):
            return None
        return self.keep(_OPEN.rows(user), user)

    @extend_schema(
        operation_id="tasks_list",
        parameters=[TaskQuerySerializer],
        responses=TaskPageSerializer,
    )
    def get(self, request: Request, **kwargs: object) -> Response:
        """List tasks in pages, by default the open ones."""
        if not has_query(request) and user_of(request).visible_lists is None:
            return self._first_page()
        query = self.validated_query(request, TaskQuerySerializer)
        cursor = query["cursor"] and Cursor.decode(
            query["cursor"], ordering=query["ordering"]
        )
        page = page_of(
            self._tasks(query).represented().values(*SHOWN_COLUMNS),
            ordering=query["ordering"],
            size=query["page_size"],
            cursor=cursor,
            is_filled=query["ordering"].lstrip("-") in FILLED.get(query["view"], ()),
        )
        tasks = (represent_task(row) for row in page.rows)
        results = [select_fields(task, query["fields"]) for task in tasks]
        return Response(page_body(request, page, results))

    def _first_page(self) -> Response:
        """Answer the most frequent request, for the first open tasks."""
        found = self._found
        if found is None:  # its user is not known by a token alone
            found = _OPEN.rows(TokenUser(user_of(self.request).pk))
        page = page_from(found, ordering=_ORDERING, size=DEFAULT_PAGE_SIZE)
        results = [represent_task(row) for row in page.rows]
        return Response(page_body(self.request, page, results))

    def _tasks(self, query: JSONObject) -> TaskQuerySet:
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
        operation_id="tasks_create",
        responses={201: TaskSerializer},
    )
    def post(self, request: Request, **kwargs: object) -> Response:
        """Create a task. Omitted fields get their default values.

        A token that only adds tasks can't add steps, and gets only the `id`.
        """
        body = self.validated(request)
        if body.get("parent_id") is not None:
            self.require(WRITE)  # a refusal would tell what the other task is like
        task = actions.create_task(self.caller, **body)
        if not self.may_read:
            return Response({"id": task.pk}, status=status.HTTP_201_CREATED)
        return self.answer(task, status=status.HTTP_201_CREATED)


_ORDERING = "position"  # by default
_OPEN = QueryWithUser(
    SHOWN_COLUMNS,
    lambda tasks: page_query(
        tasks.open().in_active_lists().top_level().represented(),
        ordering=_ORDERING,
        size=DEFAULT_PAGE_SIZE,
    ),
    kind=PageQuery,
)

# The other views include steps, which have dates and states of their own.
TOP_LEVEL_VIEWS = {"open", "inbox", "all"}
# The fields that can be empty, but are not in these views.
FILLED = {
    "today": {"due_date"},
    "overdue": {"due_date"},
    "upcoming": {"due_date"},
    "completed": {"completed_at"},
}


def _view_of(tasks: TaskQuerySet, view: str, request: Request) -> TaskQuerySet:
    agenda = Agenda(user_of(request), now=timezone.now())
    match view:
        case "open":
            return tasks.open().in_active_lists()
        case "today":
            return agenda.today()
        case "overdue":
            return agenda.overdue()
        case "upcoming":
            return agenda.upcoming()
        case "inbox":
            return tasks.open().in_inbox()
        case "completed":
            return tasks.completed()
        case "trash":
            return tasks.trashed()
        case _:
            return tasks.live()


class TaskDetailView(TaskEndpoint):
    """One of the user's tasks."""

    name = "Task"
    scopes = {"GET": READ, "PUT": WRITE, "PATCH": WRITE, "DELETE": WRITE}
    list_methods = {"GET", "PUT", "PATCH", "DELETE"}
    input_class = TaskSerializer
    is_versioned = True
    conflicts = {
        "PUT": (actions.InTrash,),
        "PATCH": (actions.InTrash,),
        "DELETE": (actions.NotInTrash,),
    }
    _found: RowValues | None = None

    def read_with_user(self, user: TokenUser) -> RowValues | None:
        """Read the task together with its owner, if that is all a request does."""
        if self.only_reads(user):
            self._found = task_with_user(user, self.kwargs["task_id"])
        return self._found

    @extend_schema(
        operation_id="tasks_retrieve",
        parameters=[TaskDetailQuerySerializer],
        responses=TaskSerializer,
    )
    def get(self, request: Request, task_id: UUID, **kwargs: object) -> Response:
        """Get a task, also from the trash."""
        query = self.validated_query(request, TaskDetailQuerySerializer)
        row = self._found or task_row(user_of(request), task_id)
        if row is None:
            raise Task.DoesNotExist
        body = select_fields(represent_task(row), query["fields"])
        return conditional_response(request, body, tag=task_tag(row))

    @extend_schema(operation_id="tasks_update", responses=TaskSerializer)
    def put(self, request: Request, task_id: UUID, **kwargs: object) -> Response:
        """Replace a task. Omitted fields get their default values."""
        return self._update(request, task_id)

    @extend_schema(
        operation_id="tasks_partial_update",
        responses=TaskSerializer,
    )
    def patch(self, request: Request, task_id: UUID, **kwargs: object) -> Response:
        """Update the fields of a task that are sent."""
        return self._update(request, task_id)

    def _update(self, request: Request, task_id: UUID) -> Response:
        task = actions.update_task(
            self.caller,
            task_id=task_id,
            changes=self.validated(request),
            version=expected_version(request),
        )
        return self.answer(task)

    @extend_schema(
        operation_id="tasks_destroy",
        parameters=[TaskDeletionSerializer],
        responses={204: None},
    )
    def delete(self, request: Request, task_id: UUID, **kwargs: object) -> Response:
        """Move a task and its steps to the trash, or delete them permanently."""
        query = self.validated_query(request, TaskDeletionSerializer)
        if query["permanent"]:
            self.require_all_lists()  # steps in the trash may be in other lists
        act = actions.remove_task if query["permanent"] else actions.trash_task
        act(self.caller, task_id=task_id, version=expected_version(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class TaskCompleteView(TaskEndpoint):
    """Complete a task; repeating the request has no further effect."""

    name = "Complete a task"
    scopes = {"POST": WRITE}
    list_methods = {"POST"}
    is_versioned = True
    conflicts = {"POST": (actions.InTrash, actions.AccountFull)}

    @extend_schema(operation_id="tasks_complete", responses=CompletedTaskSerializer)
    def post(self, request: Request, task_id: UUID, **kwargs: object) -> Response:
        done = actions.complete_task(
            self.caller, task_id=task_id, version=expected_version(request)
        )
        body = represent_task(vars(done.task))
        body["next"] = done.next and represent_task(vars(done.next))
        return Response(body, headers={"ETag": task_tag(vars(done.task))})


class TaskReopenView(TaskEndpoint):
    """Reopen a completed task; repeating the request has no further effect."""

    name = "Reopen a task"
    scopes = {"POST": WRITE}
    list_methods = {"POST"}
    is_versioned = True
    conflicts = {"POST": (actions.InTrash,)}

    @extend_schema(operation_id="tasks_reopen", responses=TaskSerializer)
    def post(self, request: Request, task_id: UUID, **kwargs: object) -> Response:
        task = actions.reopen_task(
            self.caller, task_id=task_id, version=expected_version(request)
        )
        return self.answer(task)


class TaskRestoreView(TaskEndpoint):
    """Restore a task from the trash; repeating the request has no further effect."""

    name = "Restore a task"
    scopes = {"POST": WRITE}
    list_methods = {"POST"}
    is_versioned = True

    @extend_schema(operation_id="tasks_restore", responses=TaskSerializer)
    def post(self, request: Request, task_id: UUID, **kwargs: object) -> Response:
        task = actions.restore_task(
            self.caller, task_id=task_id, version=expected_version(request)
        )
        return self.answer(task)
