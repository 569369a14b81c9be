"""Queries whose SQL the ORM builds once and not on every request.

Building the SQL of a query takes longer than running it when it finds few rows. The few
reads that nearly every request makes therefore keep their SQL. What they read is still
written with QuerySets.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from threading import local
from typing import Any, Generic, TypeVar, cast
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Model, QuerySet
from django.db.models.base import ModelState
from django.db.models.expressions import BaseExpression

RowValues = dict[str, Any]  # by the name of the column
Id = UUID | str
_Model = TypeVar("_Model", bound=Model)

# The forms in which an id can reach the database. SQLite has no UUID type: Django
# stores 32 hexadecimal digits there.
ID_FORMS: tuple[Callable[[Any], object], ...] = (
    lambda value: value,
    lambda value: value.hex,
    str,
)


class CompiledQuery:
    """A query whose ids are given when it runs.

    `query` takes the ids by name and returns a QuerySet, from whose rows `columns` are
    read. It must not depend on anything else, such as the time, and may only compare
    the ids with columns. `names` are those of the ids; by default, of its parameters.
    """

    def __init__(
        self,
        columns: Sequence[str],
        query: Callable[..., QuerySet[Model]],
        *,
        names: Sequence[str] = (),
    ) -> None:
        self._columns = tuple(columns)
        self._query = query
        self._names = tuple(names) or tuple(inspect.signature(query).parameters)
        self._compiled = local()  # a connection belongs to one thread

    def first(self, **ids: Id) -> RowValues | None:
        """Return the first row, or None."""
        return next(iter(self.rows(**ids)), None)

    def rows(self, **ids: Id) -> list[RowValues]:
        """Return all rows."""
        names = self._columns
        return [dict(zip(names, row, strict=True)) for row in self._fetch(**ids)]

    def _fetch(self, **ids: Id) -> list[Sequence[object]]:
        """Return the values of all rows."""
        compiled = self._of_this_thread()
        database: Any = connections[DEFAULT_DB_ALIAS]
        found = database.fetch(compiled.sql, list(compiled.parameters(ids)))
        if compiled.converters:
            found = [compiled.read(row) for row in found]
        return cast("list[Sequence[object]]", found)

    def _of_this_thread(self) -> CompiledSQL:
        try:
            compiled: CompiledSQL = self._compiled.value
        except AttributeError:
            compiled = self._compiled.value = self._compile()
        return compiled

    def _compile(self) -> CompiledSQL:
        """Compile the query with random ids, to see which parameters they become.

        Raises:
            ValueError: an id becomes no parameter, so the query would ignore it.
        """
        samples = {name: uuid4() for name in self._names}
        query = self._query(**samples).values_list(*self._columns).query
        compiler = query.get_compiler(connection=connection)
        sql, values = compiler.as_sql()
        known = {
            form(sample): (name, form)
            for name, sample in samples.items()
            for form in ID_FORMS
        }
        parameters: list[_Parameter] = [
            known.get(value, (None, value)) for value in values
        ]
        if unused := samples.keys() - {name for name, _ in parameters}:
            raise ValueError(f"the query does not use {', '.join(sorted(unused))}")
        converters = compiler.get_converters([column for column, *_ in compiler.select])
        return CompiledSQL(sql, parameters, list(converters.items()))


def instance(model: type[_Model], row: RowValues) -> _Model:
    """Return the row as an instance, as a QuerySet would.

    Columns that the row lacks are deferred; values that are not columns, such as
    annotations, become attributes. The signals of new instances are not sent.
    """
    # Not `from_db`, which goes through all columns of the table, and takes ten times
    # as long.
    made = model.__new__(model)
    state = ModelState()
    state.adding, state.db = False, DEFAULT_DB_ALIAS
    vars(made).update(row, _state=state)
    return made


class ColumnsOf(Generic[_Model]):
    """The columns of a model in rows that have those of several, after a prefix."""

    def __init__(
        self, model: type[_Model], names: Sequence[str], *, prefix: str = ""
    ) -> None:
        self._model = model
        self._names = tuple(names)
        self._values = itemgetter(*(prefix + name for name in names))

    def instance(self, row: RowValues) -> _Model:
        """Return them as an instance."""
        values = zip(self._names, self._values(row), strict=True)
        return instance(self._model, dict(values))


# The name of an id and the form it takes, or None and a constant value.
_Parameter = tuple[str | None, Any]
_Converter = Callable[[object, BaseExpression, object], object]


@dataclass(frozen=True, slots=True)
class CompiledSQL:
    """What a QuerySet would otherwise compute again for each request."""

    sql: str
    sql_parameters: list[_Parameter]
    converters: list[tuple[int, tuple[list[_Converter], BaseExpression]]]  # by column

    def parameters(self, ids: dict[str, Id]) -> Iterator[Any]:
        for name, value in self.sql_parameters:
            yield value if name is None else value(ids[name])

    def read(self, row: Sequence[object]) -> list[object]:
        values = list(row)
        for number, (converters, expression) in self.converters:
            for convert in converters:
                values[number] = convert(values[number], expression, connection)
        return values
