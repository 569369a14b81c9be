"""The processor time of Ownlist divided by that of the FastAPI service, and the gates.

Server and database count together. Each ratio is the median over the rounds, because
the two sides of one round were measured closely after one another.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.benchmarks.calls import ASYNC_PEER, OURS
from tests.benchmarks.report import Figures, Rounds


@dataclass(frozen=True, slots=True)
class Goal:
    """The gate that a ratio must not exceed, and the aim beyond it."""

    gate: float
    aim: float


GOALS = {
    "list": Goal(gate=0.8, aim=0.5),
    "get": Goal(gate=0.7, aim=0.4),
    "create": Goal(gate=0.9, aim=0.6),
    "complete": Goal(gate=0.8, aim=0.5),
}


@dataclass(frozen=True, slots=True)
class Ratio:
    """The median of the ratios of all rounds, and their range."""

    median: float
    lowest: float
    highest: float


def cpu_of(figures: Figures) -> float | None:
    """Return the processor time of server and database, None if it is unknown."""
    if figures.cpu is None or figures.database_cpu is None:
        return None
    return figures.cpu + figures.database_cpu


def instructions_of(figures: Figures) -> float | None:
    """Return the instructions of server and database, None if they are unknown."""
    return figures.instructions


Cost = Callable[[Figures], float | None]


def ratio_of(
    ours: list[Figures], theirs: list[Figures], cost: Cost = cpu_of
) -> Ratio | None:
    """Return the ratio of the costs, or None if they are unknown."""
    ratios = [
        our_cost / their_cost
        for our_cost, their_cost in zip(map(cost, ours), map(cost, theirs), strict=True)
        if our_cost and their_cost
    ]
    return Ratio(median(ratios), min(ratios), max(ratios)) if ratios else None


def ratios_of(rounds: Rounds, cost: Cost = cpu_of) -> dict[str, dict[str, Ratio]]:
    """Return the ratio of each of our sides, by kind of call; none without the peer."""
    found: dict[str, dict[str, Ratio]] = {}
    for kind, by_side in rounds.items():
        for side in OURS:
            if ASYNC_PEER.name in by_side and side.name in by_side:
                ratio = ratio_of(by_side[side.name], by_side[ASYNC_PEER.name], cost)
                if ratio is not None:
                    found.setdefault(kind, {})[side.name] = ratio
    return found


def verdict(kind: str, ratio: float) -> str:
    """Return FAIL beyond the gate, PASS within it, and AIM within the aim too."""
    if ratio > GOALS[kind].gate:
        return "FAIL"
    return "AIM" if ratio <= GOALS[kind].aim else "PASS"


def as_json(rounds: Rounds) -> list[dict[str, Any]]:
    """Return one record for each kind of call and side of ours."""
    counted = ratios_of(rounds, instructions_of)
    return [
        {
            "kind": kind,
            "side": side,
            "median": ratio.median,
            "lowest": ratio.lowest,
            "highest": ratio.highest,
            "gate": GOALS[kind].gate,
            "aim": GOALS[kind].aim,
            "verdict": verdict(kind, ratio.median),
            "instructions": counted[kind][side].median if counted else None,
        }
        for kind, by_side in ratios_of(rounds).items()
        for side, ratio in by_side.items()
    ]


def table(rounds: Rounds) -> str:
    """Return the ratios as lines of text, or an empty text without the peer."""
    records = as_json(rounds)
    if not records:
        return ""
    lines = [
        f"CPU of server and database, divided by {ASYNC_PEER.name}:",
        f"{'':10}{'':20}{'ratio':>8}{'range':>14}{'gate':>7}{'aim':>6}"
        + f"{'':6}{'instructions':>14}",
    ]
    shown = ""
    for record in records:
        kind = "" if record["kind"] == shown else record["kind"]
        shown = record["kind"]
        spread = f"{record['lowest']:.2f} to {record['highest']:.2f}"
        lines.append(
            f"{kind:<10}{record['side']:<20}{record['median']:>8.2f}{spread:>14}"
            f"{record['gate']:>7}{record['aim']:>6}  {record['verdict']:<4}"
            f"{_instructions(record):>14}"
        )
    return "\n".join(lines)


def _instructions(record: dict[str, Any]) -> str:
    ratio = record["instructions"]
    return "n/a" if ratio is None else f"{ratio:.2f}"
