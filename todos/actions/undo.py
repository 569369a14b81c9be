"""Undoing changes by the values that the ledger recorded.

A change is undone by restoring the columns that it changed, if they still have the
values that it gave them. So later changes of other columns stay, and a later change of
the same column is a conflict. An undo is a batch like any other; undoing it is a redo.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias
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
from todos.actions.loading import recorded_rows
from todos.actions.refusals import (
    CannotBeUndone,
    NoRoom,
    NothingToUndo,
    UndoConflict,
    UndoTooLarge,
)
from todos.actions.storing import CHUNK, assign, delete_tasks, store, store_all
from todos.caller import Caller
from todos.ledger import (
    AccountFull,
    Batch,
    Entity,
    Kind,
    RecordedRow,
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
from todos.reminders.planning import check_reminder, plan_reminder
from todos.task_fields import SEARCHED_COLUMNS

RecordedModel: TypeAlias = type[Task] | type[TaskList] | type[Label]

MODELS: dict[str, RecordedModel] = {
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
TEXTS = {*SEARCHED_COLUMNS, "name"}  # `store` derives other columns from these
# What one import over HTTP can create: 10,000 tasks, and all lists and labels that one
# user can have. It is undone in one transaction, while the user's other writes wait.
CHANGES_MAX = 11_000


@dataclass(frozen=True, slots=True)
class Undone:
    """The batch that an undo recorded, and its number of changes."""

    batch: UUID
    count: int


def undo(
    caller: Caller,
    *,
    batch_id: UUID | None = None,
    change_id: UUID | None = None,
    into: UUID | None = None,
) -> Undone:
    """Undo a batch, a single change, or, without either, the last batch.

    `into` is the batch of earlier undos that this one is to be undone with.

    Raises:
        Change.DoesNotExist: the owner has no such change or batch.
        NothingToUndo: the owner has not changed anything.
        CannotBeUndone: something was deleted permanently.
        UndoConflict: later changes conflict; nothing is undone.
        UndoTooLarge: the batch has more than `CHANGES_MAX` changes.
        AccountFull: the owner would have more rows than allowed.
    """
    with open_batch(caller, batch_id=into) as batch:
        changes = _changes_to_undo(caller.owner, batch_id, change_id)
        run = _Undo(batch, changes)
        try:
            with transaction.atomic():
                for changes_alike in _latest_first(changes, caller.owner):
                    run.undo_alike(changes_alike)
                    batch.flush()
                run.check()
        except NoRoom as exc:
            raise AccountFull(exc.messages[0]) from exc
        except (IntegrityError, ValidationError) as exc:
            # A later change uses a unique value (an occurrence, a name), or depends on
            # a value that would be undone (a time on its date).
            later = conflicts.later_changes(changes, owner=caller.owner)
            raise UndoConflict(changes=later) from exc
    return Undone(batch.id, batch.count)


def _changes_to_undo(
    owner: User, batch_id: UUID | None, change_id: UUID | None
) -> ChangeQuerySet:
    mine = Change.objects.owned_by(owner)
    if change_id is not None:
        return mine.filter(pk=mine.get(pk=change_id).pk)
    if batch_id is None:
        # A purge can't be undone, and must not prevent the undo of earlier changes.
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
    """Yield the changes in reverse order, grouped by entity and kind."""
    # Only their numbers are loaded at once, eight bytes each.
    numbers = array("q", changes.order_by("-seq").values_list("seq", flat=True))
    mine = Change.objects.owned_by(owner).order_by("-seq")
    for start in range(0, len(numbers), CHUNK):
        found = mine.filter(seq__in=numbers[start : start + CHUNK])
        for _, alike in groupby(found, key=lambda one: (one.entity, one.kind)):
            yield from _without_repetition(alike)


def _without_repetition(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Split the changes into groups in which no object occurs twice."""
    group: dict[UUID, Change] = {}
    for change in changes:
        if change.entity_id in group:
            yield list(group.values())
            group = {}
        group[change.entity_id] = change
    yield list(group.values())


