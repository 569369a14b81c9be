"""Which row of a file is which here.

A row keeps the id of the file where the owner has such a row; else its id is made of
the owner's and the file's. So the same file brings the same rows twice, and an id of
another account can neither be met nor be told from one that never was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from uuid_utils.compat import uuid7

from accounts.models import User
from todos.actions.imports.rows import TaskRow
from todos.models import Task


def ids_of(owner: User, source: str) -> list[UUID]:
    """Return the ids that a row of the file can have here."""
    if not source:
        return []
    try:
        own = UUID(source)
    except ValueError:
        return [uuid5(owner.pk, source)]
    return [own, uuid5(owner.pk, str(own))]


def settled_id(owner: User, source: str, known: Mapping[UUID, Any]) -> UUID:
    """Return the id that a row of the file has here, among the `known` or new."""
    ids = ids_of(owner, source)
    if not ids:
        return uuid7()
    return ids[0] if ids[0] in known else ids[-1]


class Series:
    """The series of a file: which ids they have here, and which occurrences."""

    def __init__(self, owner: User) -> None:
        self._owner = owner
        self._known: set[tuple[UUID | None, int | None]] = set()
        self._mine: set[UUID | None] = set()

    def look_up(self, rows: list[TaskRow]) -> None:
        """Find what the owner has of the series of some rows."""
        named: set[UUID] = {row.fields["series"] for row in rows if _is_repeat(row)}
        if not named:
            return
        wanted = [*named, *(uuid5(self._owner.pk, str(one)) for one in named)]
        mine = Task.objects.owned_by(self._owner).filter(series__in=wanted)
        found = set(mine.values_list("series", "occurrence"))
        self._known |= found
        self._mine |= {series for series, _ in found}

    def admits(self, task: Task) -> bool:
        """Give the task the id of its series here; tell whether it is new in it."""
        if task.series is None:
            return True
        if task.series not in self._mine:
            task.series = uuid5(self._owner.pk, str(task.series))
        place = (task.series, task.occurrence)
        is_new = place not in self._known
        self._known.add(place)
        return is_new


def _is_repeat(row: TaskRow) -> bool:
    return row.fields.get("series") is not None
