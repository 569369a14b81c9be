"""The first stage of a plan: the lists of a file, and the list of each task."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from uuid_utils.compat import uuid7

from todos.actions.imports.ids import SeenIds, candidate_ids, resolve_id
from todos.actions.imports.rows import Columns, ImportReport, ListRow, TaskRow
from todos.actions.lists import require_room
from todos.actions.loading import inbox_id
from todos.caller import Caller
from todos.models import TaskList, position_now


@dataclass(frozen=True, slots=True)
class Destination:
    """A list that tasks of the file go to."""

    id: UUID
    is_trashed: bool = False


class ListStage:
    """Finds the lists of the file, and plans those that the owner doesn't have."""

    def __init__(self, caller: Caller, report: ImportReport, seen: SeenIds) -> None:
        self.new: list[TaskList] = []
        self.is_full = False  # the owner can't have all lists of the file
        self.inbox = Destination(inbox_id(caller.owner))
        self._caller, self._report, self._seen = caller, report, seen
        self._by_source: dict[str, Destination] = {}
        self._by_name: dict[str, Destination] | None = None  # case-folded names
        self._planned_by_name: set[UUID] = set()
        self._positions = iter(range(position_now(), 2**63))

    def take(self, rows: list[ListRow]) -> None:
        """Find or plan the list of each row."""
        owner = self._caller.owner
        ids = [pk for row in rows for pk in candidate_ids(owner, row.source)]
        lists = TaskList.objects.owned_by(owner)
        known = {row.pk: row for row in lists.filter(pk__in=ids)}
        for row in rows:
            list_id = resolve_id(owner, row.source, known)
            if self._seen.is_duplicate(row, list_id):
                continue
            if row.is_inbox:
                self._by_source[row.source] = self.inbox
            elif found := known.get(list_id):
                self._report.skipped += 1
                destination = Destination(list_id, found.trashed_at is not None)
                self._by_source[row.source] = destination
            else:
                try:
                    self._by_source[row.source] = self._plan(list_id, row.fields)
                except ValidationError as exc:
                    self._report.add_errors(row.row, exc, prefix="lists.")
                    self.is_full = True
                    return

    def destination_of(self, row: TaskRow) -> Destination:
        """Return the list that a task belongs to; plan it if its name is new.

        Raises:
            ValidationError: for `list`.
        """
        if row.list_source:
            if row.list_source not in self._by_source:
                raise ValidationError({"list": "There is no such list in the file."})
            return self._by_source[row.list_source]
        return self._named(row.list_name) if row.list_name else self.inbox

    def drop_unused(self, used: Container[UUID]) -> None:
        """Plan no list that only tasks with an error name."""
        self.new = [
            row
            for row in self.new
            if row.pk not in self._planned_by_name or row.pk in used
        ]

    def _named(self, name: str) -> Destination:
        if self._by_name is None:
            self._by_name = self._stored_by_name()
        key = name.casefold()
        if key not in self._by_name:
            fields = {"name": name, "position": next(self._positions)}
            try:
                self._by_name[key] = self._plan(uuid7(), fields)
            except ValidationError as exc:
                raise ValidationError({"list": exc.messages}) from exc
            self._planned_by_name.add(self._by_name[key].id)
        return self._by_name[key]

    def _stored_by_name(self) -> dict[str, Destination]:
        lists = TaskList.objects.owned_by(self._caller.owner).live()
        # Of several lists with the same name, the first in the user's order remains.
        names = lists.order_by("-position").values_list("pk", "name")
        return {name.casefold(): Destination(list_id) for list_id, name in names}

    def _plan(self, list_id: UUID, fields: Columns) -> Destination:
        owner, at = self._caller.owner, self._caller.at
        columns: Mapping[str, Any] = {"created_at": at, "updated_at": at, **fields}
        new = TaskList(id=list_id, owner_id=owner.pk, **columns)
        if new.trashed_at is None:
            live = [row for row in self.new if row.trashed_at is None]
            require_room(owner, count=len(live) + 1)
        self.new.append(new)
        return Destination(list_id, new.trashed_at is not None)
