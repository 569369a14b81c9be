"""What the navigation at the side of every page shows."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from todos.models import Task, TaskList
from todos.schedule.days import today as day_of


class Navigation:
    """The lists of a person and what waits in them; read from the database when shown."""

    def __init__(self, user: User) -> None:
        self.user = user

    @cached_property
    def _lists(self) -> list[TaskList]:
        lists = TaskList.objects.owned_by(self.user).live()
        return list(lists.with_open_counts().in_order())

    @property
    def inbox(self) -> TaskList | None:
        """The list that everyone has."""
        return next((row for row in self._lists if row.is_inbox), None)

    @property
    def lists(self) -> list[TaskList]:
        """The person's own lists, without the archived ones."""
        return [
            row for row in self._lists if not row.is_inbox and row.archived_at is None
        ]

    @property
    def archived(self) -> list[TaskList]:
        """Lists that are put away."""
        return [row for row in self._lists if row.archived_at is not None]

    @property
    def choices(self) -> list[TaskList]:
        """The lists a task can be put into, the inbox first."""
        return [row for row in self._lists if row.archived_at is None]

    def named(self, list_id: Any) -> TaskList | None:
        """The list of this id, without another query."""
        return next((row for row in self._lists if row.pk == list_id), None)

    @cached_property
    def today_count(self) -> int:
        """How many tasks are overdue or due today."""
        today = day_of(
            now=timezone.now(), zone=self.user.zone, day_start=self.user.day_start
        )
        return (
            Task.objects.owned_by(self.user).due_by(today).in_active_lists().count()
        )


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Put the navigation of the signed-in person into every template's reach.

    One for each request, so that a view and its template share what was read.
    """
    return {"navigation": of(request)}


def of(request: HttpRequest) -> Navigation:
    """Return the navigation of this request's person."""
    if not hasattr(request, "_navigation"):
        request._navigation = Navigation(request.user)  # type: ignore[attr-defined]
    found: Navigation = request._navigation  # type: ignore[attr-defined]
    return found
