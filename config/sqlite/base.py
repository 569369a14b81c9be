"""Django's SQLite backend, with errors that release their cursors immediately.

Django converts each database error in a frame to which the traceback of the error
refers. This reference cycle keeps the failed cursor alive until the garbage collector
frees it, in any thread. Freeing it waits for the connection of the cursor. That
connection may be waiting for the write lock, which the collecting thread may hold. Both
then wait for seconds, fail, and leave new cycles behind, so that the effects of a lock
can outlast it by a minute.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3 import base, features
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property

from config.slowness import note_statement


class DatabaseFeatures(features.DatabaseFeatures):
    """What SQLite can do, found out without opening the database.

    System checks ask, also before `migrate` has made the file.
    """

    @cached_property
    def supports_json_field(self) -> bool:  # type: ignore[override]
        with closing(sqlite3.connect(":memory:")) as memory:
            try:
                memory.execute("SELECT json('{}')")
            except sqlite3.OperationalError:
                return False
        return True


class DatabaseWrapper(base.DatabaseWrapper):
    """SQLite, with errors that are freed by the thread that handles them.

    It opens existing files only. SQLite would make a missing one, so a wrong path would
    look like a new and empty database.
    """

    features_class = DatabaseFeatures
    creates_file = False

    def get_connection_params(self) -> dict[str, Any]:
        parameters: dict[str, Any] = super().get_connection_params()
        path = file_of(self)
        if path is not None and not self.creates_file:
            parameters["database"] = f"{path.absolute().as_uri()}?mode=rw"
        return parameters

    def fetch(self, statement: str, parameters: Sequence[Any]) -> list[Any]:
        """Run a statement, and return all its rows."""
        with self.cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())

    def fetch_later(
        self, statement: str, parameters: Sequence[Any]
    ) -> Callable[[], list[Any]]:
        """Run a statement, and return a function that returns its rows.

        SQLite has no round trips that waiting could save.
        """
        rows = self.fetch(statement, parameters)
        return lambda: rows

    def run_later(self, statement: str, parameters: Sequence[Any]) -> None:
        """Run a statement. It doesn't wait either."""
        with self.cursor() as cursor:
            cursor.execute(statement, parameters)

    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor(factory=TimedCursor)

    @cached_property
    def wrap_database_errors(self) -> DatabaseErrorWrapper:
        return AcyclicErrorWrapper(self)


class TimedCursor(base.SQLiteCursorWrapper):
    """Notes how long statements take, until their first row is found."""

    def execute(self, query: str, params: Any = None) -> Any:
        started = perf_counter()
        try:
            return super().execute(query, params)
        finally:
            note_statement(query, perf_counter() - started)

    def executemany(self, query: str, param_list: Iterable[Any]) -> Any:
        started = perf_counter()
        try:
            return super().executemany(query, param_list)
        finally:
            note_statement(query, perf_counter() - started)


@contextmanager
def creating_file() -> Iterator[None]:
    """Let connections that are opened inside make the file, if it is missing."""
    DatabaseWrapper.creates_file = True
    try:
        yield
    finally:
        DatabaseWrapper.creates_file = False


def file_of(database: BaseDatabaseWrapper) -> Path | None:
    """Return the path of the database, None for one in memory or with a URI."""
    name = str(database.settings_dict["NAME"])
    return None if name.startswith((":memory:", "file:")) else Path(name)


class AcyclicErrorWrapper(DatabaseErrorWrapper):
    """Convert a database error without leaving a reference cycle."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            super().__exit__(exc_type, exc_value, traceback)
        except Exception as error:
            # The first entry is this frame. The second is the frame of Django, which
            # has ended. A variable for either would be a new reference cycle.
            assert error.__traceback__ is not None
            assert error.__traceback__.tb_next is not None
            error.__traceback__.tb_next.tb_frame.clear()
            raise
