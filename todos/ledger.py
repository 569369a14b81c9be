"""Writing the ledger: every change of a person's data, in one place.

An action opens a batch, makes its changes inside it and records each. The entries are
written last, in the same transaction, so a change and its entry exist together or not
at all.

The writes of one person come one after the other: a batch begins by taking a number of
their ledger, and keeps others from it until its end. So what an action has read stays
true until it stores what follows from it, no two can wait for each other, and nobody
who reads the changes in order can miss one that was still on its way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from uuid_utils.compat import uuid7

from accounts.models import User
from config.refusals import Refusal
from todos.caller import Caller
from todos.models import Change, Label, Ledger, Task, TaskList
from todos.task_fields import RECORDED_COLUMNS

Entity = Change.Entity
Kind = Change.Kind
Snapshot = dict[str, Any]


def snapshot(row: Task | TaskList | Label) -> Snapshot:
    """Return what the ledger remembers of a row: its fields as JSON has them."""
    names = FIELDS[type(row)]
    values = {name: _plain(getattr(row, name)) for name in names}
    if isinstance(row, Task):
        values["labels"] = list(row.label_names)
    return values


FIELDS: dict[type, tuple[str, ...]] = {
    Task: RECORDED_COLUMNS,
    TaskList: ("name", "colour", "position", "archived_at", "trashed_at"),
    Label: ("name", "colour"),
}
ENTITIES = {Task: Entity.TASK, TaskList: Entity.LIST, Label: Entity.LABEL}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int):
        return value
    return str(value) if isinstance(value, UUID) else value.isoformat()


class AccountFull(Refusal):
    """The owner has as many tasks, lists or labels as an account can have."""

    code = "account_full"

    def __init__(self, text: str = "") -> None:
        super().__init__(
            text
            or f"An account can have at most {settings.ACCOUNT_ROWS_MAX:,} tasks and"
            " lists, including the trash. Delete some permanently first."
        )


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
        self._changes: list[dict[str, Any]] = []  # columns by name
        # Most batches need no more numbers. What they add is counted along.
        self._last, self._stored = _take_numbers(caller.owner.pk, 1, adds)
        self._uncounted = -adds
        self._added = 0
        self._given = self._last - 1
        self.after = self._given  # the owner's last number before this batch

    @property
    def owner(self) -> User:
        return self.caller.owner

    @property
    def at(self) -> datetime:
        return self.caller.at

    @property
    def last(self) -> int:
        """The owner's last number, as far as this batch is written."""
        return self._last

    def created(
        self, row: Task | TaskList | Label, after: Snapshot | None = None
    ) -> None:
        """Record a row that came to be; `after` is its snapshot, if one is made."""
        self._record(Kind.CREATED, row, None, after or snapshot(row))

    def changed(
        self,
        kind: Change.Kind,
        row: Task | TaskList | Label,
        before: Snapshot,
        after: Snapshot,
    ) -> None:
        """Record what differs between two snapshots of a row."""
        names = [name for name in after if after[name] != before[name]]
        # Two columns that are one value to a reader are told together.
        if {"rrule", "rrule_anchor"} & set(names):
            names = [*{*names, "rrule", "rrule_anchor"}]
        self._record(
            kind,
            row,
            {name: before[name] for name in names},
            {name: after[name] for name in names},
        )

    def removed(
        self, row: Task | TaskList | Label, before: Snapshot | None = None
    ) -> None:
        """Record that a row is gone; with `before`, so that undo can bring it back.

        Without it the entry is a tombstone that holds no text.
        """
        self._record(Kind.REMOVED, row, before, None)

    def _record(
        self,
        kind: Change.Kind,
        row: Task | TaskList | Label,
        before: Snapshot | None,
        after: Snapshot | None,
    ) -> None:
        self.count += 1
        if not isinstance(row, Label) and kind in {Kind.CREATED, Kind.REMOVED}:
            more = 1 if kind == Kind.CREATED else -1
            self._added += more
            self._uncounted += more
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
        """Number and store what is recorded so far; the batch goes on.

        For long batches, to bound memory.
        """
        if not self._changes:
            return
        missing = len(self._changes) - (self._last - self._given)
        if missing > 0:
            self._last, _ = _take_numbers(self.owner.pk, missing, 0)
        for change in self._changes:
            self._given += 1
            change["seq"] = self._given
        _insert(self._changes)
        self._changes.clear()

    def settle(self) -> None:
        """Count what the batch adds, at its end.

        Raises:
            AccountFull: the owner would have more than an account can have.
        """
        if self._uncounted:
            ledger = Ledger.objects.filter(pk=self.owner.pk)
            ledger.update(stored=F("stored") + self._uncounted)
            self._stored, self._uncounted = self._stored + self._uncounted, 0
        if self._added > 0 and self._stored > settings.ACCOUNT_ROWS_MAX:
            raise AccountFull


