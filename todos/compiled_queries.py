"""The compiled queries of tasks and lists; see `config.compiled_queries`."""

from dataclasses import replace
from uuid import UUID

from django.db import connection

from accounts.models import REQUEST_FIELDS, User
from config.compiled_queries import CompiledQuery, CompiledSQL, RowValues
from config.row_security import rows_of
from todos.models import Task, TaskList, TaskQuerySet
from todos.task_fields import LOADED_VALUES, STORED_COLUMNS

# What a request needs of its user, in a query for their rows.
OWNER_COLUMNS = {f"owner__{name}": name for name in REQUEST_FIELDS}

# Everything that an interface shows of a task. The column `search` repeats title and
# notes, and nothing reads it back.
_COLUMNS = [*(name for name in STORED_COLUMNS if name != "search"), *LOADED_VALUES]


def _task(owner: UUID, task: UUID) -> TaskQuerySet:
    return Task.objects.owned_by(User(pk=owner)).filter(pk=task).represented()


_TASK = CompiledQuery(_COLUMNS, _task)
_TASK_WITH_OWNER = CompiledQuery([*_COLUMNS, *OWNER_COLUMNS], _task)


class PageQuery(CompiledQuery):
    """A page of tasks with what `TaskQuerySet.represented` loads.

    PostgreSQL aggregates the labels and the steps of the whole page at once, in half
    the time of a subquery for each task.
    """

    def _compile(self) -> CompiledSQL:
        compiled = super()._compile()
        if connection.vendor != "postgresql":
            return compiled
        stored = [name for name in self._columns if name not in LOADED_VALUES]
        page = CompiledQuery(stored, self._query)._compile()
        columns = ", ".join(
            PAGE_VALUES.get(name, f'page."{name}"') for name in self._columns
        )
        return replace(
            page,
            sql=AROUND_PAGE.format(page=page.sql, columns=columns),
            converters=compiled.converters,
        )


PAGE_VALUES = {
    "label_names": "COALESCE(labels.names, '[]'::jsonb)",
    "steps_total": "COALESCE(steps.total, 0)",
    "steps_done": "COALESCE(steps.done, 0)",
}
AROUND_PAGE = """
WITH page AS MATERIALIZED (
    SELECT *, ROW_NUMBER() OVER () AS place FROM ({page}) AS ordered
), labels AS (
    SELECT tl.task_id, JSONB_AGG(l.name ORDER BY l.key COLLATE "C") AS names
    FROM page
    JOIN todos_tasklabel tl ON tl.task_id = page.id
    JOIN todos_label l ON l.id = tl.label_id
    GROUP BY tl.task_id
), steps AS (
    SELECT s.parent_id, COUNT(*) AS total, COUNT(s.completed_at) AS done
    FROM page
    JOIN todos_task s ON s.parent_id = page.id AND s.trashed_at IS NULL
    GROUP BY s.parent_id
)
SELECT {columns}
FROM page
LEFT JOIN labels ON labels.task_id = page.id
LEFT JOIN steps ON steps.parent_id = page.id
ORDER BY place
"""
_INBOX = CompiledQuery(
    ["id"],
    lambda owner: TaskList.objects.owned_by(User(pk=owner)).filter(is_inbox=True),
)


def task_row(owner: User, task_id: UUID) -> RowValues | None:
    """Return the task as an interface shows it, None if `owner` sees no such task."""
    row = _TASK.first(owner=owner.pk, task=task_id)
    return row if row and owner.sees_list(row["list_id"]) else None


def task_with_owner(owner_id: UUID, task_id: UUID) -> RowValues | None:
    """Return the task of `task_row`, with the columns that `owner_of` reads."""
    with rows_of(owner_id):
        return _TASK_WITH_OWNER.first(owner=owner_id, task=task_id)


def owner_of(row: RowValues) -> RowValues:
    """Return the columns of the owner in a row with `OWNER_COLUMNS`."""
    return {name: row[joined] for joined, name in OWNER_COLUMNS.items()}


def inbox_id(owner: User) -> UUID:
    """Return the id of the owner's inbox, which always exists."""
    row = _INBOX.first(owner=owner.pk)
    assert row is not None
    inbox: UUID = row["id"]
    return inbox
