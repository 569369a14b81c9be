"""Sorting and grouping of lists and labels, and their completed tasks.

The user chooses with `?sort=`, `?group=` and `?done=1`. The session remembers the first
two for each list and label.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

from django.contrib.sessions.backends.base import SessionBase
from django.db.models import (
    Case,
    F,
    IntegerField,
    QuerySet,
    When,
)
from django.utils.functional import cached_property

from todos.compiled_queries import COUNTED_MAX
from todos.models import CountOf, Task, TaskQuerySet, label_key
from todos.pages.listing import TaskListPage
from todos.pages.mixins import HERE_MAX_LENGTH, Context
from todos.pages.rows import Group, TaskRow
from todos.schedule.days import DAY

SESSION_KEY = "arrangements"
REMEMBERED_MAX = 50  # lists and labels
WEEK = 6 * DAY  # from today to the end of the next seven days

SORTS = {
    "manual": "By hand",
    "due": "By due date",
    "priority": "By priority",
    "created": "By creation",
    "title": "By title",
}
GROUPS = {
    "none": "",
    "due": "By due date",
    "priority": "By priority",
    "label": "By label",
}
BY_DUE = (F("due_date").asc(nulls_last=True), F("due_time").asc(nulls_last=True))
ORDERS: Mapping[str, tuple[Any, ...]] = {
    "manual": (),
    "due": (*BY_DUE, "priority"),
    "priority": ("priority", *BY_DUE),
    "created": ("-created_at",),
    "title": ("search",),  # begins with the title, without case and accents
}
PERIODS = ("Overdue", "Today", "Tomorrow", "Next 7 days", "Later", "No date")


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How the open tasks of a page are sorted and grouped."""

    sort: str = "manual"
    group: str = "none"

    @property
    def words(self) -> str:
        """In words, such as `Sorted by due date, grouped by label`."""
        sort, group = SORTS[self.sort].lower(), GROUPS[self.group].lower()
        parts = [f"sorted {sort}"] + ([f"grouped {group}"] if group else [])
        return ", ".join(parts).capitalize()

    def apply(
        self, tasks: TaskQuerySet, *, today: date, with_done: bool
    ) -> TaskQuerySet:
        """Return the tasks in order: the open ones, then the last completed."""
        match self.group:
            case "due":
                tasks = tasks.annotate(grouped_by=_period(today))
            case "priority":
                tasks = tasks.annotate(grouped_by=F("priority"))
            case "label":
                tasks = tasks.annotate(grouped_by=tasks.first_label_key())
        is_grouped = self.group != "none"
        by_group = [F("grouped_by").asc(nulls_last=True)] if is_grouped else []
        # Not for open tasks alone: PostgreSQL would sort all of them, without an index.
        open_first = [F("completed_at").desc(nulls_first=True)] if with_done else []
        own_order = ORDERS[self.sort]
        return tasks.order_by(*open_first, *by_group, *own_order, "position", "id")

    def groups(self, rows: list[TaskRow]) -> Iterator[Group]:
        """Yield the rows of tasks that `apply` has ordered, in groups with headings."""
        open_rows = [row for row in rows if not row.task.is_completed]
        done = [row for row in rows if row.task.is_completed]
        if self.group == "none":
            if open_rows:
                yield Group(open_rows)
        else:
            for heading, found in groupby(open_rows, key=self._heading):
                yield Group(list(found), heading)
        if done:
            yield Group(done, "Completed")

    def _heading(self, row: TaskRow) -> str:
        value = vars(row.task)["grouped_by"]
        match self.group:
            case "due":
                return PERIODS[value]
            case "priority":
                return str(Task.Priority(value).label)
        names = {label_key(name): name for name in row.task.label_names}
        return names.get(value, "No label")


def _period(today: date) -> Case:
    """Return the place of the due date in `PERIODS`."""
    return Case(
        When(due_date=None, then=5),
        When(due_date__lt=today, then=0),
        When(due_date=today, then=1),
        When(due_date=today + DAY, then=2),
        When(due_date__lte=today + WEEK, then=3),
        default=4,
        output_field=IntegerField(),
    )


