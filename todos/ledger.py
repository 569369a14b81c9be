"""Writing the ledger: the record of every change to a user's data.

An action opens a batch, makes its changes inside it and records each of them. The
entries are written last, in the same transaction: a change and its entry are stored
together or not at all.

A user's writes run one after the other. A batch begins by taking a number of the
user's ledger, which locks the ledger until the batch ends. So what an action reads
stays true until it writes, two batches cannot deadlock, and a client that reads the
changes in order cannot miss one that was not committed yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TypeAlias
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils.functional import cached_property
from uuid_utils.compat import uuid7

from accounts.models import User
from config.refusals import Refusal
from config.writes import Insert, fetch_later
from todos.caller import Caller
from todos.models import Change, Label, Ledger, Task, TaskList
from todos.task_fields import RECORDED_COLUMNS

Entity = Change.Entity
Kind = Change.Kind
RecordedRow: TypeAlias = Task | TaskList | Label
Snapshot: TypeAlias = dict[str, object]  # JSON values by column
_Value: TypeAlias = str | int | UUID | date | time | None


def snapshot(row: RecordedRow) -> Snapshot:
    """Return the columns of a row that the ledger records, as JSON values.

    A task must have its labels loaded.

    Raises:
        NotLoaded: it has not.
    """
    values: Snapshot = {}
    for name in RECORDED[type(row)]:
        value = getattr(row, name)
        is_json = value is None or type(value) is str  # most are
        values[name] = value if is_json else _as_json(value)
    if isinstance(row, Task):
        values["labels"] = list(row.label_names)
    return values


RECORDED: dict[type, tuple[str, ...]] = {
    Task: RECORDED_COLUMNS,
    TaskList: ("name", "colour", "position", "archived_at", "trashed_at"),
    Label: ("name", "colour"),
}
ENTITIES = {Task: Entity.TASK, TaskList: Entity.LIST, Label: Entity.LABEL}


def _as_json(value: _Value) -> str | int | None:
    if value is None or isinstance(value, str | int):
        return value
    return str(value) if isinstance(value, UUID) else value.isoformat()


class AccountFull(Refusal):
    """The owner has the maximum number of tasks, lists or labels."""

    code = "account_full"

    def __init__(self, text: str = "") -> None:
        super().__init__(
            text
            or f"An account can have at most {settings.ACCOUNT_ROWS_MAX:,} tasks and"
            " lists, including the trash. Delete some tasks permanently first."
        )


@dataclass(slots=True)
class _Numbers:
    """The numbers of the ledger that a batch has taken, and given to its changes."""

    after: int  # the owner's last number before this batch
    last: int  # that is taken
    given: int  # to the last change
    stored: int  # how many tasks and lists the owner has


class Batch:
    """The changes of one action, to be undone together."""

    def __init__(
        self,
        caller: Caller,
        *,
        batch_id: UUID | None = None,
        adds: int = 0,
    ) -> None:
        self.id: UUID = batch_id or uuid7()
        self.caller = caller
        self.count = 0  # changes recorded so far
        self._changes: list[dict[str, object]] = []  # columns by name
        # Most batches need only one number. The same statement counts `adds`. It is
        # sent together with what the action reads first.
        self._take = _take_numbers(caller.owner.pk, 1, adds)
        self._uncounted = -adds
        self._added = 0

    @property
    def owner(self) -> User:
        return self.caller.owner

    @property
    def at(self) -> datetime:
        return self.caller.at

    @cached_property
    def _numbers(self) -> _Numbers:
        ((last, stored),) = self._take()
        return _Numbers(after=last - 1, last=last, given=last - 1, stored=stored)

    @property
    def after(self) -> int:
        """The owner's last number before this batch."""
        return self._numbers.after

    @property
    def last(self) -> int:
        """The last number that this batch has taken."""
        return self._numbers.last

    def created(self, row: RecordedRow, after: Snapshot | None = None) -> None:
        """Record a created row; `after` is its snapshot, if there is one already."""
        self._record(Kind.CREATED, row, None, after or snapshot(row))

    def changed(
        self,
        kind: Change.Kind,
        row: RecordedRow,
        before: Snapshot,
        after: Snapshot,
    ) -> None:
        """Record the columns that differ between two snapshots of a row."""
        names = [name for name in after if after[name] != before[name]]
        # The API shows these two columns as one value.
        if {"rrule", "rrule_anchor"} & set(names):
            names = [*{*names, "rrule", "rrule_anchor"}]
        self._record(
            kind,
            row,
            {name: before[name] for name in names},
            {name: after[name] for name in names},
        )

    def removed(self, row: RecordedRow, before: Snapshot | None = None) -> None:
        """Record a removed row; undo can restore it if `before` is its snapshot.

        Without `before` the entry is a tombstone that contains no text.
        """
        self._record(Kind.REMOVED, row, before, None)

    def _record(
        self,
        kind: Change.Kind,
        row: RecordedRow,
        before: Snapshot | None,
        after: Snapshot | None,
    ) -> None:
        self.count += 1
        if not isinstance(row, Label) and kind in {Kind.CREATED, Kind.REMOVED}:
            difference = 1 if kind == Kind.CREATED else -1
            self._added += difference
            self._uncounted += difference
        self._changes.append(
            {
                "id": uuid7(),
                "owner_id": self.owner.pk,
                "at": self.at,
                "entity": ENTITIES[type(row)],
                "entity_id": row.pk,
                "kind": kind,
                "before": before,
                "after": after,
                "credential": str(self.caller.by),
                "batch": self.id,
            }
        )

    def flush(self) -> None:
        """Number and store the changes recorded so far; more can follow.

        Long batches call it to bound their memory.
        """
        if not self._changes:
            return
        numbers = self._numbers
        missing = len(self._changes) - (numbers.last - numbers.given)
        if missing > 0:
            ((numbers.last, _),) = _take_numbers(self.owner.pk, missing, 0)()
        for change in self._changes:
            numbers.given += 1
            change["seq"] = numbers.given
        rows = [tuple(change.values()) for change in self._changes]
        Insert(Change, tuple(self._changes[0]), rows).run()
        self._changes.clear()

    def store_count(self) -> None:
        """Store how many rows the batch added, at its end.

        Raises:
            AccountFull: the owner would have more than the maximum.
        """
        if self._uncounted:
            ledger = Ledger.objects.filter(pk=self.owner.pk)
            ledger.update(stored=F("stored") + self._uncounted)
            self._numbers.stored += self._uncounted
            self._uncounted = 0
        if self._added > 0 and self._numbers.stored > settings.ACCOUNT_ROWS_MAX:
            raise AccountFull