@dataclass(slots=True)
class Receipt:
    """Which batch an action recorded; None if it changed nothing."""

    batch: UUID | None = None


_receipt: ContextVar[Receipt | None] = ContextVar("receipt", default=None)


@contextmanager
def receipt() -> Iterator[Receipt]:
    """Learn which batch the action called inside has recorded.

    For callers that offer to undo it. Most don't, so no action has to return it.
    """
    note = Receipt()
    token = _receipt.set(note)
    try:
        yield note
    finally:
        _receipt.reset(token)


def last_number(owner: User) -> int:
    """Return the number of the owner's last change, 0 where there is none."""
    numbers = Ledger.objects.owned_by(owner).values_list("last_seq", flat=True)
    return numbers.first() or 0


@contextmanager
def open_batch(
    caller: Caller,
    *,
    batch_id: UUID | None = None,
    adds: int = 0,
) -> Iterator[Batch]:
    """Open a transaction and a batch in it; write the batch at the end.

    The owner's other writes wait. A batch that records nothing leaves nothing. With
    `batch_id` it goes on with one that an earlier transaction began. `adds` is how many
    tasks and lists it will add, as far as that is known: it saves a statement.

    Raises:
        AccountFull: it adds some, and the owner would have more than there may be.
    """
    with transaction.atomic():
        batch = Batch(caller, batch_id=batch_id, adds=adds)
        yield batch
        batch.flush()
        batch.settle()
        if not batch.count:
            transaction.set_rollback(True)
    if batch.count and (note := _receipt.get()):
        note.batch = batch.id


def _insert(changes: list[dict[str, Any]]) -> None:
    """Store the entries, as `bulk_create` would, by a statement that is written once.

    To build it anew, and an instance for each entry, costs as much as to run it, and
    every write pays for it.
    """
    # What all entries of a batch share is turned into what the database takes once.
    shared = [
        field.get_db_prep_save(changes[0][field.attname], connection)
        if field.attname in SHARED
        else None
        for field in COLUMNS
    ]
    rows = []
    for change in changes:
        row = shared.copy()
        for place, name, prepare in OWN:
            row[place] = prepare(change[name], connection)
        rows.append(row)
    with connection.cursor() as cursor:
        if len(rows) == 1:
            cursor.execute(INSERT, rows[0])
        else:
            cursor.executemany(INSERT, rows)


COLUMNS = Change._meta.concrete_fields
SHARED = {"owner_id", "at", "credential", "batch"}  # by all entries of a batch
OWN = [
    (place, field.attname, field.get_db_prep_save)
    for place, field in enumerate(COLUMNS)
    if field.attname not in SHARED
]
INSERT = (
    f"INSERT INTO {Change._meta.db_table}"  # noqa: S608 - names of our own
    f" ({', '.join(str(field.column) for field in COLUMNS)})"
    f" VALUES ({', '.join(['%s'] * len(COLUMNS))})"
)


def _take_numbers(owner_id: UUID, count: int, adds: int) -> tuple[int, int]:
    """Reserve the next `count` numbers of an owner, and count what is added.

    One statement that both counts and locks: until this transaction ends, no other
    gets a number of the same owner.

    Returns:
        The last number, and how many tasks and lists the owner has.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO todos_ledger (owner_id, last_seq, stored) VALUES (%s, %s, %s)"
            " ON CONFLICT (owner_id) DO UPDATE"
            " SET last_seq = todos_ledger.last_seq + excluded.last_seq,"
            " stored = todos_ledger.stored + excluded.stored"
            " RETURNING last_seq, stored",
            [_key(owner_id), count, adds],
        )
        row = cursor.fetchone()
    last, stored = row
    return last, stored


def _key(owner_id: UUID) -> UUID | str:
    # SQLite has no UUID type; Django keeps 32 hex digits there.
    return owner_id if connection.features.has_native_uuid_field else owner_id.hex
