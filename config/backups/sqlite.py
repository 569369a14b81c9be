"""Backups of SQLite: a copy of the database file, made while the service runs."""

import os
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from config import server_lock
from config.backups import drill, migrations, verification
from config.backups.archive import (
    CHUNK,
    Archive,
    Writer,
    described,
    progress,
    refuse_little_space,
    sync_folder,
    unfinished,
)
from config.backups.errors import BackupError
from config.backups.manifest import Manifest
from config.private_files import database_files
from config.reconnection import reconnected
from config.sqlite.failures import failure_of

KIND = "sqlite"
DATABASE = "ownlist.sqlite3"  # the part of a backup
PAGES = 1000  # copied at once
HEADER = b"SQLite format 3\0"
BUSY = 5  # seconds to wait for a lock
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def dump(writer: Writer, path: Path, at: datetime) -> Manifest:
    """Copy the database into a backup at `path`; readers and writers go on.

    Raises:
        BackupError: it can't be read or copied.
    """
    source = database_path()
    if not source.is_file():
        raise BackupError(f"There is no database at {source}. Check DATABASE_URL.")
    refuse_little_space(path.parent, 2 * source.stat().st_size)
    with unfinished(path, _remove) as copy:
        _copy(source, copy)
        tables, applied = _described(
            copy, "The database is damaged, and so would be its backup."
        )
        with (
            writer.part(DATABASE) as part,
            copy.open("rb") as file,
            progress("compress", copy.stat().st_size) as advance,
        ):
            while piece := file.read(CHUNK):
                part.write(piece)
                advance(len(piece))
    return Manifest.of(KIND, at, migrations=applied, tables=tables, parts=writer.parts)


def database_path() -> Path:
    """Return the path of the database in DATABASE_URL, behind symbolic links."""
    return Path(settings.DATABASES["default"]["NAME"]).resolve()


def _remove(path: Path) -> None:
    """Remove a database with its journal."""
    for file in database_files(path):
        file.unlink()


