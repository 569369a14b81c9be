"""The routes of tasks and lists under `/api/v1/`."""

from typing import Any

from django.urls import URLPattern
from rest_framework.permissions import IsAuthenticated

from accounts.api.permissions import RouteNamesCaller
from config.api.routing import endpoint
from todos.api import lists, tasks


def task_routes(
    prefix: str = "", name: str = "task", **options: Any
) -> list[URLPattern]:
    """Return the routes of tasks below `prefix`; `options` go to every view."""
    one = f"{prefix}tasks/<uuid:task_id>"
    return [
        *endpoint(
            f"{prefix}tasks", tasks.TaskListView.as_view(**options), f"{name}-list"
        ),
        *endpoint(one, tasks.TaskDetailView.as_view(**options), f"{name}-detail"),
        *endpoint(
            f"{one}/complete",
            tasks.TaskCompleteView.as_view(**options),
            f"{name}-complete",
        ),
        *endpoint(
            f"{one}/reopen", tasks.TaskReopenView.as_view(**options), f"{name}-reopen"
        ),
        *endpoint(
            f"{one}/restore",
            tasks.TaskRestoreView.as_view(**options),
            f"{name}-restore",
        ),
    ]


urlpatterns = [
    *task_routes(),
    # The same views, for callers that name themselves in the route.
    *task_routes(
        "users/<str:user_id>/",
        "user-task",
        permission_classes=[IsAuthenticated, RouteNamesCaller],
    ),
    *endpoint("lists", lists.ListListView.as_view(), "list-list"),
    *endpoint("lists/<uuid:list_id>", lists.ListDetailView.as_view(), "list-detail"),
]
