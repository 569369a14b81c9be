"""What is overdue, due today and upcoming for a person; decided here alone."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property

from accounts.models import User
from todos.models import Task, TaskQuerySet
from todos.schedule.days import Clock


class Agenda:
    """A person's open tasks by when they are due, at the instant `now`.

    The first question costs one query more, for the zones in use.
    """

    def __init__(self, owner: User, *, now: datetime) -> None:
        self._tasks = Task.objects.owned_by(owner)
        self.clock = clock_of(owner, now=now)

    @cached_property
    def _zones(self) -> list[str]:
        return self._tasks.zones_in_use()

    def overdue(self) -> TaskQuerySet:
        """What is past due, by the minute where it has a time."""
        return self._active(self._tasks.overdue(self.clock, zones=self._zones))

    def today(self) -> TaskQuerySet:
        """What is overdue, or due before the person's day is over."""
        return self._active(self._tasks.due_by(self.clock, zones=self._zones))

    def upcoming(self) -> TaskQuerySet:
        """What is due after the person's day."""
        return self._active(self._tasks.upcoming(self.clock, zones=self._zones))

    @staticmethod
    def _active(tasks: TaskQuerySet) -> TaskQuerySet:
        return tasks.in_active_lists()


def clock_of(owner: User, *, now: datetime) -> Clock:
    """Return the instant as the person sees it."""
    return Clock(now=now, zone=owner.zone, day_start=owner.day_start)
