"""The endpoints of the ledger: the feed of changes, a task's history, undo."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from accounts.authentication import user_of
from config.api.fields import select_fields
from config.api.pagination import (
    MAX_PAGE_SIZE,
    Cursor,
    page_body,
    page_of,
)
from config.api.problems import Gone
from config.api.responses import Response
from config.api.scopes import READ, WRITE
from config.api.throttling import CostlyThrottle, UserThrottle
from todos import actions
from todos.api.endpoint import OwnedEndpoint
from todos.api.serializers.changes import (
    CHANGE_COLUMNS,
    LATEST,
    ChangeFeedQuerySerializer,
    ChangeFeedSerializer,
    ChangePageSerializer,
    TaskChangesQuerySerializer,
    UndoneSerializer,
    UndoProblemSerializer,
    UndoSerializer,
    represent_change,
)
from todos.models import Change, Ledger, Task
from todos.replica_reads import read_current


class ChangeListView(OwnedEndpoint):
    """The feed of changes, in order, with tombstones."""

    name = "Changes"
    scopes = {"GET": READ}
    tag = "changes"

    @extend_schema(
        operation_id="changes_list",
        parameters=[ChangeFeedQuerySerializer],
        responses={200: ChangeFeedSerializer, 410: None},
    )
    def get(self, request: Request, **kwargs: object) -> Response:
        """List the changes since a position in the feed, in order. Permanently deleted
        objects remain in it as tombstones without text.
        """
        query = self.validated_query(request, ChangeFeedQuerySerializer)
        purged, last = _bounds(request)
        since = _start(query["since"], purged=purged, last=last)
        mine = Change.objects.owned_by(request.user).filter(seq__gt=since)
        page = mine.order_by("seq").values(*CHANGE_COLUMNS)[: query["page_size"]]
        rows = read_current(user_of(request), lambda: list(page.all()), last=last)
        changes = (represent_change(row) for row in rows)
        return Response(
            {
                "results": [select_fields(each, query["fields"]) for each in changes],
                "next": str(rows[-1]["seq"] if rows else since),
            }
        )


def _bounds(request: Request) -> tuple[int, int]:
    """Return the number of the last purged change, and of the last change."""
    ledgers = Ledger.objects.owned_by(request.user)
    found = ledgers.values_list("purged_seq", "last_seq").first()
    return found or (0, 0)


def _start(since: str | None, *, purged: int, last: int) -> int:
    """Return the number after which the response starts.

    Raises:
        Gone: changes after `since` are no longer kept, or `since` is unknown because a
            backup was restored.
    """
    if since is None:
        return purged
    if since == LATEST:
        return last
    if not purged <= int(since) <= last:
        raise Gone(
            "The changes after `since` are no longer available. Read all objects again."
        )
    return int(since)


class TaskChangesView(OwnedEndpoint):
    """The changes of one task, the latest first."""

    name = "Changes of a task"
    scopes = {"GET": READ}
    tag = "tasks"
    ORDERING = "-seq"

    @extend_schema(
        operation_id="tasks_changes",
        parameters=[TaskChangesQuerySerializer],
        responses=ChangePageSerializer,
    )
    def get(self, request: Request, task_id: UUID, **kwargs: object) -> Response:
        """List the changes of a task, the latest first."""
        query = self.validated_query(request, TaskChangesQuerySerializer)
        task = Task.objects.owned_by(request.user).only("pk").get(pk=task_id)
        cursor = query["cursor"] and Cursor.decode(
            query["cursor"], ordering=self.ORDERING
        )
        page = page_of(
            Change.objects.owned_by(request.user)
            .of(Change.Entity.TASK, task.pk)
            .values(*CHANGE_COLUMNS),
            ordering=self.ORDERING,
            size=query["page_size"],
            cursor=cursor,
        )
        changes = (represent_change(row) for row in page.rows)
        results = [select_fields(change, query["fields"]) for change in changes]
        return Response(page_body(request, page, results))


class UndoView(OwnedEndpoint):
    """Undo changes. Undoing an undo redoes them."""

    name = "Undo"
    scopes = {"POST": WRITE}
    input_class = UndoSerializer
    tag = "changes"
    throttle_classes = (UserThrottle, CostlyThrottle)
    throttle_scope = "undo"
    conflicts = {
        "POST": (
            actions.AccountFull,
            actions.UndoConflict,
            actions.CannotBeUndone,
            actions.UndoTooLarge,
            actions.NothingToUndo,
        )
    }

    @extend_schema(
        operation_id="undo",
        responses={200: UndoneSerializer, 404: None, 409: UndoProblemSerializer},
    )
    def post(self, request: Request, **kwargs: object) -> Response:
        """Undo changes. Undoing an undo redoes them."""
        undone = actions.undo(self.caller, **self.validated(request))
        made = Change.objects.owned_by(user_of(request)).filter(batch=undone.batch)
        rows = made.order_by("seq").values(*CHANGE_COLUMNS)[:MAX_PAGE_SIZE]
        return Response(
            {"batch": undone.batch, "changes": [represent_change(row) for row in rows]}
        )
