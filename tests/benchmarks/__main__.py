"""Measure list, get, create and complete on both databases: `make bench`.

Fills a new database of each kind, starts Ownlist as `make run` does and what it is
compared with, and loads all in turn. Everything is deleted afterwards.
"""

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests import postgres
from tests.benchmarks import comparison, report
from tests.benchmarks.bench import KINDS, WARM_UP, running, sides_on
from tests.benchmarks.calls import OURS, PEERS
from tests.benchmarks.figures import add_to
from tests.benchmarks.filling import CALLERS_MAX, COMPLETABLE_EACH, TASKS_EACH
from tests.benchmarks.processes import StartError


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options with defaults."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    add = parser.add_argument
    add("--database", choices=("sqlite", "postgresql"), help="only this one")
    add("--users", type=int, help="users in the database (100)")
    add("--tasks", type=int, help=f"in the database ({TASKS_EACH} for each user)")
    add("--only", nargs="+", choices=KINDS, default=KINDS, help="only these kinds")
    add("--rounds", type=int, help="measurements of each kind (9)")
    add("--requests", type=int, help="in each measurement (250)")
    add("--connections", type=int, default=8, help="at once (8)")
    add("--workers", type=int, default=2, help="processes of each server (2)")
    add("--instructions", action="store_true", help="count them too, by perf stat")
    add("--quick", action="store_true", help="fewer users and requests")
    add("--json", type=Path, metavar="FILE", help="also add the figures to FILE")
    options = parser.parse_args(arguments)
    usual_users = 30 if options.quick else 100
    options.users = options.users or usual_users
    options.tasks = options.tasks or options.users * TASKS_EACH
    options.rounds = options.rounds or (3 if options.quick else 9)
    options.requests = options.requests or (60 if options.quick else 250)
    if problem := _problem(options):
        parser.error(problem)
    return options


def _problem(options: argparse.Namespace) -> str | None:
    """Return why these options can't be measured, or an empty text."""
    if not 1 <= options.users <= 10_000 or options.tasks > 1_000_000:
        return "there may be 1 to 10,000 users and 1,000,000 tasks"
    if options.tasks < options.users * TASKS_EACH:
        return f"each user needs {TASKS_EACH} tasks"
    if min(options.rounds, options.requests, options.connections, options.workers) < 1:
        return "rounds, requests, connections and workers must be at least 1"
    sides = 2 if options.database == "sqlite" else len(OURS + PEERS) + 1
    # Each side has its part of them, and reopens them after each round.
    callers = min(options.users, CALLERS_MAX)
    if WARM_UP + options.requests > callers * COMPLETABLE_EACH // sides:
        return "so many requests complete every task; use more users and tasks"
    return None


def main(arguments: list[str]) -> int:
    """Measure, print, and return 1 if a response was wrong or a gate is exceeded."""
    options = parse(arguments)
    databases = [options.database] if options.database else ["sqlite", "postgresql"]
    results = {}
    for name in databases:
        print(
            f"{name}: {options.tasks:,} tasks of {options.users:,} users, "
            f"{options.workers} workers, load average {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        with tempfile.TemporaryDirectory(prefix="ownlist-bench-") as directory:
            results[name] = measure(name, Path(directory), options)
    if options.json:
        for name, result in results.items():
            add_to(options.json, name, result)
    failures = [
        ratio
        for result in results.values()
        for ratio in result["ratios"]
        if ratio["verdict"] == "FAIL"
    ]
    return 1 if failures or any(r["errors"] for r in results.values()) else 0


def measure(name: str, directory: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run everything on one database, print the table and return the figures."""
    with running(
        name,
        directory,
        sides=sides_on(name),
        tasks=options.tasks,
        users=options.users,
        workers=options.workers,
    ) as bench:
        rounds = bench.in_turn(
            kinds=tuple(options.only),
            rounds=options.rounds,
            requests=options.requests,
            connections=options.connections,
            seconds=1 if options.quick else 4,
            with_instructions=options.instructions,
        )
    print(report.table(rounds), end="\n\n", flush=True)
    if compared := comparison.table(rounds):
        print(compared, end="\n\n", flush=True)
    return report.as_json(rounds) | {"ratios": comparison.as_json(rounds)}


if __name__ == "__main__":
    # A signal must also stop the servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except (StartError, postgres.StartError) as error:
        sys.exit(f"A server did not start.\n{error}")
