"""Consistent reads over several queries."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction

from config.replica import read_alias


@contextmanager
def read_snapshot() -> Iterator[None]:
    """Let all queries inside see the same state of the database.

    Writers are not blocked. Inside a transaction this has no effect: the isolation
    level of that transaction applies.
    """
    alias = read_alias()
    database = connections[alias]
    if database.in_atomic_block:
        yield
    elif database.vendor == "postgresql":
        with transaction.atomic(using=alias), database.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        # Django would take the write lock at BEGIN.
        with database.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
