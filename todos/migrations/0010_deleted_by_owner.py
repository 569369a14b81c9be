"""Rows that refer to a deleted row are deleted by their owner, not by that reference.

It changes nothing in the database.
"""

from typing import Any

from django.db import migrations, models


def key(to: str, **options: Any) -> Any:
    return models.ForeignKey(to=to, on_delete=models.DO_NOTHING, **options)


class Migration(migrations.Migration):
    dependencies = [("todos", "0009_counts_and_order_of_today")]

    operations = [
        migrations.AlterField(
            model_name="task",
            name="list",
            field=key("todos.tasklist", related_name="tasks"),
        ),
        migrations.AlterField(
            model_name="task",
            name="parent",
            field=key("todos.task", blank=True, null=True, related_name="steps"),
        ),
        migrations.AlterField(
            model_name="tasklabel",
            name="label",
            field=key("todos.label", related_name="+"),
        ),
        migrations.AlterField(
            model_name="tasklabel",
            name="task",
            field=key("todos.task", db_index=False, related_name="+"),
        ),
    ]
