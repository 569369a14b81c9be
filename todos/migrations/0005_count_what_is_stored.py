"""Every ledger knows how many tasks and lists its owner has, but for the inbox."""

from typing import Any

from django.db import migrations, models

COUNT = """
UPDATE todos_ledger SET stored =
    (SELECT COUNT(*) FROM todos_task t WHERE t.owner_id = todos_ledger.owner_id)
    + (SELECT COUNT(*) FROM todos_tasklist l
       WHERE l.owner_id = todos_ledger.owner_id AND NOT l.is_inbox)
"""


def count(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(COUNT)


class Migration(migrations.Migration):
    dependencies = [("todos", "0004_fill_search")]

    operations = [
        migrations.AddField(
            model_name="ledger",
            name="stored",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.RunPython(count, migrations.RunPython.noop),
    ]
