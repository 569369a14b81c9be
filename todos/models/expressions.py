"""SQL expressions and the model field that tasks use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import JSONArray
from django.db.models.lookups import Exact
from django.db.models.sql.compiler import SQLCompiler

from todos.text_folding import fold

# A plus before a column keeps SQLite from using its index. It would choose one that
# begins with the owner, and so read all rows of the owner to find a few.


class SameOwner(Exact):
    """That two rows have the same owner, for joins by their keys."""

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper
    ) -> tuple[str, Sequence[object]]:
        left, right = (compiler.compile(side)[0] for side in (self.lhs, self.rhs))
        return f"+{left} = +{right}", ()


class NamesField(models.JSONField):
    """Names that SQLite collects in JSON, and PostgreSQL in an array.

    The driver loads the array itself.
    """

    def from_db_value(self, value: Any, *context: Any) -> Any:
        return (
            value if isinstance(value, list) else super().from_db_value(value, *context)
        )


class LabelNames(models.Func):
    """The names of a task's labels, sorted by name."""

    template = (
        "(SELECT COALESCE(JSON_GROUP_ARRAY(name), '[]') FROM (SELECT l.name AS name"
        " FROM todos_tasklabel tl"
        " JOIN todos_label l ON +l.owner_id = tl.owner_id AND l.id = tl.label_id"
        " WHERE (tl.owner_id, tl.task_id) = (%(expressions)s) ORDER BY l.key))"
    )

    def __init__(self, owner: str, task: str) -> None:
        super().__init__(owner, task, output_field=NamesField())

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Sequence[object]]:
        template = (
            'COALESCE((SELECT ARRAY_AGG(l.name ORDER BY l.key COLLATE "C")'
            " FROM todos_tasklabel tl"
            " JOIN todos_label l ON l.owner_id = tl.owner_id AND l.id = tl.label_id"
            " WHERE (tl.owner_id, tl.task_id) = (%(expressions)s)), '{}')"
        )
        return self.as_sql(compiler, connection, template=template, **context)


class OwnedLabels(models.Func):
    """A JSON array of all labels of a user: `[name, colour, id]`, sorted by name."""

    template = (
        "(SELECT COALESCE(JSON_GROUP_ARRAY(JSON_ARRAY(name, colour, id)), '[]')"
        " FROM (SELECT name, colour, id FROM todos_label"
        " WHERE owner_id = %(expressions)s ORDER BY key))"
    )

    def __init__(self, owner: str) -> None:
        super().__init__(owner, output_field=models.JSONField())

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Sequence[object]]:
        template = (
            "COALESCE((SELECT JSONB_AGG(JSONB_BUILD_ARRAY(name, colour, id)"
            ' ORDER BY key COLLATE "C") FROM todos_label'
            " WHERE owner_id = %(expressions)s), '[]'::jsonb)"
        )
        return self.as_sql(compiler, connection, template=template, **context)


class StepCount(models.Func):
    """The number of a task's steps outside the trash; with `done`, the completed."""

    template = (
        "(SELECT COUNT(*) FROM todos_task s"
        " WHERE (%(plus)ss.owner_id, s.parent_id) = (%(expressions)s)"
        " AND s.trashed_at IS NULL%(condition)s)"
    )

    def __init__(self, owner: str, task: str, *, done: bool = False) -> None:
        condition = " AND s.completed_at IS NOT NULL" if done else ""
        super().__init__(
            owner,
            task,
            plus="+",
            condition=condition,
            output_field=models.IntegerField(),
        )

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Sequence[object]]:
        return self.as_sql(compiler, connection, plus="", **context)


class CountOf(models.Subquery):
    """The number of rows that a subquery finds; a slice bounds what it costs."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = models.IntegerField()


class QuarterHour(models.Func):
    """The number of 15 minutes between the epoch and an instant, rounded down.

    All zones differ from UTC by multiples of them, so what is grouped by them can be
    grouped by the days of any zone. The database need not know the zone.
    """

    template = "CAST(STRFTIME('%%%%s', %(expressions)s) AS INTEGER) / 900"

    def __init__(self, instant: str) -> None:
        super().__init__(instant, output_field=models.IntegerField())

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Sequence[object]]:
        template = "FLOOR(EXTRACT(EPOCH FROM %(expressions)s) / 900)::integer"
        return self.as_sql(compiler, connection, template=template, **context)


class DistinctTexts(models.Aggregate):
    """The distinct values of a text column without commas, joined by commas."""

    template = "GROUP_CONCAT(DISTINCT %(expressions)s)"

    def __init__(self, column: str) -> None:
        super().__init__(column, output_field=models.TextField())

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Sequence[object]]:
        template = "STRING_AGG(DISTINCT %(expressions)s, ',')"
        return self.as_sql(compiler, connection, template=template, **context)


class JSONRows(models.Aggregate):
    """Columns of all rows: a JSON array with one array for each row, in any order."""

    function = "JSON_GROUP_ARRAY"

    def __init__(self, *columns: str) -> None:
        super().__init__(JSONArray(*columns), output_field=models.JSONField())

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Sequence[object]]:
        return self.as_sql(compiler, connection, function="JSONB_AGG", **context)


class FoldedField(models.TextField):  # type: ignore[type-arg]  # not at run time
    """The text of other fields, folded for comparison in searches; see `fold`."""

    def __init__(self, *, of: Iterable[str] = (), **kwargs: Any) -> None:
        self.of = tuple(of)
        super().__init__(**kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[object], dict[str, object]]:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"of": self.of}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        text = fold("\n".join(getattr(model_instance, name) for name in self.of))
        setattr(model_instance, self.attname, text)
        return text
