"""Figures from samples, and their table."""

from dataclasses import asdict, dataclass
from statistics import median, quantiles
from typing import Any

from tests.benchmarks.load import Sample

# By kind of call, by side: the figures of each round.
Rounds = dict[str, dict[str, list["Figures"]]]

HEADINGS = ("", "", "req/s", "p50", "p95", "p99", "CPU", "db CPU", "errors", "share")


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one server under one load, in milliseconds.

    Processor times are per request, or None if they are unknown. So are instructions,
    in thousands, those of server and database together.
    """

    rate: float
    p50: float
    p95: float
    p99: float
    cpu: float | None
    database_cpu: float | None
    errors: list[str]
    instructions: float | None = None


def figures_of(
    sample: Sample,
    *,
    cpu: float | None,
    database_cpu: float | None,
    instructions: float | None = None,
) -> Figures:
    """Return the figures of one load.

    `cpu` and `database_cpu` are seconds, and `instructions` their number, in all.
    """
    answers = len(sample.latencies)
    # Nothing here should overload a server.
    errors = [*sample.errors, *["refused with 503"] * sample.refusals]
    if answers < 2:
        return Figures(0, 0, 0, 0, None, None, errors)
    percentiles = quantiles(sample.latencies, n=100, method="inclusive")
    return Figures(
        rate=answers / sample.seconds,
        p50=percentiles[49] * 1000,
        p95=percentiles[94] * 1000,
        p99=percentiles[98] * 1000,
        cpu=None if cpu is None else cpu / answers * 1000,
        database_cpu=None if database_cpu is None else database_cpu / answers * 1000,
        errors=errors,
        instructions=None if instructions is None else instructions / answers / 1000,
    )


def median_of(rounds: list[Figures]) -> Figures:
    """Return the median of each figure over the rounds, and all the errors."""

    def middle(name: str) -> Any:
        values = [getattr(figures, name) for figures in rounds]
        return None if None in values else median(values)

    names = ("rate", "p50", "p95", "p99", "cpu", "database_cpu", "instructions")
    return Figures(
        **{name: middle(name) for name in names},
        errors=[error for figures in rounds for error in figures.errors],
    )


def share_of_limit(by_server: dict[str, list[Figures]]) -> float | None:
    """Return the processor time of the minimal server divided by ours, as a median."""
    if "limit" not in by_server:
        return None
    pairs = zip(by_server["ownlist"], by_server["limit"], strict=True)
    shares = [limit.cpu / ours.cpu for ours, limit in pairs if ours.cpu and limit.cpu]
    return median(shares) if shares else None


def as_json(rounds: Rounds) -> dict[str, Any]:
    """Return errors in all; by kind the share of the limit, medians and rounds."""
    calls = {
        kind: {
            "share_of_limit": share_of_limit(by_server),
            "median": {s: asdict(median_of(each)) for s, each in by_server.items()},
            "rounds": {s: list(map(asdict, each)) for s, each in by_server.items()},
        }
        for kind, by_server in rounds.items()
    }
    return {"errors": len(_errors(rounds)), "calls": calls}


def table(rounds: Rounds) -> str:
    """Return the medians as lines of text, and the first of the errors."""
    lines = [_line(HEADINGS)]
    for kind, by_server in rounds.items():
        for server, figures in by_server.items():
            is_ours = server == "ownlist"
            share = share_of_limit(by_server) if is_ours else None
            lines.append(_row(kind if is_ours else "", server, figures, share))
    lines += [f"First error: {text}" for text in _errors(rounds)[:1]]
    return "\n".join(lines)


def _errors(rounds: Rounds) -> list[str]:
    return [
        error
        for by_server in rounds.values()
        for figures in by_server.values()
        for one in figures
        for error in one.errors
    ]


def _row(kind: str, server: str, rounds: list[Figures], share: float | None) -> str:
    figures = median_of(rounds)
    return _line(
        (
            kind,
            server,
            f"{figures.rate:.0f}",
            f"{figures.p50:.1f}",
            f"{figures.p95:.1f}",
            f"{figures.p99:.1f}",
            _milliseconds(figures.cpu),
            _milliseconds(figures.database_cpu),
            str(len(figures.errors)),
            "" if share is None else f"{share:.2f}",
        )
    )


def _milliseconds(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.2f}"


def _line(cells: tuple[str, ...]) -> str:
    kind, server, *numbers = cells
    columns = [f"{kind:<10}{server:<20}", *(f"{number:>8}" for number in numbers)]
    return "".join(columns).rstrip()
