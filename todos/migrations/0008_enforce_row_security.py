"""Switch row-level security on. From then on, every process must name its user."""

from typing import Any

from django.db import migrations

from config.postgresql.policies import enforce, relax

TABLES = [
    "todos_tasklist",
    "todos_task",
    "todos_label",
    "todos_tasklabel",
    "todos_change",
    "todos_ledger",
    "todos_idempotentanswer",
    "todos_importfile",
]


def forwards(apps: Any, schema_editor: Any) -> None:
    enforce(schema_editor, TABLES)


def backwards(apps: Any, schema_editor: Any) -> None:
    relax(schema_editor, TABLES)


class Migration(migrations.Migration):
    dependencies = [("todos", "0007_row_security")]

    operations = [migrations.RunPython(forwards, backwards)]
