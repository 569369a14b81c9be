"""Indexes that count the open tasks of a list, and sort Today's page."""

from django.db import migrations, models

from config.postgresql.online import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("todos", "0008_enforce_row_security")]

    operations = [
        migrations.RemoveIndex(
            model_name="task",
            name="todos_task_due",
        ),
        AddIndexOnline(
            model_name="task",
            index=models.Index(
                models.F("owner"),
                models.F("list"),
                condition=models.Q(
                    ("completed_at", None), ("parent", None), ("trashed_at", None)
                ),
                name="todos_task_open_in_list",
            ),
        ),
        AddIndexOnline(
            model_name="task",
            index=models.Index(
                models.F("owner"),
                models.F("due_date"),
                models.F("due_time"),
                models.F("priority"),
                models.F("position"),
                models.F("id"),
                condition=models.Q(
                    ("completed_at", None),
                    ("due_date__isnull", False),
                    ("trashed_at", None),
                ),
                name="todos_task_due",
            ),
        ),
    ]
