"""The cost of the ledger: creating a task with it, and the same insert without it.

`python -m tests.benchmarks.ledger` creates tasks in both ways in turn, in one process,
on both databases. The ratio of the times must stay below 1.5.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

from tests.benchmarks import services
from tests.benchmarks.processes import free_port

MAY_COST = 1.5
ROUNDS = 15
TASKS = 60  # in each round, both ways
INNER = "OWNLIST_BENCHMARK_DATABASE"


def main(arguments: list[str]) -> int:
    """Measure each database in a process of its own; return 1 if one costs more."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.ledger")
    parser.add_argument("--database", choices=("sqlite", "postgresql"))
    options = parser.parse_args(arguments)
    names = [options.database] if options.database else ["sqlite", "postgresql"]
    return max(map(_in_a_process_of_its_own, names))


def _in_a_process_of_its_own(name: str) -> int:
    with (
        tempfile.TemporaryDirectory(prefix="ownlist-ledger-") as directory,
        services.database(name, Path(directory)) as (url, _),
    ):
        environment = services.environment(Path(directory), url, free_port())
        program = [sys.executable, "-m", "tests.benchmarks.ledger"]
        return subprocess.run(
            program, env=environment | {INNER: name}, check=False
        ).returncode


def measure(name: str) -> int:
    """Create tasks in both ways in turn, and return 1 if the ratio is too high."""
    import django

    django.setup()
    from django.core.management import call_command

    from accounts.models import User

    call_command("migrate", verbosity=0)
    owner = User.objects.create_user(email="person@example.com", password=None)
    ways = {"with": _make, "without": _without_ledger(_make)}
    times: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(ROUNDS + 1):
        for way, make in ways.items():
            seconds = _time(make, owner)
            if number:  # the first warms up
                times[way].append(seconds)
    pairs = zip(times["with"], times["without"], strict=True)
    ratio = median(with_it / without for with_it, without in pairs)
    shown = "  ".join(
        f"{way} ledger {median(found) / TASKS * 1000:.2f} ms"
        for way, found in times.items()
    )
    print(f"{name}: {shown}  ratio {ratio:.2f}", flush=True)
    return 1 if ratio > MAY_COST else 0


def _time(make: Callable[[Any], None], owner: Any) -> float:
    started = time.perf_counter()
    for _ in range(TASKS):
        make(owner)
    return time.perf_counter() - started


def _make(owner: Any) -> None:

    from tests.changes import caller_of
    from todos import actions

    actions.create_task(caller_of(owner), title="Buy bread and milk")


def _without_ledger(make: Callable[[Any], None]) -> Callable[[Any], None]:
    def without(owner: Any) -> None:
        with _no_entries():
            make(owner)

    return without


@contextmanager
def _no_entries() -> Iterator[None]:
    """Let batches store nothing, so that only the insert remains."""
    from todos import ledger

    def count(batch: Any, *_: Any) -> None:
        batch.count += 1  # one that has none is rolled back

    with (
        mock.patch.object(ledger, "_take_numbers", lambda *_: lambda: [(1, 0)]),
        mock.patch.object(ledger.Batch, "_record", count),
        mock.patch.object(ledger.Batch, "flush", lambda _: None),
        mock.patch.object(ledger.Batch, "store_count", lambda _: None),
    ):
        yield


if __name__ == "__main__":
    if INNER in os.environ:
        sys.exit(measure(os.environ[INNER]))
    sys.exit(main(sys.argv[1:]))
