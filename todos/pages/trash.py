"""The trash: deleted tasks and lists together, and how it is emptied."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_datetime
from django.utils.functional import cached_property
from django.utils.timezone import is_aware
from django.views.generic import TemplateView

from todos import actions
from todos.actions.removal import EMPTIED_MAX, TRASH_DAYS
from todos.models import TaskList, TaskListQuerySet, TaskQuerySet
from todos.pages.listing import TaskListPage
from todos.pages.mixins import Context, UserPageMixin
from todos.pages.rows import TaskRow

LISTS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Trashed:
    """A row of the trash: a list, or a task with the list that is there as well."""

    trashed_at: datetime
    days_left: int
    list: TaskList | None = None
    row: TaskRow | None = None


class TrashView(TaskListPage):
    """The deleted tasks and lists, the latest first."""

    template_name = "todos/task_trash.html"
    can_select = False

    def select(self) -> TaskQuerySet:
        # Steps that were deleted with their task are restored with it.
        on_its_own = Q(parent=None) | Q(parent__trashed_at=None)
        return self.tasks.trashed().filter(on_its_own).order_by("-trashed_at", "-id")

    @cached_property
    def lists(self) -> dict[UUID, TaskList]:
        """The lists in the trash, the latest first, with their numbers of tasks."""
        together = Q(tasks__trashed_at=F("trashed_at"), tasks__parent=None)
        lists = trashed_lists(self).annotate(
            task_count=Count("tasks", filter=together & Q(tasks__owner=F("owner")))
        )
        found = lists.order_by("-trashed_at", "-id")[:LISTS_SHOWN]
        return {row.pk: row for row in found}

    def get_context_data(self, **kwargs: Any) -> Context:
        context = super().get_context_data(**kwargs)
        rows = [row for group in context["groups"] for row in group.rows]
        return context | {"entries": self._entries(rows), "days": TRASH_DAYS}

    def _entries(self, rows: list[TaskRow]) -> list[Trashed]:
        entries = [self._entry(row.trashed_at, list=row) for row in self.lists.values()]
        entries += [
            self._entry(
                row.task.trashed_at, row=row, list=self.lists.get(row.task.list_id)
            )
            for row in rows
        ]
        # A list is followed by the tasks that were deleted with it.
        return sorted(entries, key=lambda one: one.trashed_at, reverse=True)

    def _entry(
        self,
        trashed_at: datetime | None,
        *,
        list: TaskList | None,
        row: TaskRow | None = None,
    ) -> Trashed:
        assert trashed_at is not None  # of the queries
        days_left = max(TRASH_DAYS - (self.now - trashed_at).days, 0)
        return Trashed(trashed_at, days_left, list, row)


def trashed_lists(page: UserPageMixin) -> TaskListQuerySet:
    """Return the lists of the user that are in the trash."""
    return TaskList.objects.owned_by(page.user).trashed()


class EmptyTrashView(UserPageMixin, TemplateView):
    """Delete everything in the trash permanently, after a confirmation."""

    template_name = "todos/trash_empty.html"
    default_next = "todos:task-trash"

    def get_context_data(self, **kwargs: Any) -> Context:
        return super().get_context_data(**kwargs) | {
            "tasks": self.tasks.trashed().top_level().count(),
            "lists": trashed_lists(self).count(),
            # What is deleted later, in another tab, is not part of the answer.
            "before": self.now.isoformat(),
        }

    def post(self, request: HttpRequest) -> HttpResponse:
        gone = actions.empty_trash(self.caller, before=self._before())
        if gone < EMPTIED_MAX:
            messages.success(request, "The trash was emptied.")
        else:
            text = f"{gone} items were deleted. Empty the trash again for the rest."
            messages.info(request, text)
        return self.redirect_to_next()

    def _before(self) -> datetime:
        """Return when the confirmation was shown, or now if the form does not say."""
        try:
            shown = parse_datetime(self.request.POST.get("before", ""))
            if shown is None or not is_aware(shown):
                return self.now
            return min(shown.astimezone(UTC), self.now)
        except (ValueError, OverflowError):  # no time, or one before the year 1 in UTC
            return self.now
