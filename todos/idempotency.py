"""Stored responses, so that clients can safely repeat a request for a day.

Claim the key, act and store the response in one transaction: after a crash there is
either all of it or nothing.
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
    """Lock the key until the end of the transaction.

    On SQLite this does nothing, because transactions that write run one at a time.

    Raises:
        KeyInUse: another request has locked it.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        # A lock of the transaction, because a pooler can change the session at any
        # time.
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s)", [lock_number(owner=owner, key=key)]
        )
        row = cursor.fetchone()
    if row != (True,):
        raise KeyInUse()


def lock_number(*, owner: User, key: str) -> int:
    """Return the signed 64-bit number of the PostgreSQL lock for a key of a user."""
    digest = hashlib.sha256(owner.pk.bytes + key.encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def find_answer(*, owner: User, key: str, at: datetime) -> IdempotentAnswer | None:
    """Return the stored response for a claimed key, unless it is older than a day."""
    found = IdempotentAnswer.objects.owned_by(owner).filter(key=key).first()
    if found is not None and found.created_at <= at - LIFETIME:
        IdempotentAnswer.objects.owned_by(owner).filter(key=key).delete()
        return None
    return found


def has_answer(*, owner: User, key: str) -> bool:
    """Whether a response is stored for this key, without claiming it."""
    return IdempotentAnswer.objects.owned_by(owner).filter(key=key).exists()


def store_answer(
    *,
    owner: User,
    key: str,
    request_digest: bytes,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    at: datetime,
) -> None:
    """Store the response to the request that claimed the key."""
    IdempotentAnswer.objects.create(
        owner=owner,
        key=key,
        request_digest=request_digest,
        status=status,
        headers=dict(headers),
        body=body,
        created_at=at,
    )


def delete_expired_answers(owner: User, *, at: datetime) -> int:
    """Delete the responses that are older than a day, and return their number."""
    answers = IdempotentAnswer.objects.owned_by(owner)
    number, _ = answers.filter(created_at__lte=at - LIFETIME).delete()
    return number
