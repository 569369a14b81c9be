"""The menu of a row: what can be done with one task without opening it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from todos.models import TaskQuerySet
from todos.pages.choices import choices_of
from todos.pages.generic import TaskDetailView
from todos.pages.mixins import Context, UserPageMixin
from todos.pages.returning import (
    after_due_change,
    after_list_change,
    at_row,
    is_ordered_by_hand,
)


class TaskMenuView(UserPageMixin, TaskDetailView):
    """The menu of one task, as a page or a popover."""

    template_name = "todos/task_menu.html"

    def get_queryset(self) -> TaskQuerySet:
        return self.tasks.live().with_labels()

    def get_context_data(self, **kwargs: Any) -> Context:
        task, onward = self.object, self.next_url()
        skipped = after_due_change(onward, task.pk, due=None, today=self.today)
        is_ordered = is_ordered_by_hand(onward, parent=task.parent_id)
        return (
            super().get_context_data(**kwargs)
            | choices_of(self)
            | {
                "next": onward,
                "onward": quote(onward, safe="/"),
                "here": quote(at_row(onward, task.pk), safe="/"),
                "after_list": quote(after_list_change(onward, task.pk), safe="/"),
                "after_skip": quote(skipped, safe="/"),
                "is_ordered": is_ordered and not task.is_completed,
            }
        )
