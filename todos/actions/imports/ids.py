"""Which row of a file is which object of the owner.

A row keeps its id of the file if the owner has an object with this id. Otherwise its
id is derived from the owner's id and the id in the file. So importing a file twice
finds the same objects, and an id of another account can neither be reached nor be
distinguished from an id that never existed.
"""

from __future__ import annotations

from collections.abc import Container
from uuid import UUID, uuid5

from uuid_utils.compat import uuid7

from accounts.models import User
from todos.actions.imports.rows import ImportReport, ListRow, RowIssue, TaskRow
from todos.models import Task


def candidate_ids(owner: User, source: str) -> list[UUID]:
    """Return the ids that a row with the id `source` in the file can have here."""
    if not source:
        return []
    try:
        own = UUID(source)
    except ValueError:
        return [uuid5(owner.pk, source)]
    return [own, uuid5(owner.pk, str(own))]


def resolve_id(owner: User, source: str, known: Container[UUID]) -> UUID:
    """Return the id of a row here: one of the `known` ids, or a new one."""
    candidates = candidate_ids(owner, source)
    if not candidates:
        return uuid7()
    return candidates[0] if candidates[0] in known else candidates[-1]


class SeenIds:
    """The ids of the lists and tasks of a file so far."""

    def __init__(self, report: ImportReport) -> None:
        self._report = report
        self._seen: set[bytes] = set()

    def is_duplicate(self, row: ListRow | TaskRow, row_id: UUID) -> bool:
        """Tell whether an earlier row has this id; if so, report it."""
        if row_id.bytes in self._seen:
            self._report.add(RowIssue(row.row, "id", "Duplicate id in the file."))
            return True
        self._seen.add(row_id.bytes)
        return False


class SeriesIds:
    """The ids that the series of a file have here, and their known occurrences."""

    def __init__(self, owner: User) -> None:
        self._owner = owner
        self._occurrences: set[tuple[UUID | None, int | None]] = set()
        self._own: set[UUID | None] = set()

    def look_up(self, rows: list[TaskRow]) -> None:
        """Find the occurrences that the owner has of the series of these rows."""
        series = {
            row.fields["series"] for row in rows if row.fields.get("series") is not None
        }
        if not series:
            return
        ids = [*series, *(uuid5(self._owner.pk, str(one)) for one in series)]
        tasks = Task.objects.owned_by(self._owner).filter(series__in=ids)
        found = set(tasks.values_list("series", "occurrence"))
        self._occurrences |= found
        self._own |= {series_id for series_id, _ in found}

    def assign(self, task: Task) -> bool:
        """Set the id of the task's series here; return False for a known occurrence."""
        if task.series is None:
            return True
        if task.series not in self._own:
            task.series = uuid5(self._owner.pk, str(task.series))
        occurrence = (task.series, task.occurrence)
        is_new = occurrence not in self._occurrences
        self._occurrences.add(occurrence)
        return is_new
