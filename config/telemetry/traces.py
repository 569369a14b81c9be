"""Traces for OpenTelemetry: spans of requests and of their statements.

They are sent as OTLP over HTTP, in its form as JSON. A span of a request has the names
of its route and method, its status and the id that is also in the log. A span of a
statement has its first word, the name of its table, and the fingerprint that slow
statements have in the log. It has neither text nor values of the statement.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
from django.apps import apps
from django.db import connection

from config.metrics.registry import METHODS
from config.slowness import fingerprint, normalised
from config.telemetry.sender import Sender
from config.version import VERSION

CAPACITY = 1000  # requests that wait for the receiver
BATCH = 200  # requests
LINGER = 2.0  # seconds
SERVER, CLIENT = 2, 3  # kinds of spans
ERROR = 2  # a status

# https://www.w3.org/TR/trace-context/
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_VERB = re.compile(
    r"(SELECT|INSERT|UPDATE|DELETE|WITH|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET)\b"
)
_TABLE_OR_BRACKET = re.compile(r'[()]|\b(?:FROM|INTO|UPDATE) "?(\w+)')

Span = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """The trace of a request, its own span, and that of its caller if it names one."""

    trace_id: str
    span_id: str
    parent_id: str = ""

    @classmethod
    def of(cls, traceparent: str) -> Context:
        """Continue the trace of the caller, or begin one."""
        span_id = secrets.token_hex(8)
        match = _TRACEPARENT.fullmatch(traceparent)
        if match and int(match[1], 16) and int(match[2], 16):
            return cls(match[1], span_id, match[2])
        return cls(secrets.token_hex(16), span_id)


@dataclass(frozen=True, slots=True)
class Statement:
    """What is sent of a statement. Its text and its values are not."""

    name: str
    attributes: Mapping[str, str | int]
    began_at: int  # nanoseconds since the epoch
    ended_at: int

    @classmethod
    def of(cls, text: object, began_at: int, ended_at: int) -> Statement:
        """Describe a statement that was sent to the database."""
        # One that was composed of parts may contain values.
        described = text if isinstance(text, str) else type(text).__name__
        return cls(*_described(described), began_at, ended_at)


@lru_cache(500)
def _described(text: str) -> tuple[str, Mapping[str, str | int]]:
    """Return the name and the attributes of the span of a statement."""
    text = normalised(text)
    attributes: dict[str, str | int] = {
        "db.system.name": connection.vendor,
        "ownlist.fingerprint": fingerprint(text),
    }
    if verb := _VERB.match(text):
        attributes["db.operation.name"] = verb[1]
    if table := _main_table(text):
        attributes["db.collection.name"] = table
    named = ("db.operation.name", "db.collection.name")
    name = " ".join(str(attributes[one]) for one in named if one in attributes)
    return name or "statement", attributes


def _main_table(text: str) -> str:
    """Return the first of our tables outside brackets, which contain subqueries.

    If there is none, as with `WITH`, it is the first inside.
    """
    depth, inside = 0, ""
    for match in _TABLE_OR_BRACKET.finditer(text):
        if match[1] is None:
            depth += 1 if match[0] == "(" else -1
        elif match[1] in _tables():
            if depth == 0:
                return match[1]
            inside = inside or match[1]
    return inside


@lru_cache(1)
def _tables() -> frozenset[str]:
    """Return the tables of all models. Other words of a statement may be values."""
    return frozenset(
        model._meta.db_table for model in apps.get_models(include_auto_created=True)
    )


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent of a request. An unknown method is not."""

    context: Context
    method: str
    route: str
    status: int
    request_id: str
    began_at: int  # nanoseconds since the epoch
    ended_at: int
    statements: list[Statement]
    statements_total: int


# --- The receiver -------------------------------------------------------------------


def url_of(endpoint: str) -> str:
    """Return where traces are sent.

    Raises:
        ValueError: `endpoint` has not the form `http://127.0.0.1:4318`.
    """
    parts = urlsplit(endpoint)
    is_valid = (
        parts.scheme in {"http", "https"}
        and parts.hostname
        and parts.port != 0
        and not (parts.username or parts.query or parts.fragment)
    )
    if not is_valid:
        raise ValueError("not an address")
    return endpoint.rstrip("/") + "/v1/traces"


def headers_of(text: str) -> dict[str, str]:
    """Return the headers that are written as `name=value,name=value`.

    Values may be percent-encoded, as in the libraries of OpenTelemetry.

    Raises:
        ValueError: it has another form.
    """
    headers = {}
    for pair in filter(None, map(str.strip, text.split(","))):
        name, sign, value = pair.partition("=")
        value = unquote(value.strip())
        if not sign or not re.fullmatch(r"[\w-]+", name.strip(), re.ASCII):
            raise ValueError("not a header")
        if not (value.isascii() and value.isprintable()):
            raise ValueError("not a value of a header")
        headers[name.strip()] = value
    return headers


def sender(endpoint: str, headers: str) -> Sender[Request]:
    """Return a sender of traces.

    Raises:
        ValueError: an argument is not valid.
    """
    return Sender(
        url_of(endpoint),
        {**headers_of(headers), "Content-Type": "application/json"},
        encode,
        capacity=CAPACITY,
        batch=BATCH,
        linger=LINGER,
    )


# --- OTLP -------------------------------------------------------------------------


def encode(requests: list[Request]) -> bytes:
    """Return an `ExportTraceServiceRequest` as JSON.

    https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
    """
    spans = [span for request in requests for span in _spans(request)]
    service = {"service.name": "ownlist", "service.version": VERSION}
    document = {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(service)},
                "scopeSpans": [{"scope": {"name": "ownlist"}, "spans": spans}],
            }
        ]
    }
    return orjson.dumps(document)


def _spans(request: Request) -> list[Span]:
    """Return the span of a request, and those of its statements."""
    context = request.context
    method = request.method if request.method in METHODS else "_OTHER"
    attributes: dict[str, str | int] = {
        "http.request.method": method,
        "http.response.status_code": request.status,
        "ownlist.request_id": request.request_id,
        "ownlist.statements": request.statements_total,
    }
    if request.route:
        attributes["http.route"] = request.route
    span = _span(
        context,
        context.span_id,
        context.parent_id,
        f"{method} {request.route}".strip(),
        SERVER,
        (request.began_at, request.ended_at),
        attributes,
    )
    if request.status >= 500:
        span["status"] = {"code": ERROR}
    return [span, *(_statement_span(context, one) for one in request.statements)]


def _statement_span(context: Context, statement: Statement) -> Span:
    return _span(
        context,
        secrets.token_hex(8),
        context.span_id,
        statement.name,
        CLIENT,
        (statement.began_at, statement.ended_at),
        statement.attributes,
    )


def _span(
    context: Context,
    span_id: str,
    parent_id: str,
    name: str,
    kind: int,
    times: tuple[int, int],
    attributes: Mapping[str, str | int],
) -> Span:
    span: Span = {
        "traceId": context.trace_id,
        "spanId": span_id,
        "name": name,
        "kind": kind,
        "startTimeUnixNano": str(times[0]),
        "endTimeUnixNano": str(times[1]),
        "attributes": _attributes(attributes),
    }
    if parent_id:
        span["parentSpanId"] = parent_id
    return span


def _attributes(values: Mapping[str, str | int]) -> list[dict[str, Any]]:
    """Return attributes in the form of OTLP, in which integers are texts."""
    return [
        {
            "key": key,
            "value": {"intValue": str(value)}
            if isinstance(value, int)
            else {"stringValue": value},
        }
        for key, value in values.items()
    ]
