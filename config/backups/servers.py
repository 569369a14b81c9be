"""Databases of a PostgreSQL server: a new one for a restore, and the switch to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
from django.conf import settings
from django.db import connection
from psycopg import sql

from config.backups.catalog import Session
from config.backups.errors import BackupError

# Every server has them. A database can be renamed only from another one.
OTHERS = ("postgres", "template1")
ENCODING = "UTF8"  # which stores every character
# Of Django's wrapper, and of a session with time limits for requests.
NOT_OURS = ("cursor_factory", "context", "options", "prepare_threshold")


@contextmanager
def session(name: str | None = None) -> Iterator[Session]:
    """Connect as Django does, but to this database and without time limits."""
    parameters: dict[str, Any] = connection.get_connection_params()
    chosen = {k: v for k, v in parameters.items() if k not in NOT_OURS}
    if name is not None:
        chosen["dbname"] = name
    chosen["application_name"] = "ownlist backup"
    # A pooler in transaction mode has no prepared statements.
    opened = psycopg.connect(**chosen, autocommit=True, prepare_threshold=None)
    with opened as ready:
        yield ready


@contextmanager
def _beside(*names: str) -> Iterator[Session]:
    """Connect to a database that is none of `names`.

    Raises:
        BackupError: none of the usual ones can be reached.
    """
    for other in OTHERS:
        if other in names:
            continue
        try:
            chosen = session(other)
            ready = chosen.__enter__()
        except psycopg.OperationalError:
            continue
        try:
            yield ready
        finally:
            chosen.__exit__(None, None, None)
        return
    raise BackupError(
        f"No other database of the server can be reached ({', '.join(OTHERS)}). Let"
        " the role connect to one of them."
    )


def refuse_use(name: str) -> None:
    """Refuse while others are connected to a database.

    Raises:
        BackupError: another session is.
    """
    connection.close()
    with _beside(name) as other:
        found = other.execute(
            "SELECT coalesce(nullif(application_name, ''), 'unnamed'), count(*)"
            " FROM pg_stat_activity WHERE datname = %s AND usesysid IS NOT NULL"
            " AND pid <> pg_backend_pid() GROUP BY 1 ORDER BY 1",
            [name],
        ).fetchall()
    if found:
        listed = ", ".join(f"{number} × {program}" for program, number in found)
        raise _in_use(name, f" ({listed})")


def _in_use(name: str, listed: str = "") -> BackupError:
    return BackupError(
        f"The database {name} is in use{listed}. Stop the service, with its reminders"
        " and other commands, and the pooler in front of it; then restore. To restore"
        " beside it, add --no-switch."
    )


@contextmanager
def new_database(name: str, *, like: str, may_exist: bool) -> Iterator[None]:
    """Create a database for a restore; drop it again if the restore fails.

    One that exists must be empty, and is not dropped.

    Raises:
        BackupError: it can't be created, or is not empty.
    """
    with _beside(name) as other:
        exists = _exists(other, name)
        if exists and not may_exist:
            raise BackupError(f"The database {name} exists already. Drop it first.")
        if not exists:
            _create(other, name, like)
    if exists:
        _refuse_unfit(name)
    try:
        yield
    except BaseException:
        connection.close()
        if not exists:
            with _beside(name) as other:
                other.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
        raise


def _exists(other: Session, name: str) -> bool:
    query = "SELECT FROM pg_database WHERE datname = %s"
    return other.execute(query, [name]).fetchone() is not None


def _create(other: Session, name: str, like: str) -> None:
    """Create a database in UTF-8.

    It sorts and compares texts as the present one does, if that is in UTF-8.
    """
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(
        sql.Identifier(name)
    )
    try:
        other.execute(statement + _locale_of(other, like))
    except psycopg.errors.InsufficientPrivilege as exc:
        raise BackupError(
            f"The role {other.info.user} may not create databases. Create an empty one"
            " that belongs to it, and name it with --into; or ALTER ROLE"
            f" {other.info.user} CREATEDB."
        ) from exc


def _locale_of(other: Session, name: str) -> sql.Composable:
    row = other.execute(
        "SELECT to_jsonb(pg_database), pg_encoding_to_char(encoding)"
        " FROM pg_database WHERE datname = %s",
        [name],
    ).fetchone()
    if row is None:
        return sql.SQL("")
    found, encoding = row
    if encoding != ENCODING:
        # Its locale may not fit. This one fits every encoding.
        return sql.SQL(
            f" ENCODING '{ENCODING}' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'"
        )
    options: list[tuple[str, str]] = [
        ("ENCODING", encoding),
        ("LC_COLLATE", found["datcollate"]),
        ("LC_CTYPE", found["datctype"]),
    ]
    # The column of the locale was renamed in PostgreSQL 17.
    locale = found.get("datlocale") or found.get("daticulocale")
    if found["datlocprovider"] == "i":
        options += [("LOCALE_PROVIDER", "icu"), ("ICU_LOCALE", locale)]
    elif found["datlocprovider"] == "b":
        options += [("LOCALE_PROVIDER", "builtin"), ("BUILTIN_LOCALE", locale)]
    return sql.SQL("").join(
        sql.SQL(f" {option} {{}}").format(sql.Literal(value))
        for option, value in options
    )


def _refuse_unfit(name: str) -> None:
    with session(name) as ready:
        row = ready.execute("SELECT current_setting('server_encoding')").fetchone()
        if row != (ENCODING,):
            raise BackupError(
                f"The database {name} does not have the encoding {ENCODING}. Create it"
                f" with createdb --encoding={ENCODING} --template=template0."
            )
        found = ready.execute(
            "SELECT FROM pg_class WHERE relkind IN ('r', 'p')"
            " AND relnamespace = current_schema()::regnamespace"
        ).fetchone()
    if found is not None:
        raise BackupError(f"The database {name} is not empty. Name an empty one.")


def switch(present: str, new: str, before: str) -> list[str]:
    """Give the new database the present name, and return what was done.

    Both renames are one transaction. If the role may not rename, both databases stay
    as they are.

    Raises:
        BackupError: the present database is in use.
    """
    connection.close()
    try:
        with _beside(present, new) as other, other.transaction():
            was_there = _exists(other, present)
            if was_there:
                _rename(other, present, before)
            _rename(other, new, present)
    except psycopg.errors.ObjectInUse as exc:
        raise _in_use(present) from exc
    except psycopg.errors.InsufficientPrivilege:
        return [
            f"The restored database is {new}. The role may not rename databases, so"
            " set, with the same user, password, host and port as now:",
            *(f"  {line}" for line in _new_urls(new)),
        ]
    lines = [f"The restored database is in place: {present}"]
    if was_there:
        lines.append(f"The earlier one is kept as {before}")
    return lines


def _rename(other: Session, before: str, after: str) -> None:
    names = map(sql.Identifier, (before, after))
    other.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*names))


def _new_urls(name: str) -> Iterator[str]:
    """Yield the settings that name the database, without the password."""
    for setting in ("DATABASE_URL", "MIGRATION_DATABASE_URL"):
        if getattr(settings, setting):
            yield f"{setting}={url_of(name, setting)}"


def url_of(name: str, setting: str = "DATABASE_URL") -> str:
    """Return the URL of a setting for another database, without the password."""
    url = urlsplit(str(getattr(settings, setting)))
    credentials, _, place = url.netloc.rpartition("@")
    user = credentials.partition(":")[0]
    netloc = f"{user}:********@{place}"
    return url._replace(netloc=netloc, path=f"/{quote(name, safe='')}").geturl()
