"""The overdue, today's and upcoming tasks of a user, for all interfaces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import BooleanField, Count, ExpressionWrapper
from django.utils.functional import cached_property

from accounts.models import User
from todos.models import Task, TaskQuerySet
from todos.models.due import due_before
from todos.schedule.days import DAY, Clock


@dataclass(frozen=True, slots=True)
class DayCounts:
    """How many tasks `Agenda.today` has, and how many are due on each date."""

    today: int
    by_day: Counter[date]


class Agenda:
    """The open tasks of a user by due date, at the instant `now`.

    The first use runs one additional query, for the time zones in use, unless `zones`
    returns what `TaskQuerySet.zones_in_use` would.
    """

    def __init__(
        self,
        owner: User,
        *,
        now: datetime,
        zones: Callable[[], list[str]] | None = None,
    ) -> None:
        self._tasks = Task.objects.owned_by(owner)
        self._load_zones = zones or self._tasks.zones_in_use
        self.clock = clock_of(owner, now=now)

    @cached_property
    def _zones(self) -> list[str]:
        return self._load_zones()

    def overdue(self) -> TaskQuerySet:
        """Tasks that are past due, to the minute if they have a time."""
        return self._active(self._tasks.overdue(self.clock, zones=self._zones))

    def today(self) -> TaskQuerySet:
        """Tasks that are overdue or due before the end of the user's day."""
        return self._active(self._tasks.due_by(self.clock, zones=self._zones))

    def upcoming(self) -> TaskQuerySet:
        """Tasks that are due after the end of the user's day."""
        return self._active(self._tasks.upcoming(self.clock, zones=self._zones))

    def counts(self, *, until: date) -> DayCounts:
        """Count the open tasks that are due until a date, in one query."""
        clock = self.clock
        until = max(until, clock.today + 2 * DAY)
        is_today = due_before(clock.today + DAY, clock.day_end_in, self._zones)
        tasks = self._active(self._tasks.open().filter(due_date__lte=until))
        found = (
            tasks.annotate(is_today=ExpressionWrapper(is_today, BooleanField()))
            .values_list("due_date", "is_today")
            .annotate(number=Count("pk"))
            .order_by()
        )
        by_day: Counter[date] = Counter()
        today = 0
        for day, is_due, number in found:
            by_day[day] += number
            today += number if is_due else 0
        return DayCounts(today, by_day)

    @staticmethod
    def _active(tasks: TaskQuerySet) -> TaskQuerySet:
        return tasks.in_active_lists()


def clock_of(owner: User, *, now: datetime) -> Clock:
    """Return the instant in the user's time zone and day."""
    return Clock(now=now, zone=owner.zone, day_start=owner.day_start)
