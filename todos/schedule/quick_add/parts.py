"""What the rules of quick add share: where and when a line is read, and its parts."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

from todos.schedule.days import Clock

Kind = Literal[
    "list",
    "new_list",
    "label",
    "priority",
    "due",
    "time",
    "start",
    "repeat",
    "until",
    "count",
    "reminder",
    "escape",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
Value = str | int | None


@dataclass(frozen=True)
class Here:
    """For whom a line is read: their clock, week and lists.

    `week_start` is the first day of their week, 0 for Monday. Of two lists with the
    same name, the first counts.
    """

    clock: Clock
    week_start: int = 0
    lists: Iterable[str] = ()

    @cached_property
    def _lists_by_name(self) -> dict[str, str]:
        names = list(self.lists)[::-1]
        return {folded(name): name for name in names} | {name: name for name in names}

    def list_named(self, name: str) -> str | None:
        """Return the person's list of this name, in any capitals; None without one."""
        return self._lists_by_name.get(name) or self._lists_by_name.get(folded(name))


def folded(name: str) -> str:
    """Return the form under which a name is the same as another."""
    return unicodedata.normalize("NFC", name).casefold()


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a line that is not title: what it says, and which settings it makes.

    `start` and `end` are offsets into the line. `value` is for people and programs,
    `sets` is what the task is made from.
    """

    kind: Kind
    start: int
    end: int
    value: Value
    sets: Mapping[str, Any] = field(default_factory=dict)
