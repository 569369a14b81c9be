"""Why SQLite can't use its file: our words for it, and what to do."""

import sqlite3
from typing import NamedTuple


class SQLiteFailure(NamedTuple):
    """The beginning of the name of an error, our words for it, and a hint."""

    name: str
    words: str
    hint: str


RIGHTS = "Run this as the user of the service."
DAMAGED = "Restore a backup."
HELD = "Wait, or find the process that has it with lsof."

FAILURES = tuple(
    SQLiteFailure(*one)
    for one in (
        (
            "SQLITE_CANTOPEN",
            "the file can't be opened",
            "It or its folder is missing, or not accessible. manage.py migrate creates"
            f" a missing file. {RIGHTS}",
        ),
        (
            "SQLITE_READONLY",
            "the file can't be written",
            f"It, its folder or its disk only allows reading. {RIGHTS}",
        ),
        ("SQLITE_PERM", "access is denied", RIGHTS),
        ("SQLITE_AUTH", "access is denied", RIGHTS),
        (
            "SQLITE_FULL",
            "the disk is full",
            "Free some space, on that disk and on the one for temporary files.",
        ),
        (
            "SQLITE_IOERR",
            "the disk failed",
            "Is it full, or no longer mounted? Look into the log of the system.",
        ),
        ("SQLITE_NOTADB", "the file is not a database", DAMAGED),
        ("SQLITE_CORRUPT", "the file is damaged", DAMAGED),
        ("SQLITE_BUSY", "another process has it locked", HELD),
        ("SQLITE_LOCKED", "another process has it locked", HELD),
    )
)


def failure_of(error: BaseException | None) -> SQLiteFailure | None:
    """Return the failure behind an error of SQLite or of Django, None for any other."""
    while error is not None and not isinstance(error, sqlite3.Error):
        error = error.__cause__
    name = getattr(error, "sqlite_errorname", None) or ""
    return next((one for one in FAILURES if name.startswith(one.name)), None)
