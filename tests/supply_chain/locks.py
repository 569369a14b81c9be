"""The locks of Python packages, as pip reads them."""

from pathlib import Path
from typing import NamedTuple

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


class Pin(NamedTuple):
    """A locked release. `marker` says which Pythons and systems need it; None: all."""

    version: str
    marker: Marker | None
    hashes: list[str]


def read_lock(name: str) -> dict[str, list[Pin]]:
    """Return the pins of a lock by package, several if they have markers."""
    lock: dict[str, list[Pin]] = {}
    for entry in _joined_lines((ROOT / name).read_text(encoding="utf-8")):
        if entry.startswith("--"):
            continue
        requirement, *hashes = entry.split(" --hash=")
        locked = Requirement(requirement)
        [specifier] = locked.specifier
        assert specifier.operator == "==", entry
        pin = Pin(specifier.version, locked.marker, hashes)
        lock.setdefault(canonicalize_name(locked.name), []).append(pin)
    return lock


def _joined_lines(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if not line.strip().startswith("#")]
    entries = "\n".join(lines).replace("\\\n", "").splitlines()
    return [" ".join(entry.split()) for entry in entries if entry.strip()]
