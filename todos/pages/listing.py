"""The pages that show tasks: rows in groups, and a short form for a new one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import cached_property
from itertools import groupby
from typing import Any, ClassVar

from django.core.paginator import Page, Paginator
from django.db.models import F, Q
from django.db.models.functions import Left
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.views.generic import ListView

from config.drafts import NEXT_MAX_LENGTH
from todos.actions.removal import TRASH_DAYS
from todos.models import Task, TaskList, TaskQuerySet
from todos.pages.forms import TaskForm
from todos.pages.mixins import PersonMixin, SeeOther
from todos.pages.rows import Group, TaskRow, day_words

PAGE_SIZE = 50
LISTS_SHOWN = 100  # of those in the trash, the latest
PREVIEW_LENGTH = 140  # characters of the notes beside a title
BY_DUE = (
    "due_date",
    F("due_time").asc(nulls_last=True),
    "priority",
    "position",
    "id",
)


class TaskListPage(PersonMixin, ListView):  # type: ignore[type-arg]  # not at run time
    """A page of tasks: which ones, and how they are grouped."""

    paginate_by = PAGE_SIZE
    is_mixed = True  # tasks of several lists, so each row names its own
    adds: ClassVar[bool] = False  # with a form for a new task on top

    def select(self) -> TaskQuerySet:
        """Return the tasks of this page, in order."""
        raise NotImplementedError

    def group(self, rows: list[TaskRow]) -> Iterable[Group]:
        """Return the rows of one page in groups; as a single one unless told."""
        return [Group(rows)] if rows else []

    def new_task(self) -> dict[str, Any]:
        """Return what the form for a new task begins with."""
        return {}

    def get_queryset(self) -> TaskQuerySet:
        # The notes may be long, and a row shows only how they begin.
        return (
            self.select()
            .with_labels()
            .defer("notes")
            .annotate(preview=Left("notes", PREVIEW_LENGTH))
        )

    def paginate_queryset(
        self, queryset: Any, page_size: int
    ) -> tuple[Paginator[Task], Page[Task], Any, bool]:
        """Show the nearest page where the address names none that there is."""
        paginator = self.get_paginator(queryset, page_size)
        page = paginator.get_page(self.request.GET.get("page"))
        return paginator, page, page.object_list, page.has_other_pages()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        rows = self.rows(context["object_list"], with_list=self.is_mixed)
        context["groups"] = list(self.group(rows))
        # Each row repeats it twice, and whoever reads it takes no longer one.
        here = self.request.get_full_path()
        is_short = len(here) <= NEXT_MAX_LENGTH
        context["here"] = here if is_short else self.request.path
        context["today"] = self.today
        if self.adds:
            context["form"] = TaskForm(
                lists=self.navigation.active, initial=self.new_task()
            )
        return context


class TodayView(TaskListPage):
    """What is overdue, and what is due today."""

    template_name = "todos/task_today.html"
    adds = True

    def select(self) -> TaskQuerySet:
        return self.agenda.today().order_by(*BY_DUE)

    def group(self, rows: list[TaskRow]) -> Iterator[Group]:
        overdue = [row for row in rows if row.is_overdue]
        to_come = [row for row in rows if not row.is_overdue]
        if overdue:
            yield Group(overdue, "Overdue")
        if to_come:
            # Nothing to tell it from, nothing to call it.
            yield Group(_without_day(to_come), "Today" if overdue else "")

    def new_task(self) -> dict[str, Any]:
        return {"due_date": self.today}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        # The navigation shows the same number.
        self.navigation.today_count = context["paginator"].count
        hour = self.now.astimezone(self.person.zone).hour
        return context | {"greeting": _greeting(hour)}


def _without_day(rows: Iterable[TaskRow]) -> list[TaskRow]:
    return [replace(row, has_day=False) for row in rows]


def _greeting(hour: int) -> str:
    if 5 <= hour < 12:
        return "Good morning"
    if 12 <= hour < 18:
        return "Good afternoon"
    return "Good evening"


class InboxView(TaskListPage):
    """What has no other place yet."""

    template_name = "todos/task_inbox.html"
    is_mixed = False
    adds = True

    def select(self) -> TaskQuerySet:
        return self.tasks.open().top_level().in_inbox().order_by("position", "id")


class UpcomingView(TaskListPage):
    """What is due after today, day by day."""

    template_name = "todos/task_upcoming.html"

    def select(self) -> TaskQuerySet:
        return self.agenda.upcoming().order_by(*BY_DUE)

    def group(self, rows: list[TaskRow]) -> Iterator[Group]:
        for day, due in groupby(rows, key=lambda row: row.task.due_date):
            assert day is not None
            heading, note = _heading(day, self.today)
            yield Group(_without_day(due), heading, note)


def _heading(day: date, today: date) -> tuple[str, str]:
    """Return the name of a day, and its date where the name doesn't tell."""
    distance = (day - today).days
    if -1 <= distance <= 1:
        return day_words(day, today=today), date_format(day, "D j M")
    if 1 < distance < 7:
        return date_format(day, "l"), date_format(day, "j M")
    return day_words(day, today=today), ""


class CompletedView(TaskListPage):
    """What is done, the latest first."""

    template_name = "todos/task_completed.html"

    def select(self) -> TaskQuerySet:
        return self.tasks.completed().top_level().order_by("-completed_at", "-id")

    def group(self, rows: list[TaskRow]) -> Iterator[Group]:
        for day, done in groupby(rows, key=self._day):
            heading, note = _heading(day, self.today)
            yield Group(list(done), heading, note)

    def _day(self, row: TaskRow) -> date:
        assert row.task.completed_at is not None
        return row.task.completed_at.astimezone(self.person.zone).date()


class TrashView(TaskListPage):
    """What can be brought back, or deleted for good."""

    template_name = "todos/task_trash.html"

    def select(self) -> TaskQuerySet:
        # Steps that went with their task come back with it.
        on_its_own = Q(parent=None) | Q(parent__trashed_at=None)
        return self.tasks.trashed().filter(on_its_own).order_by("-trashed_at", "-id")

    @cached_property
    def lists(self) -> list[TaskList]:
        """The lists in the trash, the latest first."""
        lists = TaskList.objects.owned_by(self.person).trashed()
        return list(lists.order_by("-trashed_at", "-id")[:LISTS_SHOWN])

    def group(self, rows: list[TaskRow]) -> Iterator[Group]:
        if rows:
            yield Group(rows, "Tasks" if self.lists else "")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "days": TRASH_DAYS,
            "lists": self.lists,
        }


class ListDetailView(TaskListPage):
    """The open tasks of one list."""

    template_name = "todos/tasklist_detail.html"
    is_mixed = False
    adds = True

    @cached_property
    def list(self) -> TaskList:
        return TaskList.objects.owned_by(self.person).live().get(pk=self.kwargs["pk"])

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.list.is_inbox:
            return SeeOther(reverse("todos:task-inbox"))
        return super().get(request, *args, **kwargs)

    def select(self) -> TaskQuerySet:
        tasks = self.tasks.open().top_level().filter(list=self.list)
        return tasks.order_by("position", "id")

    def new_task(self) -> dict[str, Any]:
        return {"list": str(self.list.pk)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs) | {"list": self.list}
        if self.list.archived_at is not None:
            del context["form"]  # put away; nothing is added here
        return context
