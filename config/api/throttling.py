"""Rate limits that hold across processes.

A limit counts the requests of a caller in a time window. Counting is one atomic step in
`config.counters`, so concurrent requests are counted exactly.

Each count is a write, which is too expensive for every request of a signed-in user.
Those requests are counted in the process, and the processes synchronise their counts
from time to time: see `ProcessCounter`.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, cast

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from config import counters
from config.api.problems import Unavailable
from config.client_address import address_key
from config.outages import note_failure, outages

if TYPE_CHECKING:
    from rest_framework.views import APIView

    from config.api.views import Endpoint

STEPS = 50  # synchronisations of a caller's count until the limit is reached
CALLERS_MAX = 10_000  # counted by one process in one window


@dataclass(frozen=True, slots=True)
class Reading:
    """The state of a limit after a request. Times are in seconds."""

    scope: str
    limit: int
    period: int
    count: int
    reset: float  # until the next window begins

    @property
    def wait(self) -> float | None:
        """The time to wait if the limit is exceeded, else `None`."""
        return None if self.count <= self.limit else self.reset

    def as_policy(self) -> str:
        return f'"{self.scope}";q={self.limit};w={self.period}'

    def as_limit(self) -> str:
        remaining = max(0, self.limit - self.count)
        return f'"{self.scope}";r={remaining};t={max(1, math.ceil(self.reset))}'


def rate_limit_fields(readings: Iterable[Reading]) -> dict[str, str]:
    """Return the RateLimit headers (draft-ietf-httpapi-ratelimit-headers)."""
    readings = list(readings)
    if not readings:
        return {}
    return {
        "RateLimit-Policy": ", ".join(reading.as_policy() for reading in readings),
        "RateLimit": ", ".join(reading.as_limit() for reading in readings),
    }


def read(scope: str, count: int, *, now: float) -> Reading:
    """Return the reading of `scope` at `count`, in the window of `now`."""
    limit, period = settings.RATE_LIMITS[scope]
    _, ends_at = counters.window_of(now, period)
    return Reading(scope, limit, period, count, reset=ends_at - now)


def count_request(scope: str, caller: str, *, now: float) -> Reading:
    """Count one request, in all processes together.

    `caller` may be an IP or e-mail address: only its digest is stored. `now` is in
    seconds since the epoch.

    Raises:
        Unavailable: the counters can't be reached. Without them, a limit on password
            guesses would not hold, so the request must fail.
    """
    return read(scope, add_requests(scope, caller, 1, now=now), now=now)


def add_requests(scope: str, caller: str, number: int, *, now: float) -> int:
    """Add to the caller's count in this window; return the sum of all processes.

    Raises:
        Unavailable: as `count_request` does.
    """
    _, period = settings.RATE_LIMITS[scope]
    window, ends_at = counters.window_of(now, period)
    prefix = f"{scope}:{window}"
    try:
        total = counters.add(prefix, caller, number, expires_at=ends_at + 1, now=now)
    except Exception as exc:  # of the database or of any cache backend
        raise _unavailable(exc) from exc
    if settings.RATE_LIMIT_CACHE is not None:
        outages.worked("cache", now=time.monotonic())
    return total


def take_request_back(scope: str, caller: str, *, now: float) -> None:
    """Remove a request that `count_request` counted in the window of `now`.

    Raises:
        Unavailable: as `count_request` does.
    """
    _, period = settings.RATE_LIMITS[scope]
    window, _ = counters.window_of(now, period)
    try:
        counters.take_back(f"{scope}:{window}", caller, 1)
    except Exception as exc:  # as above
        raise _unavailable(exc) from exc


def _unavailable(exc: Exception) -> Unavailable:
    note_failure(exc)
    return Unavailable()


@dataclass(slots=True)
class _Count:
    """The count of one caller in one window."""

    lock: Lock = field(default_factory=Lock)
    total: int = 0  # of all processes, at the last synchronisation
    own: int = 0  # counted by this process since then
    next_sync: int = 0  # the value of `own` to retry at after a failure


class ProcessCounter:
    """Counts requests in this process, and synchronises with the others in steps.

    A step is a fiftieth of the limit. A limit under 100 is synchronised at each request
    and therefore exact. Above, each other process may have counted one step that this
    one doesn't know yet: a caller can exceed the limit by (processes - 1) x step.
    Beyond the limit nothing is synchronised, so a flood doesn't reach the table.

    While the table can't be reached, each process counts on its own.
    """

    def __init__(self, scope: str) -> None:
        self.scope = scope
        self._lock = Lock()
        self._window = -1
        self._counts: OrderedDict[str, _Count] = OrderedDict()

    def count(self, caller: str, *, now: float) -> Reading:
        """Count one request of `caller`. `now` is in seconds since the epoch."""
        limit, _ = settings.RATE_LIMITS[self.scope]
        step = max(1, limit // STEPS)
        count = self._count_of(caller, now=now)
        # Concurrent requests of one caller wait here for a synchronisation. They would
        # wait for the lock of the row, too.
        with count.lock:
            if count.total <= limit:
                count.own += 1
                if count.own >= max(step, count.next_sync):
                    self._synchronise(count, caller, step, now=now)
            return read(self.scope, count.total + count.own, now=now)

    def is_used_up(self, caller: str, *, now: float) -> bool:
        """Tell whether the next request of `caller` will be refused."""
        limit: int = settings.RATE_LIMITS[self.scope][0]
        count = self._count_of(caller, now=now)
        return count.total + count.own >= limit

    def forget(self) -> None:
        """Reset all counts of this process."""
        with self._lock:
            self._counts.clear()

    def _count_of(self, caller: str, *, now: float) -> _Count:
        _, period = settings.RATE_LIMITS[self.scope]
        window, _ = counters.window_of(now, period)
        with self._lock:
            # A request may be late by a moment. If it is more, the clock was set back.
            if not self._window - 1 <= window <= self._window:
                self._window = window
                self._counts.clear()
            count = self._counts.setdefault(caller, _Count())
            self._counts.move_to_end(caller)
            if len(self._counts) > CALLERS_MAX:
                self._counts.popitem(last=False)
            return count

    def _synchronise(
        self, count: _Count, caller: str, step: int, *, now: float
    ) -> None:
        try:
            total = add_requests(self.scope, caller, count.own, now=now)
        except Unavailable:
            count.next_sync = count.own + step
            return
        count.total, count.own, count.next_sync = total, 0, 0


users = ProcessCounter("user")
visitors = ProcessCounter("visitor")  # by address, for pages without a sign-in


class LimitThrottle(BaseThrottle):
    """Count a request in one limit, and reject it beyond the limit."""

    _wait: float | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        endpoint = cast("Endpoint", view)
        reading = self.count(request, endpoint)
        if reading is None:
            return True
        endpoint.readings.append(reading)
        self._wait = reading.wait
        return self._wait is None

    def wait(self) -> float | None:
        return self._wait

    def count(self, request: Request, endpoint: Endpoint) -> Reading | None:
        """Count the request; return `None` if the limit does not apply to it."""
        raise NotImplementedError


class UserThrottle(LimitThrottle):
    """Limit the requests of a user, with any credential. The default throttle."""

    def count(self, request: Request, endpoint: Endpoint) -> Reading | None:
        user = request.user
        if not user.is_authenticated:
            return None
        return users.count(str(user.pk), now=time.time())


class AddressThrottle(LimitThrottle):
    """Limit requests by the IP address of the client.

    The endpoint's `throttle_scope` names the limit in `settings.RATE_LIMITS`.
    """

    def count(self, request: Request, endpoint: Endpoint) -> Reading:
        key = address_key(request._request)
        return count_request(endpoint.throttle_scope, key, now=time.time())


class CostlyThrottle(LimitThrottle):
    """Limit expensive requests by user, in addition to `UserThrottle`.

    The endpoint's `throttle_scope` names the limit in `settings.RATE_LIMITS`.
    """

    def count(self, request: Request, endpoint: Endpoint) -> Reading | None:
        if not request.user.is_authenticated or request.method == "OPTIONS":
            return None
        user_id = str(request.user.pk)
        return count_request(endpoint.throttle_scope, user_id, now=time.time())
