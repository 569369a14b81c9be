"""The middleware that traces requests. It is only there if traces are sent."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from config.logs import request_id
from config.slowness import tally
from config.telemetry import traces

QUIET_ROUTES = {"healthz", "readyz"}


class TraceMiddleware:
    """Trace a share of the requests, chosen here at random.

    The caller can name its trace, which the spans of the request then belong to. It
    can't decide whether the request is traced: every client could, and the receiver may
    cost money. Must come after RequestLogMiddleware, which gives the id.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._share = settings.OTEL_TRACES_SAMPLER_ARG
        try:
            self._sender = traces.sender(
                settings.OTEL_EXPORTER_OTLP_ENDPOINT,
                settings.OTEL_EXPORTER_OTLP_HEADERS,
            )
        except ValueError:  # a system check says which
            raise MiddlewareNotUsed from None

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if random.random() >= self._share:  # noqa: S311 - it protects nothing
            return self.get_response(request)
        context = traces.Context.of(request.META.get("HTTP_TRACEPARENT", ""))
        clock = _Clock()
        tally.trace = []
        status = 500
        try:
            response = self.get_response(request)
            status = response.status_code
        finally:
            statements, tally.trace = tally.trace, None
            self._put(request, status, context, clock, statements)
        return response

    def _put(
        self,
        request: HttpRequest,
        status: int,
        context: traces.Context,
        clock: _Clock,
        statements: list[tuple[object, float, float]],
    ) -> None:
        match = request.resolver_match
        route = match.route if match else ""
        if route in QUIET_ROUTES:
            return
        traced = traces.Request(
            context=context,
            method=request.method or "",
            route=route,
            status=status,
            request_id=request_id.get(),
            began_at=clock.began_at,
            ended_at=clock.at(time.perf_counter()),
            statements=[
                traces.Statement.of(text, clock.at(ended - seconds), clock.at(ended))
                for text, ended, seconds in statements
            ],
            statements_total=tally.statements,
        )
        self._sender.put(traced)


class _Clock:
    """Converts the precise clock, which has no epoch, to the time of the day."""

    def __init__(self) -> None:
        self.began_at = time.time_ns()
        self._began = time.perf_counter()

    def at(self, moment: float) -> int:
        """Return a moment of `time.perf_counter` in nanoseconds since the epoch."""
        return self.began_at + int((moment - self._began) * 1e9)
