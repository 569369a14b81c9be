"""Whether this process could serve requests now: what `/readyz` tells a load balancer.

The database answers, takes writes, and has the tables of this version. Which of these
is missing is logged as an outage. The answer itself does not say it.
"""

import shutil
import sqlite3
import time
from collections.abc import Callable
from functools import cache

from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from config.outages import Cause, note_failure, outages, replace_connection
from config.sqlite.base import file_of

# Anyone may ask, so the database is not asked each time.
KEPT_FOR = 2.0  # seconds
# Of PostgreSQL. A probe has often given up before a request would.
ANSWERS_WITHIN = 2.0  # seconds
# SQLite notices only at a commit that it can't write.
DISK_MIN = 1024 * 1024  # bytes

# Codes of outages in the log. docs/operations.md says what they are.
MISSING = "migrations are missing"
ONLY_READS = "the server only reads"
NO_FILE = "no SQLite file"
DISK_FULL = "the disk of the SQLite file is full"
SERVER_DISK_FULL = "the disk of the server is full"
CODES = (ONLY_READS, MISSING, NO_FILE, DISK_FULL, SERVER_DISK_FULL)
# SQLSTATE where PostgreSQL has no space: on its disk, or for one large query alone, in
# shared memory or in another tablespace.
NO_SPACE = "53100"
# About 1 MiB, on the disk of the tables. It is taken back.
WRITE = (
    "SET LOCAL temp_tablespaces = ''",
    "CREATE TEMPORARY TABLE written_by_readyz AS SELECT generate_series(1, 30000)",
)
# SQLSTATE for a table or a column that does not exist. SQLite has OperationalError.
UNDEFINED = ("42P01", "42703")

Migration = tuple[str, str]  # app and name

# The upgrade without a stop runs these after the restart. The service works without
# them: they switch on policies, add indexes, change keys, and record the runs of
# commands. The version before some of them does not work with them.
LATER: set[Migration] = {
    ("config", "0002_command_run"),
    ("config", "0003_command_run_done"),
    ("todos", "0008_enforce_row_security"),
    ("todos", "0009_counts_and_order_of_today"),
    ("todos", "0010_deleted_by_owner"),
    ("todos", "0011_keys_of_the_owner"),
}


class NotReady(Exception):
    """The database answers, but requests would fail. The text may be logged."""


class Readiness:
    """The last result of `examine`, which raises for a process that is not ready.

    Times are of a monotonic clock.
    """

    def __init__(self, examine: Callable[[], None]) -> None:
        self._examine = examine
        self.was_ready = False
        self._examined_at = float("-inf")

    def is_ready(self, *, now: float) -> bool:
        """Tell whether the process is ready, as it was at most `KEPT_FOR` before."""
        if now - self._examined_at >= KEPT_FOR:
            self.was_ready = self._examine_now(now)
            self._examined_at = now
        return self.was_ready

    def _examine_now(self, now: float) -> bool:
        try:
            self._examine()
        except (DatabaseError, InterfaceError) as error:
            note_failure(error, "database")
            return False
        except NotReady as error:
            outages.failed(Cause("database", "NotReady", str(error)), now=now)
            return False
        outages.worked("database", now=now)
        return True

    def forget(self) -> None:
        """Reset to the state of a new process."""
        self.was_ready = False
        self._examined_at = float("-inf")


def examine() -> None:
    """Examine the database.

    Raises:
        NotReady: it answers, but requests would fail.
        DatabaseError, InterfaceError: it does not answer, or takes no writes.
    """
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        with connection.connection.answering_within(ANSWERS_WITHIN):
            _examine_postgresql()
            _examine_migrations()
    else:
        _examine_sqlite()
        _examine_migrations()


def _examine_migrations() -> None:
    if missing_for_requests():
        raise NotReady(MISSING)


def _examine_postgresql() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_is_in_recovery()"
            " OR current_setting('transaction_read_only')::boolean"
        )
        ((only_reads,),) = cursor.fetchall()
    if only_reads:
        replace_connection()
        raise NotReady(ONLY_READS)
    # PostgreSQL does not say how much space it has, and goes on to read.
    is_suspected = outages.is_failing("database", NO_SPACE, now=time.monotonic())
    if is_suspected or not readiness.was_ready:
        _examine_disk(is_suspected=is_suspected)


def _examine_disk(*, is_suspected: bool) -> None:
    """Write something and take it back, if this role may have temporary tables."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_database_privilege(current_database(), 'TEMPORARY')")
        ((may_write,),) = cursor.fetchall()
        if not may_write:
            if is_suspected:
                raise NotReady(SERVER_DISK_FULL)
            return
        try:
            with transaction.atomic():
                for statement in WRITE:
                    cursor.execute(statement)
                transaction.set_rollback(True)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != NO_SPACE:
                raise
            raise NotReady(SERVER_DISK_FULL) from error


def _examine_sqlite() -> None:
    """Write something and take it back, unless another connection is writing."""
    path = file_of(connection)
    if path is not None and not path.exists():
        connection.close()  # it would go on with the deleted file
        raise NotReady(NO_FILE)
    if path is not None and shutil.disk_usage(path.resolve().parent).free < DISK_MIN:
        raise NotReady(DISK_FULL)
    connection.ensure_connection()
    if connection.in_atomic_block:
        return
    database: sqlite3.Connection = connection.connection
    ((timeout,),) = database.execute("PRAGMA busy_timeout")
    with connection.wrap_database_errors:
        try:
            database.execute("PRAGMA busy_timeout = 0")
            database.execute("BEGIN IMMEDIATE")
            try:
                ((version,),) = database.execute("PRAGMA user_version")
                database.execute(f"PRAGMA user_version = {version:d}")
            finally:
                database.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
        finally:
            database.execute(f"PRAGMA busy_timeout = {timeout:d}")


def missing_for_requests() -> set[Migration]:
    """Return the missing migrations without which requests fail."""
    return missing() - LATER


def missing() -> set[Migration]:
    """Return the migrations of this version that the database lacks."""
    return _all() - MigrationRecorder(connection).applied_migrations().keys()


@cache
def _all() -> set[Migration]:
    return set(MigrationLoader(None).graph.nodes)


def _examine_all_migrations() -> None:
    if connection.in_atomic_block:
        return  # a failed transaction, which answers nothing
    if missing():
        raise NotReady(MISSING)


readiness = Readiness(examine)
migrations = Readiness(_examine_all_migrations)


def is_ready() -> bool:
    """Tell whether the process is ready now."""
    return readiness.is_ready(now=time.monotonic())


def lacks_migration(error: BaseException | None) -> bool:
    """Tell whether a table or column is missing because a migration is.

    That is logged as an outage. While all are applied, such an error is a bug.
    """
    state = getattr(getattr(error, "__cause__", None), "sqlstate", None)
    return state in UNDEFINED and not migrations.is_ready(now=time.monotonic())
