"""Give the tasks that are there the text that searches compare."""

from typing import Any

from django.db import migrations

CHUNK = 1_000


def fill(apps: Any, schema_editor: Any) -> None:
    tasks = apps.get_model("todos", "Task").objects.using(
        schema_editor.connection.alias
    )
    last = None
    while True:
        rows = tasks.order_by("pk").only("pk", "title", "notes")
        if last is not None:
            rows = rows.filter(pk__gt=last)
        chunk = list(rows[:CHUNK])
        if not chunk:
            return
        field = chunk[0]._meta.get_field("search")
        for row in chunk:
            field.pre_save(row, False)
        tasks.bulk_update(chunk, ["search"], batch_size=CHUNK // 4)
        last = chunk[-1].pk


class Migration(migrations.Migration):
    # Not one long transaction: a large table stays open to others meanwhile.
    atomic = False

    dependencies = [("todos", "0003_reminders_search_and_repeated_requests")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
