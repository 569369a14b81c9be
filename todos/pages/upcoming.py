"""Upcoming: what is due after today, by weeks and days, and how full the days are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import cached_property

from todos.agenda import DayCounts
from todos.models import TaskQuerySet
from todos.pages.charts import Bar, bars
from todos.pages.listing import BY_DUE, TaskListPage, day_heading, without_day
from todos.pages.mixins import Context
from todos.pages.rows import Group, TaskRow, day_words
from todos.schedule.days import DAY, LAST_DATE, months_later
from todos.schedule.weeks import week_of, weeks_of_month

DAYS_SHOWN = 7  # from the first one on, even without tasks
BARS = 14


@dataclass(frozen=True, slots=True)
class Day(Group):
    """The tasks of one day, if any."""

    date: date = date.min


@dataclass(frozen=True, slots=True)
class Week:
    """The days of one week, from the first shown."""

    heading: str
    days: list[Day]


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the small calendar. Days that are past are not links."""

    date: date
    name: str
    count: int
    is_today: bool
    is_first: bool  # the first day that the page shows
    is_other_month: bool
    is_past: bool


class UpcomingView(TaskListPage):
    """The tasks that are due after today, or from the date in `from` on."""

    template_name = "todos/task_upcoming.html"
    has_quick_add = True

    @cached_property
    def chosen(self) -> date | None:
        """The date in the URL, unless it is not a later day."""
        try:
            day = date.fromisoformat(self.request.GET.get("from", ""))
        except ValueError:
            return None
        return day if self.today < day <= LAST_DATE - 31 * DAY else None

    @property
    def first(self) -> date:
        return self.chosen or self.today + DAY

    @cached_property
    def counts(self) -> DayCounts:
        """How many tasks are due on the days of the chart and of the calendar."""
        last = max(self.weeks_of_calendar[-1][-1], self.today + BARS * DAY)
        return self.agenda.counts(until=last)

    @cached_property
    def weeks_of_calendar(self) -> list[list[date]]:
        return weeks_of_month(self.first, start=self.user.week_start)

    def select(self) -> TaskQuerySet:
        tasks = self.agenda.upcoming().order_by(*BY_DUE)
        return tasks.filter(due_date__gte=self.chosen) if self.chosen else tasks

    def group(self, rows: list[TaskRow]) -> Iterator[Group]:
        by_day = {
            day: list(due)
            for day, due in groupby(rows, key=lambda row: row.task.due_date)
            if day is not None
        }
        shown = [self.first + n * DAY for n in range(DAYS_SHOWN)]
        if self.has_more:  # what follows the last row is unknown
            shown = [day for day in shown if day <= max(by_day)]
        for day in sorted({*by_day, *shown}):
            heading, note = day_heading(day, self.today)
            yield Day(without_day(by_day.get(day, [])), heading, note, date=day)

    def quick_add_defaults(self) -> Context:
        return {"due_date": self.chosen.isoformat()} if self.chosen else {}

    def get_context_data(self, **kwargs: Any) -> Context:
        context = super().get_context_data(**kwargs)
        # Saves the query of the navigation for the same number.
        self.navigation.today_count = self.counts.today
        day = self.first.replace(day=1)
        earlier, later = months_later(day, -1), months_later(day, 1)
        has_earlier = (earlier.year, earlier.month) >= (
            self.today.year,
            self.today.month,
        )
        return context | {
            "weeks": list(self._weeks(context["groups"])),
            "load": self._load(),
            "chart": bars("Tasks due in the next two weeks", self._load()),
            "chosen": self.chosen,
            "month": day,
            "month_days": [date_format(d, "D") for d in self.weeks_of_calendar[0]],
            "calendar": [[self._cell(d) for d in w] for w in self.weeks_of_calendar],
            "earlier": max(earlier, self.today + DAY) if has_earlier else None,
            "later": later,
        }

    def _weeks(self, days: Iterable[Group]) -> Iterator[Week]:
        start = self.user.week_start
        found = (day for day in days if isinstance(day, Day))
        for begin, group in groupby(found, key=lambda d: week_of(d.date, start=start)):
            yield Week(self._week_heading(begin), list(group))

    def _week_heading(self, begin: date) -> str:
        this = week_of(self.today, start=self.user.week_start)
        distance = (begin - this).days // 7
        if distance <= 1:
            return "Next week" if distance == 1 else "This week"
        end = begin + 6 * DAY
        form = "j M" if end.year == self.today.year else "j M Y"
        return f"{date_format(begin, 'j M')} – {date_format(end, form)}"

    def _load(self) -> list[Bar]:
        days = [self.today + n * DAY for n in range(BARS)]
        return [
            Bar(
                day_words(day, today=self.today),
                date_format(day, "D")[:2],
                self.counts.by_day[day],
                is_now=day == self.today,
            )
            for day in days
        ]

    def _cell(self, day: date) -> Cell:
        return Cell(
            date=day,
            name=date_format(day, "l j F"),
            count=self.counts.by_day[day],
            is_today=day == self.today,
            is_first=day == self.chosen,
            is_other_month=day.month != self.first.month,
            is_past=day <= self.today,
        )
