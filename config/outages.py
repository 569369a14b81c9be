"""Failures of the database, the cache and issuers, logged once, not per request.

A line when an outage begins, and one when it has ended. They have the type of the error
and its SQLSTATE, or the name that SQLite gives it. They never have its text, which can
quote a row, a password or an address.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from threading import Lock
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from psycopg.errors import QueryCanceled

from config.connection_failures import failure_in

logger = logging.getLogger(__name__)

# An outage has ended when its part works, and has not failed for this long. Otherwise
# every lock that is waited for in vain would be a new one.
QUIET = 5.0  # seconds

# The classes of SQLSTATE that say nothing about the request, beside those for which
# Django has OperationalError: the state of a transaction, which includes a server that
# only reads, and interventions of an operator.
OUTAGE_CLASSES = ("25", "57")
# A prepared statement is missing, or exists already: a pooler mixes up sessions.
MIXED_UP = ("26000", "42P05")

_DATABASE = (DatabaseError, InterfaceError)


@dataclass(slots=True)
class _Outage:
    began_at: float  # seconds, of a monotonic clock
    failed_at: float
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Cause:
    """What failed and why, in words that may be logged."""

    part: str  # database, cache, issuer or threads
    reason: str  # the type of the error
    code: str = ""  # SQLSTATE, the name of an SQLite error, or our own words

    @classmethod
    def of(cls, error: BaseException, part: str = "") -> Cause:
        """Return the cause of an error, by default of the database or the cache."""
        origin = error.__cause__ if isinstance(error, _DATABASE) else None
        origin = origin or error
        code = getattr(origin, "sqlstate", None) or getattr(
            origin, "sqlite_errorname", None
        )
        if not code and isinstance(error, _DATABASE):
            failure = failure_in(str(origin))
            code = failure and failure.words
        if not part:
            part = "database" if isinstance(error, _DATABASE) else "cache"
        return cls(part, type(origin).__name__, code or "")


def part_of(error: BaseException | None) -> str | None:
    """Return the part whose outage raised this error, None for any other error."""
    if isinstance(error, OperationalError | InterfaceError):
        return "database"
    if isinstance(error, DatabaseError):
        state = getattr(error.__cause__, "sqlstate", None) or ""
        return "database" if state.startswith((*OUTAGE_CLASSES, *MIXED_UP)) else None
    # By name, because Redis is optional.
    if any(one.__module__ == "redis.exceptions" for one in type(error).__mro__):
        return "cache"
    return None


class Outages:
    """The outages that this process has noticed. Times are of a monotonic clock."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: dict[Cause, _Outage] = {}

    def __bool__(self) -> bool:
        return bool(self._open)

    def failed(self, cause: Cause, *, now: float) -> None:
        """Count a failure, and log it if it is the first of its cause."""
        with self._lock:
            is_first = cause not in self._open
            outage = self._open.setdefault(cause, _Outage(now, now))
            outage.failed_at = now
            outage.failures += 1
        if is_first:
            logger.error("outage", extra=_fields(cause))

    def worked(self, part: str, *, now: float) -> None:
        """Log the end of each outage of this part that has not failed for a while."""
        if not self._open:
            return
        with self._lock:
            ended = {
                cause: outage
                for cause, outage in self._open.items()
                if cause.part == part and now - outage.failed_at >= QUIET
            }
            for cause in ended:
                del self._open[cause]
        for cause, outage in ended.items():
            seconds = round(outage.failed_at - outage.began_at, 1)
            fields = {"seconds": seconds, "failures": outage.failures}
            logger.error("outage ended", extra=_fields(cause) | fields)

    def is_failing(self, part: str, code: str, *, now: float) -> bool:
        """Whether this part has failed a moment ago for the reason with this code."""
        with self._lock:
            return any(
                (cause.part, cause.code) == (part, code)
                and now - outage.failed_at < QUIET
                for cause, outage in self._open.items()
            )

    def forget(self) -> None:
        """Reset to the state of a new process."""
        self._open.clear()


def _fields(cause: Cause) -> dict[str, object]:
    fields = {"part": cause.part, "reason": cause.reason, "code": cause.code}
    return {name: value for name, value in fields.items() if value}


outages = Outages()


def note_failure(error: BaseException, part: str = "") -> None:
    """Count and log an error for which a request is refused with 503."""
    outages.failed(Cause.of(error, part), now=time.monotonic())
    if part_of(error) == "database" and not _leaves_connection(error):
        replace_connection()


def _leaves_connection(error: BaseException) -> bool:
    """Whether the connection can serve the next request, as far as the error says."""
    state = getattr(error.__cause__, "sqlstate", None) or ""
    is_time_limit = isinstance(error.__cause__, QueryCanceled)
    return is_time_limit or not state.startswith(OUTAGE_CLASSES)


def replace_connection() -> None:
    """Let Django close the connection of this thread after the request.

    It works, so Django would keep it. But it may lead to a server that only reads since
    another one took its place.
    """
    connection.close_at = 0.0


def note_success() -> None:
    """Note that this thread has used the database in a request that was served."""
    if outages and _has_worked():
        outages.worked("database", now=time.monotonic())


def _has_worked() -> bool:
    database: Any = connection
    if database.connection is None or database.errors_occurred:
        return False
    # Django asks at the first statement of a request, but not SQLite.
    return bool(database.health_check_done) or database.vendor == "sqlite"
