"""Logs as JSON lines without secrets, and as shorter lines on a terminal.

A line contains only the fields named here. A message of another library is logged
without its arguments, or else as the place in the code that logged it. An exception is
logged by type and place, without its text. Such texts quote what users sent: a database
error contains the whole row, and Django's message about a refused host names the host.
"""

import json
import logging
import traceback
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType

import orjson

request_id: ContextVar[str] = ContextVar("request_id", default="")

# The fields that our own code may pass with `extra=`. None of them is free text.
FIELDS = (
    "code",
    "database_ms",
    "duration_ms",
    "failures",
    "fingerprint",
    "issuer",
    "kind",
    "method",
    "part",
    "reason",
    "route",
    "seconds",
    "statement",
    "statements",
    "status",
    "user_id",
)
OWN_LOGGERS = ("accounts", "config", "todos")

_encode_any = json.JSONEncoder(default=str).encode


# No line contains the thread or the process, so records need not find them out.
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


class JSONFormatter(logging.Formatter):
    """Format a record as one JSON object: time in UTC, level, message, fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
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
        return _encode(line)


def _encode(line: dict[str, object]) -> str:
    """Return the line as JSON of ASCII characters, which any encoding can write."""
    # Seven times as fast as the standard library, but not with lone surrogates.
    with suppress(orjson.JSONEncodeError):
        text = orjson.dumps(line, default=str).decode()
        if text.isascii():
            return text
    return _encode_any(line)


class TerminalFormatter(logging.Formatter):
    """Format a record for a reader: time, and what was requested or what happened."""

    def format(self, record: logging.LogRecord) -> str:
        fields = record.__dict__
        at = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        if _is_request(record):
            text = (
                f"{fields['method']:7}/{fields['route']}  {fields['status']}"
                f"  {fields['duration_ms']:.0f} ms"
            )
        else:
            known = [f"{name}={fields[name]}" for name in FIELDS if name in fields]
            text = " ".join([f"{_level(record)}: {_message(record)}", *known])
        if record.exc_info and record.exc_info[0] is not None:
            text += f" {record.exc_info[0].__name__}"
            places = _places(record.exc_info[2])
            return "\n    ".join(map(printable, [f"{at}  {text}", *places]))
        return printable(f"{at}  {text}")


class TerminalFilter(logging.Filter):
    """Hides successful requests without a route: static files."""

    def filter(self, record: logging.LogRecord) -> bool:
        fields = record.__dict__
        return not (
            _is_request(record) and not fields["route"] and fields["status"] < 400
        )


def printable(text: str) -> str:
    """Return the text without characters that would control the terminal."""
    return "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def _is_request(record: logging.LogRecord) -> bool:
    """Whether RequestLogMiddleware wrote the record."""
    return record.name == "config.middleware" and "duration_ms" in record.__dict__


def _level(record: logging.LogRecord) -> str:
    """Return the name of the level, at most `warning` for bad client requests.

    Django logs them as errors.
    """
    if record.name.startswith("django.security."):
        return logging.getLevelName(min(record.levelno, logging.WARNING)).lower()
    return record.levelname.lower()


def _message(record: logging.LogRecord) -> str:
    """Return our own messages in full, and those of libraries without their arguments.

    A message without arguments may already contain them, so only its place is logged.
    """
    if record.name.partition(".")[0] in OWN_LOGGERS:
        return record.getMessage()
    if record.args:
        return str(record.msg)[:200]
    return f"from {record.pathname}:{record.lineno} {record.funcName}"


def _places(trace: TracebackType | None) -> list[str]:
    """Return `file:line function` of each frame, the innermost last."""
    frames = traceback.extract_tb(trace)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
