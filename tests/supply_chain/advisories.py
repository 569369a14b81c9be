"""A saved database of advisories: a folder of JSON files in the OSV format."""

import json
import re
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

MAX_AGE = timedelta(days=30)
PYTHON, NODE = "PyPI", "npm"  # the ecosystems, as OSV names them

Advisory = dict[str, Any]


class NotAudited(Exception):
    """Nothing can be said about the packages. The text says why."""


class Advisories:
    """What a saved database knows.

    Raises NotAudited if it has no advisory, or if the newest one is old at the time
    `at`: what is not known there may have been published since.
    """

    def __init__(self, folder: Path, *, at: datetime) -> None:
        self._by_package: dict[tuple[str, str], list[tuple[str, Advisory]]] = (
            defaultdict(list)
        )
        newest = ""
        for path in folder.rglob("*.json"):
            advisory = json.loads(path.read_text("utf-8"))
            newest = max(newest, advisory["modified"])
            self._add(advisory)
        if not newest:
            raise NotAudited(f"{folder} contains no advisory")
        if at - datetime.fromisoformat(newest) > MAX_AGE:
            raise NotAudited(f"the newest advisory in {folder} is of {newest[:10]}")

    def _add(self, advisory: Advisory) -> None:
        if advisory.get("withdrawn"):
            return
        for affected in advisory.get("affected", []):
            package = affected.get("package", {})
            key = _key(package.get("ecosystem", ""), package.get("name", ""))
            self._by_package[key].append((advisory["id"], affected))

    def about(self, ecosystem: str, name: str, version: str) -> list[str]:
        """Return the ids of the advisories about a release."""
        candidates = self._by_package.get(_key(ecosystem, name), [])
        order = _python_order if ecosystem == PYTHON else _node_order
        return sorted(
            {key for key, affected in candidates if _is_in(affected, version, order)}
        )


def _key(ecosystem: str, name: str) -> tuple[str, str]:
    return ecosystem, canonicalize_name(name) if ecosystem == PYTHON else name


def _is_in(affected: Advisory, version: str, order: Any) -> bool:
    if version in affected.get("versions", []):
        return True
    return any(
        _is_in_range(one["events"], version, order)
        for one in affected.get("ranges", [])
        if one["type"] != "GIT"
    )


def _is_in_range(events: list[dict[str, str]], version: str, order: Any) -> bool:
    """Walk the events in the order of their versions, as the OSV schema says."""
    here, inside = order(version), False
    steps = [(order(at), kind) for event in events for kind, at in event.items()]
    for at, kind in sorted(steps, key=lambda step: step[0]):
        if kind == "introduced" and here >= at:
            inside = True
        elif (kind == "fixed" and here >= at) or (
            kind == "last_affected" and here > at
        ):
            inside = False
    return inside


def _python_order(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion:  # of a release that the index no longer accepts
        return Version("0")


def _node_order(version: str) -> tuple[Any, ...]:
    """Return a key in the order of Semantic Versioning 2.0, section 11."""
    numbers, _, rest = version.partition("+")[0].partition("-")
    parts = [int(number) for number in re.findall(r"\d+", numbers)]
    release = tuple((parts + [0, 0, 0])[:3])
    before = [
        (0, int(word), "") if word.isdigit() else (1, 0, word)
        for word in rest.split(".")
    ]
    return (release, 0, before) if rest else (release, 1, [])
