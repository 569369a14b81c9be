"""Writing many rows by one statement, which is run for each of them.

`bulk_update` builds SQL that grows with the square of the rows, and `bulk_create` turns
values into what the database takes while the write lock is held. Here the SQL stays the
same, and an `Insert` has its values ready before a transaction begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Self

from django.db import connection
from django.db.models import Field, Model

KEYS_KEPT = 1_000  # of one column


class Insert:
    """Rows to be stored: all that can be computed before the transaction is."""

    def __init__(
        self, model: type[Model], names: Sequence[str], rows: Iterable[Sequence[Any]]
    ) -> None:
        """Take the values of the named columns, row by row."""
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
        """Take new instances, with their keys."""
        fields = model._meta.concrete_fields
        return cls(
            model,
            [field.attname for field in fields],
            ([field.pre_save(row, add=True) for field in fields] for row in rows),
        )

    def run(self) -> None:
        _run_for_each(self._statement, self._parameters)


def update_each(rows: Sequence[Model], names: Sequence[str], *, at: datetime) -> None:
    """Store the named columns of versioned rows of one model, and count their version.

    What `pre_save` of a field would compute is not: the rows hold what is stored.
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


def _preparing(field: Field[Any, Any]) -> Callable[[Any], Any]:
    """Return what turns a value of the field into what the database takes."""

    def prepare(value: Any) -> Any:
        return field.get_db_prep_save(value, connection)

    # Keys of other rows come again and again.
    return lru_cache(KEYS_KEPT)(prepare) if field.is_relation else prepare


def _run_for_each(statement: str, parameters: list[list[Any]]) -> None:
    if not parameters:
        return
    with connection.cursor() as cursor:
        cursor.executemany(statement, parameters)


def _table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _column(field: Field[Any, Any]) -> str:
    return connection.ops.quote_name(str(field.column))