def _copy(source: Path, target: Path) -> None:
    with (
        _explained(f"The database can't be copied to {target.parent}"),
        closing(_read_only(source)) as database,
        closing(sqlite3.connect(target)) as copy,
        progress("copy", 0, "page") as advance,
    ):
        done = 0

        def report(status: int, remaining: int, total: int) -> None:
            nonlocal done
            advance(total - remaining - done)
            done = total - remaining

        # The transaction keeps one state of the database. Otherwise each write of the
        # service would start the copy again from its first page.
        database.execute("BEGIN")
        database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        database.backup(copy, pages=PAGES, progress=report)
        # One file without a log.
        copy.execute("PRAGMA journal_mode=DELETE")


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn an error of SQLite into one for the operator, who reads what to do."""
    try:
        yield
    except (sqlite3.Error, DatabaseError, InterfaceError) as exc:
        failure = failure_of(exc)
        hint = f" {failure.hint}" if failure else ""
        raise BackupError(f"{what}. SQLite reports: {exc}.{hint}") from exc


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY)


def _described(path: Path, if_damaged: str) -> tuple[dict[str, int], list[str]]:
    """Return the number of rows of each table, and the applied migrations.

    Raises:
        BackupError: the file is damaged, or rows refer to rows that do not exist.
    """
    with (
        _explained("The copy can't be verified"),
        closing(sqlite3.connect(path, timeout=BUSY)) as database,
    ):
        try:
            found = database.execute("PRAGMA integrity_check(1)").fetchone()
            if found != ("ok",):
                raise BackupError(f"{if_damaged} SQLite reports: {found[0]}.")
            if broken := database.execute("PRAGMA foreign_key_check").fetchone():
                raise BackupError(
                    f"{if_damaged} A row of {broken[0]} refers to a row of {broken[2]}"
                    " that does not exist."
                )
            names = database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
                " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            ).fetchall()
            tables = {name: _count(database, name) for (name,) in names}
            if "django_migrations" not in tables:
                raise BackupError(
                    "The database has no tables of Ownlist. Check DATABASE_URL."
                )
            rows = database.execute("SELECT app, name FROM django_migrations")
            return tables, sorted(f"{app}.{name}" for app, name in rows)
        except sqlite3.DatabaseError as exc:
            if getattr(exc, "sqlite_errorcode", None) not in DAMAGED:
                raise
            raise BackupError(f"{if_damaged} SQLite reports: {exc}.") from exc


def _count(database: sqlite3.Connection, table: str) -> int:
    quoted = table.replace('"', '""')
    row = database.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()  # noqa: S608
    return int(row[0])


def restore(
    archive: Archive, at: datetime, *, into: str | None, switch: bool
) -> list[str]:
    """Restore a backup into a new file, verify it, and put it in place.

    Without `switch` the new file stays beside the database, or at `into`. Returns what
    was done, one line each.

    Raises:
        BackupError: it can't be done. The database is as it was.
    """
    database = database_path()
    stamp = f"{at:%Y-%m-%dT%H%M%SZ}"
    target = Path(into) if into else database.with_name(f"{database.name}.new-{stamp}")
    if target.exists():
        raise BackupError(f"{target} exists already. Choose another name.")
    if not target.parent.is_dir():
        raise BackupError(f"The folder {target.parent} does not exist. Create it.")
    if not switch:
        warnings = _create(archive, target, at)
        return [
            *warnings,
            f"The restored database is {target}. Nothing was replaced.",
            *drill.instructions(f"sqlite:///{target.absolute()}", _removal(target)),
        ]
    _refuse_other_disk(target, database)
    with _alone(database):
        lines = _create(archive, target, at)
        before = database.with_name(f"{database.name}.before-{stamp}")
        was_there = _replace(database, target, before)
    lines.append(f"The restored database is in place: {database}")
    if was_there:
        lines.append(f"The earlier one is kept as {before}")
    return lines


def _refuse_other_disk(target: Path, database: Path) -> None:
    """Refuse a new file that could not take the place of the database."""
    with described(database):
        is_same = target.parent.stat().st_dev == database.parent.stat().st_dev
    if not is_same:
        raise BackupError(
            f"{target.parent} is on another disk than {database}, so the new file can't"
            " take its place. Choose a path on the same disk, or add --no-switch."
        )


def _removal(target: Path) -> str:
    """Return the command that removes a database with what a server puts beside it."""
    path = str(target.absolute())
    names = [path, *(f"{path}{end}" for end in ("-wal", "-shm", ".lock"))]
    return shlex.join(["rm", "-f", *names])


@contextmanager
def _alone(database: Path) -> Iterator[None]:
    """Refuse while a server runs on the database, and let none start."""
    try:
        with described(database), server_lock.alone(database):
            yield
    except server_lock.Locked as exc:
        raise _running(database) from exc


def _running(database: Path) -> BackupError:
    return BackupError(
        f"The service is running on {database}. Stop it, with its reminders and other"
        " commands, then restore. To restore beside it, add --no-switch."
    )


def _create(archive: Archive, target: Path, at: datetime) -> list[str]:
    """Write and verify the restored database; remove it if it is not right.

    Returns warnings, one line each.
    """
    manifest = archive.manifest
    refuse_little_space(target.parent, manifest.parts[DATABASE].bytes)
    with (
        _explained(f"{target} can't be made"),
        unfinished(target, _remove) as part,
    ):
        with described(target), part.open("wb") as file:
            with progress("restore", manifest.parts[DATABASE].bytes) as advance:
                for piece in archive.read(DATABASE):
                    file.write(piece)
                    advance(len(piece))
            file.flush()
            os.fsync(file.fileno())
        found = _described(part, "The restored database is damaged.")
        if found != (manifest.tables, manifest.migrations):
            raise BackupError("The restored database is not the one of the manifest.")
        with reconnected(NAME=str(part)):
            if not migrations.is_current():
                migrations.add_missing()
            warnings = verification.verify()
            verification.end_positions(at)
        _leave_one_file(part)
        with described(target):
            part.rename(target)
    return warnings


def _leave_one_file(path: Path) -> None:
    """Write the log of a database into its file.

    Raises:
        sqlite3.DatabaseError: another process has the database open, or it is damaged.
    """
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def _replace(database: Path, target: Path, before: Path) -> bool:
    """Put `target` in place of the database, and tell whether there was one.

    There is always a complete database in place, and only one has a log.

    Raises:
        BackupError: another process has the database open, or it can't be replaced.
    """
    with described(database), _undoing(database, target, before):
        was_there = database.exists()
        if was_there:
            _end_its_log(database)
            _keep(database, before)
        target.replace(database)
    with described(database):
        sync_folder(database.parent)
    return was_there


def _end_its_log(database: Path) -> None:
    """Write the log of the present database into it.

    Raises:
        BackupError: another process has the database open.
    """
    try:
        _refuse_other_content(database)
        _leave_one_file(database)
    except sqlite3.DatabaseError as exc:
        if getattr(exc, "sqlite_errorcode", None) in LOCKED:
            raise _running(database) from exc
        # It is damaged, which may be why another one is restored. Keep all of it.


@contextmanager
def _undoing(database: Path, target: Path, before: Path) -> Iterator[None]:
    """If `target` does not take the place of the database, leave all as it was."""
    try:
        yield
    except BaseException:
        if target.exists():  # otherwise it has taken the place
            if not database.exists() and before.exists():
                before.rename(database)
            elif database.exists() and before.exists() and before.samefile(database):
                before.unlink()
            for log in database_files(before):
                if log != before:
                    log.rename(_renamed(log, before, database))
            target.unlink()
        raise


def _refuse_other_content(database: Path) -> None:
    """Refuse a file that is not of SQLite, which would delete the log beside it.

    Raises:
        sqlite3.DatabaseError: it is not.
    """
    with database.open("rb") as file:
        if file.read(len(HEADER)) != HEADER:
            raise sqlite3.DatabaseError("file is not a database")


def _keep(database: Path, before: Path) -> None:
    for log in database_files(database)[1:]:
        log.rename(_renamed(log, database, before))
    try:
        os.link(database, before)
    except OSError:  # a file system without hard links
        database.rename(before)


def _renamed(file: Path, database: Path, other: Path) -> Path:
    """Return the name of a file of `database` among those of `other`."""
    return file.with_name(file.name.replace(database.name, other.name))
