"""Taking changes back: the inverse of what the ledger says was done.

Every change is undone by putting back the fields it touched, and only while they still
are as it left them. So later changes of other fields stay, and one of the same field
stands in the way. Undoing is a batch like any other; undoing that one is redo.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any, TypeAlias
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.credentials import COMMAND, Credential
from accounts.models import User
from todos.actions import obstacles
from todos.actions.labels import count_carriers, names_of, set_labels
from todos.actions.refusals import CannotBeUndone, NothingToUndo, UndoConflict
from todos.actions.reminders import settle_reminder
from todos.actions.rows import store, store_all
from todos.ledger import Batch, Entity, Kind, Snapshot, batch, snapshot
from todos.models import (
    Change,
    ChangeQuerySet,
    Label,
    Task,
    TaskLabel,
    TaskList,
    label_key,
)

Row: TypeAlias = Task | TaskList | Label

MODELS: dict[str, type[Task] | type[TaskList] | type[Label]] = {
    Entity.TASK: Task,
    Entity.LIST: TaskList,
    Entity.LABEL: Label,
}
INVERSE = {
    Kind.UPDATED: Kind.UPDATED,
    Kind.MOVED: Kind.MOVED,
    Kind.COMPLETED: Kind.REOPENED,
    Kind.REOPENED: Kind.COMPLETED,
    Kind.TRASHED: Kind.RESTORED,
    Kind.RESTORED: Kind.TRASHED,
}
TEXTS = {"title", "notes", "name"}  # other columns follow from these, row by row
CHUNK = 500  # changes at once
GONE = "What was removed for good can't be brought back."


@dataclass(frozen=True, slots=True)
class Undone:
    """The batch that undoing made, and how many changes it took."""

    batch: UUID
    count: int


def undo(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    batch_id: UUID | None = None,
    change_id: UUID | None = None,
) -> Undone:
    """Take back a batch, a single change, or, without either, the last batch.

    Raises:
        Change.DoesNotExist: not a change of the owner, or not a batch.
        NothingToUndo: there is no change at all.
        CannotBeUndone: something was removed for good.
        UndoConflict: later changes stand in the way; nothing is taken back.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        changes = _wanted(owner, batch_id, change_id)
        undoing = _Undoing(owner, entries, changes)
        try:
            with transaction.atomic():
                for chunk in _latest_first(changes):
                    undoing.take_back(chunk)
                    entries.flush()
                undoing.check()
        except (IntegrityError, ValidationError) as exc:
            # What came since holds a place that has to be free (an occurrence, a name),
            # or rests on what was to be taken back (a time on its date).
            later = obstacles.since(changes, owner=owner)
            raise UndoConflict(changes=later) from exc
    return Undone(entries.id, entries.count)


def _wanted(
    owner: User, batch_id: UUID | None, change_id: UUID | None
) -> ChangeQuerySet:
    mine = Change.objects.owned_by(owner)
    if change_id is not None:
        return mine.filter(pk=mine.get(pk=change_id).pk)
    if batch_id is None:
        # A purge was nobody's doing: it can't be taken back, and it hides nothing.
        purged = Q(kind=Kind.REMOVED, before__isnull=True, credential=str(COMMAND))
        last = mine.exclude(purged).order_by("-seq").first()
        if last is None:
            raise NothingToUndo("There is no change to undo.")
        batch_id = last.batch
    found = mine.filter(batch=batch_id)
    if not found.exists():
        raise Change.DoesNotExist
    return found


def _latest_first(changes: ChangeQuerySet) -> Iterator[list[Change]]:
    """Yield the changes from the last to the first, as many at once as are alike."""
    end = None
    while True:
        rows = changes if end is None else changes.filter(seq__lt=end)
        found = list(islice(rows.order_by("-seq"), CHUNK))
        if not found:
            return
        end = found[-1].seq
        for _, alike in groupby(found, key=lambda one: (one.entity, one.kind)):
            yield from _without_repetition(alike)


