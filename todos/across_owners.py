"""The few questions about the rows of all users, for work that no user asked for.

On PostgreSQL, row-level security hides those rows. Functions in the database answer
instead, with ids, dates and time zones only. The caller then works for each owner
inside `rows_of`. SQLite needs no functions.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q

from todos.models import ImportFile, Task
from todos.task_fields import REMINDER_COLUMNS

WAITING = (
    "SELECT * FROM todos_waiting_reminders(%s::date, %s::date, %s::uuid, %s::integer)"
)
SURPLUS = "SELECT * FROM todos_surplus_import_files(%s, %s::integer)"


def waiting_reminders(
    *, until: date, after: tuple[date, UUID] | None, most: int
) -> list[Task]:
    """Return up to `most` tasks whose reminder waits, the earliest date first.

    They have only the columns that determine the moment. `after` is the date and the
    id of the last one that is known.
    """
    if connection.vendor == "postgresql":
        day, task_id = after or (None, None)
        return list(Task.objects.raw(WAITING, [until, day, task_id, most]))
    waiting = Task.objects.filter(remind_on__lte=until)
    if after is not None:
        day, task_id = after
        waiting = waiting.filter(
            Q(remind_on__gt=day) | Q(remind_on=day, pk__gt=task_id)
        )
    waiting = waiting.only(*REMINDER_COLUMNS, "remind_on", "owner_id")
    return list(waiting.order_by("remind_on", "id")[:most])


def surplus_import_files(
    *, expired: datetime, most: int
) -> Iterable[tuple[UUID, UUID]]:
    """Return owner and key of files from before `expired`, and of all beyond `most`."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(SURPLUS, [expired, most])
            found: list[tuple[UUID, UUID]] = cursor.fetchall()
            return found
    latest = ImportFile.objects.order_by("-created_at").values_list("pk", flat=True)
    surplus = list(latest[most : 2 * most])
    files = ImportFile.objects.filter(Q(created_at__lte=expired) | Q(pk__in=surplus))
    return files.values_list("owner_id", "key")
