"""Write the measured figures into docs/performance.md, with charts.

`python -m tests.benchmarks.document FILE` takes the file that the programs of the
benchmark wrote with `--json`, stores it as docs/performance.json, and draws tables and
charts from it, and the tables of docs/growth.md. Without FILE it uses the stored one.
"""

import argparse
from pathlib import Path
from typing import Any

from tests import sections
from tests.benchmarks import capacity, chart, figures
from tests.benchmarks.figures import Figures
from tests.benchmarks.growth import MAY_GROW

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT, STORED = DOCS / "performance.md", DOCS / "performance.json"
CPU_CHART, GROWTH_CHART = "performance-cpu.svg", "performance-growth.svg"
CHARTS = {
    CPU_CHART: "Processor time of server and database for a request, in milliseconds",
    GROWTH_CHART: "Time of an answer by number of tasks; the line is the limit",
}
DRAWN = ("ownlist", "ownlist plan", "fastapi async", "fastapi sync", "limit")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.document")
    parser.add_argument("file", type=Path, nargs="?", default=STORED)
    file = parser.parse_args(arguments).file
    found = figures.read(file)
    for part, recorded in found.items():
        figures.add_to(STORED, part, recorded)
    found = figures.read(STORED)
    DOCUMENT.write_text(with_figures(DOCUMENT.read_text("utf-8"), found), "utf-8")
    for name, drawing in charts(found).items():
        (DOCS / name).write_text(drawing, "utf-8")
    capacity.write()  # which calculates from these figures


def with_figures(text: str, found: Figures) -> str:
    """Return the document with its marked sections made from the figures."""
    drawn = charts(found)
    made = {
        "ratios": _ratios(found),
        "cpu": _cpu(found) + _image(CPU_CHART, drawn),
        "steady": _steady(found),
        "growth": _growth(found) + _image(GROWTH_CHART, drawn),
    }
    return sections.replaced(text, made)


def charts(found: Figures) -> dict[str, str]:
    """Return the charts by name of file, those that have figures."""
    drawn = {}
    if calls := found.get("postgresql", {}).get("calls"):
        costs = {
            kind: {side: _both(by["median"][side]) for side in _drawn(by["median"])}
            for kind, by in calls.items()
        }
        drawn[CPU_CHART] = chart.bars(costs, title=CHARTS[CPU_CHART], unit="")
    if records := found.get("growth postgresql"):
        ratios: dict[str, dict[str, float]] = {}
        for record in records:
            if record["ratio"] is not None:
                ratios.setdefault(record["kind"], {})[record["size"]] = record["ratio"]
        drawn[GROWTH_CHART] = chart.bars(
            ratios, title=CHARTS[GROWTH_CHART], unit="", limit=MAY_GROW
        )
    return drawn


def _image(name: str, drawn: dict[str, str]) -> str:
    return f"\n\n![{CHARTS[name]}]({name})" if name in drawn else ""


def _drawn(by_side: dict[str, Any]) -> list[str]:
    known = [side for side in DRAWN if side in by_side]
    return [side for side in known if by_side[side]["cpu"] is not None]


def _both(median: dict[str, Any]) -> float:
    return float(median["cpu"] + median["database_cpu"])


# --- Tables -------------------------------------------------------------------


def _ratios(found: Figures) -> str:
    rows = []
    for record in found.get("postgresql", {}).get("ratios", []):
        spread = f"{record['lowest']:.2f} to {record['highest']:.2f}"
        numbers = [f"{record['median']:.2f}", spread]
        numbers.append(_number(record["instructions"], 2))
        goals = [str(record["gate"]), str(record["aim"]), record["verdict"]]
        rows.append([record["kind"], record["side"], *numbers, *goals])
    headings = ["", "", "ratio", "range", "instructions", "gate", "aim", ""]
    return sections.table(headings, rows)


def _cpu(found: Figures) -> str:
    rows = []
    for kind, by_side in found.get("postgresql", {}).get("calls", {}).items():
        for side, median in by_side["median"].items():
            parts = [_number(median[name], 2) for name in ("cpu", "database_cpu")]
            times = [_number(median[name], 1) for name in ("p50", "p95")]
            errors = str(len(median["errors"]))
            rows.append([kind, side, *parts, _number(median["rate"]), *times, errors])
    headings = ["", "", "CPU", "db CPU", "req/s", "p50", "p95", "errors"]
    return sections.table(headings, rows)


def _steady(found: Figures) -> str:
    rows = []
    parts = [part for part in found if part.startswith("steady ")]
    for part in sorted(parts, key=lambda part: int(part.split()[1])):
        load = f"{part.split()[1]} users, {found[part]['rate']:g}/s"
        for side, one in found[part]["sides"].items():
            times = [f"{one[name]:.0f}" for name in ("p50", "p95", "p99")]
            errors = sum(one["errors"].values())
            harness = sum(one["from_the_harness"].values())
            counts = [str(one["refusals"]), f"{errors} ({harness})" if errors else "0"]
            memory = [_number(one[name]) for name in ("memory_at_rest", "memory_after")]
            ends = [_number(one["recovery"], 1), *memory, f"{one['start']:.1f}"]
            rows.append([load, side, *times, *counts, *ends])
    headings = ["", "", "p50", "p95", "p99", "503", "errors"]
    return sections.table([*headings, "recovery", "PSS", "after load", "start"], rows)


def _growth(found: Figures) -> str:
    by_kind: dict[str, dict[str, str]] = {}
    sizes: dict[str, None] = {}
    for record in found.get("growth postgresql", []):
        sizes[record["size"]] = None
        ratio = "" if record["ratio"] is None else f" ({record['ratio']:.2f})"
        shown = f"{record['milliseconds']:.1f}{ratio}"
        if not record["holds"]:
            shown += " FAIL"
        by_kind.setdefault(record["kind"], {})[record["size"]] = shown
    rows = [[kind, *map(shown.get, sizes)] for kind, shown in by_kind.items()]
    return sections.table(["", *sizes], [[cell or "" for cell in row] for row in rows])


def _number(value: float | None, digits: int = 0) -> str:
    return "n/a" if value is None else f"{value:.{digits}f}"


if __name__ == "__main__":
    main()
