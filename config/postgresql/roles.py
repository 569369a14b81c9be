"""The roles of a deployment on PostgreSQL: owner of the tables, and the service.

The service needs to own nothing. Then no statement of it can switch row-level security
off.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from psycopg import sql

from config.databases import MIGRATION_LIMITS
from config.reconnection import reconnected

logger = logging.getLogger(__name__)

CHANGED = (
    *("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS", "CONN_MAX_AGE"),
    *("LIMITS", "POOLED"),
)


@contextmanager
def as_owner() -> Iterator[None]:
    """Connect by MIGRATION_DATABASE_URL inside, if it is set."""
    if settings.MIGRATION_DATABASE is None:
        yield
        return
    owner = settings.MIGRATION_DATABASE
    with reconnected(**{name: owner[name] for name in CHANGED}):
        yield


@contextmanager
def migration_limits() -> Iterator[None]:
    """Connect with the time limits of migrations inside."""
    if connection.vendor != "postgresql":
        yield
        return
    with reconnected(LIMITS=MIGRATION_LIMITS):
        yield


@dataclass(frozen=True, slots=True)
class Role:
    """What a role of the database may do beyond reading and writing rows."""

    bypasses_row_security: bool
    owns_tables: bool

    @classmethod
    def named(cls, name: str) -> "Role | None":
        """Return the role, or None if it does not exist."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT rolsuper OR rolbypassrls, EXISTS (SELECT FROM pg_class"
                " WHERE relowner = pg_roles.oid AND relkind IN ('r', 'p')"
                " AND relnamespace = current_schema()::regnamespace)"
                " FROM pg_roles WHERE rolname = %s",
                [name],
            )
            row = cursor.fetchone()
        return cls(*row) if row else None

    @classmethod
    def of_connection(cls) -> "Role":
        """Return the role that the service runs as."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            ((name,),) = cursor.fetchall()
        role = cls.named(name)
        assert role is not None
        return role


def warn_of_unlimited_role() -> None:
    """Log a warning if row-level security does not limit the role of the service.

    The server calls it when it starts. That the database can't be reached yet is
    no reason not to start.
    """
    if connection.vendor != "postgresql":
        return
    try:
        if Role.of_connection().bypasses_row_security:
            logger.warning(
                "row-level security is not in effect: the role of DATABASE_URL is a"
                " superuser or has BYPASSRLS"
            )
    except (DatabaseError, InterfaceError):
        pass
    finally:
        connection.close()


def creation(name: str, password: str | None) -> sql.Composed:
    """Return the statement that creates a role without any rights.

    Without a password, nobody can sign in with one.
    """
    statement = sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name))
    if password is None:
        return statement
    return statement + sql.SQL(" PASSWORD {}").format(password)


def grants(name: str) -> list[sql.Composed]:
    """Return the statements that let a role read and write, now and after migrations.

    The owner of the tables must be connected. The statements name that role, so that
    a superuser can run them instead. They can be repeated.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database(), current_schema()")
        ((owner, database, schema),) = cursor.fetchall()
    names = {
        "role": sql.Identifier(name),
        "owner": sql.Identifier(owner),
        "database": sql.Identifier(database),
        "schema": sql.Identifier(schema),
    }
    rights = {
        "TABLES": "SELECT, INSERT, UPDATE, DELETE",
        "SEQUENCES": "USAGE, SELECT",
        "FUNCTIONS": "EXECUTE",
    }
    statements = [
        "GRANT CONNECT ON DATABASE {database} TO {role}",
        "GRANT USAGE ON SCHEMA {schema} TO {role}",
    ]
    for kind, what in rights.items():
        statements += [
            f"GRANT {what} ON ALL {kind} IN SCHEMA {{schema}} TO {{role}}",
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA {schema}"
            f" GRANT {what} ON {kind} TO {{role}}",
        ]
    return [sql.SQL(statement).format(**names) for statement in statements]
