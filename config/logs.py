"""Logs as JSON lines that can't hold a secret.

A line carries only what is named here. Of a message from elsewhere, it carries the
form without what was put into it, or else the place in the code it comes from; of an
exception, type and place without its text. Texts quote what people sent: a database
error cites the whole row, and Django's message of a refused host names that host.
"""

import json
import logging
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="")

# What our own code may attach with `extra=`: no free text among it.
FIELDS = (
    "code",
    "duration_ms",
    "issuer",
    "kind",
    "method",
    "reason",
    "route",
    "status",
    "user_id",
)
OWN_LOGGERS = ("accounts", "config", "todos")


class JSONFormatter(logging.Formatter):
    """One JSON object a line: UTC time, level, logger, message, request id, fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": _level(record),
            "logger": record.name,
            "message": _message(record),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        for field in FIELDS:
            if field in record.__dict__:
                line[field] = record.__dict__[field]
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["at"] = _places(record.exc_info[2])
        return json.dumps(line, default=str)


def _level(record: logging.LogRecord) -> str:
    """Name the level; Django reports what a client sent wrong as an error of ours."""
    if record.name.startswith("django.security."):
        return logging.getLevelName(min(record.levelno, logging.WARNING)).lower()
    return record.levelname.lower()


def _message(record: logging.LogRecord) -> str:
    """Our own messages whole; another library's without what was put into it.

    What has no arguments may have had them put in before, so only its place is told.
    """
    if record.name.partition(".")[0] in OWN_LOGGERS:
        return record.getMessage()
    if record.args:
        return str(record.msg)[:200]
    return f"from {record.pathname}:{record.lineno} {record.funcName}"


def _places(trace: TracebackType | None) -> list[str]:
    """Return `file:line function` for each frame, the innermost last."""
    frames = traceback.extract_tb(trace)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
