"""Reads that the ORM writes as SQL once.

To write the SQL of a query takes longer than to run it, where it finds little. So the
few reads that nearly every request makes are kept as statements. What they read is
still said in the words of the QuerySets.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import local
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import Model, QuerySet

Row = dict[str, Any]
Id = UUID | str
_Model = TypeVar("_Model", bound=Model)

# As what an id can reach the database. SQLite has no UUID type: Django keeps 32 hex
# digits there.
FORMS: tuple[Callable[[Any], Any], ...] = (lambda one: one, lambda one: one.hex, str)


class Statement:
    """A query with some ids left open.

    `query` takes the ids by name and returns a QuerySet, of whose rows `columns` are
    read. It must not depend on anything else, such as the time, and may only compare
    the ids with columns.
    """

    def __init__(
        self, columns: Sequence[str], query: Callable[..., QuerySet[Any]]
    ) -> None:
        self._columns = tuple(columns)
        self._query = query
        self._compiled = local()  # as connections are

    def first(self, **ids: Id) -> Row | None:
        """Return the first row by column, or None."""
        return next(iter(self.rows(**ids)), None)

    def rows(self, **ids: Id) -> list[Row]:
        """Return all rows, each by column."""
        compiled = self._of_this_thread()
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, list(compiled.parameters(ids)))
            found = cursor.fetchall()
        names = self._columns
        return [dict(zip(names, compiled.read(row), strict=True)) for row in found]

    def _of_this_thread(self) -> _Compiled:
        try:
            compiled: _Compiled = self._compiled.it
        except AttributeError:
            compiled = self._compiled.it = self._compile()
        return compiled

    def _compile(self) -> _Compiled:
        """Compile the query with ids made up, to see which parameters they become.

        Raises:
            ValueError: an id becomes none, so the query would not heed it.
        """
        samples = {name: uuid4() for name in inspect.signature(self._query).parameters}
        query = self._query(**samples).values_list(*self._columns).query
        compiler = query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        known = {
            form(sample): (name, form)
            for name, sample in samples.items()
            for form in FORMS
        }
        places: list[tuple[str | None, Any]] = [
            known.get(value, (None, value)) for value in parameters
        ]
        if unheeded := samples.keys() - {name for name, _ in places}:
            raise ValueError(f"the query does not heed {', '.join(sorted(unheeded))}")
        readers = compiler.get_converters([column for column, *_ in compiler.select])
        return _Compiled(sql, places, list(readers.items()))


def instance(model: type[_Model], row: Row) -> _Model:
    """Return the row as an instance, as a QuerySet would.

    The columns that it lacks are deferred; what is no column becomes an attribute.
    """
    names = [one.attname for one in model._meta.concrete_fields if one.attname in row]
    made = model.from_db(connection.alias, names, [row[name] for name in names])
    vars(made).update({name: row[name] for name in row.keys() - set(names)})
    return made


@dataclass(frozen=True, slots=True)
class _Compiled:
    """What a QuerySet would work out anew each time."""

    sql: str
    # Of each parameter the name of an id and its form, or None and the value.
    places: list[tuple[str | None, Any]]
    readers: list[tuple[int, Any]]  # converters by the number of their column

    def parameters(self, ids: dict[str, Id]) -> Iterator[Any]:
        for name, value in self.places:
            yield value if name is None else value(ids[name])

    def read(self, row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for number, (converters, expression) in self.readers:
            for convert in converters:
                values[number] = convert(values[number], expression, connection)
        return values
