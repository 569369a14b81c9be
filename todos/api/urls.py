"""The routes of tasks, lists and labels under `/api/v1/`."""

from typing import Any

from django.urls import URLPattern
from rest_framework.permissions import IsAuthenticated

from accounts.api.permissions import RouteNamesCaller
from config.api.routing import endpoint
from todos.api import (
    bulk,
    exports,
    files,
    labels,
    ledger,
    lists,
    moves,
    quick,
    recurrence,
    tasks,
)

# (path below `tasks`, end of the name, view)
TASK_ROUTES = [
    ("", "list", tasks.TaskListView),
    ("/quick", "quick", quick.TaskQuickView),
    ("/bulk", "bulk", bulk.TaskBulkView),
    ("/<uuid:task_id>", "detail", tasks.TaskDetailView),
    ("/<uuid:task_id>/complete", "complete", tasks.TaskCompleteView),
    ("/<uuid:task_id>/reopen", "reopen", tasks.TaskReopenView),
    ("/<uuid:task_id>/restore", "restore", tasks.TaskRestoreView),
    ("/<uuid:task_id>/skip", "skip", recurrence.TaskSkipView),
    ("/<uuid:task_id>/move", "move", moves.TaskMoveView),
    ("/<uuid:task_id>/changes", "changes", ledger.TaskChangesView),
]


def task_routes(
    prefix: str = "", name: str = "task", **options: Any
) -> list[URLPattern]:
    """Return the routes of tasks below `prefix`; `options` go to every view."""
    return [
        route
        for path, end, view in TASK_ROUTES
        for route in endpoint(
            f"{prefix}tasks{path}", view.as_view(**options), f"{name}-{end}"
        )
    ]


urlpatterns = [
    *task_routes(),
    # The same views, for clients that put the id of the user into the route.
    *task_routes(
        "users/<str:user_id>/",
        "user-task",
        permission_classes=[IsAuthenticated, RouteNamesCaller],
        operation_prefix="user_",
    ),
    *endpoint("lists", lists.ListListView.as_view(), "list-list"),
    *endpoint("lists/<uuid:list_id>", lists.ListDetailView.as_view(), "list-detail"),
    *endpoint(
        "lists/<uuid:list_id>/restore", lists.ListRestoreView.as_view(), "list-restore"
    ),
    *endpoint("lists/<uuid:list_id>/move", moves.ListMoveView.as_view(), "list-move"),
    *endpoint("labels", labels.LabelListView.as_view(), "label-list"),
    *endpoint(
        "labels/<uuid:label_id>", labels.LabelDetailView.as_view(), "label-detail"
    ),
    *endpoint(
        "labels/<uuid:label_id>/merge", labels.LabelMergeView.as_view(), "label-merge"
    ),
    *endpoint(
        "recurrence/preview",
        recurrence.RecurrencePreviewView.as_view(),
        "recurrence-preview",
    ),
    *endpoint("changes", ledger.ChangeListView.as_view(), "change-list"),
    *endpoint("undo", ledger.UndoView.as_view(), "undo"),
    *endpoint("export", exports.ExportView.as_view(), "export"),
    *(
        route
        for name in exports.NAMES
        for route in endpoint(
            f"export/{name}", exports.format_view(name).as_view(), f"export-{name}"
        )
    ),
    *endpoint("import", files.ImportView.as_view(), "import"),
]
