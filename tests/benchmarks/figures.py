"""The file of figures, to which each program of the benchmark adds its part."""

import json
from pathlib import Path
from typing import Any

Figures = dict[str, Any]


def read(file: Path) -> Figures:
    """Return the parts that the file has so far."""
    if not file.exists():
        return {}
    found: Figures = json.loads(file.read_text(encoding="utf-8"))
    return found


def add_to(file: Path, part: str, figures: Any) -> None:
    """Store one part, in the place of an earlier measurement of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    merged = read(file) | {part: figures}
    text = json.dumps(dict(sorted(merged.items())), indent=1)
    file.write_text(f"{text}\n", encoding="utf-8")
