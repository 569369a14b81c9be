"""Django's SQLite backend, whose errors let go of their cursors at once.

Django rewords each error of the database in a frame that the error's own traceback
refers to. The failed cursor is kept alive by that reference cycle until the garbage
collector frees it, in any thread. There it waits for the connection that the cursor
belongs to. That connection may be waiting for the write lock, which the collecting
thread may hold. Both wait for seconds, fail, and leave new cycles behind, so that the
trouble of a lock can outlast it by a minute.
"""

from types import TracebackType

from django.db.backends.sqlite3 import base
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property


class DatabaseWrapper(base.DatabaseWrapper):
    """SQLite, with errors that are freed by the thread that handled them."""

    @cached_property
    def wrap_database_errors(self) -> DatabaseErrorWrapper:
        return AcyclicErrorWrapper(self)


class AcyclicErrorWrapper(DatabaseErrorWrapper):
    """Reword an error of the database without leaving a reference cycle."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            super().__exit__(exc_type, exc_value, traceback)
        except Exception as error:
            # The first entry is this frame, the second is Django's, which is done.
            # No name for either: it would be the next cycle.
            assert error.__traceback__ is not None
            assert error.__traceback__.tb_next is not None
            error.__traceback__.tb_next.tb_frame.clear()
            raise
