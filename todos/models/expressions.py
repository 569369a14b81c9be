"""SQL expressions and the field that the task's columns and queries use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models

from todos.text_folding import fold


class LabelNames(models.Func):
    """A JSON array of the names of one task's labels, by name."""

    output_field: ClassVar[Any] = models.JSONField()
    template = (
        "(SELECT COALESCE(JSON_GROUP_ARRAY(name), '[]') FROM (SELECT l.name AS name"
        " FROM todos_tasklabel tl JOIN todos_label l ON l.id = tl.label_id"
        " WHERE tl.task_id = %(expressions)s ORDER BY l.key))"
    )

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = (
            'COALESCE((SELECT JSONB_AGG(l.name ORDER BY l.key COLLATE "C")'
            " FROM todos_tasklabel tl JOIN todos_label l ON l.id = tl.label_id"
            " WHERE tl.task_id = %(expressions)s), '[]'::jsonb)"
        )
        return self.as_sql(compiler, connection, template=template, **context)


class StepCount(models.Func):
    """How many steps a task has that aren't in the trash; with `done`, completed."""

    output_field: ClassVar[Any] = models.IntegerField()
    template = (
        "(SELECT COUNT(*) FROM todos_task s WHERE s.parent_id = %(expressions)s"
        " AND s.trashed_at IS NULL%(condition)s)"
    )

    def __init__(self, task: str, *, done: bool = False) -> None:
        condition = " AND s.completed_at IS NOT NULL" if done else ""
        super().__init__(task, condition=condition)


class FoldedField(models.TextField):  # type: ignore[type-arg]  # not at run time
    """The text of other fields in the form that a search compares; see `fold`."""

    def __init__(self, *args: Any, of: Iterable[str] = (), **kwargs: Any) -> None:
        self.of = tuple(of)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"of": self.of}

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        text = fold("\n".join(getattr(model_instance, name) for name in self.of))
        setattr(model_instance, self.attname, text)
        return text
