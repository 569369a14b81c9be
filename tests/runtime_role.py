"""The role that tests run as on PostgreSQL, limited like that of a deployment.

The owner creates and migrates the test database. The connections of the tests then use
a role that owns nothing. Requests and commands see the rows of their user only. The
code of the tests themselves, which prepares rows of several users, acts as
`EVERYBODY`, whom a policy of the test database shows all rows.

With OWNLIST_TEST_ROW_SECURITY=off the policies are off, to see the first layer alone.
"""

import os
import secrets
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import ConnectionHandler, connection
from django.db.models.signals import post_migrate

from config import row_security
from config.postgresql.roles import creation, grants

EVERYBODY = UUID(int=0)
MAINTAIN_SINCE = 170_000  # PostgreSQL 17
POLICY = (
    "CREATE POLICY tests ON {table} USING"
    f" ((SELECT current_setting('app.user_id', true)) = '{EVERYBODY.hex}')"
)


@contextmanager
def everything_shown_to_tests():
    """Let code outside requests and commands see the rows of all users."""
    execute, owner = BaseCommand.execute, row_security._owner

    @wraps(execute)
    def execute_without_user(*args, **kwargs):
        with row_security.rows_of(None):
            return execute(*args, **kwargs)

    # As the default, because every thread begins with a context of its own.
    row_security._owner = ContextVar("row_owner", default=EVERYBODY)
    BaseCommand.execute = execute_without_user
    try:
        yield
    finally:
        BaseCommand.execute, row_security._owner = execute, owner


def owned_models():
    """Return the models whose rows belong to a user."""
    return [
        model
        for model in apps.get_app_config("todos").get_models()
        if any(field.attname == "owner_id" for field in model._meta.concrete_fields)
    ]


@contextmanager
def runtime_role():
    """Connect as a role that owns nothing; as the owner of the tables again at the end.

    It may truncate, which is how Django empties the tables between tests. Where
    PostgreSQL has the right to maintain tables, it may also collect statistics, which
    tests of query plans need.
    """
    name, password = _name(), secrets.token_urlsafe(16)
    version: int = connection.pg_version
    rights = "TRUNCATE, MAINTAIN" if version >= MAINTAIN_SINCE else "TRUNCATE"
    _execute(
        f"DROP ROLE IF EXISTS {name}",
        creation(name, password).as_string(),
        *(statement.as_string() for statement in grants(name)),
        f"GRANT {rights} ON ALL TABLES IN SCHEMA public TO {name}",
        # Also those that the test of a migration makes again.
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {rights} ON TABLES TO {name}",
    )
    _show_rows_to_tests()
    settings.MIGRATION_DATABASE = connection.settings_dict.copy()
    owner = _connect_as(name, password)
    post_migrate.connect(_show_rows_to_tests, sender=apps.get_app_config("todos"))
    try:
        with everything_shown_to_tests():
            yield
    finally:
        post_migrate.disconnect(_show_rows_to_tests, apps.get_app_config("todos"))
        settings.MIGRATION_DATABASE = None
        _connect_as(*owner)
        _execute(
            f"GRANT {name} TO CURRENT_USER",
            f"DROP OWNED BY {name}",
            f"DROP ROLE {name}",
        )


@contextmanager
def cursor_of_the_owner():
    """A cursor that may change the tables, on a connection of its own."""
    owner = settings.MIGRATION_DATABASE
    if owner is None:  # SQLite
        with connection.cursor() as cursor:
            yield cursor
        return
    other = ConnectionHandler({"default": owner})["default"]
    try:
        with other.cursor() as cursor:
            yield cursor
    finally:
        other.close()


def _name():
    """Return the name of the role of this test database: roles are shared by all."""
    return f"{connection.settings_dict['NAME']}_runtime"


def _connect_as(user, password):
    """Use this role from now on, also in threads, and return the one before."""
    connection.close()
    chosen = connection.settings_dict
    before = chosen["USER"], chosen["PASSWORD"]
    chosen["USER"], chosen["PASSWORD"] = user, password
    return before


def _show_rows_to_tests(**_signal):
    """Give the owned tables that lack it the policy of the tests.

    After every migration, because the test of one can drop a table and make it again.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname::text FROM pg_class WHERE relname = ANY(%s)"
            " AND relnamespace = current_schema()::regnamespace AND NOT EXISTS (SELECT"
            " FROM pg_policy WHERE polrelid = pg_class.oid AND polname = 'tests')",
            [[model._meta.db_table for model in owned_models()]],
        )
        tables = [table for (table,) in cursor.fetchall()]
    _execute(*(POLICY.format(table=table) for table in tables))
    if os.environ.get("OWNLIST_TEST_ROW_SECURITY") == "off":
        _execute(
            *(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY" for table in tables)
        )


def _execute(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
