"""The pages that list tasks in groups, some with a short form for a new task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from itertools import groupby
from typing import Any, ClassVar

from django.db.models import F
from django.db.models.functions import Left
from django.template.backends.utils import csrf_input
from django.utils.formats import date_format
from django.utils.functional import cached_property

from todos.models import TaskQuerySet
from todos.pages.choices import choices_of
from todos.pages.details import details_of
from todos.pages.first_visit import first_visit
from todos.pages.generic import TaskListView
from todos.pages.mixins import Context, UserPageMixin
from todos.pages.quick_form import QuickForm
from todos.pages.returning import is_ordered_by_hand
from todos.pages.rows import Group, TaskRow, day_words, linked
from todos.pages.selection import Selection

PAGE_SIZE = 50  # rows that a page shows, and that a link adds
ROWS_MAX = 500
PREVIEW_LENGTH = 140  # characters of the notes beside a title
BY_DUE = (
    "due_date",
    F("due_time").asc(nulls_last=True),
    "priority",
    "position",
    "id",
)


class TaskListPage(UserPageMixin, TaskListView):
    """A page that lists tasks. Subclasses select and group them.

    The page shows the first `upto` tasks, which a link increases by `PAGE_SIZE`.
    """

    is_mixed = True  # with tasks of several lists, so each row names its list
    has_quick_add: ClassVar[bool] = False
    can_select: ClassVar[bool] = True
    shows_completed: ClassVar[bool] = False
    quick: QuickForm | None = None  # the bar as it was sent, if it had errors

    def select(self) -> TaskQuerySet:
        """Return the tasks of this page, in order."""
        raise NotImplementedError

    def group(self, rows: list[TaskRow]) -> Iterable[Group]:
        """Return the rows in groups; by default in a single one."""
        return [Group(rows)] if rows else []

    def quick_add_defaults(self) -> Context:
        """Return what a new task gets where its line is silent: `due_date`, `list`."""
        return {}

    def quick_add_hint(self) -> str:
        """Return the placeholder of the bar, which names the defaults."""
        return "Add a task"

    @cached_property
    def upto(self) -> int:
        """How many tasks are shown at most; anything but a number counts as none."""
        wanted = self.request.GET.get("upto", "")
        is_number = wanted.isascii() and wanted.isdigit() and len(wanted) < 6
        return min(max(int(wanted) if is_number else 0, PAGE_SIZE), ROWS_MAX)

    def get_queryset(self) -> TaskQuerySet:
        # Notes can be long, and `search` repeats them. A row shows their beginning.
        rows = (
            self.select()
            .represented()
            .with_parent_titles()
            .defer("notes", "search")
            .annotate(preview=Left("notes", PREVIEW_LENGTH))
        )
        return rows[: self.upto + 1]  # one more, to know whether there are more

    def get_context_data(self, **kwargs: Any) -> Context:
        found = list(self.object_list)
        shown, self.has_more = found[: self.upto], len(found) > self.upto
        rows = self.rows(shown, with_list=self.is_mixed)
        details = details_of(self, self.request.GET.get("task"))
        select = Selection.of(self.request.GET, here=self.here)
        if select.is_on:
            kwargs |= choices_of(self)
        return super().get_context_data(**kwargs) | {
            "groups": linked(self.group(rows)),
            "count": len(shown),
            "more": self._more_url() if self.has_more else "",
            "here": self.here,
            "details": details,
            "current": details and details.task.pk,
            "csrf_input": csrf_input(self.request),
            "select": select if self.can_select else None,
            "is_done": self.shows_completed,
            "is_sortable": is_ordered_by_hand(self.here, parent=None),
            "today": self.today,
            "has_quick_add": self.has_quick_add,
            "quick": self.quick or QuickForm(initial=self.quick_add_defaults()),
            "quick_add_hint": self.quick_add_hint(),
        }

    def _more_url(self) -> str:
        """Return the URL of the page with more rows, or an empty text at the limit."""
        if self.upto >= ROWS_MAX:
            return ""
        query = self.request.GET.copy()
        query["upto"] = str(self.upto + PAGE_SIZE)
        return f"?{query.urlencode()}"


class TodayView(TaskListPage):
    """The tasks that are overdue or due today."""

    template_name = "todos/task_today.html"
    has_quick_add = True

    def select(self) -> TaskQuerySet:
        return self.agenda.today().order_by(*BY_DUE)

    def group(self, rows: list[TaskRow]) -> Iterator[Group]:
        overdue = [row for row in rows if row.is_overdue]
        to_come = [row for row in rows if not row.is_overdue]
        if overdue:
            yield Group(overdue, "Overdue", str(len(overdue)), is_overdue=True)
        if to_come:
            # A single group needs no heading.
            yield Group(without_day(to_come), "Today" if overdue else "")

    def quick_add_defaults(self) -> Context:
        return {"due_date": self.today.isoformat()}

    def quick_add_hint(self) -> str:
        return "Add a task for today"

    def get_context_data(self, **kwargs: object) -> Context:
        context = super().get_context_data(**kwargs)
        if not self.has_more:
            # Saves the query of the navigation for the same number.
            self.navigation.today_count = context["count"]
        hour = self.now.astimezone(self.user.zone).hour
        return context | {
            "greeting": _greeting(hour),
            "first_visit": None if context["count"] else first_visit(self),
        }


def without_day(rows: Iterable[TaskRow]) -> list[TaskRow]:
    return [replace(row, has_day=False) for row in rows]


def _greeting(hour: int) -> str:
    if 5 <= hour < 12:
        return "Good morning"
    if 12 <= hour < 18:
        return "Good afternoon"
    return "Good evening"


def day_heading(day: date, today: date) -> tuple[str, str]:
    """Return the name of a day, and its date if the name doesn't contain it."""
    distance = (day - today).days
    if -1 <= distance <= 1:
        return day_words(day, today=today), date_format(day, "D j M")
    if 1 < distance < 7:
        return date_format(day, "l"), date_format(day, "j M")
    return day_words(day, today=today), ""


class CompletedView(TaskListPage):
    """The completed tasks, the latest first."""

    template_name = "todos/task_completed.html"
    shows_completed = True

    def select(self) -> TaskQuerySet:
        return self.tasks.completed().top_level().order_by("-completed_at", "-id")

    def group(self, rows: list[TaskRow]) -> Iterator[Group]:
        for day, done in groupby(rows, key=self._day):
            heading, note = day_heading(day, self.today)
            yield Group(list(done), heading, note)

    def _day(self, row: TaskRow) -> date:
        assert row.task.completed_at is not None
        return row.task.completed_at.astimezone(self.user.zone).date()
