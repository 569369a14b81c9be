"""The counters of the rate limits, shared by all processes.

They have a table of their own, which deletes expired rows only: unlike a cache that is
full, it never resets a live counter. With `CACHE_URL`, a cache server counts instead.
"""

from __future__ import annotations

import hashlib
import logging
import math
from contextlib import suppress
from threading import Lock

from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, connection, transaction

from config.models import RateCount

logger = logging.getLogger(__name__)

MAX_ROWS = 100_000  # beyond this, new callers share rows
SHARED_ROWS = 1024  # for new callers of one limit in one window
SWEEP_EVERY = 100  # new rows in this process
SWEPT_AT_ONCE = 200  # more than were added, so that the table shrinks


def window_of(now: float, period: int) -> tuple[int, int]:
    """Return the number of the time window of `now`, and when the next one begins.

    A window has `period` seconds. Times are seconds since the epoch.
    """
    number = math.floor(now / period)
    return number, (number + 1) * period


def add(prefix: str, caller: str, number: int, *, expires_at: int, now: float) -> int:
    """Add to the caller's count under `prefix` atomically and return the sum.

    `prefix` names the limit and its window. `caller` may be a network or e-mail
    address; only a digest of it is stored. Times are seconds since the epoch.
    """
    digest = digest_of(caller)
    if settings.RATE_LIMIT_CACHE is None:
        return table.add(prefix, digest, number, expires_at=expires_at, now=now)
    cache = caches[settings.RATE_LIMIT_CACHE]
    key = f"rate:{prefix}:{digest}"
    try:
        return cache.incr(key, number)
    except ValueError:  # the first request of this window
        cache.add(key, 0, timeout=max(1, expires_at - int(now)))
    return cache.incr(key, number)


def take_back(prefix: str, caller: str, number: int) -> None:
    """Subtract what `add` added, unless the counter has expired."""
    digest = digest_of(caller)
    if settings.RATE_LIMIT_CACHE is None:
        table.take_back(prefix, digest, number)
        return
    with suppress(ValueError):  # the counter has expired
        caches[settings.RATE_LIMIT_CACHE].decr(f"rate:{prefix}:{digest}", number)


def digest_of(caller: str) -> str:
    """Return the digest that is stored in place of an address or a name."""
    return hashlib.sha256(caller.encode("utf-8", "replace")).hexdigest()[:32]


class CountTable:
    """The counters in the table `RateCount`.

    A row lives for an hour at most, and a caller keeps its row until then. When there
    are too many callers, new ones share a fixed number of rows, so that the table is
    bounded. They may be refused because of others, but no caller is counted too low.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._until_sweep = 0
        self.is_crowded = False

    def add(
        self, prefix: str, digest: str, number: int, *, expires_at: int, now: float
    ) -> int:
        key = f"{prefix}:{digest}"
        total = self._add_to_own_row(key, number) if self.is_crowded else None
        if total is None:
            if self.is_crowded:
                key = _shared_key(prefix, digest)
            total = _add_or_insert(key, number, expires_at)
            if self.is_crowded or total == number:
                self._sweep_now_and_then(now)
        return total

    def take_back(self, prefix: str, digest: str, number: int) -> None:
        is_there = self._add_to_own_row(f"{prefix}:{digest}", -number) is not None
        if not is_there and self.is_crowded:
            self._add_to_own_row(_shared_key(prefix, digest), -number)

    def forget(self) -> None:
        """Reset to the state of a new process."""
        self._until_sweep = 0
        self.is_crowded = False

    def _add_to_own_row(self, key: str, number: int) -> int | None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE config_ratecount SET count = count + %s WHERE key = %s"
                " RETURNING count",
                [number, key],
            )
            row = cursor.fetchone()
        return int(row[0]) if row else None

    def _sweep_now_and_then(self, now: float) -> None:
        with self._lock:
            self._until_sweep -= 1
            if self._until_sweep > 0:
                return
            self._until_sweep = SWEEP_EVERY
        try:
            with transaction.atomic():
                expired = RateCount.objects.filter(expires_at__lte=int(now))
                # Another process may sweep too: each skips the rows that the other
                # locked.
                keys = expired.select_for_update(skip_locked=True).values_list("key")
                chosen = [key for (key,) in keys.order_by("expires_at")[:SWEPT_AT_ONCE]]
                RateCount.objects.filter(key__in=chosen).delete()
                self.is_crowded = RateCount.objects.all()[MAX_ROWS:].exists()
        except DatabaseError as exc:
            # The request is counted already, and the next sweep will delete the rows.
            logger.warning(
                "rate counts not swept", extra={"reason": type(exc).__name__}
            )


def _shared_key(prefix: str, digest: str) -> str:
    return f"{prefix}:shared-{int(digest[:8], 16) % SHARED_ROWS}"


def _add_or_insert(key: str, number: int, expires_at: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO config_ratecount (key, count, expires_at)"
            " VALUES (%s, %s, %s) ON CONFLICT (key) DO UPDATE"
            " SET count = config_ratecount.count + excluded.count RETURNING count",
            [key, number, expires_at],
        )
        return int(cursor.fetchone()[0])


table = CountTable()
