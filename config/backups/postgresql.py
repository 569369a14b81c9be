"""Backups of PostgreSQL: the rows of all tables, in one snapshot.

The tables themselves are made by the migrations when a backup is restored. So no
`pg_dump` is needed, whose version would have to fit the server. A backup can be
restored on another version of PostgreSQL, and by a role that is not a superuser, as on
Neon. Row-level security is what the migrations say, whatever the old database had.
"""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection

from config.backups import catalog, drill, migrations, servers, verification
from config.backups.archive import Archive, Writer, progress, refuse_little_space
from config.backups.errors import BackupError
from config.backups.manifest import Manifest
from config.connection_failures import failure_of
from config.databases import database_settings
from config.postgresql.policies import are_enforced
from config.postgresql.roles import as_owner, grants, migration_limits
from config.reconnection import reconnected

KIND = "postgresql"
MIGRATIONS = "django_migrations"


def dump(writer: Writer, path: Path, at: datetime) -> Manifest:
    """Copy all rows into a backup; readers and writers go on.

    Raises:
        BackupError: the database can't be reached, or the role can't see all rows.
    """
    with (
        as_owner(),
        _explained("The database can't be backed up"),
        servers.session() as session,
    ):
        catalog.refuse_hidden_rows(session)
        applied = migrations.applied()
        if not applied:
            raise BackupError(
                "The database has no tables of Ownlist. Check DATABASE_URL."
            )
        known = _known_tables() if migrations.is_current() else None
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        tables = catalog.lock_tables(session, known, but=MIGRATIONS)
        catalog.show_all_rows(session)
        columns = {table: catalog.columns(session, table) for table in tables}
        counts = {}
        size = catalog.bytes_of(session, tables)
        # Rows alone, without what tables have around them, and compressed.
        refuse_little_space(path.parent, size // 2)
        with progress("rows", size) as advance:
            for table in tables:
                with writer.part(_part(table)) as part:
                    counts[table] = 0
                    query = catalog.copy_statement(table, columns[table], "TO")
                    with session.cursor().copy(query) as rows:
                        for piece in rows:
                            part.write(piece)
                            counts[table] += bytes(piece).count(b"\n")
                            advance(len(piece))
        sequences = catalog.sequences(session)
        session.execute("COMMIT")
    return Manifest.of(
        KIND,
        at,
        migrations=applied,
        tables=counts,
        parts=writer.parts,
        columns=columns,
        sequences=sequences,
    )


def _known_tables() -> set[str]:
    """Return our tables, where the schema may also have those of others.

    Caches are left out: what they contain can be fetched again.
    """
    return set(connection.introspection.django_table_names())


def _part(table: str) -> str:
    return f"tables/{table}.copy"


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn an error of PostgreSQL into one for the operator, without any value."""
    try:
        yield
    except (psycopg.Error, *catalog.DJANGO_ERRORS) as exc:
        if failure := failure_of(exc):
            # Its text can quote a part of the password.
            raise BackupError(f"{what}: {failure.words}. {failure.hint}") from exc
        text = (str(exc).splitlines() or ["unknown error"])[0]
        raise BackupError(f"{what}. PostgreSQL says: {text}") from exc


def restore(
    archive: Archive, at: datetime, *, into: str | None, switch: bool
) -> list[str]:
    """Restore a backup into a new database, verify it, and give it the name.

    Without `switch` the new database keeps its own name. Returns what was done, one
    line each.

    Raises:
        BackupError: it can't be done. The database is as it was.
    """
    with as_owner(), migration_limits(), _explained("The backup can't be restored"):
        present = str(connection.settings_dict["NAME"])
        stamp = f"{at:%Y%m%d_%H%M%S}"
        new = into or f"{present}_new_{stamp}"
        if new == present:
            raise BackupError(
                f"--into {new} is the present database. Name another one: it takes the"
                " present name at the end."
            )
        if switch:
            servers.refuse_use(present)
        with servers.new_database(new, like=present, may_exist=into is not None):
            with reconnected(NAME=new):
                lines = _fill(archive, at)
            if switch:
                before = f"{present}_before_{stamp}"
                return lines + servers.switch(present, new, before)
        return [
            *lines,
            f"The restored database is {new}. Nothing was replaced.",
            *drill.instructions(
                servers.url_of(new),
                f"runuser -u postgres -- {shlex.join(['dropdb', new])}",
            ),
        ]


def _fill(archive: Archive, at: datetime) -> list[str]:
    """Create the tables, fill them and verify them; return warnings."""
    manifest = archive.manifest
    migrations.create_schema(manifest.migrations)
    with servers.session() as session:
        session.execute("BEGIN")
        catalog.show_all_rows(session)
        tables = _compared_tables(session, manifest)
        with catalog.bare_tables(session, tables):
            with progress("rows", sum(p.bytes for p in manifest.parts.values())) as bar:
                for table in manifest.tables:
                    columns = manifest.columns[table]
                    query = catalog.copy_statement(table, columns, "FROM")
                    with session.cursor().copy(query) as rows:
                        for piece in archive.read(_part(table)):
                            rows.write(piece)
                            bar(len(piece))
            catalog.set_sequences(session, manifest.sequences)
            _compare_counts(session, manifest)
        session.execute("COMMIT")
        session.execute("ANALYZE")
    migrations.add_missing()
    _grant()
    if not are_enforced():
        raise BackupError("The restored database lacks row-level security.")
    warnings = verification.verify()
    verification.end_positions(at)
    return warnings


def _compared_tables(session: Any, manifest: Manifest) -> list[str]:
    """Return the tables of the new database.

    Raises:
        BackupError: the backup has other tables or columns.
    """
    tables = catalog.lock_tables(session, None, but=MIGRATIONS)
    columns = {table: set(catalog.columns(session, table)) for table in tables}
    for table in manifest.tables:
        if columns.get(table) != set(manifest.columns[table]):
            raise BackupError(
                f"The backup has a table {table} that its migrations do not make, or"
                " not with these columns. Was it changed by hand?"
            )
    return tables


def _compare_counts(session: Any, manifest: Manifest) -> None:
    for table, number in manifest.tables.items():
        found = catalog.count(session, table)
        if found != number:
            raise BackupError(
                f"{table} has {found} rows after the restore, and had {number} in the"
                " backup."
            )


def _grant() -> None:
    """Give the role of the service its rights, if it is not the owner."""
    # DATABASES has the owner at present, see `as_owner`.
    service = database_settings(settings.DATABASE_URL, pooled=False)["USER"]
    if connection.settings_dict["USER"] == service:
        return
    with servers.session() as session, _explained_missing_role(service):
        for statement in grants(service):
            session.execute(statement)


@contextmanager
def _explained_missing_role(name: str) -> Iterator[None]:
    """Say what to do if the role of the service does not exist on this server.

    Raises:
        BackupError: it does not.
    """
    try:
        yield
    except psycopg.errors.UndefinedObject as exc:
        raise BackupError(
            f"The role {name} of DATABASE_URL does not exist on this server. Create it"
            f" first: CREATE ROLE {name} LOGIN, and set its password."
        ) from exc
