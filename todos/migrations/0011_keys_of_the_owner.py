"""Every key begins with the owner, so that the database can be split by owner.

On PostgreSQL these are the primary keys, too. The pages of labels and of the trash of an
earlier version fail until it is restarted, because they group rows by `id`.
"""

from django.db import migrations, models

from config.postgresql.keys import KeyByOwner, WidenUnique

IN_SERIES = models.Q(series__isnull=False)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("todos", "0010_deleted_by_owner")]

    operations = [
        KeyByOwner("TaskList", unique="todos_tasklist_owner_id"),
        KeyByOwner("Task", unique="todos_task_owner_id"),
        KeyByOwner("Label", unique="todos_label_owner_id"),
        KeyByOwner("TaskLabel"),
        KeyByOwner("Change"),
        KeyByOwner("IdempotentAnswer"),
        WidenUnique(
            "Task",
            old=models.UniqueConstraint(
                fields=["series", "occurrence"],
                condition=IN_SERIES,
                name="todos_task_occurrence_once",
            ),
            new=models.UniqueConstraint(
                fields=["owner", "series", "occurrence"],
                condition=IN_SERIES,
                name="todos_task_occurrence_once",
            ),
        ),
        WidenUnique(
            "TaskLabel",
            old=models.UniqueConstraint(
                fields=["task", "label"], name="todos_tasklabel_once"
            ),
            new=models.UniqueConstraint(
                fields=["owner", "task", "label"], name="todos_tasklabel_once"
            ),
        ),
    ]
