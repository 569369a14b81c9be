"""Whether lists stay as fast with a hundred times the users: two servers compared.

`python -m tests.benchmarks.growth` fills a database with 10,000 tasks of 100 users and
one with 1,000,000 of 10,000, starts Ownlist on each, and asks both for the same lists
in turn. The ratio of the times must stay below 1.2.
"""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from statistics import median

from tests import postgres
from tests.benchmarks import services
from tests.benchmarks.calls import Caller, call
from tests.benchmarks.load import Call, closed_loop
from tests.benchmarks.processes import StartError, free_port, serving

MAY_GROW = 1.2
LISTS = {
    "open": "",
    "today": "?view=today",
    "upcoming": "?view=upcoming",
    "completed": "?view=completed&ordering=-completed_at",
    "label": "?label=home",
    "search": "?q=usual",
}
WARM_UP = 50


def main(arguments: list[str]) -> int:
    """Measure, print, and return 1 if a list became slower than it may."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.growth")
    add = parser.add_argument
    add("--database", choices=("sqlite", "postgresql"), help="only this one")
    add("--users", type=int, default=10_000, help="in the large one (10,000)")
    add("--rounds", type=int, default=7, help="of each list (7)")
    add("--requests", type=int, default=150, help="in each round (150)")
    add("--lists", nargs="+", choices=LISTS, default=LISTS, help="only these")
    options = parser.parse_args(arguments)
    databases = [options.database] if options.database else ["sqlite", "postgresql"]
    worst = 0.0
    for name in databases:
        with tempfile.TemporaryDirectory(prefix="ownlist-growth-") as directory:
            worst = max(worst, _measure(name, Path(directory), options))
    return 1 if worst > MAY_GROW else 0


def _measure(name: str, directory: Path, options: argparse.Namespace) -> float:
    sizes = {"small": min(100, options.users), "large": options.users}
    with ExitStack() as stack:
        served = {
            size: stack.enter_context(_served(name, directory / size, users=users))
            for size, users in sizes.items()
        }
        print(f"{name}: p50 in milliseconds with {sizes} users, 100 tasks each")
        ratios = [_compare(each, served, options) for each in options.lists]
    return max(ratios)


@contextmanager
def _served(
    name: str, directory: Path, *, users: int
) -> Iterator[tuple[int, list[Caller]]]:
    """Fill a database, start a server on it; yield its port and the callers."""
    directory.mkdir()
    port = free_port()
    with ExitStack() as stack:
        url, _ = stack.enter_context(services.database(name, directory))
        environment = services.environment(directory, url, port)
        callers = services.fill(directory, environment, tasks=users * 100, users=users)
        stack.enter_context(
            serving(
                services.command("ownlist", port, workers=1),
                port=port,
                environment=environment,
                log=directory / "server.log",
            )
        )
        yield port, callers


def _compare(
    kind: str, served: dict[str, tuple[int, list[Caller]]], options: argparse.Namespace
) -> float:
    """Request one kind of list from both servers in turn; return the ratio."""
    for port, callers in served.values():
        _time(kind, port, callers, WARM_UP)
    times: dict[str, list[float]] = {size: [] for size in served}
    for _ in range(options.rounds):
        for size, (port, callers) in random.sample(list(served.items()), len(served)):
            times[size].append(_time(kind, port, callers, options.requests))
    pairs = zip(times["large"], times["small"], strict=True)
    ratio = median(large / small for large, small in pairs)
    shown = "  ".join(f"{size} {median(found):7.2f}" for size, found in times.items())
    print(f"  {kind:<10} {shown}  ratio {ratio:.2f}", flush=True)
    return ratio


def _time(kind: str, port: int, callers: list[Caller], count: int) -> float:
    """Return the median milliseconds of so many calls, one after another."""
    calls = islice(_calls(kind, callers), count)
    load = closed_loop(calls, port=port, connections=1, at_most_seconds=60)
    sample = asyncio.run(load)
    if sample.errors:
        raise StartError(sample.errors[0])
    return median(sample.latencies) * 1000


def _calls(kind: str, callers: list[Caller]) -> Iterator[Call]:
    while True:
        yield call("GET", LISTS[kind], random.choice(callers), 200)


if __name__ == "__main__":
    # A signal must also stop the servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except (StartError, postgres.StartError) as error:
        sys.exit(f"A server did not start, or an answer was wrong.\n{error}")
