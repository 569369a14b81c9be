"""Rate limits that hold across processes.

A limit counts requests of one caller in one window of time. Counting is one atomic
step in `config.counters`, so sixteen requests at once count as sixteen.

That is a write, too dear for each request of a signed-in caller. Those are counted in
the process and settled with the others in steps: see `SettledCounter`.
"""

from __future__ import annotations

import logging
import math
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from config import counters
from config.api.problems import Unavailable
from config.client_address import address_key

logger = logging.getLogger(__name__)

STEPS = 50  # how often in a window a full count is settled with the others
CALLERS_MAX = 10_000  # that one process remembers in one window


@dataclass(frozen=True, slots=True)
class Reading:
    """What a limit says of one request. Times are seconds."""

    scope: str
    limit: int
    period: int
    count: int
    reset: float  # until the next window begins

    @property
    def wait(self) -> float | None:
        """The time to wait if the request is one too many."""
        return None if self.count <= self.limit else self.reset

    def as_policy(self) -> str:
        return f'"{self.scope}";q={self.limit};w={self.period}'

    def as_limit(self) -> str:
        remaining = max(0, self.limit - self.count)
        return f'"{self.scope}";r={remaining};t={max(1, math.ceil(self.reset))}'


def rate_limit_fields(readings: Iterable[Reading]) -> dict[str, str]:
    """Return the RateLimit fields (draft-ietf-httpapi-ratelimit-headers)."""
    readings = list(readings)
    if not readings:
        return {}
    return {
        "RateLimit-Policy": ", ".join(reading.as_policy() for reading in readings),
        "RateLimit": ", ".join(reading.as_limit() for reading in readings),
    }


def read(scope: str, count: int, *, now: float) -> Reading:
    """Return the reading of `scope` at `count`, in the window that `now` is in."""
    limit, period = settings.RATE_LIMITS[scope]
    reset = (math.floor(now / period) + 1) * period - now
    return Reading(scope, limit, period, count, reset)


def count_request(scope: str, caller: str, *, now: float) -> Reading:
    """Count one request, for all processes together.

    `caller` may be an address or an e-mail: only its digest is stored. `now` is in
    seconds since the epoch.

    Raises:
        Unavailable: nobody can count just now. A limit on guesses must hold, so what
            it guards has to wait.
    """
    return read(scope, add_requests(scope, caller, 1, now=now), now=now)


def add_requests(scope: str, caller: str, number: int, *, now: float) -> int:
    """Add to the caller's count of this window; return the sum of all processes.

    Raises:
        Unavailable: as `count_request` does.
    """
    _, period = settings.RATE_LIMITS[scope]
    window = math.floor(now / period)
    expires_at = (window + 1) * period + 1
    prefix = f"{scope}:{window}"
    try:
        return counters.add(prefix, caller, number, expires_at=expires_at, now=now)
    except Exception as exc:  # of a database, or a cache of any kind
        raise _away(exc) from exc


def take_request_back(scope: str, caller: str, *, now: float) -> None:
    """Make a request uncounted that `count_request` counted in the window of `now`.

    Raises:
        Unavailable: as `count_request` does.
    """
    _, period = settings.RATE_LIMITS[scope]
    try:
        counters.take_back(f"{scope}:{math.floor(now / period)}", caller, 1)
    except Exception as exc:  # as above
        raise _away(exc) from exc


def _away(exc: Exception) -> Unavailable:
    logger.warning("rate limit not counted", extra={"reason": type(exc).__name__})
    return Unavailable()


@dataclass(slots=True)
class _Tally:
    """One caller in one window."""

    lock: Lock = field(default_factory=Lock)
    settled: int = 0  # the sum of all processes, when it was last asked for
    own: int = 0  # counted here since then
    next_settling: int = 0


class SettledCounter:
    """Counts requests in this process, and settles with the others in steps.

    A step is a fiftieth of the limit; a limit under 100 is settled at each request
    and so is exact. Above, each other process may have let one step pass that this
    one doesn't know yet: at most (processes - 1) x step beyond the limit. Over the
    limit nothing is settled, so a flood doesn't reach the table of counts.

    While that can't be reached, the count goes on in the process alone.
    """

    def __init__(self, scope: str) -> None:
        self.scope = scope
        self._lock = Lock()
        self._window = -1
        self._tallies: OrderedDict[str, _Tally] = OrderedDict()

    def count(self, caller: str, *, now: float) -> Reading:
        """Count one request of `caller`. `now` is in seconds since the epoch."""
        limit, _ = settings.RATE_LIMITS[self.scope]
        step = max(1, limit // STEPS)
        tally = self._tally(caller, now=now)
        # Requests of one caller wait here for a settling: its row, too, takes one at
        # a time.
        with tally.lock:
            if tally.settled <= limit:
                tally.own += 1
                if tally.own >= max(step, tally.next_settling):
                    self._settle(tally, caller, step, now=now)
            return read(self.scope, tally.settled + tally.own, now=now)

    def forget(self) -> None:
        """Drop every count of this process."""
        with self._lock:
            self._tallies.clear()

    def _tally(self, caller: str, *, now: float) -> _Tally:
        _, period = settings.RATE_LIMITS[self.scope]
        window = math.floor(now / period)
        with self._lock:
            if window > self._window:
                self._window = window
                self._tallies.clear()
            tally = self._tallies.setdefault(caller, _Tally())
            self._tallies.move_to_end(caller)
            if len(self._tallies) > CALLERS_MAX:
                self._tallies.popitem(last=False)
            return tally

    def _settle(self, tally: _Tally, caller: str, step: int, *, now: float) -> None:
        try:
            total = add_requests(self.scope, caller, tally.own, now=now)
        except Unavailable:
            tally.next_settling = tally.own + step
            return
        tally.settled, tally.own, tally.next_settling = total, 0, 0


users = SettledCounter("user")
visitors = SettledCounter("visitor")  # by address, of pages that ask for no sign-in


class UserThrottle(BaseThrottle):
    """Limit the requests of one user, whatever the credential. The default throttle."""

    _wait: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated:
            return True
        reading = users.count(str(request.user.pk), now=time.time())
        view.readings.append(reading)
        self._wait = reading.wait
        return self._wait is None

    def wait(self) -> float | None:
        return self._wait


class AddressThrottle(BaseThrottle):
    """Limit requests by the network address they come from.

    The view's `throttle_scope` names the limit in `settings.RATE_LIMITS`.
    """

    _wait: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        key = address_key(request._request)
        reading = count_request(view.throttle_scope, key, now=time.time())
        view.readings.append(reading)
        self._wait = reading.wait
        return self._wait is None

    def wait(self) -> float | None:
        return self._wait


class CostlyThrottle(BaseThrottle):
    """Limit what costs much, by user; beside `UserThrottle`, which counts it too.

    The view's `throttle_scope` names the limit in `settings.RATE_LIMITS`.
    """

    _wait: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        if not request.user.is_authenticated or request.method == "OPTIONS":
            return True
        caller = str(request.user.pk)
        reading = count_request(view.throttle_scope, caller, now=time.time())
        view.readings.append(reading)
        self._wait = reading.wait
        return self._wait is None

    def wait(self) -> float | None:
        return self._wait