@dataclass(slots=True)
class Receipt:
    """The id of the batch that an action recorded; None if it changed nothing."""

    batch: UUID | None = None


_receipt: ContextVar[Receipt | None] = ContextVar("receipt", default=None)


@contextmanager
def receipt() -> Iterator[Receipt]:
    """Yield the receipt of the action that is called inside.

    For callers that offer to undo it. They are few, so actions don't return it.
    """
    note = Receipt()
    token = _receipt.set(note)
    try:
        yield note
    finally:
        _receipt.reset(token)


def last_number(owner: User) -> int:
    """Return the number of the owner's last change, or 0 if there is none."""
    numbers = Ledger.objects.owned_by(owner).values_list("last_seq", flat=True)
    return numbers.first() or 0


@contextmanager
def open_batch(
    caller: Caller,
    *,
    batch_id: UUID | None = None,
    adds: int = 0,
) -> Iterator[Batch]:
    """Open a transaction with a batch, and store the batch at the end.

    The owner's other writes wait. If nothing was recorded, the transaction is rolled
    back. `batch_id` continues the batch of an earlier transaction. `adds` is how many
    tasks and lists it will add, if that is known: it saves a statement.

    Raises:
        AccountFull: it adds rows, and the owner would have more than the maximum.
    """
    with transaction.atomic():
        batch = Batch(caller, batch_id=batch_id, adds=adds)
        yield batch
        batch.flush()
        batch.store_count()
        if not batch.count:
            transaction.set_rollback(True)
    if batch.count and (note := _receipt.get()):
        note.batch = batch.id


def _take_numbers(
    owner_id: UUID, count: int, adds: int
) -> Callable[[], list[tuple[int, int]]]:
    """Reserve the next `count` numbers of an owner, and count `adds` rows.

    The statement also locks: no other transaction gets a number of the same owner
    until this one ends. It can be sent later, but before any other statement.

    Returns:
        A function that returns one row: the last reserved number, and how many tasks
        and lists the owner has.
    """
    return fetch_later(TAKE_NUMBERS, [_key(owner_id), count, adds])


TAKE_NUMBERS = (
    "INSERT INTO todos_ledger (owner_id, last_seq, stored) VALUES (%s, %s, %s)"
    " ON CONFLICT (owner_id) DO UPDATE"
    " SET last_seq = todos_ledger.last_seq + excluded.last_seq,"
    " stored = todos_ledger.stored + excluded.stored"
    " RETURNING last_seq, stored"
)


def _key(owner_id: UUID) -> UUID | str:
    # SQLite has no UUID type; Django keeps 32 hex digits there.
    return owner_id if connection.features.has_native_uuid_field else owner_id.hex
