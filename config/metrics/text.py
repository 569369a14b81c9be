"""The text format of Prometheus, version 0.0.4."""

from collections.abc import Iterable, Iterator
from itertools import accumulate

from config.metrics.registry import BOUNDS, Counts

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
REQUESTS = "ownlist_request_duration_seconds"
# The name in the registry, the published name, its label, and what it counts.
COUNTERS = (
    ("statements", "ownlist_statements_total", "", "Statements sent by requests."),
    (
        "database_seconds",
        "ownlist_database_seconds_total",
        "",
        "Time that requests waited for the database.",
    ),
    (
        "refusals",
        "ownlist_refusals_total",
        "code",
        "Refusals by the code of a problem.",
    ),
    (
        "issuer_fetches",
        "ownlist_issuer_fetches_total",
        "result",
        "Requests to external issuers.",
    ),
    (
        "replica_reads",
        "ownlist_replica_reads_total",
        "result",
        "Reads that a replica may answer, by what came of it.",
    ),
)
GAUGES = (
    ("waiting", "ownlist_requests_waiting", "Requests that wait for a thread."),
    ("workers", "ownlist_workers", "Worker processes that report."),
)

# Of the regular commands, as the database records them.
SHARED = (
    (
        "succeeded",
        "ownlist_command_last_success_timestamp_seconds",
        "gauge",
        "When a regular command last succeeded.",
    ),
    (
        "done",
        "ownlist_command_done_total",
        "counter",
        "What regular commands did: reminders sent, accounts or entries deleted.",
    ),
)


def exposition(counts: Counts, *, workers_started: int) -> str:
    """Return all metrics as text."""
    lines = [
        *_histogram(counts),
        *(line for counter in COUNTERS for line in _counter(counts, *counter)),
        *(line for gauge in GAUGES for line in _gauge(counts, *gauge)),
        *(line for shared in SHARED for line in _shared(counts, *shared)),
        *_family(
            "ownlist_workers_started_total",
            "counter",
            "Worker processes started, including replacements of dead ones.",
            [("", workers_started)],
        ),
    ]
    return "\n".join([*lines, ""])


def _histogram(counts: Counts) -> Iterator[str]:
    yield f"# HELP {REQUESTS} Duration of requests."
    yield f"# TYPE {REQUESTS} histogram"
    for (route, method, status), durations in sorted(counts.requests.items()):
        labels = (
            f'route="{_escaped(route)}",method="{_escaped(method)}",status="{status}"'
        )
        bounds = [*map(str, BOUNDS), "+Inf"]
        sums = list(accumulate(durations.counts))
        for bound, number in zip(bounds, sums, strict=True):
            yield f'{REQUESTS}_bucket{{{labels},le="{bound}"}} {number}'
        yield f"{REQUESTS}_sum{{{labels}}} {durations.seconds:.6f}"
        yield f"{REQUESTS}_count{{{labels}}} {sums[-1]}"


def _counter(
    counts: Counts, known: str, name: str, label: str, explanation: str
) -> Iterable[str]:
    values = [
        (f'{{{label}="{_escaped(value)}"}}' if label else "", number)
        for (counter, value), number in sorted(counts.counters.items())
        if counter == known
    ]
    return _family(name, "counter", explanation, values)


def _gauge(counts: Counts, known: str, name: str, explanation: str) -> Iterable[str]:
    return _family(
        name, "gauge", explanation, [("", counts.gauges.get((known, ""), 0))]
    )


def _shared(
    counts: Counts, known: str, name: str, kind: str, explanation: str
) -> Iterable[str]:
    values = [
        (f'{{command="{_escaped(command)}"}}', value)
        for (key, command), value in sorted(counts.shared.items())
        if key == known
    ]
    return _family(name, kind, explanation, values)


def _family(
    name: str, kind: str, explanation: str, values: Iterable[tuple[str, float]]
) -> Iterator[str]:
    yield f"# HELP {name} {explanation}"
    yield f"# TYPE {name} {kind}"
    for labels, value in values:
        yield (
            f"{name}{labels} {value:.6f}"
            if value % 1
            else f"{name}{labels} {value:.0f}"
        )


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
