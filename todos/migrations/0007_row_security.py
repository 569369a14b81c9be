"""The policies of row-level security, and the functions that look across users.

On PostgreSQL only.

It limits nobody yet, and so can run before the processes of an earlier version end.

The functions return ids, dates and time zones, and never text that a user wrote.
"""

from typing import Any

from django.db import migrations

from config.postgresql.policies import create_policies, drop_policies

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

# They run as the owner of the tables, with a search path that nobody can change.
FUNCTION = """
CREATE FUNCTION {schema}.{name}({arguments}) RETURNS TABLE ({columns})
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM set_config('app.maintenance', 'on', true);
    RETURN QUERY {query};
    PERFORM set_config('app.maintenance', '', true);
END
$$
"""
# Tasks whose reminder waits, up to a date, the earliest first, after the given one.
WAITING_REMINDERS = {
    "name": "todos_waiting_reminders",
    "arguments": "until date, after_date date, after_id uuid, most integer",
    "columns": (
        "id uuid, owner_id uuid, remind_on date, due_date date, due_time time,"
        " due_tz varchar, reminder_minutes integer, reminder_time time"
    ),
    "query": """
    SELECT t.id, t.owner_id, t.remind_on, t.due_date, t.due_time, t.due_tz,
        t.reminder_minutes::integer, t.reminder_time
    FROM {schema}.todos_task t
    WHERE t.remind_on <= until
        AND (after_id IS NULL OR (t.remind_on, t.id) > (after_date, after_id))
    ORDER BY t.remind_on, t.id LIMIT most""",
}
# Uploaded files that have expired, and the oldest of more than `most`.
SURPLUS_IMPORT_FILES = {
    "name": "todos_surplus_import_files",
    "arguments": "expired timestamptz, most integer",
    "columns": "owner_id uuid, key uuid",
    "query": """
    SELECT f.owner_id, f.key FROM {schema}.todos_importfile f
    WHERE f.created_at <= expired OR f.owner_id IN (
        SELECT g.owner_id FROM {schema}.todos_importfile g
        ORDER BY g.created_at DESC OFFSET most)""",
}
FUNCTIONS = [WAITING_REMINDERS, SURPLUS_IMPORT_FILES]


def forwards(apps: Any, schema_editor: Any) -> None:
    create_policies(schema_editor, TABLES)
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        (schema,) = cursor.fetchone()
    for parts in FUNCTIONS:
        query = parts["query"].format(schema=schema)
        name, arguments = f"{schema}.{parts['name']}", parts["arguments"]
        schema_editor.execute(
            FUNCTION.format(**parts | {"query": query}, schema=schema)
        )
        schema_editor.execute(f"REVOKE ALL ON FUNCTION {name}({arguments}) FROM PUBLIC")


def backwards(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for parts in FUNCTIONS:
            schema_editor.execute(
                f"DROP FUNCTION {parts['name']}({parts['arguments']})"
            )
    drop_policies(schema_editor, TABLES)


class Migration(migrations.Migration):
    dependencies = [("todos", "0006_import_file")]

    operations = [migrations.RunPython(forwards, backwards)]
