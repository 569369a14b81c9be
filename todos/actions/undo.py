"""Taking changes back: the inverse of what the ledger says was done.

Every change is undone by putting back the fields it touched, and only while they still
are as it left them. So later changes of other fields stay, and one of the same field
stands in the way. Undoing is a batch like any other; undoing that one is redo.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeAlias
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q

from accounts.credentials import COMMAND
from accounts.models import User
from config.writes import Insert
from todos.actions import conflicts
from todos.actions.labels import require_room as require_room_for_labels
from todos.actions.labels import set_all_labels, touch_labelled_tasks
from todos.actions.lists import require_room as require_room_for_lists
from todos.actions.refusals import (
    CannotBeUndone,
    NoRoom,
    NothingToUndo,
    UndoConflict,
    UndoTooLarge,
)
from todos.actions.storing import CHUNK, store, store_all
from todos.caller import Caller
from todos.ledger import (
    AccountFull,
    Batch,
    Entity,
    Kind,
    Snapshot,
    open_batch,
    snapshot,
)
from todos.models import (
    Change,
    ChangeQuerySet,
    Label,
    Task,
    TaskLabel,
    TaskList,
    TaskQuerySet,
    label_key,
)
from todos.reminders.planning import settle_reminder
from todos.task_fields import SEARCHED_COLUMNS

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
TEXTS = {*SEARCHED_COLUMNS, "name"}  # other columns follow from these, row by row
# What one import over HTTP can make: 10,000 tasks, and as many lists and labels as one
# user can have. All of it is taken back in one transaction, and others wait for it.
CHANGES_MAX = 11_000


@dataclass(frozen=True, slots=True)
class Undone:
    """The batch that undoing made, and how many changes it took."""

    batch: UUID
    count: int


def undo(
    caller: Caller,
    *,
    batch_id: UUID | None = None,
    change_id: UUID | None = None,
) -> Undone:
    """Take back a batch, a single change, or, without either, the last batch.

    Raises:
        Change.DoesNotExist: not a change of the owner, or not a batch.
        NothingToUndo: there is no change at all.
        CannotBeUndone: something was removed for good.
        UndoConflict: later changes stand in the way; nothing is taken back.
        UndoTooLarge: the batch has more than `CHANGES_MAX` changes.
        AccountFull: it would bring back more than the owner can have.
    """
    with open_batch(caller) as batch:
        changes = _wanted(caller.owner, batch_id, change_id)
        undoing = _Undo(batch, changes)
        try:
            with transaction.atomic():
                for chunk in _latest_first(changes, caller.owner):
                    undoing.take_back(chunk)
                    batch.flush()
                undoing.check()
        except NoRoom as exc:
            raise AccountFull(exc.messages[0]) from exc
        except (IntegrityError, ValidationError) as exc:
            # What came since holds a place that has to be free (an occurrence, a name),
            # or rests on what was to be taken back (a time on its date).
            later = conflicts.later_changes(changes, owner=caller.owner)
            raise UndoConflict(changes=later) from exc
    return Undone(batch.id, batch.count)


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
            raise NothingToUndo
        batch_id = last.batch
    found = mine.filter(batch=batch_id)
    count = found[: CHANGES_MAX + 1].count()
    if not count:
        raise Change.DoesNotExist
    if count > CHANGES_MAX:
        raise UndoTooLarge
    return found


def _latest_first(changes: ChangeQuerySet, owner: User) -> Iterator[list[Change]]:
    """Yield the changes from the last to the first, as many at once as are alike."""
    # Their numbers first, eight bytes each: a chunk is found by them, however many
    # changes there are.
    numbers = array("q", changes.order_by("-seq").values_list("seq", flat=True))
    mine = Change.objects.owned_by(owner).order_by("-seq")
    for start in range(0, len(numbers), CHUNK):
        found = mine.filter(seq__in=numbers[start : start + CHUNK])
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


class _Undo:
    """One run of undo: what it has touched, to be checked as a whole at the end."""

    def __init__(self, batch: Batch, wanted: ChangeQuerySet) -> None:
        self.owner = batch.owner
        self.batch = batch
        # What can stand in the way: neither taken back, nor made by doing so.
        others = Change.objects.owned_by(self.owner).exclude(pk__in=wanted.values("pk"))
        self._others = others.exclude(batch=batch.id)
        self._tasks: set[UUID] = set()
        self._lists: set[UUID] = set()
        self._brings_lists = False  # out of the trash, or made again
        self._brings_labels = False

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
            row, before = self._as_left(change, rows)
            changed.append((row, before))
            self._assign(row, change.before or {})
        self._label(changes, rows)
        kind = INVERSE[Kind(changes[0].kind)]
        if any(TEXTS & (change.before or {}).keys() for change in changes):
            for row, before in changed:
                store(row, before, kind, self.batch)
                if isinstance(row, Label) and row.name != before["name"]:
                    touch_labelled_tasks(row, at=self.batch.at)
        else:
            store_all(changed, kind, self.batch)

    def _as_left(self, change: Change, rows: dict[UUID, Row]) -> tuple[Row, Snapshot]:
        """Return the row, still as the change left it, and a snapshot of it."""
        if change.after is None:
            raise CannotBeUndone
        row = rows.get(change.entity_id)
        if row is None:
            raise self._refusal(change, row)
        now = snapshot(row)
        if any(now[name] != value for name, value in change.after.items()):
            raise self._refusal(change, row)
        return row, now

    def _assign(self, row: Row, values: Snapshot) -> None:
        for name, value in values.items():
            if name != "labels":
                field: Any = row._meta.get_field(name.removesuffix("_id"))
                setattr(row, name, field.to_python(value))
        if isinstance(row, Label):
            row.key = label_key(row.name)
        if isinstance(row, Task):
            self._tasks.add(row.pk)
            settle_reminder(row, owner=self.owner, at=self.batch.at)
        if isinstance(row, TaskList):
            self._lists.add(row.pk)
            self._brings_lists |= values.get("trashed_at", "") is None

    def _label(self, changes: list[Change], rows: dict[UUID, Row]) -> None:
        """Put back the labels of those tasks that the changes touched."""
        wanted: list[tuple[Task, list[str]]] = []
        for change in changes:
            row = rows[change.entity_id]
            if isinstance(row, Task) and "labels" in (change.before or {}):
                wanted.append((row, (change.before or {})["labels"]))
        set_all_labels(wanted, self.batch)

    def _remove(self, changes: list[Change]) -> None:
        rows = self._rows_of(changes)
        if MODELS[changes[0].entity] is Label and self.batch.count:
            # Labels that came along with a task stay where they are wanted by now.
            changes = self._spare(changes, rows)
        for change in changes:
            row, before = self._as_left(change, rows)
            self.batch.removed(row, before=before)
        ids = [change.entity_id for change in changes]
        model = MODELS[changes[0].entity] if changes else Label
        if used := self._in_use(model, ids):
            first = next(c for c in changes if c.entity_id in used)
            users = conflicts.new_references(first, self._others, owner=self.owner)
            raise UndoConflict(changes=users)
        model._default_manager.filter(owner=self.owner, pk__in=ids).delete()
        self._tasks -= set(ids)
        self._lists -= set(ids)

    def _spare(self, changes: list[Change], rows: dict[UUID, Row]) -> list[Change]:
        """Return those changes whose labels nobody renamed or put on a task since."""
        used = self._in_use(Label, [change.entity_id for change in changes])
        return [
            change
            for change in changes
            if (row := rows.get(change.entity_id)) is not None
            and row.pk not in used
            and snapshot(row) == change.after
        ]

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
        rows = {change.entity_id: self._made_of(change) for change in changes}
        Insert.of(MODELS[changes[0].entity], list(rows.values())).run()
        self._label(changes, rows)
        for row in rows.values():
            self.batch.created(row)

    def _made_of(self, change: Change) -> Row:
        """Return the row as it was, not stored yet."""
        if change.before is None:
            raise CannotBeUndone
        at = self.batch.at
        row = MODELS[change.entity](
            id=change.entity_id, owner_id=self.owner.pk, created_at=at, updated_at=at
        )
        if isinstance(row, Task):
            row.label_names = []  # until `_label` restores them
        self._brings_labels |= isinstance(row, Label)
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
        later = conflicts.changes_to_object(change, self._others)
        if not later and isinstance(row, Task):
            later = conflicts.label_renames(change, row.label_names, self._others)
        return UndoConflict(changes=later)

    def check(self) -> None:
        """Hold what was touched against what it belongs to by now.

        A key to a row that is gone would only be found when the transaction ends, so
        it is looked for here.

        Raises:
            UndoConflict: a task would be in a list that is in the trash or gone, or a
                step without its task, away from it, or a step of a step.
            NoRoom: lists or labels came back, and there are too many of them now.
        """
        if self._brings_lists:
            require_room_for_lists(self.owner, count=0)
        if self._brings_labels:
            require_room_for_labels(self.owner, count=0, field="labels")
        mine = Task.objects.owned_by(self.owner)
        for ids in _chunks(self._tasks):
            self._require_valid_places(mine.filter(pk__in=ids))
            self._require_valid_places(mine.filter(parent__in=ids))
        for ids in _chunks(self._lists):
            self._require_valid_places(mine.filter(list__in=ids))

    def _require_valid_places(self, tasks: TaskQuerySet) -> None:
        for task in tasks.filter(_is_misplaced())[:1]:
            raise UndoConflict(changes=self._about(task))

    def _about(self, task: Task) -> list[UUID]:
        """Return the last change that brought a task where it can't be.

        Made to its list or to the task that it is a step of, or, where this undo did
        not touch it, to itself.
        """
        mine = Change.objects.owned_by(self.owner)
        around = [task.pk]
        if task.pk in self._tasks:
            around = [key for key in (task.list_id, task.parent_id) if key]
        last = mine.filter(entity_id__in=around).exclude(batch=self.batch.id)
        return list(last.order_by("-seq").values_list("pk", flat=True)[:1])


def _is_misplaced() -> Q:
    """Match tasks that are where no task can be."""
    owner = OuterRef("owner_id")
    lists = TaskList.objects.filter(owner=owner, pk=OuterRef("list_id"))
    tasks = Task.objects.filter(owner=owner, pk=OuterRef("parent_id"))
    above = tasks.live().filter(parent=None, list=OuterRef("list_id"))
    is_lost = ~Exists(lists) | Q(parent__isnull=False) & ~Exists(tasks)
    is_apart = ~Exists(lists.live()) | Q(parent__isnull=False) & ~Exists(above)
    return is_lost | Q(trashed_at=None) & is_apart


def _chunks(ids: set[UUID]) -> Iterator[list[UUID]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]