class _Undo:
    """One run of undo, which keeps track of what it changed for the final check."""

    def __init__(self, batch: Batch, chosen: ChangeQuerySet) -> None:
        self.owner = batch.owner
        self.batch = batch
        # Possible conflicts: changes that are neither undone nor recorded by this run.
        others = Change.objects.owned_by(self.owner).exclude(pk__in=chosen.values("pk"))
        self._others = others.exclude(batch=batch.id)
        self._tasks: set[UUID] = set()
        self._lists: set[UUID] = set()
        self._restores_lists = False  # from the trash, or after a permanent deletion
        self._restores_labels = False

    def undo_alike(self, changes: list[Change]) -> None:
        """Undo changes of one kind and entity, each of a different object."""
        match changes[0].kind:
            case Kind.CREATED:
                self._remove(changes)
            case Kind.REMOVED:
                self._recreate(changes)
            case _:
                self._restore_columns(changes)

    def _restore_columns(self, changes: list[Change]) -> None:
        rows = self._rows_of(changes)
        changed: list[tuple[RecordedRow, Snapshot]] = []
        for change in changes:
            row, before = self._unchanged_row(change, rows)
            changed.append((row, before))
            self._assign(row, change.before or {})
        self._restore_labels(changes, rows)
        kind = INVERSE[Kind(changes[0].kind)]
        if any(TEXTS & (change.before or {}).keys() for change in changes):
            for row, before in changed:
                store(row, before, kind, self.batch)
                if isinstance(row, Label) and row.name != before["name"]:
                    touch_labelled_tasks(row, at=self.batch.at)
        else:
            store_all(changed, kind, self.batch)

    def _unchanged_row(
        self, change: Change, rows: dict[UUID, RecordedRow]
    ) -> tuple[RecordedRow, Snapshot]:
        """Return the row and its snapshot.

        Raises:
            UndoConflict: a column has another value than the change gave it.
        """
        if change.after is None:
            raise CannotBeUndone
        row = rows.get(change.entity_id)
        if row is None:
            raise self._refusal(change, row)
        now = snapshot(row)
        if any(now[name] != value for name, value in change.after.items()):
            raise self._refusal(change, row)
        return row, now

    def _assign(self, row: RecordedRow, values: Snapshot) -> None:
        assign(row, values)
        if isinstance(row, Label):
            row.key = label_key(row.name)
        if isinstance(row, Task):
            self._tasks.add(row.pk)
            check_reminder(row)
            plan_reminder(row, owner=self.owner, at=self.batch.at)
        if isinstance(row, TaskList):
            self._lists.add(row.pk)
            self._restores_lists |= values.get("trashed_at", "") is None

    def _restore_labels(
        self, changes: list[Change], rows: dict[UUID, RecordedRow]
    ) -> None:
        """Restore the labels of tasks whose labels were changed."""
        labels: list[tuple[Task, list[str]]] = []
        for change in changes:
            row = rows[change.entity_id]
            if isinstance(row, Task) and "labels" in (change.before or {}):
                labels.append((row, (change.before or {})["labels"]))
        set_all_labels(labels, self.batch)

    def _remove(self, changes: list[Change]) -> None:
        rows = self._rows_of(changes)
        entity = changes[0].entity
        if entity == Entity.LABEL and self.batch.count:
            # Labels that were created with a task stay if they are used elsewhere.
            changes = self._without_used_labels(changes, rows)
        for change in changes:
            row, before = self._unchanged_row(change, rows)
            self.batch.removed(row, before=before)
        ids = [change.entity_id for change in changes]
        if used := _referenced(entity, ids, self.owner):
            first = next(change for change in changes if change.entity_id in used)
            later = conflicts.new_references(first, self._others, owner=self.owner)
            raise UndoConflict(changes=later)
        if entity == Entity.TASK:
            delete_tasks(ids, owner=self.owner)
        else:
            MODELS[entity].objects.filter(owner=self.owner, pk__in=ids).delete()
        self._tasks -= set(ids)
        self._lists -= set(ids)

    def _without_used_labels(
        self, changes: list[Change], rows: dict[UUID, RecordedRow]
    ) -> list[Change]:
        """Return the changes of labels that are unchanged and on no task."""
        used = _referenced(
            Entity.LABEL, [change.entity_id for change in changes], self.owner
        )
        return [
            change
            for change in changes
            if (row := rows.get(change.entity_id)) is not None
            and row.pk not in used
            and snapshot(row) == change.after
        ]

    def _recreate(self, changes: list[Change]) -> None:
        rows = {change.entity_id: self._recreated(change) for change in changes}
        Insert.of(MODELS[changes[0].entity], list(rows.values())).run()
        self._restore_labels(changes, rows)
        for row in rows.values():
            self.batch.created(row)

    def _recreated(self, change: Change) -> RecordedRow:
        """Return the removed row as it was; it is not stored yet."""
        if change.before is None:
            raise CannotBeUndone
        at = self.batch.at
        row = MODELS[change.entity](
            id=change.entity_id, owner_id=self.owner.pk, created_at=at, updated_at=at
        )
        if isinstance(row, Task):
            row.label_names = []  # `_restore_labels` sets them
        self._restores_labels |= isinstance(row, Label)
        # Higher than any earlier version, so that an old ETag does not match again.
        row.version = change.seq + 1
        self._assign(row, change.before)
        return row

    def _rows_of(self, changes: list[Change]) -> dict[UUID, RecordedRow]:
        rows = recorded_rows(changes[0].entity, self.owner)
        ids = {change.entity_id for change in changes}
        return {row.pk: row for row in rows.filter(pk__in=ids)}

    def _refusal(self, change: Change, row: RecordedRow | None) -> UndoConflict:
        """Return a refusal that names later changes of the object or of its labels."""
        later = conflicts.changes_to_object(change, self._others)
        if not later and isinstance(row, Task):
            later = conflicts.label_renames(change, row.label_names, self._others)
        return UndoConflict(changes=later)

    def check(self) -> None:
        """Check that the changed rows still fit together with all others.

        The database checks foreign keys only when the transaction ends, so missing rows
        are looked for here.

        Raises:
            UndoConflict: a task would be in a missing or trashed list, or a step would
                have no task, be in another list, or be a step of a step.
            NoRoom: lists or labels were restored, and there are too many now.
        """
        if self._restores_lists:
            require_room_for_lists(self.owner, count=0)
        if self._restores_labels:
            require_room_for_labels(self.owner, count=0, field="labels")
        mine = Task.objects.owned_by(self.owner)
        for ids in _chunks(self._tasks):
            self._require_valid_places(mine.filter(pk__in=ids))
            self._require_valid_places(mine.filter(parent__in=ids))
        for ids in _chunks(self._lists):
            self._require_valid_places(mine.filter(list__in=ids))

    def _require_valid_places(self, tasks: TaskQuerySet) -> None:
        for task in tasks.filter(_is_misplaced())[:1]:
            raise UndoConflict(changes=self._cause_of(task))

    def _cause_of(self, task: Task) -> list[UUID]:
        """Return the id of the last change that made the place of a task invalid.

        If this run changed the task, that is a change of its list or parent; otherwise
        a change of the task itself.
        """
        mine = Change.objects.owned_by(self.owner)
        objects = [task.pk]
        if task.pk in self._tasks:
            objects = [key for key in (task.list_id, task.parent_id) if key]
        last = mine.filter(entity_id__in=objects).exclude(batch=self.batch.id)
        return list(last.order_by("-seq").values_list("pk", flat=True)[:1])


def _referenced(entity: str, ids: list[UUID], owner: User) -> set[UUID | None]:
    """Return the ids of those rows that other, remaining rows refer to."""
    match entity:
        case Entity.TASK:
            steps = Task.objects.filter(owner=owner, parent__in=ids).exclude(pk__in=ids)
            return set(steps.values_list("parent_id", flat=True))
        case Entity.LIST:
            tasks = Task.objects.filter(owner=owner, list__in=ids)
            return set(tasks.values_list("list_id", flat=True))
        case _:
            task_labels = TaskLabel.objects.filter(owner=owner, label__in=ids)
            return set(task_labels.values_list("label_id", flat=True))


def _is_misplaced() -> Q:
    """Match tasks in a place where no task can be."""
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
