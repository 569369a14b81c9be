"""Writes with statements that are built once, for one row or for many.

Django builds SQL for each write, which takes longer than running it. The SQL of
`bulk_update` also grows with the square of the number of rows. Here the SQL of one row
is derived from the fields of the model once, and runs for each row. An `Insert`
converts its values before it runs, so that this can happen before the write lock is
taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any, Self, TypeAlias, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import (
    CharField,
    DateField,
    DateTimeField,
    Field,
    Model,
    TextField,
    TimeField,
    UUIDField,
)
from django.db.models.base import ModelState
from django.utils.functional import cached_property

_Model = TypeVar("_Model", bound=Model)
_Field: TypeAlias = "Field[Any, Any]"

KEYS_CACHED = 1_000  # per column
TABLES_CACHED = 200

# Values that tell whether a database stores those of a kind of fields as they are.
SAMPLES: tuple[tuple[type[_Field], object], ...] = (
    (UUIDField, UUID(int=0)),
    (DateTimeField, datetime(2000, 1, 1, tzinfo=UTC)),
    (DateField, date(2000, 1, 1)),
    (TimeField, time(0)),
    (CharField, "text"),
    (TextField, "text"),
)


class Insert:
    """Rows to insert, with values that are converted already."""

    def __init__(
        self, model: type[Model], names: Sequence[str], rows: Iterable[Sequence[object]]
    ) -> None:
        """Convert the values of the named columns, one sequence for each row."""
        columns = columns_of(model, tuple(names))
        self._statement = columns.insert
        self._parameters = [columns.prepared(row) for row in rows]

    @classmethod
    def of(cls, model: type[Model], rows: Sequence[Model]) -> Self:
        """Convert new instances that already have their primary keys."""
        names = [field.attname for field in model._meta.concrete_fields]
        columns = columns_of(model, tuple(names))
        return cls(model, names, (columns.values_of(row, is_new=True) for row in rows))

    def run(self) -> None:
        run_for_each(self._statement, self._parameters)


def new_row(model: type[_Model], **values: object) -> _Model:
    """Return an instance that is not stored yet, with the defaults of other columns.

    The constructor asks every field of the model, which takes five times as long. The
    signals of new instances are not sent.

    Raises:
        TypeError: the model has no column of such a name.
    """
    fixed, computed = _defaults_of(model)
    if unknown := values.keys() - fixed.keys() - computed.keys():
        raise TypeError(f"{model.__name__} has no column {', '.join(sorted(unknown))}")
    made = model.__new__(model)
    vars(made).update(fixed, **values, _state=ModelState())
    for name, compute in computed.items():
        if name not in values:
            setattr(made, name, compute())
    return made


@lru_cache(TABLES_CACHED)
def _defaults_of(
    model: type[Model],
) -> tuple[dict[str, object], dict[str, Callable[[], object]]]:
    """Return the defaults of the columns, and functions that compute the others."""
    fixed, computed = {}, {}
    for field in model._meta.concrete_fields:
        if callable(field.default):
            computed[field.attname] = field.get_default
        else:
            fixed[field.attname] = field.get_default()
    return fixed, computed


def insert(row: Model) -> None:
    """Store a new instance that already has its primary key."""
    Insert.of(type(row), [row]).run()
    row._state.adding, row._state.db = False, connection.alias


def update_each(rows: Sequence[Model], names: Sequence[str], *, at: datetime) -> None:
    """Update the named columns of rows of one model and increment their version."""
    if not rows:
        return
    columns = columns_of(type(rows[0]), (*names, "updated_at", "owner_id", "id"))
    parameters = []
    for row in rows:
        values = columns.values_of(row, is_new=False)
        values[-3] = at
        parameters.append(columns.prepared(values))
    run_for_each(columns.update, parameters)


def run_for_each(statement: str, parameters: Sequence[Sequence[Any]]) -> None:
    """Run a statement with each of these sequences of parameters."""
    if len(parameters) == 1:
        run_later(statement, parameters[0])
    elif parameters:
        with connection.cursor() as cursor:
            cursor.executemany(statement, parameters)


def run_later(statement: str, parameters: Sequence[Any]) -> None:
    """Run a statement that returns nothing.

    On PostgreSQL it is sent together with the next statement, or with COMMIT.
    """
    database: Any = connections[DEFAULT_DB_ALIAS]
    database.run_later(statement, parameters)


def fetch_later(statement: str, parameters: Sequence[Any]) -> Callable[[], list[Any]]:
    """Run a statement like `run_later`, whose rows the returned function returns."""
    database: Any = connections[DEFAULT_DB_ALIAS]
    fetch: Callable[[], list[Any]] = database.fetch_later(statement, parameters)
    return fetch


class Columns:
    """Some columns of a table: their statements, and how their values are converted."""

    def __init__(self, model: type[Model], names: Sequence[str]) -> None:
        by_name = {field.attname: field for field in model._meta.concrete_fields}
        self._table = _quoted(model._meta.db_table)
        self._columns = [_Column.of(by_name[name]) for name in names]

    @cached_property
    def insert(self) -> str:
        names = ", ".join(column.quoted for column in self._columns)
        return (
            f"INSERT INTO {self._table} ({names})"  # noqa: S608 - names of our own
            f" VALUES ({', '.join(['%s'] * len(self._columns))})"
        )

    @cached_property
    def update(self) -> str:
        """A new version of a row. The last two columns are its key."""
        *columns, owner, key = (column.quoted for column in self._columns)
        changes = ", ".join(f"{column} = %s" for column in columns)
        return (
            f"UPDATE {self._table} SET {changes},"  # noqa: S608 - names of our own
            f" version = version + 1 WHERE {owner} = %s AND {key} = %s"
        )

    def values_of(self, row: Model, *, is_new: bool) -> list[object]:
        return [
            column.derive(row, is_new)
            if column.derive
            else getattr(row, column.attribute)
            for column in self._columns
        ]

    def prepared(self, values: Sequence[object]) -> list[object]:
        """Return the values as the database takes them."""
        database = connections[DEFAULT_DB_ALIAS]  # the proxy takes longer for each use
        return [
            value
            if value is None or column.prepare is None
            else column.prepare(value, database)
            for column, value in zip(self._columns, values, strict=True)
        ]


@lru_cache(TABLES_CACHED)
def columns_of(model: type[Model], names: tuple[str, ...]) -> Columns:
    """Return the columns with these attributes; they are derived only once."""
    return Columns(model, names)


@dataclass(frozen=True, slots=True)
class _Column:
    attribute: str
    quoted: str
    # Compute the value when a row is stored; None if it is that of the attribute.
    derive: Callable[[Any, bool], object] | None
    # Convert a value for the database; None if it is stored as it is.
    prepare: Callable[[Any, Any], object] | None

    @classmethod
    def of(cls, field: _Field) -> _Column:
        return cls(
            field.attname,
            _quoted(str(field.column)),
            None if type(field).pre_save is Field.pre_save else field.pre_save,
            _preparing(field),
        )


def _preparing(field: _Field) -> Callable[[Any, Any], object] | None:
    stored: Any = field
    if field.is_relation:
        stored = stored.target_field
    for kind, sample in SAMPLES:
        if isinstance(stored, kind):
            if stored.get_db_prep_save(sample, connection) is sample:
                return None
            break
    if not field.is_relation:
        return field.get_db_prep_save

    @lru_cache(KEYS_CACHED)
    def prepared(key: object) -> object:
        return field.get_db_prep_save(key, connection)

    return lambda key, database: prepared(key)  # keys repeat often


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
