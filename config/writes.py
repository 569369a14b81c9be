"""Bulk writes that run one statement for each row.

The SQL of `bulk_update` grows with the square of the number of rows, and `bulk_create`
converts values for the database while the write lock is held. Here the SQL has a fixed
size, and an `Insert` converts its values before the transaction begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Self, TypeAlias

from django.db import connection
from django.db.models import Field, Model

_Field: TypeAlias = "Field[Any, Any]"

KEYS_CACHED = 1_000  # per column


class Insert:
    """Rows to insert, with values that are converted before the transaction begins."""

    def __init__(
        self, model: type[Model], names: Sequence[str], rows: Iterable[Sequence[object]]
    ) -> None:
        """Convert the values of the named columns, one sequence for each row."""
        by_name = {field.attname: field for field in model._meta.concrete_fields}
        fields = [by_name[name] for name in names]
        columns = ", ".join(map(_column, fields))
        self._statement = (
            f"INSERT INTO {_table(model)} ({columns})"  # noqa: S608 - names of our own
            f" VALUES ({', '.join(['%s'] * len(fields))})"
        )
        prepare = [_preparing(field) for field in fields]
        self._parameters = [
            [one(value) for one, value in zip(prepare, row, strict=True)]
            for row in rows
        ]

    @classmethod
    def of(cls, model: type[Model], rows: Sequence[Model]) -> Self:
        """Convert new instances that already have their primary keys."""
        fields = model._meta.concrete_fields
        return cls(
            model,
            [field.attname for field in fields],
            ([field.pre_save(row, add=True) for field in fields] for row in rows),
        )

    def run(self) -> None:
        _run_for_each(self._statement, self._parameters)


def update_each(rows: Sequence[Model], names: Sequence[str], *, at: datetime) -> None:
    """Update the named columns of rows of one model and increment their version.

    `pre_save` of the fields is not called: the values of the rows are stored as they
    are.
    """
    if not rows:
        return
    model = type(rows[0])
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    fields = [by_name[name] for name in names]
    key, stamp = by_name["id"], by_name["updated_at"].get_db_prep_save(at, connection)
    columns = ", ".join(f"{_column(field)} = %s" for field in fields)
    statement = (
        f"UPDATE {_table(model)} SET {columns},"  # noqa: S608 - names of our own
        " version = version + 1, updated_at = %s WHERE id = %s"
    )
    parameters = [
        [
            *(
                field.get_db_prep_save(getattr(row, field.attname), connection)
                for field in fields
            ),
            stamp,
            key.get_db_prep_save(row.pk, connection),
        ]
        for row in rows
    ]
    _run_for_each(statement, parameters)


def _preparing(field: _Field) -> Callable[[Any], Any]:
    """Return a function that converts a value of the field for the database."""

    def prepare(value: object) -> object:
        return field.get_db_prep_save(value, connection)

    # Foreign keys repeat often.
    return lru_cache(KEYS_CACHED)(prepare) if field.is_relation else prepare


def _run_for_each(statement: str, parameters: list[list[Any]]) -> None:
    if not parameters:
        return
    with connection.cursor() as cursor:
        cursor.executemany(statement, parameters)


def _table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _column(field: _Field) -> str:
    return connection.ops.quote_name(str(field.column))
