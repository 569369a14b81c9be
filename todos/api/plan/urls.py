"""The routes of the plan's own contract, under `/api/`."""

from django.urls import register_converter
from django.urls.converters import StringConverter

from config.api.routing import endpoint
from todos.api.plan import views


class UserIdConverter(StringConverter):
    """The id of a user: anything but `v1`, the prefix of version 1.

    The ids of Better Auth servers need not be UUIDs.
    """

    regex = "(?!v1/)[^/]+"


register_converter(UserIdConverter, "user_id")

# The view parses a task's id, after authentication and permissions.
TASKS = "<user_id:user_id>/tasks"
TASK = f"{TASKS}/<str:task_id>"

urlpatterns = [
    *endpoint(TASKS, views.PlanTaskListView.as_view(), "plan-task-list"),
    *endpoint(TASK, views.PlanTaskDetailView.as_view(), "plan-task-detail"),
    *endpoint(
        f"{TASK}/complete", views.PlanTaskCompleteView.as_view(), "plan-task-complete"
    ),
    # Other names of the same routes that known clients use; not documented.
    *endpoint(
        f"{TASK}/toggle",
        views.PlanTaskCompleteView.as_view(schema=None),
        "plan-task-toggle",
    ),
    *endpoint(
        f"{TASK}/status",
        views.PlanTaskDetailView.as_view(
            http_method_names=["patch", "options"], schema=None
        ),
        "plan-task-status",
    ),
]
