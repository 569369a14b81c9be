"""Measure list, get, create and complete on both databases: `make bench`.

Fills a new database of each kind, starts Ownlist as `make run` does and what it is
compared with, and loads all in turn. Everything is deleted afterwards.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests import postgres
from tests.benchmarks import comparison, report, services
from tests.benchmarks.bench import KINDS, WARM_UP, Bench
from tests.benchmarks.calls import (
    COMPLETIONS_IN_MIX,
    LIMIT,
    OURS,
    OWNLIST,
    PEERS,
    Side,
)
from tests.benchmarks.filling import CALLERS_MAX, COMPLETABLE_EACH, TASKS_EACH
from tests.benchmarks.processes import StartError, free_port, serving


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options with defaults."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    add = parser.add_argument
    add("--database", choices=("sqlite", "postgresql"), help="only this one")
    add("--users", type=int, help="users in the database (100)")
    add("--tasks", type=int, help=f"in the database ({TASKS_EACH} for each user)")
    add("--only", nargs="+", choices=KINDS, default=KINDS, help="only these kinds")
    add("--rounds", type=int, help="measurements of each kind (5)")
    add("--requests", type=int, help="in each measurement (250)")
    add("--connections", type=int, default=8, help="at once (8)")
    add("--workers", type=int, default=2, help="processes of each server (2)")
    add("--quick", action="store_true", help="fewer users and requests")
    add("--json", type=Path, metavar="FILE", help="also write every figure to FILE")
    steady = parser.add_argument_group("instead, a mix of calls at a steady rate")
    steady.add_argument("--users-keepalive", type=int, metavar="CONNECTIONS")
    steady.add_argument("--rate", type=float, default=300, help="a second (300)")
    steady.add_argument("--seconds", type=float, default=20, help="of load (20)")
    options = parser.parse_args(arguments)
    usual_users = 20 if options.quick else 100
    options.users = options.users or options.users_keepalive or usual_users
    options.tasks = options.tasks or options.users * TASKS_EACH
    options.rounds = options.rounds or (3 if options.quick else 5)
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
    completions = options.requests
    if options.users_keepalive:
        completions = int(options.rate * options.seconds * COMPLETIONS_IN_MIX * 1.2)
    sides = len(OURS + PEERS) + 1
    # Each side has its part of them, and reopens them after each round.
    if WARM_UP + completions > callers_of(options) * COMPLETABLE_EACH // sides:
        return "so many requests complete every task; use more users and tasks"
    return None


def callers_of(options: argparse.Namespace) -> int:
    """Return how many users send requests."""
    return min(options.users, CALLERS_MAX)


def main(arguments: list[str]) -> int:
    """Measure, print, and return 1 if any response was wrong."""
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
    if not options.users_keepalive:
        _verification()
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")
    return 1 if any(result["errors"] for result in results.values()) else 0


def _verification() -> None:
    """Print the cost of verifying an external token, which needs no database."""
    program = [sys.executable, "-m", "tests.benchmarks.verification"]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    subprocess.run(program, env=environment, check=True)


def measure(name: str, directory: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run everything on one database, print the table and return the figures."""
    with running(name, directory, options) as bench:
        if options.users_keepalive:
            figures = bench.steady(
                connections=options.users_keepalive,
                rate=options.rate,
                seconds=options.seconds,
            )
            rounds = {"mix": {"ownlist": [figures]}}
        else:
            rounds = bench.in_turn(
                kinds=tuple(options.only),
                rounds=options.rounds,
                requests=options.requests,
                connections=options.connections,
                seconds=1 if options.quick else 4,
            )
    print(report.table(rounds), end="\n\n", flush=True)
    if compared := comparison.table(rounds):
        print(compared, end="\n\n", flush=True)
    return report.as_json(rounds) | {"ratios": comparison.as_json(rounds)}


@contextmanager
def running(
    database: str, directory: Path, options: argparse.Namespace
) -> Iterator[Bench]:
    """Start the database and both servers, and stop them after the block."""
    with ExitStack() as stack:
        url, database_pid = stack.enter_context(services.database(database, directory))
        sides = sides_on(database)
        ports = {side.server: free_port() for side in sides}
        environment = services.environment(directory, url, ports["ownlist"])
        issuer = stack.enter_context(services.better_auth())
        callers = services.fill(
            directory,
            environment,
            tasks=options.tasks,
            users=options.users,
            issuer=issuer,
            with_peers=PEERS[0] in sides,
        )
        as_service = services.trusting(services.as_service(environment), issuer)
        pids = {
            name: stack.enter_context(
                serving(
                    services.command(name, port, options.workers),
                    port=port,
                    environment=as_service if name == "ownlist" else environment,
                    log=directory / f"{name}.log",
                )
            )
            for name, port in ports.items()
        }
        yield Bench(
            sides=sides,
            ports=ports,
            pids=pids,
            database_pid=database_pid,
            callers=callers,
        )


def sides_on(database: str) -> tuple[Side, ...]:
    """Return what is compared on this database: the peers need PostgreSQL."""
    if database == "sqlite":
        return OWNLIST, LIMIT
    if not services.PEERS_PYTHON.exists():
        print("The FastAPI services are not installed; `make bench` installs them.")
        return *OURS, LIMIT
    return *OURS, *PEERS, LIMIT


if __name__ == "__main__":
    # A signal must also stop the servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except (StartError, postgres.StartError) as error:
        sys.exit(f"A server did not start.\n{error}")
