"""Answers kept for a day, so that a program may repeat a request without harm.

Claiming a key, acting and keeping the answer belong into one transaction: after a crash
there is either all of it or nothing.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import connection

from accounts.models import User
from todos.models import IdempotentAnswer

LIFETIME = timedelta(hours=24)


class KeyInUse(Exception):
    """Another request with this key is still running."""


def claim(*, owner: User, key: str) -> None:
    """Keep others from acting under this key until the transaction ends.

    On SQLite there is nothing to do: a transaction begins by waiting for all others.

    Raises:
        KeyInUse: another request holds it.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        # Of the transaction, not of the session: a pooler may change that any time.
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s)", [lock_number(owner=owner, key=key)]
        )
        row = cursor.fetchone()
    if row != (True,):
        raise KeyInUse()


def lock_number(*, owner: User, key: str) -> int:
    """Return the number that PostgreSQL knows a key of a user by: 64 bits, signed."""
    digest = hashlib.sha256(owner.pk.bytes + key.encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def kept(*, owner: User, key: str, at: datetime) -> IdempotentAnswer | None:
    """Return the answer under a claimed key, if it is not older than a day."""
    found = IdempotentAnswer.objects.owned_by(owner).filter(key=key).first()
    if found is not None and found.created_at <= at - LIFETIME:
        found.delete()
        return None
    return found


def is_kept(*, owner: User, key: str) -> bool:
    """Whether there is an answer under this key, without claiming it."""
    return IdempotentAnswer.objects.owned_by(owner).filter(key=key).exists()


def keep(
    *,
    owner: User,
    key: str,
    request_digest: bytes,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    at: datetime,
) -> None:
    """Keep the answer to the request that acted under a claimed key."""
    IdempotentAnswer.objects.create(
        owner=owner,
        key=key,
        request_digest=request_digest,
        status=status,
        headers=dict(headers),
        body=body,
        created_at=at,
    )


def delete_expired_answers(*, at: datetime) -> int:
    """Delete the answers of all users that are older than a day; return how many."""
    expired = IdempotentAnswer.objects.filter(created_at__lte=at - LIFETIME)
    number, _ = expired.delete()
    return number
