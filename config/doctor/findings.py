"""What a check of the doctor found, and how serious it is."""

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How serious a finding is. The highest is the exit code of the command."""

    OK = 0
    WARNING = 1
    ERROR = 2

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about what was found, and one about what to do. No secrets."""

    level: Level
    text: str
    hint: str = ""


def ok(text: str) -> Finding:
    return Finding(Level.OK, text)


def warning(text: str, hint: str) -> Finding:
    return Finding(Level.WARNING, text, hint)


def error(text: str, hint: str) -> Finding:
    return Finding(Level.ERROR, text, hint)


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: "1 worker", "2 workers"."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
