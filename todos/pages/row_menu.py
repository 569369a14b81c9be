"""The menu of a row: what can be done with one task without opening it.

The menu and the choices behind it are pages, which a script shows as popovers.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from todos.models import Task, TaskQuerySet
from todos.pages.choices import label_names
from todos.pages.generic import TaskDetailView
from todos.pages.mixins import Context, UserPageMixin
from todos.pages.returning import (
    after_due_change,
    after_list_change,
    at_row,
    is_ordered_by_hand,
)
from todos.pages.rows import with_task


class TaskChoicesView(UserPageMixin, TaskDetailView):
    """Choices for one task. Each button names where its user continues."""

    def get_queryset(self) -> TaskQuerySet:
        return self.tasks.live().with_labels()

    def get_context_data(self, **kwargs: Any) -> Context:
        onward = self.next_url()
        return super().get_context_data(**kwargs) | {
            "next": onward,
            "onward": quote(onward, safe="/"),
            "row": quote(at_row(onward, self.object.pk), safe="/"),
        }


class TaskMenuView(TaskChoicesView):
    """The menu of one task."""

    template_name = "todos/task_menu.html"

    def get_context_data(self, **kwargs: Any) -> Context:
        context = super().get_context_data(**kwargs)
        task, onward = self.object, context["next"]
        skipped = after_due_change(onward, task.pk, due=None, today=self.today)
        is_ordered = is_ordered_by_hand(onward, parent=task.parent_id)
        return context | {
            "priorities": Task.Priority.choices,
            "details_url": with_task(onward, task.pk),
            "after_skip": quote(skipped, safe="/"),
            "is_ordered": is_ordered and not task.is_completed,
        }


class TaskListsView(TaskChoicesView):
    """The lists that a task can be moved to."""

    template_name = "todos/task_lists.html"

    def get_context_data(self, **kwargs: Any) -> Context:
        context = super().get_context_data(**kwargs)
        moved = after_list_change(context["next"], self.object.pk)
        return context | {
            "lists": self.navigation.active,
            "after_list": quote(moved, safe="/"),
        }


class TaskLabelsView(TaskChoicesView):
    """The labels of a task, with a field for another one."""

    template_name = "todos/task_labels.html"

    def get_context_data(self, **kwargs: Any) -> Context:
        names = label_names(self.user)
        return super().get_context_data(**kwargs) | {"label_names": names}
