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

OWNER_ONLY = (
    "owner_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid)"
)
MAINTENANCE = (
    "(SELECT current_setting('app.maintenance', true) = 'on' AND current_user ="
    " (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = '{table}'::regclass))"
)


def secure(schema_editor: Any, tables: Iterable[str]) -> None:
    """Switch row-level security on for tables with an `owner_id`."""
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in tables:
        maintenance = MAINTENANCE.format(table=table)
        for statement in (
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY owner_only ON {table}"
            f" USING ({OWNER_ONLY}) WITH CHECK ({OWNER_ONLY})",
            f"CREATE POLICY maintenance ON {table}"
            f" USING ({maintenance}) WITH CHECK ({maintenance})",
        ):
            schema_editor.execute(statement)


def unsecure(schema_editor: Any, tables: Iterable[str]) -> None:
    """Undo `secure`."""
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in tables:
        for statement in (
            f"DROP POLICY maintenance ON {table}",
            f"DROP POLICY owner_only ON {table}",
            f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        ):
            schema_editor.execute(statement)


def show_all_rows(schema_editor: Any) -> None:
    """Let the rest of a migration see the rows of all users.

    Without it, a migration of data finds no rows and silently changes nothing.
    """
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("SET LOCAL app.maintenance = 'on'")
