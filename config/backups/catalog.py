"""The tables of a PostgreSQL database, as a backup reads and a restore fills them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg
from django.db import DatabaseError, InterfaceError
from psycopg import sql

from config.backups.errors import BackupError

Session: TypeAlias = psycopg.Connection[Any]

DJANGO_ERRORS = (DatabaseError, InterfaceError)

TABLES = """
    SELECT relname::text FROM pg_class
    WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
    AND NOT EXISTS (
        SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e'
    )
    ORDER BY relname
"""
COLUMNS = """
    SELECT attname::text FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0
    AND NOT attisdropped AND attgenerated = ''
    ORDER BY attnum
"""
# The foreign keys, and the indexes that no constraint owns.
FOREIGN_KEYS = """
    SELECT conrelid::regclass::text, conname::text, pg_get_constraintdef(oid)
    FROM pg_constraint
    WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
"""
INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE relnamespace = current_schema()::regnamespace AND NOT EXISTS (
        SELECT FROM pg_constraint WHERE conindid = indexrelid
    )
"""


def lock_tables(
    session: Session, known: Iterable[str] | None, *, but: str
) -> list[str]:
    """Return the tables of the schema, of which no column can change from now on.

    With `known`, only those, and all of them; never the table `but`.

    Raises:
        BackupError: one of them does not exist.
    """
    # Outside of the snapshot, which begins with the first query of the transaction:
    # a table that a migration changed before the lock is read as it is after it.
    names = sorted(known) if known is not None else _names(session)
    names = [name for name in names if name != but]
    session.execute(
        sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(
            sql.SQL(", ").join(map(sql.Identifier, names))
        )
    )
    return names


def _names(session: Session) -> list[str]:
    return [name for (name,) in session.execute(TABLES)]


def show_all_rows(session: Session) -> None:
    """Let the transaction see the rows of all users, and take its time."""
    session.execute("SET LOCAL app.maintenance = 'on'")
    session.execute("SET LOCAL statement_timeout = 0")
    session.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    session.execute("SET LOCAL client_encoding = 'UTF8'")


def refuse_hidden_rows(session: Session) -> None:
    """Refuse a role that row-level security limits to the rows of one user.

    Raises:
        BackupError: it is limited.
    """
    ((is_limited, role),) = session.execute(
        "SELECT bool_or(relrowsecurity AND relowner <> current_user::regrole"
        " AND NOT (rolsuper OR rolbypassrls)), current_user"
        " FROM pg_class, pg_roles"
        " WHERE rolname = current_user"
        " AND relnamespace = current_schema()::regnamespace",
    ).fetchall()
    if is_limited:
        raise BackupError(
            f"The role {role} does not see the rows of all users. Set"
            " MIGRATION_DATABASE_URL to the owner of the tables."
        )


def columns(session: Session, table: str) -> list[str]:
    """Return the columns of a table that are stored and not computed."""
    found = session.execute(COLUMNS, [sql.Identifier(table).as_string()])
    return [name for (name,) in found]


def bytes_of(session: Session, tables: list[str]) -> int:
    """Return the size of the tables, of which the rows are a part."""
    ((size,),) = session.execute(
        "SELECT sum(pg_table_size(quote_ident(name)::regclass))::bigint"
        " FROM unnest(%s::text[]) AS name",
        [tables],
    ).fetchall()
    return int(size or 0)


def copy_statement(table: str, columns: list[str], direction: str) -> sql.Composed:
    """Return the statement that copies rows TO the client, or FROM it."""
    return sql.SQL("COPY {} ({}) {}").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL("TO STDOUT" if direction == "TO" else "FROM STDIN"),
    )


def count(session: Session, table: str) -> int:
    """Return the number of rows of a table."""
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    ((number,),) = session.execute(query).fetchall()
    return int(number)


def sequences(session: Session) -> dict[str, int]:
    """Return the last value of each sequence that was used."""
    found = session.execute(
        "SELECT sequencename::text, last_value FROM pg_sequences"
        " WHERE schemaname = current_schema() AND last_value IS NOT NULL"
    )
    return dict(found.fetchall())


def set_sequences(session: Session, values: dict[str, int]) -> None:
    """Let the sequences continue after these values."""
    present = {
        name
        for (name,) in session.execute(
            "SELECT sequencename::text FROM pg_sequences"
            " WHERE schemaname = current_schema()"
        )
    }
    for name, value in values.items():
        if name in present:
            session.execute(
                "SELECT setval(quote_ident(%s)::regclass, %s)", [name, value]
            )


@contextmanager
def bare_tables(session: Session, tables: list[str]) -> Iterator[None]:
    """Empty the tables, and let rows be copied into them inside, in any order.

    COPY into a table is refused under row-level security, also that of its owner. The
    foreign keys and indexes are created again at the end, which is faster and checks
    every row.
    """
    forced = [
        sql.Identifier(name)
        for (name,) in session.execute(
            "SELECT relname::text FROM pg_class WHERE relforcerowsecurity"
            " AND relnamespace = current_schema()::regnamespace"
        )
    ]
    keys = session.execute(FOREIGN_KEYS).fetchall()
    indexes = session.execute(INDEXES).fetchall()
    for table in forced:
        _run(session, "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY", table)
    for table, name, _ in keys:
        _run(
            session,
            "ALTER TABLE {} DROP CONSTRAINT {}",
            sql.SQL(table),
            sql.Identifier(name),
        )
    for name, _ in indexes:
        _run(session, "DROP INDEX {}", sql.SQL(name))
    everything = sql.SQL(", ").join(map(sql.Identifier, tables))
    _run(session, "TRUNCATE {}", everything)
    yield
    for _, definition in indexes:
        session.execute(definition)
    for table, name, definition in keys:
        _run(
            session,
            "ALTER TABLE {} ADD CONSTRAINT {} {}",
            sql.SQL(table),
            sql.Identifier(name),
            sql.SQL(definition),
        )
    for table in forced:
        _run(session, "ALTER TABLE {} FORCE ROW LEVEL SECURITY", table)


def _run(session: Session, statement: Any, *parts: sql.Composable) -> None:
    session.execute(sql.SQL(statement).format(*parts))
