"""What must be true in a restored database, and what it must forget."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction

from config.backups.errors import BackupError
from config.backups.migrations import is_current

# The number of ledgers that do not agree with the rows of their owner.
LEDGERS = """
    SELECT count(*) FROM todos_ledger
    WHERE last_seq < (
        SELECT coalesce(max(seq), 0) FROM todos_change
        WHERE todos_change.owner_id = todos_ledger.owner_id
    ) OR stored <> (
        SELECT count(*) FROM todos_task
        WHERE todos_task.owner_id = todos_ledger.owner_id
    ) + (
        SELECT count(*) FROM todos_tasklist
        WHERE todos_tasklist.owner_id = todos_ledger.owner_id AND NOT is_inbox
    )
"""
WITHOUT_LEDGER = """
    SELECT count(*) FROM todos_task WHERE NOT EXISTS (
        SELECT 1 FROM todos_ledger
        WHERE todos_ledger.owner_id = todos_task.owner_id
    )
"""
END_POSITIONS = """
    UPDATE todos_ledger
    SET last_seq = last_seq + %s, purged_seq = last_seq + %s
"""


def end_positions(at: datetime) -> None:
    """Let no client continue reading changes from before the restore at `at`.

    It may have read changes that the backup lacks. The owner's next changes would get
    their numbers, and the client would never read them. So each gets 410, and reads
    everything again.

    The numbers grow by the microseconds since 1970. So they are also larger than all
    that were given after an earlier restore of the same backup.
    """
    growth = int(at.timestamp() * 1_000_000)
    with transaction.atomic(), connection.cursor() as cursor:
        _show_all_rows(cursor)
        cursor.execute(END_POSITIONS, [growth, growth])


def verify() -> list[str]:
    """Verify the migrations and the ledgers of the database that Django uses.

    Returns warnings about ledgers, one line each: what they say was already so in the
    backup, whose rows were compared before. It must not prevent a restore.

    Raises:
        BackupError: migrations are missing.
    """
    if not is_current():
        raise BackupError("The restored database lacks migrations.")
    warnings = []
    with transaction.atomic(), connection.cursor() as cursor:
        _show_all_rows(cursor)
        for statement, what in (
            (LEDGERS, "ledgers do not agree with the rows of their owner"),
            (WITHOUT_LEDGER, "tasks have no ledger"),
        ):
            cursor.execute(statement)
            ((number,),) = cursor.fetchall()
            if number:
                warnings.append(f"Warning: {number} {what}, as in the backup.")
    return warnings


def _show_all_rows(cursor: Any) -> None:
    if connection.vendor == "postgresql":
        cursor.execute("SET LOCAL app.maintenance = 'on'")
        cursor.execute("SET LOCAL statement_timeout = 0")