def remembered(session: SessionBase, key: str, default: Arrangement) -> Arrangement:
    """Return the arrangement that the session remembers for a list or label."""
    sort, group = session.get(SESSION_KEY, {}).get(key, (default.sort, default.group))
    return Arrangement(
        sort if sort in SORTS else default.sort,
        group if group in GROUPS else default.group,
    )


def remember(session: SessionBase, key: str, arrangement: Arrangement) -> None:
    """Remember the arrangement; of more than `REMEMBERED_MAX`, the latest."""
    others = dict(session.get(SESSION_KEY, {}))
    others.pop(key, None)
    others[key] = [arrangement.sort, arrangement.group]
    session[SESSION_KEY] = dict([*others.items()][-REMEMBERED_MAX:])


class ArrangedPage(TaskListPage):
    """The tasks of one list or label, as its owner sorts and groups them."""

    default_arrangement: ClassVar[Arrangement] = Arrangement()

    @property
    def arranged(self) -> str:
        """The id of the list or label."""
        raise NotImplementedError

    def within(self) -> TaskQuerySet:
        """Return all tasks of it that are not in the trash."""
        raise NotImplementedError

    @cached_property
    def arrangement(self) -> Arrangement:
        """The arrangement in the URL, or else the one that was chosen last."""
        session, query = self.request.session, self.request.GET
        last = remembered(session, self.arranged, self.default_arrangement)
        sort, group = query.get("sort", ""), query.get("group", "")
        chosen = Arrangement(
            sort if sort in SORTS else last.sort,
            group if group in GROUPS else last.group,
        )
        if chosen != last:
            remember(session, self.arranged, chosen)
        return chosen

    @property
    def shows_done(self) -> bool:
        """Whether the completed tasks are shown below the open ones."""
        return self.request.GET.get("done") == "1"

    @cached_property
    def here(self) -> str:
        """The path of this page, which always names an arrangement of its own."""
        path, _, query = super().here.partition("?")
        given = [pair for pair in parse_qsl(query) if pair[0] not in {"sort", "group"}]
        usual, chosen = self.default_arrangement, self.arrangement
        if chosen.sort != usual.sort:
            given.append(("sort", chosen.sort))
        if chosen.group != usual.group:
            given.append(("group", chosen.group))
        whole = f"{path}?{urlencode(given)}" if given else path
        return whole if len(whole) <= HERE_MAX_LENGTH else path

    def select(self) -> TaskQuerySet:
        tasks = self.within() if self.shows_done else self.within().open()
        # As a part of each row, because this saves a query of its own.
        tasks = tasks.annotate(done_count=CountOf(self._done()))
        return self.arrangement.apply(
            tasks, today=self.today, with_done=self.shows_done
        )

    def _done(self) -> QuerySet[Any, Any]:
        """Return the completed tasks, as many as are counted."""
        return self.within().completed().order_by().values("pk")[: COUNTED_MAX + 1]

    def group(self, rows: list[TaskRow]) -> Iterator[Group]:
        return self.arrangement.groups(rows)

    def get_context_data(self, **kwargs: Any) -> Context:
        context = super().get_context_data(**kwargs)
        return context | {
            "arrangement": self.arrangement,
            "is_arranged": self.arrangement != self.default_arrangement,
            "shows_done": self.shows_done,
            "done_count": self._count_done(context["groups"]),
            "done_url": self._url(done="" if self.shows_done else "1"),
            "usual_url": self._url(
                sort=self.default_arrangement.sort, group=self.default_arrangement.group
            ),
        }

    def _count_done(self, groups: list[Group]) -> int | None:
        """Return how many tasks are completed, or None if it is not worth a query."""
        for group in groups:
            number: int = vars(group.rows[0].task)["done_count"]
            return number
        if "task" in self.request.GET:
            return None
        return self._done().count()

    def _url(self, **changed: str) -> str:
        """Return the path of this page with these parameters, and without details."""
        path, _, query = self.here.partition("?")
        given = dict(parse_qsl(query)) | changed
        given.pop("task", None)
        kept = urlencode({name: value for name, value in given.items() if value})
        return f"{path}?{kept}" if kept else path
