"""The check of the replica: that it is a standby of this database, and not far behind.

Without a replica that can be used, the primary answers. So nothing here is an error,
except a replica of another database.
"""

from collections.abc import Iterator
from typing import Any

from django.db import DatabaseError, InterfaceError, connection, connections

from config import replica
from config.doctor.database import cause
from config.doctor.findings import Finding, error, ok, warning

MIB = 1024 * 1024  # bytes
IDENTIFIER = "SELECT system_identifier FROM pg_control_system()"


def check_replica() -> Iterator[Finding]:
    """Compare the replica with the primary."""
    try:
        behind = replica.bytes_behind(replica.log_position())
        is_of_another = _identifier(connection) != _identifier(
            connections[replica.ALIAS]
        )
    except (DatabaseError, InterfaceError) as exc:
        yield warning(
            f"The replica of DATABASE_REPLICA_URL can't be used ({type(exc).__name__})."
            " The primary answers instead.",
            cause(exc, "DATABASE_REPLICA_URL"),
        )
        return
    if is_of_another:
        yield error(
            "DATABASE_REPLICA_URL is a copy of another database than DATABASE_URL.",
            "Name a streaming standby of DATABASE_URL, or remove it.",
        )
    elif behind is None:
        yield warning(
            "The server of DATABASE_REPLICA_URL is not a standby, so it is not used.",
            "Name a streaming standby. With several hosts, add"
            " target_session_attrs=standby.",
        )
    elif behind > replica.MOST_BEHIND:
        yield warning(
            f"The replica is {behind / MIB:.0f} MiB behind, so it is not used.",
            "Look at its log, and at pg_stat_replication of the primary. Is its replay"
            " paused?",
        )
    else:
        yield ok(f"The replica is {behind:,} bytes behind.")


def _identifier(database: Any) -> int:
    """Return which cluster a server belongs to, also as a copy of it."""
    with database.cursor() as cursor:
        cursor.execute(IDENTIFIER)
        ((identifier,),) = cursor.fetchall()
    return int(identifier)
