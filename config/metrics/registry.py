"""What one worker process counts."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from config.metrics.labels import OTHER

# The upper bounds of durations, in seconds. Our promise is 0.2.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)
# A client may send any other, and each would become a label of its own.
METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})

# Routes, methods and statuses that are counted apart. Each has 14 lines of text.
REQUESTS_MAX = 1000

RequestKey = tuple[str, str, int]  # route, method, status
CounterKey = tuple[str, str]  # name, value of its label


@dataclass(slots=True)
class Durations:
    """How many requests took up to each bound, or longer, and their sum in seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    seconds: float = 0.0

    def add(self, other: Durations) -> None:
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
        self.seconds += other.seconds


@dataclass
class Counts:
    """The counts of one process, or of several together."""

    requests: dict[RequestKey, Durations] = field(default_factory=dict)
    counters: Counter[CounterKey] = field(default_factory=Counter)
    gauges: dict[CounterKey, float] = field(default_factory=dict)
    # What every process knows, such as a time in the database: the highest counts.
    shared: dict[CounterKey, float] = field(default_factory=dict)

    def add(self, other: Counts) -> None:
        for key, durations in other.requests.items():
            self.requests.setdefault(key, Durations()).add(durations)
        self.counters.update(other.counters)
        for gauge, value in other.gauges.items():
            self.gauges[gauge] = self.gauges.get(gauge, 0.0) + value
        for shared, value in other.shared.items():
            self.shared[shared] = max(self.shared.get(shared, value), value)

    def copy(self) -> Counts:
        return Counts(
            {
                key: Durations(one.counts.copy(), one.seconds)
                for key, one in self.requests.items()
            },
            self.counters.copy(),
            self.gauges.copy(),
            self.shared.copy(),
        )

    def to_bytes(self) -> bytes:
        document = {
            "requests": [
                [*key, one.counts, one.seconds] for key, one in self.requests.items()
            ],
            "counters": [[*key, value] for key, value in self.counters.items()],
            "gauges": [[*key, value] for key, value in self.gauges.items()],
            "shared": [[*key, value] for key, value in self.shared.items()],
        }
        return orjson.dumps(document)

    @classmethod
    def from_bytes(cls, octets: bytes) -> Counts:
        document = orjson.loads(octets)
        counts = cls()
        for route, method, status, numbers, seconds in document["requests"]:
            counts.requests[route, method, status] = Durations(numbers, seconds)
        for name, label, value in document["counters"]:
            counts.counters[name, label] = value
        for name, label, value in document["gauges"]:
            counts.gauges[name, label] = value
        for name, label, value in document["shared"]:
            counts.shared[name, label] = value
        return counts


class Registry:
    """The counts of this process. Without `is_on`, nobody reads them."""

    def __init__(self) -> None:
        self.is_on = False
        self._lock = threading.Lock()
        self._counts = Counts()
        self._gauges: dict[str, Callable[[], float]] = {}

    def begin(self, counts: Counts) -> None:
        """Count from now on, from the counts of a process before."""
        self._counts = Counts(counts.requests, counts.counters, shared=counts.shared)
        self.is_on = True

    def gauge(self, name: str, read: Callable[[], float]) -> None:
        """Let `read` return the current value of a gauge."""
        self._gauges[name] = read

    def share(self, name: str, values: dict[str, float]) -> None:
        """Set what every process knows, by the value of the label."""
        with self._lock:
            for label, value in values.items():
                self._counts.shared[name, label] = value

    def observe(  # noqa: PLR0913 - one call for each request
        self,
        route: str,
        method: str,
        status: int,
        seconds: float,
        *,
        statements: int,
        database_seconds: float,
    ) -> None:
        """Count a request, and what it used of the database.

        Beyond `REQUESTS_MAX` label sets, new ones count together by their status.
        """
        key = (route, method, status)
        position = bisect_left(BOUNDS, seconds)
        with self._lock:
            requests = self._counts.requests
            durations = requests.get(key)
            if durations is None:
                if len(requests) >= REQUESTS_MAX:
                    key = (*OTHER, status)
                durations = requests.setdefault(key, Durations())
            durations.counts[position] += 1
            durations.seconds += seconds
            counters = self._counts.counters
            counters["statements", ""] += statements
            counters["database_seconds", ""] += database_seconds  # type: ignore[assignment]

    def count(self, name: str, label: str = "") -> None:
        """Add one to a counter, for the value of its label."""
        if self.is_on:
            with self._lock:
                self._counts.counters[name, label] += 1

    def to_bytes(self) -> bytes:
        """Return the counts and the gauges of now."""
        gauges = {(name, ""): read() for name, read in self._gauges.items()}
        with self._lock:
            counts = self._counts.copy()
        counts.gauges = gauges
        return counts.to_bytes()  # every request would wait for it in the lock


registry = Registry()
