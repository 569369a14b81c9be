"""The chains of security events: each event has a digest of itself and the one before.

A digest is the SHA-256 of the event as JSON, which contains the digest of the previous
event. So a change, a gap or another order changes every digest after it. Whoever owns
the database can still replace a chain from some event on. That shows when an earlier
digest was kept elsewhere: mails and downloads contain it.
"""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Literal, TypeAlias
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Max, Min

from accounts.models import Chain, EventChain, SecurityEvent, User
from config.chunks import in_chunks
from config.sqlite.turns import Turns

KEPT_EVENTS = 10_000  # the newest of an account; older ones are deleted
CHUNK = 1_000

NOBODY = UUID(int=0)
ATTEMPTS = (SecurityEvent.Kind.SIGN_IN_FAILED, SecurityEvent.Kind.RESET_REQUESTED)

_Column: TypeAlias = Literal["id", "email"]


# --- Digests ----------------------------------------------------------------------


def content_of(event: SecurityEvent, previous: str) -> dict[str, object]:
    """Return what the digest of the event covers, as JSON values.

    `previous` is the digest of the event before, empty for the first one. `by` is the
    digest of who did it, so that a deleted account of staff leaves no id behind.
    """
    return {
        "about": event.about,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "by": event.by_digest or None,
        "chain": str(event.chain),
        "id": str(event.pk),
        "kind": str(event.kind),
        "number": event.number,
        "previous": previous,
        "request_id": event.request_id,
        "user": str(event.user_id),
    }


