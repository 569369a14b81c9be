"""Whether a pooler in transaction mode is in front of PostgreSQL without our knowledge.

Such a pooler lends a session for one transaction at a time. Prepared statements of
other clients then have the names of ours, so requests fail or read other columns, and
the time limits of a connection do not apply.
"""

import sys
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, connections

from config.outages import MIXED_UP, Cause

# A pooler that has no session to lend keeps the second connection waiting.
LONGEST_WAIT = 1.0  # seconds
# The other processes of this machine start at the same moment, and may get the session
# that was just given back.
TRIES = 3

REFUSAL = """\
A pooler in transaction mode is in front of PostgreSQL, and DATABASE_POOLED is not set.
Set DATABASE_POOLED=true, or name PostgreSQL itself in DATABASE_URL.
Without it requests fail, because sessions of several clients get mixed up."""


def refuse_unknown_pooler() -> None:
    """Exit if DATABASE_POOLED should be set. The server calls it when it starts.

    That a database can't be reached yet is no reason not to start.
    """
    if connection.vendor != "postgresql" or settings.DATABASE_POOLED:
        return
    for database in connections.all():
        try:
            is_wrong = lends_sessions(database)
        except (DatabaseError, InterfaceError) as error:
            is_wrong = _shows_a_pooler(error)
        finally:
            database.close()
        if is_wrong:
            sys.exit(REFUSAL)


def lends_sessions(database: Any) -> bool:
    """Whether a pooler in transaction mode answers for this database.

    A pooler in session mode does no harm.
    """
    if not is_behind_pooler(database):
        return False
    return any(_is_lent(_process(database), database) for _ in range(TRIES))


def is_behind_pooler(database: Any) -> bool:
    """Whether a pooler of any mode answers for this database.

    It answers the connection itself, and names no process or one of its own.
    """
    return bool(_process(database) != database.connection.info.backend_pid)


def _is_lent(process: int, database: Any) -> bool:
    """Whether another connection gets the process that just served this one."""
    other = database.copy()
    try:
        other.answer_seconds = LONGEST_WAIT
        return _process(other) == process
    except (DatabaseError, InterfaceError) as error:
        return _shows_a_pooler(error)  # or it waits for a session that is ours
    finally:
        other.close()


def _shows_a_pooler(error: Exception) -> bool:
    """Whether it refused our options, or mixed up prepared statements."""
    code = Cause.of(error).code
    return code.startswith("a pooler") or code in MIXED_UP


def _process(database: Any) -> int:
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        ((process,),) = cursor.fetchall()
    return int(process)
