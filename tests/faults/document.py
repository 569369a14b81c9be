"""Write the table of the faults into docs/operations.md: `make faults RECORD=1`.

`python -m tests.faults.document FILE` takes the file that the tests wrote, stores it as
docs/faults.json in place of an earlier run, and makes the table from it. Without FILE
it uses the stored one.
"""

import argparse
import json
from pathlib import Path

from tests import sections
from tests.benchmarks.figures import Figures

DOCS = Path(__file__).parents[2] / "docs"
DOCUMENT, STORED = DOCS / "operations.md", DOCS / "faults.json"
HEADINGS = (
    *("", "fault", "requests", "503", "broken", "writes", "lost", "doubled"),
    *("`/healthz`", "`/readyz` not 200", "longest", "recovery", ""),
)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.document")
    parser.add_argument("file", type=Path, nargs="?", default=STORED)
    file = parser.parse_args(arguments).file
    recorded = file.read_text("utf-8")
    STORED.write_text(recorded, "utf-8")
    text = with_table(DOCUMENT.read_text("utf-8"), json.loads(recorded))
    DOCUMENT.write_text(text, "utf-8")


def with_table(text: str, found: Figures) -> str:
    """Return the document with the table made from the figures."""
    return sections.replaced(text, {"faults": table(found)})


def table(found: Figures) -> str:
    """Return the table of the outcomes, by part and fault."""
    rows = []
    for key, one in sorted(found.items()):
        counts = [one[name] for name in ("requests", "refusals", "broken")]
        writes = [one[name] for name in ("writes", "lost", "doubled")]
        health = [one["health"], one["readiness"]]
        seconds = [f"{one[name]:.1f} s" for name in ("longest", "recovery")]
        verdict = "FAIL" if one["wrong"] else "PASS"
        part = key.partition(":")[0]
        row = [part, one["fault"], *counts, *writes, *health, *seconds, verdict]
        rows.append([str(cell) for cell in row])
    return sections.table(list(HEADINGS), rows)


if __name__ == "__main__":
    main()
