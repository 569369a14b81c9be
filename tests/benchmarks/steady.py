"""Many users with open connections at a steady rate: `make bench`.

`python -m tests.benchmarks.steady` sends the same mix of calls to Ownlist and to the
asynchronous FastAPI service, one after the other, and measures how long they take, how
much memory the workers have, how soon the server is itself again, and how fast it
starts. `--users 2000 --rate 600` is more than two processors can do: a server should
then refuse what it can't do, with 503 and `Retry-After`, and recover.
"""

import argparse
import os
import re
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles

from tests import postgres
from tests.benchmarks.bench import Bench, running
from tests.benchmarks.calls import ASYNC_PEER, COMPLETIONS_IN_MIX, OWNLIST, Side
from tests.benchmarks.figures import add_to
from tests.benchmarks.filling import CALLERS_MAX, COMPLETABLE_EACH, TASKS_EACH
from tests.benchmarks.load import Sample
from tests.benchmarks.processes import StartError
from tests.benchmarks.services import PEERS_PYTHON

RECOVERS_WITHIN = 10  # seconds
CALM_MS = 100  # of a single read, when a server is itself again
PROBES = 10
# What an error says about the measurement itself, by a part of its text.
FROM_THE_HARNESS = {
    "ConnectionRefusedError": "refused connections: too short a queue",
    "closed by the server": "connections that were closed while they were idle",
    "QueuePool limit": "no connection of the pool was free in time",
    "TooManyConnections": "the database had no connection left",
    "too many clients": "the database had no connection left",
    "remaining connection slots": "the database had no connection left",
}


@dataclass(frozen=True, slots=True)
class Steady:
    """The figures of one side: milliseconds, MiB, seconds, and counts."""

    requests: int
    p50: float
    p95: float
    p99: float
    refusals: int
    errors: dict[str, int]
    from_the_harness: dict[str, int]
    recovery: float | None
    memory_at_rest: float | None
    memory_after: float | None
    start: float


def main(arguments: list[str]) -> int:
    """Measure, print, and return 1 if Ownlist made errors."""
    options = parse(arguments)
    _allow_files(4 * options.users + 1_000)
    sides = (OWNLIST, ASYNC_PEER) if PEERS_PYTHON.exists() else (OWNLIST,)
    print(
        f"{options.users:,} users, {options.rate:g} requests/s for "
        f"{options.seconds:g} s each, load average {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    with (
        tempfile.TemporaryDirectory(prefix="ownlist-steady-") as directory,
        running(
            "postgresql",
            Path(directory),
            sides=sides,
            tasks=options.users * TASKS_EACH,
            users=options.users,
            workers=options.workers,
        ) as bench,
    ):
        found = {
            side.name: measure(bench, side, options, Path(directory)) for side in sides
        }
    print(table(found), flush=True)
    if options.json:
        record = {"rate": options.rate, "seconds": options.seconds} | {
            "sides": {name: asdict(figures) for name, figures in found.items()}
        }
        add_to(options.json, f"steady {options.users}", record)
    return 1 if found[OWNLIST.name].errors else 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options with defaults."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.steady")
    add = parser.add_argument
    add("--users", type=int, default=1_000, help="with a connection each (1,000)")
    add("--rate", type=float, default=300, help="requests a second (300)")
    add("--seconds", type=float, default=60, help="of load on each side (60)")
    add("--workers", type=int, default=2, help="processes of each server (2)")
    add("--json", type=Path, metavar="FILE", help="also add the figures to FILE")
    options = parser.parse_args(arguments)
    completions = options.rate * options.seconds * COMPLETIONS_IN_MIX * 1.2
    if not 1 <= options.users <= CALLERS_MAX:
        parser.error(f"there may be 1 to {CALLERS_MAX:,} users")
    if completions > options.users * COMPLETABLE_EACH // 2:
        parser.error("so many requests complete every task; use more users")
    return options


def measure(
    bench: Bench, side: Side, options: argparse.Namespace, directory: Path
) -> Steady:
    """Load one side, wait until it is itself again, and return its figures."""
    at_rest = bench.memory(side)
    sample = bench.steady(
        side, connections=options.users, rate=options.rate, seconds=options.seconds
    )
    ended = time.monotonic() - max(0.0, sample.seconds - options.seconds)
    recovery = _recovery(bench, side, since=ended)
    after = bench.memory(side)
    logs = directory.glob(f"{side.name} *.log")
    log = "".join(path.read_text(errors="replace") for path in logs)
    p50, p95, p99 = _percentiles(sample)
    return Steady(
        requests=int(options.rate * options.seconds),
        p50=p50,
        p95=p95,
        p99=p99,
        refusals=sample.refusals,
        errors=dict(Counter(sample.errors)),
        from_the_harness=causes(sample.errors, log),
        recovery=recovery,
        memory_at_rest=max(at_rest, default=None),
        memory_after=max(after, default=None),
        start=bench.start_seconds(side),
    )


def _percentiles(sample: Sample) -> tuple[float, float, float]:
    if len(sample.latencies) < 2:
        return 0.0, 0.0, 0.0
    found = quantiles(sample.latencies, n=100, method="inclusive")
    return found[49] * 1000, found[94] * 1000, found[98] * 1000


def _recovery(bench: Bench, side: Side, *, since: float) -> float | None:
    """Return the seconds until single reads are fast again; None if they never are."""
    while (now := time.monotonic()) < since + 6 * RECOVERS_WITHIN:
        probes = bench.one_by_one(side, "get", requests=PROBES)
        is_calm = len(probes.latencies) == PROBES
        if is_calm and median(probes.latencies) * 1000 <= CALM_MS:
            return now - since
    return None


def causes(errors: list[str], log: str) -> dict[str, int]:
    """Count what says more about the measurement than about the server.

    The answer 500 does not say why; the server's log does.
    """
    found: Counter[str] = Counter()
    for sign, cause in FROM_THE_HARNESS.items():
        found[cause] += sum(sign in error for error in errors)
        found[cause] += len(re.findall(sign, log))
    return {cause: count for cause, count in found.items() if count}


def table(found: dict[str, Steady]) -> str:
    """Return the figures as lines of text."""
    names = ("p50", "p95", "p99", "503", "errors", "recovery", "PSS", "loaded", "start")
    lines = [f"{'':15}" + "".join(f"{name:>10}" for name in names)]
    for side, figures in found.items():
        cells = (
            f"{figures.p50:.0f} ms",
            f"{figures.p95:.0f} ms",
            f"{figures.p99:.0f} ms",
            str(figures.refusals),
            str(sum(figures.errors.values())),
            _shown(figures.recovery, "s", digits=1),
            _shown(figures.memory_at_rest, "MiB"),
            _shown(figures.memory_after, "MiB"),
            f"{figures.start:.1f} s",
        )
        lines.append(f"{side:<15}" + "".join(f"{cell:>10}" for cell in cells))
        for error, count in figures.errors.items():
            lines.append(f"  {count} times: {error}")
        for cause, count in figures.from_the_harness.items():
            lines.append(f"  {count} of the measurement itself: {cause}")
    return "\n".join(lines)


def _shown(value: float | None, unit: str, *, digits: int = 0) -> str:
    return "n/a" if value is None else f"{value:.{digits}f} {unit}"


def _allow_files(count: int) -> None:
    """Let this process and the servers open so many files, as far as it may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if most == resource.RLIM_INFINITY else min(count, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


if __name__ == "__main__":
    # A signal must also stop the servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except (StartError, postgres.StartError) as error:
        sys.exit(f"A server did not start.\n{error}")
