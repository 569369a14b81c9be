"""The policies of row-level security, for migrations.

Each owned table has two. Both are forced, so they also apply to the owner of the table,
who is the role of the service in a simple set-up.

- `owner_only` shows and accepts the rows of the user in `app.user_id`. The subquery
  makes PostgreSQL read the setting once, not for each row. After a transaction that had
  set it, it is empty.
- `maintenance` shows all rows to the owner of the table, in a transaction that sets
  `app.maintenance`. Migrations, backups and the functions in `todos.across_owners` do.
"""

from collections.abc import Iterable
from typing import Any

from django.db import connection

OWNER_ONLY = (
    "owner_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid)"
)
MAINTENANCE = (
    "(SELECT current_setting('app.maintenance', true) = 'on' AND current_user ="
    " (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = '{table}'::regclass))"
)


def create_policies(schema_editor: Any, tables: Iterable[str]) -> None:
    """Describe who sees which rows of tables with an `owner_id`.

    This limits nobody until `enforce`: processes of an earlier version, which name no
    user, can work until they are restarted.
    """
    for table in tables:
        maintenance = MAINTENANCE.format(table=table)
        _execute(
            schema_editor,
            f"CREATE POLICY owner_only ON {table}"
            f" USING ({OWNER_ONLY}) WITH CHECK ({OWNER_ONLY})",
            f"CREATE POLICY maintenance ON {table}"
            f" USING ({maintenance}) WITH CHECK ({maintenance})",
        )


def drop_policies(schema_editor: Any, tables: Iterable[str]) -> None:
    """Undo `create_policies`."""
    for table in tables:
        _execute(
            schema_editor,
            f"DROP POLICY maintenance ON {table}",
            f"DROP POLICY owner_only ON {table}",
        )


def enforce(schema_editor: Any, tables: Iterable[str]) -> None:
    """Switch the policies on, also for the owner of the tables."""
    for table in tables:
        _execute(
            schema_editor,
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        )


def are_enforced() -> bool:
    """Tell whether all policies apply, as after the last migration."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT bool_and(relrowsecurity AND relforcerowsecurity) FROM pg_policy"
            " JOIN pg_class ON pg_class.oid = polrelid"
            " WHERE relnamespace = current_schema()::regnamespace"
        )
        ((enforced,),) = cursor.fetchall()
    return enforced is True


def relax(schema_editor: Any, tables: Iterable[str]) -> None:
    """Undo `enforce`."""
    for table in tables:
        _execute(
            schema_editor,
            f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        )


def show_all_rows(schema_editor: Any) -> None:
    """Let the rest of a migration see the rows of all users.

    Without it, a migration of data finds no rows and silently changes nothing.
    """
    _execute(schema_editor, "SET LOCAL app.maintenance = 'on'")


def _execute(schema_editor: Any, *statements: str) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in statements:
            schema_editor.execute(statement)
