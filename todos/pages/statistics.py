"""Statistics: what was completed in the last year, by day and by week."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.views.generic import TemplateView

from todos.models import Task
from todos.pages.charts import Bar, heat_map, sparkline
from todos.pages.mixins import Context, UserPageMixin
from todos.replica_reads import read_current
from todos.schedule.days import DAY
from todos.schedule.weeks import week_of

WEEKS = 53


class StatisticsView(UserPageMixin, TemplateView):
    """The completed tasks of the last 53 weeks, unless the user hides statistics."""

    template_name = "todos/statistics.html"

    @cached_property
    def first(self) -> date:
        """The first day of the first week."""
        this = week_of(self.today, start=self.user.week_start)
        return this - 7 * (WEEKS - 1) * DAY

    @cached_property
    def done(self) -> Counter[date]:
        """How many tasks were completed on each day of the user."""
        tasks = Task.objects.owned_by(self.user)
        clock, first = self.clock, self.first
        return read_current(
            self.user, lambda: tasks.completed_by_day(clock, since=first)
        )

    def get_context_data(self, **kwargs: Any) -> Context:
        context = super().get_context_data(**kwargs)
        if not self.user.show_statistics:
            return context | {"is_hidden": True}
        weeks = [self.first + 7 * n * DAY for n in range(WEEKS)]
        totals = [sum(self.done[begin + n * DAY] for n in range(7)) for begin in weeks]
        return context | {
            "total": sum(totals),
            "heat_map": heat_map(
                "Tasks completed on each day of the last year",
                [[self._cell(begin + n * DAY) for n in range(7)] for begin in weeks],
            ),
            "sparkline": sparkline(
                "Tasks completed in each week of the last year", totals
            ),
            "weeks": [
                {"name": date_format(begin, "j M Y"), "total": total}
                for begin, total in zip(reversed(weeks), reversed(totals), strict=True)
            ],
            "this_week": totals[-1],
        }

    def _cell(self, day: date) -> Bar | None:
        if day > self.today:
            return None
        name = date_format(day, "D j M Y")
        return Bar(name, "", self.done[day], is_now=day == self.today)
