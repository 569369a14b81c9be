"""The routes of the plan's own contract, under `/api/`."""

from django.urls import register_converter
from django.urls.converters import StringConverter

from config.api.routing import endpoint
from todos.api.plan import views


class UserIdConverter(StringConverter):
    """Whoever a route names: any word but `v1`, under which version 1 lives.

    An id that a Better Auth server made is no UUID, so nothing more is asked of it.
    """

    regex = "(?!v1/)[^/]+"


register_converter(UserIdConverter, "user_id")

# A task's id is read by the view: who asks, and as whom, must be settled first.
TASKS = "<user_id:user_id>/tasks"
TASK = f"{TASKS}/<str:task_id>"

urlpatterns = [
    *endpoint(TASKS, views.PlanTaskListView.as_view(), "plan-task-list"),
    *endpoint(TASK, views.PlanTaskDetailView.as_view(), "plan-task-detail"),
    *endpoint(
        f"{TASK}/complete", views.PlanTaskCompleteView.as_view(), "plan-task-complete"
    ),
    # Other names that known clients have for the same, left out of the documents.
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
