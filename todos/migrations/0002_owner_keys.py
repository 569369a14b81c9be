"""References between owned rows carry the owner, so they can't cross accounts.

PostgreSQL alone: the composite keys take the place of the plain ones that Django made.
SQLite can't add a constraint to a table; there the actions' own checks hold.
"""

from typing import Any

from django.db import migrations

# (table, column, target)
REFERENCES = [
    ("todos_task", "list_id", "todos_tasklist"),
    ("todos_task", "parent_id", "todos_task"),
    ("todos_tasklabel", "task_id", "todos_task"),
    ("todos_tasklabel", "label_id", "todos_label"),
]


def add_composite_keys(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "postgresql":
        return
    for table, column, target in REFERENCES:
        for name in _plain_keys(schema_editor, table, column):
            schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        schema_editor.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_owner"
            f" FOREIGN KEY (owner_id, {column}) REFERENCES {target} (owner_id, id)"
            " DEFERRABLE INITIALLY DEFERRED"
        )


def _plain_keys(schema_editor: Any, table: str, column: str) -> list[str]:
    with schema_editor.connection.cursor() as cursor:
        constraints = schema_editor.connection.introspection.get_constraints(
            cursor, table
        )
    return [
        schema_editor.quote_name(name)
        for name, found in constraints.items()
        if found["foreign_key"] and found["columns"] == [column]
    ]


class Migration(migrations.Migration):
    dependencies = [("todos", "0001_initial")]

    operations = [migrations.RunPython(add_composite_keys, migrations.RunPython.noop)]
