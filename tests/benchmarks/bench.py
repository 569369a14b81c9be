"""Running servers, and their loads."""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from tests.benchmarks import report, services
from tests.benchmarks.calls import LIMIT, OURS, OWNLIST, PEERS, Caller, Calls, Side
from tests.benchmarks.equal_answers import check_equal_answers
from tests.benchmarks.instructions import counted
from tests.benchmarks.load import Call, Sample, closed_loop, open_loop
from tests.benchmarks.processes import (
    cpu_seconds,
    family_of,
    free_port,
    serving,
    worker_memory,
)
from tests.benchmarks.report import Figures, Rounds

KINDS = ("list", "get", "create", "complete")
WARM_UP = 30  # calls of each kind to each side
UNMEASURED_SECONDS = 10


class Bench:
    """The servers by name, with ports and main processes, and the callers."""

    def __init__(
        self,
        *,
        sides: tuple[Side, ...],
        ports: dict[str, int],
        pids: dict[str, int],
        workers: int,
        start: Callable[[str, int], AbstractContextManager[int]],
        database_pid: int | None,
        callers: list[Caller],
    ) -> None:
        self._sides = sides
        self._ports = ports
        self._pids = pids
        self._workers = workers
        self._start = start
        self._counts_instructions = False
        self._database_pid = database_pid
        self._callers = callers
        self._calls = {
            side: Calls(callers, side, part=part, of=len(sides))
            for part, side in enumerate(sides)
        }

    def in_turn(
        self,
        *,
        kinds: tuple[str, ...] = KINDS,
        rounds: int,
        requests: int,
        connections: int,
        seconds: float,
        with_instructions: bool = False,
    ) -> Rounds:
        """Load each side with each kind of call, in a new order in each round.

        What is compared, the sides of one kind, follows closely on one another. A load
        ends after the given number of requests or `seconds`, whichever is first.
        """
        self._counts_instructions = with_instructions
        check_equal_answers(self._sides, self._ports, self._callers[0])
        for side in self._sides:
            self.warm_up(side, kinds)
        found: Rounds = {
            kind: {side.name: [] for side in self._sides} for kind in kinds
        }
        for _ in range(rounds):
            for kind in random.sample(kinds, len(kinds)):
                for side in random.sample(self._sides, len(self._sides)):
                    load = closed_loop(
                        islice(self._calls[side].of(kind), requests),
                        port=self._ports[side.server],
                        connections=connections,
                        at_most_seconds=seconds,
                    )
                    figures = self._measured(side.server, load)
                    found[kind][side.name].append(figures)
                    self._unmeasured(self._calls[side].to_reopen(), side)
        return found

    def steady(
        self, side: Side, *, connections: int, rate: float, seconds: float
    ) -> Sample:
        """Load one side with the mix at a steady rate over many open connections."""
        self.warm_up(side, KINDS)
        load = open_loop(
            self._calls[side].of("mix"),
            port=self._ports[side.server],
            connections=connections,
            rate=rate,
            seconds=seconds,
        )
        return asyncio.run(load)

    def one_by_one(self, side: Side, kind: str, *, requests: int) -> Sample:
        """Make some calls over one connection."""
        load = closed_loop(
            islice(self._calls[side].of(kind), requests),
            port=self._ports[side.server],
            connections=1,
            at_most_seconds=UNMEASURED_SECONDS,
        )
        return asyncio.run(load)

    def memory(self, side: Side) -> list[float]:
        """Return the memory of each worker of a side in MiB; see `worker_memory`."""
        return worker_memory(self._pids[side.server], self._workers)

    def start_seconds(self, side: Side) -> float:
        """Start another server of this side, and return how long it took."""
        port = free_port()
        started = time.monotonic()
        with self._start(side.server, port):
            return time.monotonic() - started

    def warm_up(self, side: Side, kinds: tuple[str, ...]) -> None:
        """Make some calls of each kind, which are not measured."""
        for kind in kinds:
            self._unmeasured(islice(self._calls[side].of(kind), WARM_UP), side)

    def _unmeasured(self, calls: Iterator[Call], side: Side) -> None:
        """Make calls to warm up, or to restore what a load has changed."""
        load = closed_loop(
            calls,
            port=self._ports[side.server],
            connections=8,
            at_most_seconds=UNMEASURED_SECONDS,
        )
        asyncio.run(load)

    def _measured(self, server: str, load: Coroutine[Any, Any, Sample]) -> Figures:
        """Run a load and return its figures, including processor time."""
        pids = self._pids[server], self._database_pid
        before = [cpu_seconds(pid) for pid in pids]
        if self._counts_instructions:
            with counted(set().union(*map(family_of, pids))) as instructions:
                sample = asyncio.run(load)
        else:
            sample = asyncio.run(load)
        after = [cpu_seconds(pid) for pid in pids]
        cpu, database_cpu = (
            None if a is None or b is None else b - a
            for a, b in zip(before, after, strict=True)
        )
        return report.figures_of(
            sample,
            cpu=cpu,
            database_cpu=database_cpu,
            instructions=instructions() if self._counts_instructions else None,
        )


@contextmanager
def running(
    database: str,
    directory: Path,
    *,
    sides: tuple[Side, ...],
    tasks: int,
    users: int,
    workers: int,
) -> Iterator[Bench]:
    """Start a filled database and the servers of `sides`, and stop them afterwards."""
    with ExitStack() as stack:
        url, database_pid = stack.enter_context(services.database(database, directory))
        ports = {side.server: free_port() for side in sides}
        environment = services.environment(directory, url, ports["ownlist"])
        issuer = stack.enter_context(services.better_auth())
        callers = services.fill(
            directory,
            environment,
            tasks=tasks,
            users=users,
            issuer=issuer,
            with_peers=any(side in PEERS for side in sides),
        )
        as_service = services.trusting(services.as_service(environment), issuer)

        def start(name: str, port: int) -> AbstractContextManager[int]:
            return serving(
                services.command(name, port, workers),
                port=port,
                environment=as_service if name == "ownlist" else environment,
                log=directory / f"{name} {port}.log",
            )

        pids = {
            name: stack.enter_context(start(name, port)) for name, port in ports.items()
        }
        yield Bench(
            sides=sides,
            ports=ports,
            pids=pids,
            workers=workers,
            start=start,
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
