"""Checks of the database: that it answers, which one it is, and its migrations."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor

from config.checks import check_encoding
from config.connection_failures import failure_in
from config.doctor.clock import compare
from config.doctor.findings import Finding, counted, error, ok, warning
from config.doctor.system_checks import as_finding
from config.sqlite.failures import failure_of

OLDEST_POSTGRESQL = 150_000


def check_connection() -> Iterator[Finding]:
    """Connect, and check the version, the encryption and the clock."""
    if connection.vendor == "sqlite" and _is_missing():
        yield error(
            "The SQLite file of DATABASE_URL does not exist.",
            "Create it with manage.py migrate, or correct DATABASE_URL or VAR_DIR.",
        )
        return
    started = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            milliseconds = (time.monotonic() - started) * 1000
            if connection.vendor == "postgresql":
                yield from _examine_postgresql(cursor, milliseconds)
            else:
                yield from _examine_sqlite(cursor, milliseconds)
    except (DatabaseError, InterfaceError) as exc:
        yield error(
            f"The database of DATABASE_URL can't be used ({type(exc).__name__}).",
            cause(exc),
        )


def cause(error: BaseException, setting: str = "DATABASE_URL") -> str:
    """Return what an error of the database in `setting` means."""
    if failure := failure_of(error) or failure_in(str(error)):
        return failure.hint
    return f"Try {setting} with psql, which shows the whole error."


def _is_missing() -> bool:
    name = str(connection.settings_dict["NAME"])
    is_file = name != ":memory:" and not name.startswith("file:")
    return is_file and not Path(name).exists()


def _examine_postgresql(cursor: Any, milliseconds: float) -> Iterator[Finding]:
    ours = time.time()
    cursor.execute(
        "SELECT current_setting('server_version_num')::integer,"
        " current_setting('server_version'),"
        " pg_is_in_recovery()"
        " OR current_setting('default_transaction_read_only')::boolean,"
        " (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()),"
        " extract(epoch FROM clock_timestamp())::double precision"
    )
    number, version, is_standby, is_encrypted, theirs = cursor.fetchone()
    text = f"PostgreSQL {version} answered in {milliseconds:.0f} ms"
    if number < OLDEST_POSTGRESQL:
        yield error(f"{text}, but is too old.", "Upgrade the server to 15 or newer.")
    elif is_encrypted:
        yield ok(f"{text}, over TLS.")
    elif _is_elsewhere():
        yield warning(
            f"{text}, without encryption.",
            "Add sslmode=verify-full and sslrootcert to DATABASE_URL.",
        )
    else:
        yield ok(f"{text}, on this machine.")
    if is_standby:
        yield error(
            "The server is a standby, or read-only.",
            "Name the primary. With several hosts, add"
            " target_session_attrs=read-write to DATABASE_URL.",
        )
    yield from map(as_finding, check_encoding(databases=["default"]))
    yield compare("the database", theirs=theirs, ours=ours)


def _is_elsewhere() -> bool:
    """Whether the server is reached over a network."""
    host = str(connection.settings_dict["HOST"])
    return not (host in {"", "localhost", "127.0.0.1", "::1"} or host.startswith("/"))


def _examine_sqlite(cursor: Any, milliseconds: float) -> Iterator[Finding]:
    cursor.execute("SELECT sqlite_version(), journal_mode FROM pragma_journal_mode")
    version, mode = cursor.fetchone()
    yield ok(f"SQLite {version} answered in {milliseconds:.0f} ms.")
    if mode not in {"wal", "memory"}:
        yield warning(
            f"The journal is in mode {mode}, so readers and writers wait.",
            "Put the file on a local disk: the write-ahead log needs one.",
        )


def check_migrations() -> Iterator[Finding]:
    """Check that the database has all migrations of this version, and no others."""
    executor = MigrationExecutor(connection)
    loader = executor.loader
    plan = executor.migration_plan(loader.graph.leaf_nodes())
    missing = [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
    newer = sorted(
        f"{app}.{name}"
        for app, name in loader.applied_migrations
        if app in loader.migrated_apps and (app, name) not in loader.disk_migrations
    )
    if missing:
        yield error(
            f"{counted(len(missing), 'migration')} not applied, the first is"
            f" {missing[0]}.",
            "Back up, and run manage.py migrate.",
        )
    if newer:
        yield warning(
            f"This version does not know {counted(len(newer), 'applied migration')},"
            f" the last is {newer[-1]}.",
            "The database belongs to a newer version. Install that version here.",
        )
    if not missing and not newer:
        yield ok("All migrations are applied.")
