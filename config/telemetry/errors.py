"""Reports of errors for Sentry, or another service that understands its envelopes.

An event contains the fields that are named here, and no others. It never contains the
text of an error, a local variable, a header, a path, an address or an id of a user. The
log has the same errors, with more fields, under the same request id.
"""

from __future__ import annotations

import json
import logging
import platform
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from django.db import DatabaseError

from config.logs import OWN_LOGGERS, request_id
from config.metrics.registry import METHODS
from config.outages import Cause
from config.telemetry.sender import PART, Sender
from config.version import VERSION

RELEASE = f"ownlist@{VERSION}"
TAGS = ("code", "kind", "method", "part", "reason", "route", "status")
CAPACITY = 100  # events that wait for the receiver
CAUSES_MAX = 10  # of one error
FRAMES_MAX = 100  # of one error

Event = dict[str, Any]


# --- The receiver -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where envelopes are sent, and the public key of the project there."""

    url: str
    key: str

    @classmethod
    def of(cls, dsn: str) -> Receiver:
        """Return the receiver that a DSN of Sentry names.

        Raises:
            ValueError: it has not the form `https://key@sentry.example.com/1`.
        """
        parts = urlsplit(dsn)
        prefix, _, project = parts.path.rpartition("/")
        is_valid = (
            parts.scheme in {"http", "https"}
            and parts.hostname
            and (parts.username or "").isalnum()
            and project.isalnum()
            and parts.port != 0
            and not parts.query
        )
        if not is_valid:
            raise ValueError("not a DSN")
        host = parts.netloc.rpartition("@")[2]
        url = f"{parts.scheme}://{host}{prefix}/api/{project}/envelope/"
        return cls(url, parts.username or "")

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Content-Type": "application/x-sentry-envelope",
            "X-Sentry-Auth": (
                "Sentry sentry_version=7,"
                f" sentry_client=ownlist/{VERSION}, sentry_key={self.key}"
            ),
        }


def envelope(events: list[Event]) -> bytes:
    """Return an envelope of one event: three lines of JSON."""
    (event,) = events
    payload = json.dumps(event, separators=(",", ":"))
    head = json.dumps({"event_id": event["event_id"]})
    item = json.dumps({"type": "event", "length": len(payload)})
    return f"{head}\n{item}\n{payload}\n".encode()


# --- Events -------------------------------------------------------------------------


def event_of(record: logging.LogRecord) -> Event:
    """Return the event for a line of the log.

    The message is that of our own code without its arguments. Of another library only
    the logger is named, because its message may contain anything.
    """
    is_own = record.name.partition(".")[0] in OWN_LOGGERS
    message = str(record.msg) if is_own else f"error of {record.name}"
    tags = {
        name: str(record.__dict__[name]) for name in TAGS if name in record.__dict__
    }
    if tags.get("method", "GET") not in METHODS:
        tags["method"] = "other"  # a client made it up
    event = _event(record.levelname.lower(), message, tags, at=record.created)
    event["logger"] = record.name
    if route := tags.get("route"):
        event["transaction"] = route
    if record.exc_info and record.exc_info[1] is not None:
        _add_error(event, record.exc_info[1])
    else:
        event["fingerprint"] = [record.name, message, *tags.values()]
    return event


def _event(level: str, message: str, tags: dict[str, str], *, at: float) -> Event:
    """Return an event without an error. `at` is in seconds since the epoch."""
    if request_id.get():
        tags["request_id"] = request_id.get()
    return {
        "event_id": uuid.uuid4().hex,
        "timestamp": at,
        "platform": "python",
        "level": level,
        "release": RELEASE,
        "logentry": {"formatted": message},
        "tags": tags,
        "contexts": {
            "runtime": {"name": "CPython", "version": platform.python_version()}
        },
    }


def _add_error(event: Event, error: BaseException) -> None:
    """Add the types and places of an error and of its causes."""
    if isinstance(error, DatabaseError) and (code := Cause.of(error).code):
        event["tags"]["code"] = code
    # The oldest cause comes first.
    values = [_exception(one) for one in _chain(error)][::-1]
    event["exception"] = {"values": values}


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error, its cause, the cause of that, and so on."""
    one: BaseException | None = error
    for _ in range(CAUSES_MAX):
        if one is None:
            return
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _exception(error: BaseException) -> dict[str, Any]:
    kind = type(error)
    return {
        "type": kind.__name__,
        "module": kind.__module__,
        "stacktrace": {"frames": _frames(error.__traceback__)},
    }


def _frames(trace: TracebackType | None) -> list[dict[str, object]]:
    """Return where each frame was, the innermost last."""
    return [
        {
            "module": (module := str(frame.f_globals.get("__name__"))),
            "function": frame.f_code.co_qualname,
            "lineno": line,
            "in_app": module.partition(".")[0] in OWN_LOGGERS,
        }
        for frame, line in [*traceback.walk_tb(trace)][-FRAMES_MAX:]
    ]


# --- Where errors come from ---------------------------------------------------------


def start(dsn: str) -> ReportHandler:
    """Report the errors of this process, and of those that are forked from it.

    Raises:
        ValueError: `dsn` is not valid.
    """
    handler = ReportHandler(dsn)
    logging.getLogger().addHandler(handler)
    before, before_in_threads = sys.excepthook, threading.excepthook

    def of_a_command(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        handler.report_uncaught(error)
        before(kind, error, trace)

    def of_a_thread(ended: threading.ExceptHookArgs) -> None:
        handler.report_uncaught(ended.exc_value)
        before_in_threads(ended)

    sys.excepthook, threading.excepthook = of_a_command, of_a_thread
    return handler


class ReportHandler(logging.Handler):
    """Reports each line of the log that is an error."""

    def __init__(self, dsn: str) -> None:
        super().__init__(logging.ERROR)
        receiver = Receiver.of(dsn)
        self.sender = Sender(
            receiver.url, receiver.headers, envelope, capacity=CAPACITY
        )

    def emit(self, record: logging.LogRecord) -> None:
        if not _is_reported_otherwise(record):
            self.sender.put(event_of(record))

    def report_uncaught(self, error: BaseException | None) -> None:
        """Report an error that ends a command or a thread."""
        if isinstance(error, Exception):
            event = _event("fatal", "uncaught error", {}, at=time.time())
            _add_error(event, error)
            self.sender.put(event)


def _is_reported_otherwise(record: logging.LogRecord) -> bool:
    """Whether the line is about a request, whose error has a line of its own.

    Lines of `django.security` are about bad requests. Those about the receiver can't
    reach it.
    """
    return (
        (record.name == "config.middleware" and "duration_ms" in record.__dict__)
        or record.name.startswith("django.security.")
        or record.__dict__.get("part") == PART
    )
