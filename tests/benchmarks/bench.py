"""Running servers, and their loads."""

import asyncio
import random
from collections.abc import Coroutine, Iterator
from itertools import islice
from typing import Any

from tests.benchmarks import report
from tests.benchmarks.calls import OWNLIST, Caller, Calls, Side
from tests.benchmarks.equal_answers import check_equal_answers
from tests.benchmarks.load import Call, Sample, closed_loop, open_loop
from tests.benchmarks.processes import cpu_seconds
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
        database_pid: int | None,
        callers: list[Caller],
    ) -> None:
        self._sides = sides
        self._ports = ports
        self._pids = pids
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
    ) -> Rounds:
        """Load each side with each kind of call, in a new order in each round.

        What is compared, the sides of one kind, follows closely on one another. A load
        ends after the given number of requests or `seconds`, whichever is first.
        """
        check_equal_answers(self._sides, self._ports, self._callers[0])
        for kind in kinds:
            for side in self._sides:
                self._unmeasured(islice(self._calls[side].of(kind), WARM_UP), side)
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

    def steady(self, *, connections: int, rate: float, seconds: float) -> Figures:
        """Load Ownlist with the mix at a steady rate over many open connections."""
        for kind in KINDS:
            warm_up = islice(self._calls[OWNLIST].of(kind), WARM_UP)
            self._unmeasured(warm_up, OWNLIST)
        load = open_loop(
            self._calls[OWNLIST].of("mix"),
            port=self._ports["ownlist"],
            connections=connections,
            rate=rate,
            seconds=seconds,
        )
        return self._measured("ownlist", load)

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
        sample = asyncio.run(load)
        after = [cpu_seconds(pid) for pid in pids]
        cpu, database_cpu = (
            None if a is None or b is None else b - a
            for a, b in zip(before, after, strict=True)
        )
        return report.figures_of(sample, cpu=cpu, database_cpu=database_cpu)