def _without_repetition(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Yield the changes in stretches, in each of which no object comes twice."""
    stretch: dict[UUID, Change] = {}
    for change in changes:
        if change.entity_id in stretch:
            yield list(stretch.values())
            stretch = {}
        stretch[change.entity_id] = change
    yield list(stretch.values())


class _Undoing:
    """One run of undo: what it has touched, to be checked as a whole at the end."""

    def __init__(self, owner: User, entries: Batch, wanted: ChangeQuerySet) -> None:
        self.owner = owner
        self.entries = entries
        # What can stand in the way: neither taken back, nor made by doing so.
        others = Change.objects.owned_by(owner).exclude(pk__in=wanted.values("pk"))
        self._others = others.exclude(batch=entries.id)
        self._tasks: set[UUID] = set()

    def take_back(self, changes: list[Change]) -> None:
        """Undo changes of one kind, each of another object of one entity."""
        match changes[0].kind:
            case Kind.CREATED:
                self._remove(changes)
            case Kind.REMOVED:
                self._bring_back(changes)
            case _:
                self._put_back(changes)

    def _put_back(self, changes: list[Change]) -> None:
        rows = self._rows_of(changes)
        changed: list[tuple[Any, Snapshot]] = []
        for change in changes:
            row = self._as_left(change, rows)
            changed.append((row, snapshot(row)))
            self._assign(row, change.before or {})
            self._label(row, change.before or {})
        kind = INVERSE[Kind(changes[0].kind)]
        if any(TEXTS & (change.before or {}).keys() for change in changes):
            for row, before in changed:
                store(row, before, kind, self.entries)
                if isinstance(row, Label) and row.name != before["name"]:
                    count_carriers(row, at=self.entries.at)
        else:
            store_all(changed, kind, self.entries)

    def _as_left(self, change: Change, rows: dict[UUID, Row]) -> Row:
        """Return the row, still as the change left it."""
        if change.after is None:
            raise CannotBeUndone(GONE)
        row = rows.get(change.entity_id)
        if row is None:
            raise self._refusal(change, row)
        now = snapshot(row)
        if any(now[name] != value for name, value in change.after.items()):
            raise self._refusal(change, row)
        return row

    def _assign(self, row: Row, values: Snapshot) -> None:
        for name, value in values.items():
            if name != "labels":
                field: Any = row._meta.get_field(name.removesuffix("_id"))
                setattr(row, name, field.to_python(value))
        if isinstance(row, Label):
            row.key = label_key(row.name)
        if isinstance(row, Task):
            self._tasks.add(row.pk)
            settle_reminder(row, owner=self.owner, at=self.entries.at)

    def _label(self, row: Row, values: Snapshot) -> None:
        if isinstance(row, Task) and "labels" in values:
            names = values["labels"]
            set_labels(row, names, owner=self.owner, entries=self.entries)

    def _remove(self, changes: list[Change]) -> None:
        rows = self._rows_of(changes)
        if MODELS[changes[0].entity] is Label and self.entries.count:
            # Labels that came along with a task stay where they are wanted by now.
            changes = [one for one in changes if self._is_spare(one, rows)]
        for change in changes:
            row = self._as_left(change, rows)
            self.entries.removed(row, before=snapshot(row))
        ids = [change.entity_id for change in changes]
        model = MODELS[changes[0].entity] if changes else Label
        if used := self._in_use(model, ids):
            first = next(c for c in changes if c.entity_id in used)
            users = obstacles.on_users(first, self._others, owner=self.owner)
            raise UndoConflict(changes=users)
        model._default_manager.filter(owner=self.owner, pk__in=ids).delete()
        self._tasks -= set(ids)

    def _is_spare(self, change: Change, rows: dict[UUID, Row]) -> bool:
        row = rows.get(change.entity_id)
        is_same = row is not None and snapshot(row) == change.after
        return is_same and not self._in_use(Label, [change.entity_id])

    def _in_use(self, model: type[Row], ids: list[UUID]) -> set[UUID | None]:
        """Return those of the rows that others, which stay, refer to."""
        if model is Task:
            steps = Task.objects.filter(parent__in=ids).exclude(pk__in=ids)
            return set(steps.values_list("parent_id", flat=True))
        if model is TaskList:
            tasks = Task.objects.filter(list__in=ids)
            return set(tasks.values_list("list_id", flat=True))
        carried = TaskLabel.objects.filter(label__in=ids)
        return set(carried.values_list("label_id", flat=True))

    def _bring_back(self, changes: list[Change]) -> None:
        rows = [self._made_of(change) for change in changes]
        model: Any = MODELS[changes[0].entity]
        model._default_manager.bulk_create(rows)
        for row, change in zip(rows, changes, strict=True):
            self._label(row, change.before or {})
            self.entries.created(row)

    def _made_of(self, change: Change) -> Row:
        """Return the row as it was, not stored yet."""
        if change.before is None:
            raise CannotBeUndone(GONE)
        at = self.entries.at
        row = MODELS[change.entity](
            id=change.entity_id, owner_id=self.owner.pk, created_at=at, updated_at=at
        )
        # Higher than any it ever had: an entity tag of old must not match again.
        row.version = change.seq + 1
        self._assign(row, change.before)
        return row

    def _rows_of(self, changes: list[Change]) -> dict[UUID, Row]:
        model = MODELS[changes[0].entity]
        ids = {change.entity_id for change in changes}
        rows: Any = model._default_manager.filter(owner=self.owner, pk__in=ids)
        if model is Task:
            rows = rows.with_labels()
        found: dict[UUID, Row] = rows.in_bulk()
        return found

    def _refusal(self, change: Change, row: Row | None) -> UndoConflict:
        """Name what was done to the object since, or to the labels that it shows."""
        later = obstacles.on_object(change, self._others)
        if not later and isinstance(row, Task):
            later = obstacles.on_labels(change, names_of(row), self._others)
        return UndoConflict(changes=later)

    def check(self) -> None:
        """Hold the tasks that were touched against where they are now.

        Raises:
            UndoConflict: a task would be in a list that is in the trash, or a step
                away from its task.
        """
        for ids in _chunks(self._tasks):
            tasks = Task.objects.owned_by(self.owner).filter(pk__in=ids)
            for task in tasks.select_related("list", "parent"):
                if task.trashed_at is None and not _has_a_home(task):
                    raise UndoConflict(changes=self._about(task))

    def _about(self, task: Task) -> list[UUID]:
        """Return the last change of the list or the task that this one is in."""
        mine = Change.objects.owned_by(self.owner)
        around = mine.filter(entity_id__in=[task.list_id, task.parent_id])
        last = around.exclude(batch=self.entries.id).order_by("-seq")[:1]
        return list(last.values_list("pk", flat=True))


def _has_a_home(task: Task) -> bool:
    parent = task.parent
    if task.list.trashed_at is not None:
        return False
    if parent is None:
        return True
    together = parent.list_id == task.list_id and parent.trashed_at is None
    return together and parent.parent_id is None


def _chunks(ids: Iterable[UUID]) -> Iterator[list[UUID]]:
    rest = iter(ids)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