def digest_of(content: dict[str, object]) -> str:
    """Return the SHA-256 of the content as JSON with sorted keys, in hexadecimal."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def digest_of_staff(event: SecurityEvent) -> str:
    """Return a digest of who did it, which reveals neither who nor what else they did.

    Ids have 74 random bits, so they can't be guessed from it.
    """
    if event.by_id is None:
        return ""
    return hashlib.sha256(f"{event.pk}:{event.by_id}".encode()).hexdigest()


def chain_for(kind: str, by: UUID | None) -> Chain:
    """Return the chain of an event: what a stranger can cause has one of its own."""
    return Chain.ATTEMPTS if kind in ATTEMPTS and by is None else Chain.ACCOUNT


# --- Adding an event --------------------------------------------------------------


@transaction.atomic(savepoint=False)
def append(event: SecurityEvent, *, of: tuple[_Column, object]) -> UUID | None:
    """Store the event as the last one of its chain; return the id of its user.

    `of` is the column and the value that identify the user. If there is no such user,
    the same statements run and store nothing, and the result is None. The chain stays
    locked until the transaction ends: a caller that also locks the row of the user does
    that first.
    """
    column, value = of
    begun = _insert(
        EventChain(chain=event.chain, number=1, digest=""),
        column,
        value,
        "ON CONFLICT (user_id, chain) DO UPDATE SET"
        " number = accounts_eventchain.number + 1"
        " RETURNING user_id, number, digest",
    )
    user_id, number, previous = begun or (NOBODY, 1, "")
    event.user_id = UUID(str(user_id))
    event.number = number
    event.by_digest = digest_of_staff(event)
    event.digest = digest_of(content_of(event, previous))
    _insert(event, column, value)
    head = EventChain.objects.filter(user_id=event.user_id, chain=event.chain)
    head.update(digest=event.digest)
    return event.user_id if begun else None


def _insert(
    row: SecurityEvent | EventChain, column: _Column, value: object, ending: str = ""
) -> tuple[object, int, str] | None:
    """Insert a row for the user with this value, if there is one; return its result."""
    meta = row._meta
    fields = [field for field in meta.concrete_fields if field.name != "user"]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    values = [
        field.get_db_prep_save(getattr(row, field.attname), connection)
        for field in fields
    ]
    (wanted,) = (
        field.get_db_prep_value(value, connection)
        for field in User._meta.concrete_fields
        if field.name == column
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(meta.db_table)} ({columns}, user_id)"  # noqa: S608 - our own names
            f" SELECT {', '.join(['%s'] * len(values))}, id"
            f" FROM {quote(User._meta.db_table)} WHERE {column} = %s {ending}",
            [*values, wanted],
        )
        return cursor.fetchone() if ending else None


def adopt(*, limit: int = CHUNK) -> int:
    """Add to the chains what a process of an older version recorded without them.

    Returns how many events were added, at most `limit`.
    """
    missing = SecurityEvent.objects.filter(number=None).order_by("user_id", "at", "pk")
    adopted, turns = 0, Turns()
    for event in missing[:limit]:
        with transaction.atomic():
            event.chain = chain_for(event.kind, event.by_id)
            if SecurityEvent.objects.filter(pk=event.pk, number=None).delete()[0]:
                append(event, of=("id", event.user_id))
                adopted += 1
        turns.take()
    return adopted


# --- Deleting old events ----------------------------------------------------------


def delete_attempts(*, before: datetime) -> None:
    """Delete the attempts from before this time, from the beginning of each chain."""
    attempts = SecurityEvent.objects.filter(chain=Chain.ATTEMPTS)
    old = attempts.filter(at__lt=before, number__isnull=False).values("user_id")
    last_of = old.annotate(last=Max("number")).order_by("user_id")
    user_id, turns = NOBODY, Turns()
    while batch := list(last_of.filter(user_id__gt=user_id)[:CHUNK]):
        for found in batch:
            user_id = found["user_id"]
            newer = attempts.filter(user_id=user_id, at__gte=before)
            first_kept = newer.aggregate(first=Min("number"))["first"]
            last = found["last"] if first_kept is None else first_kept - 1
            _delete_until(user_id, Chain.ATTEMPTS, last)
            turns.take()


def delete_oldest(*, kept: int = KEPT_EVENTS) -> None:
    """Delete the oldest events of accounts that have more than `kept`."""
    full = EventChain.objects.filter(
        chain=Chain.ACCOUNT, number__gt=F("deleted_number") + kept
    )
    turns = Turns()
    while batch := list(full.values_list("user_id", "number")[:CHUNK]):
        for user_id, number in batch:
            _delete_until(user_id, Chain.ACCOUNT, number - kept)
            turns.take()


@transaction.atomic
def _delete_until(user_id: UUID, chain: Chain, number: int) -> None:
    """Delete the events up to this number, and record where the chain begins now."""
    head = EventChain.objects.select_for_update().get(user_id=user_id, chain=chain)
    events = SecurityEvent.objects.filter(user_id=user_id, chain=chain)
    old = events.filter(number__lte=number).order_by("number")
    if (last := old.last()) is not None and head.deleted_number < number:
        head.deleted_number, head.deleted_digest = number, last.digest
        head.save(update_fields=["deleted_number", "deleted_digest"])
        old.delete()


# --- Verifying --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """The first event of a chain that is not what was recorded, or is missing."""

    user_id: UUID
    chain: str
    number: int
    reason: str


def verify(user_id: UUID | None = None) -> Iterator[SecurityEvent | BrokenLink]:
    """Yield each event of the chains, of one user or of all, and each broken link.

    The caller holds a snapshot of the database. Only the events of one user are in
    memory.
    """
    if user_id is None:
        users = User.objects.only("pk")
        for user in in_chunks(users, by="pk", size=CHUNK):
            yield from verify(user.pk)
        return
    events = SecurityEvent.objects.filter(user_id=user_id, number__isnull=False)
    rows: Iterable[EventChain | SecurityEvent] = heapq.merge(
        EventChain.objects.filter(user_id=user_id).order_by("chain"),
        events.order_by("chain", "number").iterator(CHUNK),
        key=_key,
    )
    for key, chain in groupby(rows, key=_key):
        yield from _verify_chain(*key, chain)


def _key(row: EventChain | SecurityEvent) -> tuple[UUID, str]:
    return row.user_id, row.chain


def _verify_chain(
    user_id: UUID, chain: str, rows: Iterable[EventChain | SecurityEvent]
) -> Iterator[SecurityEvent | BrokenLink]:
    """Verify one chain up to its first broken link; its `EventChain` comes first."""
    rows = iter(rows)
    head = next(rows)
    if isinstance(head, SecurityEvent):  # the row of the chain is missing
        number = head.number or 0
        yield BrokenLink(user_id, chain, number, "its chain is not registered")
        return
    number, digest = head.deleted_number, head.deleted_digest
    for event in rows:
        assert isinstance(event, SecurityEvent)
        number += 1
        if event.number != number:
            yield BrokenLink(user_id, chain, number, "it is missing")
            return
        is_by_other = event.by_id and event.by_digest != digest_of_staff(event)
        if is_by_other or event.digest != digest_of(content_of(event, digest)):
            yield BrokenLink(user_id, chain, number, "its digest does not match")
            return
        digest = event.digest
        yield event
    if head.number > number:
        yield BrokenLink(user_id, chain, number + 1, "it is missing")
    elif (head.number, head.digest) != (number, digest):
        yield BrokenLink(user_id, chain, number, "the chain ends elsewhere")
