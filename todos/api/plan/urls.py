"""The routes of the plan's own contract, under `/api/`."""

from typing import Any

from django.urls import URLPattern, register_converter
from django.urls.converters import StringConverter
from rest_framework.permissions import IsAuthenticated

from config.api.routing import endpoint
from todos.api.plan import views


class UserIdConverter(StringConverter):
    """The id of a user, except for the words that begin other routes.

    So the first segment alone decides which route it is. The ids of Better Auth servers
    need not be UUIDs; a user whose id there is such a word can use `me`.
    """

    regex = "(?!(?:v1|tasks|users)/)[^/]+"


register_converter(UserIdConverter, "user_id")


def plan_routes(prefix: str, name: str, **options: Any) -> list[URLPattern]:
    """Return the routes of tasks below `prefix`; `options` go to every view.

    The view parses a task's id, after authentication and permissions.
    """
    hidden = {**options, "schema": None}
    read_only = ["get", "head", "options"]
    patch_only = ["patch", "options"]
    tasks, task = f"{prefix}tasks", f"{prefix}tasks/<str:task_id>"
    every_list, detail = views.PlanTaskListView, views.PlanTaskDetailView
    complete = views.PlanTaskCompleteView
    return [
        *endpoint(tasks, every_list.as_view(**options), f"{name}-list"),
        # Other names of the same views that known clients use; not documented.
        *endpoint(
            f"{tasks}/search",
            every_list.as_view(http_method_names=read_only, **hidden),
            f"{name}-search",
        ),
        *endpoint(f"{task}/toggle", complete.as_view(**hidden), f"{name}-toggle"),
        *endpoint(
            f"{task}/status",
            detail.as_view(http_method_names=patch_only, **hidden),
            f"{name}-status",
        ),
        *endpoint(task, detail.as_view(**options), f"{name}-detail"),
        *endpoint(f"{task}/complete", complete.as_view(**options), f"{name}-complete"),
    ]


urlpatterns = [
    *plan_routes("<user_id:user_id>/", "plan-task"),
    *plan_routes("users/<str:user_id>/", "plan-user-task", operation_prefix="user_"),
    # Without an id in the route, there is none to compare: the tasks are the caller's.
    *plan_routes(
        "",
        "plan-own-task",
        permission_classes=[IsAuthenticated],
        operation_prefix="own_",
    ),
]
