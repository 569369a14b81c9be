"""The compiled queries of tasks and lists; see `config.compiled_queries`."""

import inspect
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Case, JSONField, QuerySet, Subquery, When
from django.utils.functional import cached_property

from accounts.better_auth.identities import IDENTITY_FIELDS
from accounts.models import REQUEST_FIELDS, User
from accounts.token_users import IDENTITY, OWNER, TokenUser
from config.compiled_queries import (
    ID_FORMS,
    CompiledQuery,
    CompiledSQL,
    Id,
    RowValues,
    instance,
)
from config.row_security import rows_of
from todos.models import Label, Task, TaskList, TaskListQuerySet, TaskQuerySet
from todos.task_fields import LOADED_VALUES, STORED_COLUMNS

# What a request needs of its user, in a query for their rows.
OWNER_COLUMNS = tuple(OWNER + name for name in REQUEST_FIELDS)
IDENTITY_COLUMNS = tuple(IDENTITY + name for name in IDENTITY_FIELDS)

# Everything that an interface shows of a task. The column `search` repeats title and
# notes, and nothing reads it back.
_COLUMNS = [*(name for name in STORED_COLUMNS if name != "search"), *LOADED_VALUES]


def _tasks(owner: UUID) -> TaskQuerySet:
    return Task.objects.owned_by(User(pk=owner))


class QueryWithUser:
    """A query of a user's tasks that also reads the user, and the identity of a token.

    `query` takes the user's tasks, and perhaps ids by name.
    """

    def __init__(
        self,
        columns: Sequence[str],
        query: Callable[..., QuerySet[Any, Any]],
        *,
        kind: type[CompiledQuery] = CompiledQuery,
    ) -> None:
        def of_user(owner: UUID, **ids: UUID) -> QuerySet[Any, Any]:
            return query(_tasks(owner), **ids)

        def of_identity(
            owner: UUID, issuer: str, subject: str, **ids: UUID
        ) -> QuerySet[Any, Any]:
            return query(_tasks(owner).of_identity(issuer, subject), **ids)

        _, *names = inspect.signature(query).parameters
        with_user = [*columns, *OWNER_COLUMNS]
        self._of_user = kind(with_user, of_user, names=["owner", *names])
        self._of_identity = kind(
            [*with_user, *IDENTITY_COLUMNS],
            of_identity,
            names=["owner", "issuer", "subject", *names],
        )

    def rows(self, user: TokenUser, **ids: UUID) -> list[RowValues]:
        """Return all rows, each with the columns of the user."""
        with rows_of(user.id):
            if not user.subject:
                return self._of_user.rows(owner=user.id, **ids)
            return self._of_identity.rows(
                owner=user.id, issuer=user.issuer, subject=user.subject, **ids
            )


def _task(tasks: TaskQuerySet, task: UUID) -> TaskQuerySet:
    return tasks.filter(pk=task).represented()


_TASK = CompiledQuery(_COLUMNS, lambda owner, task: _task(_tasks(owner), task))
_TASK_WITH_USER = QueryWithUser(_COLUMNS, _task)


class PageQuery(CompiledQuery):
    """A page of tasks with what `TaskQuerySet.represented` loads.

    PostgreSQL aggregates the labels and the steps of the whole page at once, in half
    the time of a subquery for each task. It finds them by an array of ids: if they were
    joined to the page, it would rather read the labels of all users, up to some number.

    Only the first row has the values of `SHARED_COLUMNS`, which come last.
    """

    def rows(self, **ids: Id) -> list[RowValues]:
        """Return all rows."""
        found, own = self._fetch(**ids), self._own_columns
        rows = [dict(zip(own, row, strict=False)) for row in found]
        if found:
            rows[0] = dict(zip(self._columns, found[0], strict=True))
        return rows

    @cached_property
    def _own_columns(self) -> tuple[str, ...]:
        """The columns of which each row has values of its own."""
        own = [name for name in self._columns if name not in SHARED_COLUMNS]
        assert self._columns[: len(own)] == tuple(own)
        return tuple(own)

    def _compile(self) -> CompiledSQL:
        if connection.vendor != "postgresql":
            return super()._compile()
        of_user = [name for name in self._columns if name in USER_COLUMNS]
        stored = [
            name
            for name in self._columns
            if name not in LOADED_VALUES and name not in USER_COLUMNS
        ]
        page = CompiledQuery(stored, self._query, names=self._names)._compile()
        user = self._user_query(of_user)._compile()
        sql = AROUND_PAGE.format(
            page=page.sql,
            user=user.sql,
            columns=", ".join(map(_page_value, self._columns)),
        )
        # The owner of the labels, and of the steps.
        owners = [("owner", ID_FORMS[0])] * 2
        parameters = [*page.sql_parameters, *user.sql_parameters, *owners]
        # The driver loads all of these types.
        return CompiledSQL(sql, parameters, converters=[])

    def _user_query(self, columns: Sequence[str]) -> CompiledQuery:
        """Return the query of the user, and of the identity if that is asked for.

        They would widen each row of the page that is sorted.
        """
        names = [name.removeprefix(OWNER) for name in columns]
        of_identity = "issuer" in self._names

        def user(owner: UUID, issuer: str = "", subject: str = "") -> QuerySet[User]:
            users = User.objects.filter(pk=owner)
            if of_identity:
                users = users.filter(
                    identities__issuer=issuer, identities__subject=subject
                )
            return users

        asked = ["owner", "issuer", "subject"] if of_identity else ["owner"]
        return CompiledQuery(names, user, names=asked)


