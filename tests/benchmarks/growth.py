"""Whether answers stay as fast with a hundred times the tasks: `make bench`.

`python -m tests.benchmarks.growth` fills databases with 10,000, 100,000 and 1,000,000
tasks of users with 100 each, and two with one account of 10,000 and of 100,000 tasks.
It starts Ownlist on each and asks all for the same in turn. A median may be at most 1.2
times that of the smallest database, or of the smaller account. Today's page of an
account of 10,000 tasks may take 50 ms.
"""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from tests import postgres
from tests.benchmarks import services
from tests.benchmarks.calls import Caller, call
from tests.benchmarks.figures import add_to
from tests.benchmarks.load import Call, closed_loop
from tests.benchmarks.processes import StartError, free_port, serving

MAY_GROW = 1.2
PAGE_MS = 50
PAGE, PAGE_SIZE = "today page", "account 10,000"
WARM_UP = 30


@dataclass(frozen=True, slots=True)
class Size:
    """A database, and the name of the one that it is compared with."""

    users: int
    tasks: int
    base: str


SIZES = {
    "10,000": Size(100, 10_000, "10,000"),
    "100,000": Size(1_000, 100_000, "10,000"),
    "1,000,000": Size(10_000, 1_000_000, "10,000"),
    PAGE_SIZE: Size(1, 10_000, PAGE_SIZE),
    "account 100,000": Size(1, 100_000, PAGE_SIZE),
}
LISTS = {
    "list": "",
    "today": "?view=today",
    "upcoming": "?view=upcoming",
    "completed": "?view=completed&ordering=-completed_at",
    "label": "?label=home",
    "search": "?q=usual",
}
KINDS = (*LISTS, "changes", PAGE)
# By size: the milliseconds of each round.
Times = dict[str, list[float]]
# By size: the port of its server, and its callers.
Servers = dict[str, tuple[int, list[Caller]]]


def main(arguments: list[str]) -> int:
    """Measure, print, and return 1 if something takes longer than it may."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.growth")
    add = parser.add_argument
    add("--database", choices=("sqlite", "postgresql"), help="only this one")
    add("--sizes", nargs="+", choices=SIZES, default=SIZES, help="only these")
    add("--rounds", type=int, default=5, help="of each kind (5)")
    add("--requests", type=int, default=40, help="in each round (40)")
    add("--only", nargs="+", choices=KINDS, default=KINDS, help="only these kinds")
    add("--json", type=Path, metavar="FILE", help="also add the figures to FILE")
    options = parser.parse_args(arguments)
    databases = [options.database] if options.database else ["sqlite", "postgresql"]
    failures = 0
    for name in databases:
        with tempfile.TemporaryDirectory(prefix="ownlist-growth-") as directory:
            records = _measure(name, Path(directory), options)
        failures += sum(not record["holds"] for record in records)
        if options.json:
            add_to(options.json, f"growth {name}", records)
    return 1 if failures else 0


def _measure(
    name: str, directory: Path, options: argparse.Namespace
) -> list[dict[str, Any]]:
    anywhere = services.environment(directory, "sqlite://:memory:", free_port())
    services.collect_static(anywhere)
    with ExitStack() as stack:
        served = {
            size: stack.enter_context(
                _served(name, directory / size.replace(",", ""), SIZES[size])
            )
            for size in options.sizes
        }
        # What runs first after the filling also waits for the disk.
        for kind in options.only:
            _warm_up(kind, served)
        print(f"{name}: median milliseconds, and how many times that of the smallest")
        print(f"{'':12}" + "".join(f"{size:>24}" for size in served))
        records = []
        for kind in options.only:
            found = records_of(kind, _times(kind, served, options))
            print(f"{kind:<12}" + "".join(map(_cell, found)), flush=True)
            records += found
    return records


@contextmanager
def _served(
    name: str, directory: Path, size: Size
) -> Iterator[tuple[int, list[Caller]]]:
    """Fill a database, start a server on it; yield its port and the callers."""
    directory.mkdir()
    port = free_port()
    with ExitStack() as stack:
        url, _ = stack.enter_context(services.database(name, directory))
        # The parent has the static files, for all of them.
        environment = services.environment(directory.parent, url, port)
        started = time.perf_counter()
        callers = services.fill(
            directory, environment, tasks=size.tasks, users=size.users, for_growth=True
        )
        seconds = time.perf_counter() - started
        print(f"{name}, {size.tasks} tasks: filled in {seconds:.0f} s", flush=True)
        stack.enter_context(
            serving(
                services.command("ownlist", port, workers=1),
                port=port,
                environment=services.as_service(environment),
                log=directory / "server.log",
            )
        )
        yield port, callers


def _warm_up(kind: str, served: Servers) -> None:
    for port, callers in served.values():
        _time(kind, port, callers, WARM_UP)


def _times(kind: str, served: Servers, options: argparse.Namespace) -> Times:
    """Ask all servers for one kind in turn; return the medians of the rounds."""
    _warm_up(kind, served)
    times: Times = {size: [] for size in served}
    for _ in range(options.rounds):
        for size, (port, callers) in random.sample(list(served.items()), len(served)):
            times[size].append(_time(kind, port, callers, options.requests))
    return times


def _time(kind: str, port: int, callers: list[Caller], count: int) -> float:
    """Return the median milliseconds of so many calls, one after another."""
    calls = islice(_calls(kind, callers), count)
    load = closed_loop(calls, port=port, connections=1, at_most_seconds=60)
    sample = asyncio.run(load)
    if sample.errors:
        raise StartError(sample.errors[0])
    return median(sample.latencies) * 1000


def _calls(kind: str, callers: list[Caller]) -> Iterator[Call]:
    browsers = [caller for caller in callers if "session" in caller]
    while True:
        if kind == PAGE:
            yield _page(random.choice(browsers))
        elif kind == "changes":
            caller = random.choice(callers)
            yield call("GET", "", caller, 200, route="/api/v1/changes")
        else:
            yield call("GET", LISTS[kind], random.choice(callers), 200)


def _page(caller: Caller) -> Call:
    """Return the request of a browser for Today's page, the first page of Ownlist."""
    head = [
        "GET / HTTP/1.1",
        "Host: 127.0.0.1",
        "Accept: text/html",
        f"Cookie: ownlist_session={caller['session']}",
    ]
    return Call("\r\n".join([*head, "", ""]).encode(), 200)


def records_of(kind: str, times: Times) -> list[dict[str, Any]]:
    """Return one record for each size: its median, the ratio, and whether it holds.

    The ratio is the median over the rounds, None without the size to compare with.
    """
    records = []
    for size, found in times.items():
        milliseconds, ratio = median(found), None
        if base := times.get(SIZES[size].base):
            ratio = median(a / b for a, b in zip(found, base, strict=True))
        is_slow_page = (kind, size) == (PAGE, PAGE_SIZE) and milliseconds > PAGE_MS
        records.append(
            {
                "kind": kind,
                "size": size,
                "milliseconds": milliseconds,
                "ratio": ratio,
                "holds": not is_slow_page and (ratio is None or ratio <= MAY_GROW),
            }
        )
    return records


def _cell(record: dict[str, Any]) -> str:
    ratio = "" if record["ratio"] is None else f"{record['ratio']:.2f}"
    verdict = "" if record["holds"] else " FAIL"
    return f"{record['milliseconds']:.1f} {ratio:>6}{verdict}".rjust(24)


if __name__ == "__main__":
    # A signal must also stop the servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except (StartError, postgres.StartError) as error:
        sys.exit(f"A server did not start, or an answer was wrong.\n{error}")
