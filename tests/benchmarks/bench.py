"""Two running servers, and their loads."""

import asyncio
import random
from collections.abc import Coroutine
from itertools import islice
from typing import Any

from tests.benchmarks import report
from tests.benchmarks.calls import Caller, Calls
from tests.benchmarks.load import Sample, closed_loop, open_loop
from tests.benchmarks.processes import cpu_seconds
from tests.benchmarks.report import Figures, Rounds

KINDS = ("list", "get", "create", "complete")
SERVERS = ("ownlist", "limit")
WARM_UP = 30  # calls of each kind to each server
WARM_UP_SECONDS = 10


class Bench:
    """The servers by name, with ports and main processes, and the callers."""

    def __init__(
        self,
        *,
        ports: dict[str, int],
        pids: dict[str, int],
        database_pid: int | None,
        callers: list[Caller],
    ) -> None:
        self._ports = ports
        self._pids = pids
        self._database_pid = database_pid
        self._calls = {
            server: Calls(callers, seed=seed) for seed, server in enumerate(SERVERS)
        }

    def in_turn(
        self, *, rounds: int, requests: int, connections: int, seconds: float
    ) -> Rounds:
        """Load each server with each kind of call, in a new order in each round.

        A load ends after the given number of requests or `seconds`, whichever is first.
        """
        cells = [(kind, server) for kind in KINDS for server in SERVERS]
        for kind, server in cells:
            self._warm_up(kind, server)
        found: Rounds = {kind: {server: [] for server in SERVERS} for kind in KINDS}
        for _ in range(rounds):
            for kind, server in random.sample(cells, len(cells)):
                load = closed_loop(
                    islice(self._calls[server].of(kind), requests),
                    port=self._ports[server],
                    connections=connections,
                    at_most_seconds=seconds,
                )
                found[kind][server].append(self._measured(server, load))
        return found

    def steady(self, *, connections: int, rate: float, seconds: float) -> Figures:
        """Load Ownlist with the mix at a steady rate over many open connections."""
        for kind in KINDS:
            self._warm_up(kind, "ownlist")
        load = open_loop(
            self._calls["ownlist"].of("mix"),
            port=self._ports["ownlist"],
            connections=connections,
            rate=rate,
            seconds=seconds,
        )
        return self._measured("ownlist", load)

    def _warm_up(self, kind: str, server: str) -> None:
        """Make calls to warm up, which are not measured."""
        load = closed_loop(
            islice(self._calls[server].of(kind), WARM_UP),
            port=self._ports[server],
            connections=8,
            at_most_seconds=WARM_UP_SECONDS,
        )
        asyncio.run(load)

    def _measured(self, server: str, load: Coroutine[Any, Any, Sample]) -> Figures:
        """Run a load and return its figures, including processor time."""
        pids = self._pids[server], self._database_pid
        before = [cpu_seconds(pid) for pid in pids]
        sample = asyncio.run(load)
        after = [cpu_seconds(pid) for pid in pids]
        cpu, database_cpu = (
            None if a is None or b is None else b - a
            for a, b in zip(before, after, strict=True)
        )
        return report.figures_of(sample, cpu=cpu, database_cpu=database_cpu)
