"""What the navigation at the side of every page shows."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from todos.agenda import Agenda
from todos.models import TaskList


class Navigation:
    """A person's lists and what waits in them; read from the database when shown."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def _user(self) -> User:
        # Read late: where a request fails early, there is no user to ask for.
        assert self._request.user.is_authenticated
        return self._request.user

    @cached_property
    def agenda(self) -> Agenda:
        """What is due when, at the instant of this request."""
        return Agenda(self._user, now=timezone.now())

    @cached_property
    def _lists(self) -> list[TaskList]:
        lists = TaskList.objects.owned_by(self._user).live()
        return list(lists.with_open_counts().in_order())

    @property
    def inbox(self) -> TaskList:
        """The list that everyone has."""
        return next(row for row in self._lists if row.is_inbox)

    @property
    def active(self) -> list[TaskList]:
        """The lists that tasks can be put into, the inbox first."""
        return [row for row in self._lists if row.archived_at is None]

    @property
    def lists(self) -> list[TaskList]:
        """The person's own lists, without the archived ones."""
        return [row for row in self.active if not row.is_inbox]

    @property
    def archived(self) -> list[TaskList]:
        """Lists that are put away."""
        return [row for row in self._lists if row.archived_at is not None]

    def named(self, list_id: UUID) -> TaskList | None:
        """The list of this id, unless it is in the trash."""
        return self._by_id.get(list_id)

    @cached_property
    def _by_id(self) -> dict[UUID, TaskList]:
        # A page asks for the list of each of its rows.
        return {row.pk: row for row in self._lists}

    @cached_property
    def today_count(self) -> int:
        """How many tasks are overdue or due today."""
        return self.agenda.today().count()


def of(request: HttpRequest) -> Navigation:
    """Return the navigation of this request, the same for its view and its template."""
    if not hasattr(request, "_navigation"):
        request._navigation = Navigation(request)  # type: ignore[attr-defined]
    found: Navigation = request._navigation  # type: ignore[attr-defined]
    return found


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Put the navigation within every template's reach; it costs nothing unused."""
    return {"navigation": of(request)}
