"""Reads from a replica, a streaming standby of the database: DATABASE_REPLICA_URL.

A replica lags behind the primary. So a read names a number that grows with each change,
and the replica answers only if it has reached the number of the primary. Otherwise, or
if the replica is away or too far behind, the primary answers. So users always see what
they wrote, no request fails because of the replica, and `/readyz` does not ask it.

Only what calls `read` uses the replica. All other reads, and all writes, never do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any, TypeVar

from django.conf import settings
from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    InterfaceError,
    connection,
    connections,
    transaction,
)

from config.metrics.registry import registry
from config.outages import Cause, outages

ALIAS = "replica"
# A replica that is further behind is not used at all: asking it would be in vain.
MOST_BEHIND = 16 * 1024 * 1024  # bytes of the write-ahead log
KEPT_FOR = 2.0  # seconds, for which the replica is taken for as good as it was found
RETRIED_AFTER = 5.0  # seconds, after the replica failed or was too far behind
LONGEST_LOOK = 1.0  # seconds, for each statement that looks at it

Result = TypeVar("Result")

_is_reading: ContextVar[bool] = ContextVar("reads_replica", default=False)


class Router:
    """Django's database router: what `read` runs reads the replica."""

    def db_for_read(self, model: object, **hints: object) -> str:
        return read_alias()

    def db_for_write(self, model: object, **hints: object) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, first: object, second: object, **hints: object) -> bool:
        return True  # the same rows

    def allow_migrate(self, db: str, app_label: str, **hints: object) -> bool:
        return db == DEFAULT_DB_ALIAS


def read_alias() -> str:
    """Return the database that the code which runs now reads."""
    return ALIAS if _is_reading.get() else DEFAULT_DB_ALIAS


@contextmanager
def _reading() -> Iterator[None]:
    token = _is_reading.set(True)
    try:
        yield
    finally:
        _is_reading.reset(token)


class Unusable(Exception):
    """The replica answers, but is not to be used. The text may be logged."""


class Watch:
    """Whether the replica is used, as it was found a moment ago.

    `position` returns the position of the primary, and `examine` raises if a replica
    is not to be used beside it. Times are of a monotonic clock.
    """

    def __init__(
        self, position: Callable[[], str], examine: Callable[[str], None]
    ) -> None:
        self._position = position
        self._examine = examine
        self._lock = Lock()
        self.forget()

    def forget(self) -> None:
        """Reset to the state of a new process."""
        self._is_usable = False
        self._looks_at = float("-inf")

    def is_usable(self, *, now: float) -> bool:
        """Tell whether to ask the replica. While one thread looks, no other waits.

        Raises:
            DatabaseError, InterfaceError: the primary does not answer.
        """
        if now < self._looks_at:
            return self._is_usable
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self._look(self._position(), now)
        finally:
            self._lock.release()
        return self._is_usable

    def _look(self, position: str, now: float) -> None:
        try:
            self._examine(position)
        except (DatabaseError, InterfaceError) as error:
            self.failed(error, now=now)
        except Unusable as error:
            self._leave(Cause(ALIAS, "Unusable", str(error)), now)
        else:
            self._is_usable, self._looks_at = True, now + KEPT_FOR
            outages.worked(ALIAS, now=now)

    def failed(self, error: Exception, *, now: float) -> None:
        """Do without the replica for a while, and log why."""
        self._leave(Cause.of(error, ALIAS), now)
        connections[ALIAS].close()

    def _leave(self, cause: Cause, now: float) -> None:
        self._is_usable, self._looks_at = False, now + RETRIED_AFTER
        outages.failed(cause, now=now)


def log_position() -> str:
    """Return where the write-ahead log of the primary ends."""
    with connection.cursor() as cursor:
        # A standby that is about to be promoted writes no log yet.
        cursor.execute(
            "SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
            " ELSE pg_current_wal_lsn() END)::text"
        )
        ((position,),) = cursor.fetchall()
    return str(position)


def bytes_behind(position: str) -> int | None:
    """Return how much of the log up to `position` the replica has not replayed yet.

    None if it is not a standby.
    """
    replica: Any = connections[ALIAS]
    replica.ensure_connection()
    usual = replica.connection.answer_seconds
    replica.connection.answer_seconds = LONGEST_LOOK
    with replica.cursor() as cursor:
        cursor.execute(
            "SELECT CASE WHEN pg_is_in_recovery() THEN"
            " pg_wal_lsn_diff(%s::text::pg_lsn, pg_last_wal_replay_lsn())::bigint END",
            [position],
        )
        ((behind,),) = cursor.fetchall()
    replica.connection.answer_seconds = usual
    return behind if behind is None else max(0, int(behind))


def examine(position: str) -> None:
    """Look at the replica beside a primary whose log ends at `position`.

    Raises:
        Unusable: it is not a standby, or too far behind.
        DatabaseError, InterfaceError: it does not answer.
    """
    behind = bytes_behind(position)
    if behind is None:
        raise Unusable("not a standby")
    if behind > MOST_BEHIND:
        raise Unusable("too far behind")


watch = Watch(log_position, examine)


def read(
    work: Callable[[], Result],
    *,
    number: Callable[[], int],
    needed: int | None = None,
) -> Result:
    """Return what `work` reads, from the replica if it has all that is needed.

    `number` reads a number that grows with each change that `work` could read. The
    replica answers if it has reached the number of the primary, which the caller names
    in `needed` if it has read that already. Otherwise `work` runs at the primary, and
    perhaps for a second time.
    """
    if not settings.DATABASE_REPLICA_URL:
        return work()
    # A transaction could have written what `work` reads.
    if connection.in_atomic_block or not watch.is_usable(now=time.monotonic()):
        registry.count("replica_reads", "unusable")
        return work()
    if needed is None:
        needed = number()
    try:
        with _reading(), transaction.atomic(using=ALIAS):
            if number() >= needed:
                found = work()
                registry.count("replica_reads", "replica")
                return found
    except (DatabaseError, InterfaceError) as error:
        watch.failed(error, now=time.monotonic())
        registry.count("replica_reads", "unusable")
        return work()
    registry.count("replica_reads", "behind")
    return work()
