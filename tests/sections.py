"""Sections of documents that programs write from recorded figures, between marks."""

import re
from collections.abc import Mapping

SECTION = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end of figures -->)", re.S)
NOT_RECORDED = "*Not recorded yet.*"


def replaced(text: str, made: Mapping[str, str]) -> str:
    """Return the document with its marked sections replaced, by their names."""
    return SECTION.sub(lambda mark: f"{mark[1]}\n{made[mark[2]]}\n\n{mark[3]}", text)


def table(headings: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown, or what says that there are no figures yet."""
    if not rows:
        return NOT_RECORDED
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(
        f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in lines
    )
