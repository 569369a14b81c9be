"""Why libpq can't open a connection: what it says, our words for it, and what to do.

It gives no SQLSTATE for these. Its text itself is neither logged nor shown: after a
mistake in DATABASE_URL, it can quote a part of the password as the name of the host.

What SQLite says is in `config.sqlite.failures`.
"""

import sys
from types import TracebackType
from typing import NamedTuple

import psycopg

from config.sqlite.failures import failure_of as sqlite_failure_of


class ConnectionFailure(NamedTuple):
    """A part of the text in lower case, the words for the log, and a hint."""

    phrase: str
    words: str
    hint: str


WRONG_ROLE = "The role or its password in the URL is wrong."
UNKNOWN_HOST = (
    "The name of the host is unknown. Special characters in the password must be"
    " percent-encoded."
)
IN_USE = (
    "All connections are in use. Each thread keeps one: raise max_connections, or lower"
    " WORKERS."
)
NO_ANSWER = "The server does not respond in time. Is a firewall between?"
NO_ROUTE = "The network has no route to the host. Correct the host, or the routes."
LOST = "The server, or something between, closed the connection. Look into its log."
WAIT = "Wait, and try again."

# The first that is part of the text counts.
FAILURES = tuple(
    ConnectionFailure(*one)
    for one in (
        ("password authentication failed", "wrong password", WRONG_ROLE),
        ("no password supplied", "no password", "Put the password into the URL."),
        (
            "unsupported startup parameter",
            "a pooler, but DATABASE_POOLED is not set",
            "A pooler is in front of the server. Set DATABASE_POOLED=true.",
        ),
        (
            "no pg_hba.conf entry",
            "refused by pg_hba.conf",
            "pg_hba.conf of the server does not allow this role from this address, or"
            " only with TLS (sslmode=verify-full).",
        ),
        ("connection slots", "too many connections", IN_USE),
        ("too many", "too many connections", IN_USE),
        (
            "is not permitted to log in",
            "role may not log in",
            "Allow it with ALTER ROLE … LOGIN.",
        ),
        (
            "permission denied for database",
            "role may not connect",
            "Allow it with GRANT CONNECT ON DATABASE.",
        ),
        (
            "server does not support ssl",
            "server without TLS",
            "The server has no TLS. Switch it on there.",
        ),
        (
            "root certificate file",
            "no file at sslrootcert",
            "Set sslrootcert to a file of trusted authorities.",
        ),
        (
            "certificate",
            "certificate refused",
            "The server's certificate is not trusted, or has another name.",
        ),
        ("ssl error", "TLS failed", "Compare the versions of TLS on both sides."),
        (
            "read-only",
            "no writable server",
            "Name the primary, or wait until a standby is promoted.",
        ),
        ("starting up", "starting", f"The server is starting. {WAIT}"),
        ("shutting down", "shutting down", "The server is shutting down."),
        ("recovery mode", "recovering", f"The server is recovering. {WAIT}"),
        (
            "connection refused",
            "connection refused",
            "Nothing listens there. Start the server, or correct host and port.",
        ),
        ("resolve host", "unknown host", UNKNOWN_HOST),
        ("translate host name", "unknown host", UNKNOWN_HOST),
        ("not known", "unknown host", UNKNOWN_HOST),
        ("no route to host", "no route", NO_ROUTE),
        ("unreachable", "no route", NO_ROUTE),
        ("timeout", "no answer", NO_ANSWER),
        ("timed out", "no answer", NO_ANSWER),
        ("closed the connection", "connection lost", LOST),
        ("connection is lost", "connection lost", LOST),
        (
            "does not exist",
            "no such database or role",
            "Create the database and the role, or correct their names.",
        ),
    )
)


def failure_in(text: str) -> ConnectionFailure | None:
    """Return the failure that a text of libpq is about, None if it is unknown."""
    text = text.lower()
    return next((one for one in FAILURES if one.phrase in text), None)


def failure_of(error: BaseException) -> ConnectionFailure | None:
    """Return why no connection could be opened, None for any other error."""
    for one in (error, error.__cause__):
        if isinstance(one, psycopg.OperationalError) and one.sqlstate is None:
            return failure_in(str(one))
    return None


def explain_at_the_end() -> None:
    """Let a command that can't use the database end with a plain message.

    `--traceback` shows the traceback. Reports of errors are sent in both cases.
    """
    sys.excepthook = _explain


def _explain(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    message = _message(error)
    if message is None or "--traceback" in sys.argv:
        sys.__excepthook__(kind, error, trace)
        return
    sys.stderr.write(message)


def _message(error: BaseException) -> str | None:
    if failure := failure_of(error):
        return (
            f"Can't connect to the database: {failure.words}.\n{failure.hint}\n"
            "Look at DATABASE_URL, and at MIGRATION_DATABASE_URL if it is set."
            " Special characters in a password must be percent-encoded.\n"
        )
    if broken := sqlite_failure_of(error):
        return (
            f"Can't use the SQLite database: {broken.words}.\n{broken.hint}\n"
            "DATABASE_URL, or VAR_DIR without it, names the file.\n"
        )
    return None
