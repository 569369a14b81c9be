"""Log lines about slow requests and slow statements of the database.

A statement is logged with its placeholders and never with its values. Its fingerprint
is the same for all calls that differ in values only, so that they can be counted.
"""

import hashlib
import logging
import re
import threading
import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)

STATEMENT_MAX_LENGTH = 2000  # characters in a log line
TRACED_MAX = 100  # statements of one request
# What differs between calls of one statement. We write values as parameters, but a
# library may not.
_LITERAL = re.compile(r"'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", re.DOTALL)
_NUMBER = re.compile(r"(?<![\w\"$%.])\d+(?:\.\d+)?\b")
_PLACEHOLDERS = re.compile(r"(%s|\?)(?:\s*,\s*(?:%s|\?))+")


class Tally(threading.local):
    """What the requests of a thread used of the database, since it last began one."""

    statements = 0
    seconds = 0.0
    # What TraceMiddleware collects: each statement, its end and its duration.
    trace: list[tuple[Any, float, float]] | None = None

    def begin(self) -> None:
        self.statements = 0
        self.seconds = 0.0


tally = Tally()


def note_statement(statement: Any, seconds: float) -> None:
    """Count a statement that took `seconds`, and log it if it was slow."""
    tally.statements += 1
    tally.seconds += seconds
    if tally.trace is not None and len(tally.trace) < TRACED_MAX:
        tally.trace.append((statement, time.perf_counter(), seconds))
    if seconds * 1000 >= settings.SLOW_QUERY_MS > 0:
        text = normalised(statement)
        fields = {
            "duration_ms": round(seconds * 1000, 1),
            "fingerprint": fingerprint(text),
            "statement": text[:STATEMENT_MAX_LENGTH],
        }
        logger.warning("slow statement", extra=fields)


def note_request(
    request: HttpRequest, route: str, response: HttpResponse, seconds: float
) -> None:
    """Log a request that was slow, and how much of it was the database's time."""
    if seconds * 1000 >= settings.SLOW_REQUEST_MS > 0:
        fields = {
            "method": request.method,
            "route": route,
            "status": response.status_code,
            "duration_ms": round(seconds * 1000, 1),
            "statements": tally.statements,
            "database_ms": round(tally.seconds * 1000, 1),
        }
        logger.warning("slow request", extra=fields)


def fingerprint(text: str) -> str:
    """Return the digest of a normalised statement."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def normalised(statement: Any) -> str:
    """Return a statement without values, and with one placeholder for a list.

    Of a statement that was composed of parts, which may be values, only the type is
    returned.
    """
    if not isinstance(statement, str):
        return f"({type(statement).__name__})"
    text = _LITERAL.sub("?", " ".join(statement.split()))
    return _PLACEHOLDERS.sub(r"\1, …", _NUMBER.sub("?", text))