TOTAL = "total"  # the number of tasks on all pages, as some queries annotate it
USER_COLUMNS = {*OWNER_COLUMNS, *IDENTITY_COLUMNS}
SHARED_COLUMNS = {*USER_COLUMNS, TOTAL}
PAGE_VALUES = {
    "label_names": "COALESCE(labels.names, '{}')",
    "steps_total": "COALESCE(steps.total, 0)",
    "steps_done": "COALESCE(steps.done, 0)",
}


def _page_value(column: str) -> str:
    if column in USER_COLUMNS:
        return f'caller."{column.removeprefix(OWNER)}"'
    if column == TOTAL:
        return f'CASE WHEN place = 1 THEN page."{column}" END'
    return PAGE_VALUES.get(column, f'page."{column}"')


AROUND_PAGE = """
WITH page AS MATERIALIZED (
    SELECT *, ROW_NUMBER() OVER () AS place FROM ({page}) AS ordered
), caller AS (
    {user}
), labels AS (
    SELECT tl.task_id, ARRAY_AGG(l.name ORDER BY l.key COLLATE "C") AS names
    FROM todos_tasklabel tl
    JOIN todos_label l ON l.owner_id = tl.owner_id AND l.id = tl.label_id
    WHERE tl.owner_id = %s AND tl.task_id = ANY(ARRAY(SELECT id FROM page))
    GROUP BY tl.task_id
), steps AS (
    SELECT s.parent_id, COUNT(*) AS total, COUNT(s.completed_at) AS done
    FROM todos_task s
    WHERE s.owner_id = %s AND s.parent_id = ANY(ARRAY(SELECT id FROM page))
        AND s.trashed_at IS NULL
    GROUP BY s.parent_id
)
SELECT {columns}
FROM page
LEFT JOIN caller ON page.place = 1
LEFT JOIN labels ON labels.task_id = page.id
LEFT JOIN steps ON steps.parent_id = page.id
ORDER BY place
"""
INBOXES_CACHED = 10_000  # of users, per process
_INBOX = CompiledQuery(
    ["id"],
    lambda owner: TaskList.objects.owned_by(User(pk=owner)).filter(is_inbox=True),
)

# Higher numbers are shown as `999+`: so the pages of a large account, which need them
# all, take no longer than others.
COUNTED_MAX = 999


def _lists(owner: UUID) -> TaskListQuerySet:
    user = User(pk=owner)
    # One row contains all labels: there can be many.
    labels = Subquery(Label.objects.owned_by(user).joined())
    of_inbox = Case(When(is_inbox=True, then=labels), output_field=JSONField())
    lists = TaskList.objects.owned_by(user).live().in_order()
    return lists.with_open_counts(at_most=COUNTED_MAX + 1).annotate(
        zones=Task.objects.owned_by(user).joined_zones_in_use(), all_labels=of_inbox
    )


_LISTS = CompiledQuery(
    [
        *(field.attname for field in TaskList._meta.concrete_fields),
        *("open_count", "zones", "all_labels"),
    ],
    _lists,
)


def task_row(owner: User, task_id: UUID) -> RowValues | None:
    """Return the task as an interface shows it, None if `owner` sees no such task."""
    row = _TASK.first(owner=owner.pk, task=task_id)
    return row if row and owner.sees_list(row["list_id"]) else None


def task_with_user(user: TokenUser, task_id: UUID) -> RowValues | None:
    """Return the task of `task_row` together with the user, see `ReadsWithUser`."""
    return next(iter(_TASK_WITH_USER.rows(user, task=task_id)), None)


def inbox_id(owner: User) -> UUID:
    """Return the id of the owner's inbox, which always exists and stays the same."""
    return _inbox_id(owner.pk)


@lru_cache(INBOXES_CACHED)
def _inbox_id(owner_id: UUID) -> UUID:
    row = _INBOX.first(owner=owner_id)
    assert row is not None
    inbox: UUID = row["id"]
    return inbox


def lists_of(owner_id: UUID) -> list[TaskList]:
    """Return what the navigation needs, in one query: the lists outside the trash.

    Each has its `open_count`, at most one above `COUNTED_MAX`, and the time `zones` of
    the user's tasks; the inbox has `all_labels`, which rows need for their colours.
    """
    return [instance(TaskList, row) for row in _LISTS.rows(owner=owner_id)]
