"""What the rules of quick add share: the context of a line, and its parts."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, time
from typing import Literal, NamedTuple, TypedDict, get_args

from django.utils.functional import cached_property

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
class Context:
    """The clock, the week and the lists of the user who wrote a line.

    `week_start` is the first day of the week, 0 for Monday. Of two lists with the same
    name, the first is used.
    """

    clock: Clock
    week_start: int = 0
    lists: Iterable[str] = ()

    @cached_property
    def _lists_by_name(self) -> dict[str, str]:
        names = list(self.lists)[::-1]
        return {folded(name): name for name in names} | {name: name for name in names}

    def list_named(self, name: str) -> str | None:
        """Return the list with this name, ignoring case; None if there is none."""
        return self._lists_by_name.get(name) or self._lists_by_name.get(folded(name))


def folded(name: str) -> str:
    """Return the form in which names are compared."""
    return unicodedata.normalize("NFC", name).casefold()


class Length(NamedTuple):
    """How long a series lasts, such as 3 weeks."""

    many: int
    unit: str


class Settings(TypedDict, total=False):
    """What the parts of a line can set.

    `end` is COUNT or UNTIL of the rule, or how long the series lasts. With
    `is_beginning`, a recurrence begins on the first day it allows from `due_date` on.
    """

    list: str
    label: str
    priority: int
    due_date: date
    is_beginning: bool
    due_time: time
    part_of_day: str
    start_date: date
    rule: str
    anchor: str
    end: str | Length
    reminder: int | time  # minutes before the due time, or a time of day


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a line that is not title, and the settings it makes.

    `start` and `end` are offsets in the line. `value` is shown to users and clients;
    `sets` are the settings of the task.
    """

    kind: Kind
    start: int
    end: int
    value: Value
    sets: Settings = field(default_factory=Settings)
