"""The navigation at the side of every page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property

from accounts.models import User
from todos.agenda import Agenda
from todos.compiled_queries import COUNTED_MAX, lists_of
from todos.models import TaskList, label_key
from todos.pages.paths import path_of


@dataclass(frozen=True, slots=True)
class NavigationLabel:
    """What links to a label show."""

    pk: UUID
    name: str
    colour: str

    @property
    def path(self) -> str:
        """Of the page with its tasks."""
        return path_of("todos:label-detail", self.pk)


class Navigation:
    """The user's lists with their numbers of open tasks, loaded when they are shown."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def _user(self) -> User:
        # Not in __init__: if a request fails early, it has no user.
        assert self._request.user.is_authenticated
        return self._request.user

    @cached_property
    def agenda(self) -> Agenda:
        """The user's tasks by due date, at the instant of this request."""
        return Agenda(self._user, now=timezone.now(), zones=self._zones)

    def _zones(self) -> list[str]:
        joined: str | None = vars(self.inbox)["zones"]
        return joined.split(",") if joined else []

    @cached_property
    def _lists(self) -> list[TaskList]:
        return lists_of(self._user.pk)

    @cached_property
    def labels(self) -> list[NavigationLabel]:
        """All labels by name."""
        rows = vars(self.inbox)["all_labels"] or []
        labels = [NavigationLabel(UUID(key), *shown) for key, *shown in rows]
        return sorted(labels, key=lambda label: label_key(label.name))

    def labels_named(self, names: Iterable[str]) -> list[NavigationLabel]:
        """Return the labels with these names, which are spelled as they are stored."""
        return [self._by_name[name] for name in names if name in self._by_name]

    @cached_property
    def _by_name(self) -> dict[str, NavigationLabel]:
        return {label.name: label for label in self.labels}

    @property
    def inbox(self) -> TaskList:
        """The inbox, which every user has."""
        return next(row for row in self._lists if row.is_inbox)

    @property
    def active(self) -> list[TaskList]:
        """All lists that are not archived, the inbox first."""
        return [row for row in self._lists if row.archived_at is None]

    @property
    def lists(self) -> list[TaskList]:
        """The active lists without the inbox."""
        return [row for row in self.active if not row.is_inbox]

    @property
    def archived(self) -> list[TaskList]:
        """The archived lists."""
        return [row for row in self._lists if row.archived_at is not None]

    def list_of(self, list_id: UUID) -> TaskList | None:
        """Return the list with this id, or None if it is in the trash."""
        return self._by_id.get(list_id)

    @cached_property
    def _by_id(self) -> dict[UUID, TaskList]:
        # A page needs the list of each of its rows.
        return {row.pk: row for row in self._lists}

    @cached_property
    def today_count(self) -> int:
        """How many tasks are overdue or due today, at most one above `COUNTED_MAX`."""
        return self.agenda.today()[: COUNTED_MAX + 1].count()


def navigation_of(request: HttpRequest) -> Navigation:
    """Return the navigation of this request, shared by its view and its template."""
    found: Navigation | None = vars(request).get("_navigation")
    if found is None:
        found = vars(request)["_navigation"] = Navigation(request)
    return found


def navigation(request: HttpRequest) -> dict[str, object]:
    """Make the navigation available to all templates. Unused, it runs no query."""
    return {"navigation": navigation_of(request)}
