"""The one description of a task's fields: what is shown, copied, recorded, exported.

All other lists of task columns derive from `FIELDS`. `docs/architecture.md` lists the
steps of adding a field. This module knows neither the ORM nor any format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass
from enum import Enum, auto

from todos.limits import (
    COUNTER_MAX,
    NOTES_MAX_LENGTH,
    POSITION_MAX,
    PRIORITY_MAX,
    PRIORITY_MIN,
    REMINDER_MINUTES_MAX,
    RULE_MAX_LENGTH,
    TIMEZONE_MAX_LENGTH,
    TITLE_MAX_LENGTH,
)


class Kind(Enum):
    """What kind of values a field has."""

    ID = auto()
    TEXT = auto()
    NAMES = auto()  # a list of texts
    NUMBER = auto()
    DATE = auto()
    TIME = auto()  # wall clock
    INSTANT = auto()


@dataclass(frozen=True, slots=True)
class TaskField:
    """One column of a task, or one value that queries load along with its columns.

    The defaults describe a field that users fill in.
    """

    column: str  # the attribute of `Task`
    kind: Kind
    _: KW_ONLY
    member: str | None = None  # its name in the API and in JSON, if not `column`
    csv: str | None = None  # its name in CSV, if not `name`
    least: int | None = None  # of a number
    most: int | None = None  # of a number; of a text, how many characters

    stored: bool = True  # as a column of the table
    shown: bool = True  # in version 1 of the API
    in_plan: bool = False  # in the contract of the plan
    recorded: bool = True  # in the ledger, from where undo restores it
    exported: bool = True  # as JSON
    in_csv: bool = True  # also as CSV, if it is exported
    copied: bool = True  # to the next occurrence of a repeating task
    moves: bool = False  # a date that moves along with the due date
    reminds: bool = False  # the reminder is planned again when it changes
    searched: bool = False  # for the words of a search

    @property
    def name(self) -> str:
        """Its name in the API and in JSON, which several columns may share."""
        return self.member or self.column

    @property
    def csv_name(self) -> str:
        return self.csv or self.name


def _internal(column: str, kind: Kind) -> TaskField:
    """Describe a column that follows from others or never changes."""
    return TaskField(
        column, kind, shown=False, recorded=False, exported=False, copied=False
    )


def _count(name: str) -> TaskField:
    """Describe a number that queries count."""
    return TaskField(
        name, Kind.NUMBER, stored=False, recorded=False, exported=False, copied=False
    )


# In the order of the columns of the CSV export.
FIELDS = (
    TaskField("id", Kind.ID, in_plan=True, recorded=False, copied=False),
    TaskField("parent_id", Kind.ID, member="parent", copied=False),
    TaskField("list_id", Kind.ID, member="list"),
    TaskField("title", Kind.TEXT, most=TITLE_MAX_LENGTH, in_plan=True, searched=True),
    TaskField("notes", Kind.TEXT, most=NOTES_MAX_LENGTH, in_plan=True, searched=True),
    TaskField("label_names", Kind.NAMES, member="labels", stored=False, in_plan=True),
    TaskField(
        "priority", Kind.NUMBER, least=PRIORITY_MIN, most=PRIORITY_MAX, in_plan=True
    ),
    TaskField("due_date", Kind.DATE, in_plan=True, moves=True, reminds=True),
    TaskField("due_time", Kind.TIME, in_plan=True, reminds=True),
    TaskField(
        "due_tz", Kind.TEXT, most=TIMEZONE_MAX_LENGTH, in_plan=True, reminds=True
    ),
    TaskField("start_date", Kind.DATE, moves=True),
    TaskField(
        "rrule",
        Kind.TEXT,
        member="recurrence",
        csv="rrule",
        most=RULE_MAX_LENGTH,
        in_plan=True,
    ),
    TaskField("rrule_anchor", Kind.TEXT, member="recurrence", csv="anchor"),
    TaskField(
        "reminder_minutes",
        Kind.NUMBER,
        member="reminder",
        least=0,
        most=REMINDER_MINUTES_MAX,
        reminds=True,
    ),
    TaskField("reminder_time", Kind.TIME, member="reminder", reminds=True),
    TaskField("series", Kind.ID, in_csv=False, copied=False),
    TaskField(
        "occurrence",
        Kind.NUMBER,
        member="series",
        least=1,
        most=COUNTER_MAX,
        shown=False,
        in_csv=False,
        copied=False,
    ),
    TaskField(
        "position", Kind.NUMBER, least=-POSITION_MAX, most=POSITION_MAX, in_csv=False
    ),
    TaskField("completed_at", Kind.INSTANT, in_plan=True, copied=False, reminds=True),
    TaskField("trashed_at", Kind.INSTANT, copied=False, reminds=True),
    TaskField("created_at", Kind.INSTANT, in_plan=True, recorded=False, copied=False),
    TaskField("updated_at", Kind.INSTANT, in_plan=True, recorded=False, copied=False),
    TaskField(
        "version",
        Kind.NUMBER,
        least=1,
        most=COUNTER_MAX,
        recorded=False,
        in_csv=False,
        copied=False,
    ),
    _count("steps_total"),
    _count("steps_done"),
    _internal("owner_id", Kind.ID),
    _internal("remind_on", Kind.DATE),
    _internal("search", Kind.TEXT),
)


def _columns(has_trait: Callable[[TaskField], bool]) -> tuple[str, ...]:
    return tuple(field.column for field in FIELDS if has_trait(field))


def _by_name(fields: Iterable[tuple[str, TaskField]]) -> dict[str, str]:
    """Map each name to its column; a name that several columns share, to the first."""
    columns: dict[str, str] = {}
    for name, field in fields:
        columns.setdefault(name, field.column)
    return columns


BY_COLUMN = {field.column: field for field in FIELDS}
STORED_COLUMNS = _columns(lambda field: field.stored)
LOADED_VALUES = _columns(lambda field: not field.stored)
SHOWN_COLUMNS = _columns(lambda field: field.shown)
PLAN_COLUMNS = _columns(lambda field: field.in_plan)
RECORDED_COLUMNS = _columns(lambda field: field.recorded and field.stored)
EXPORTED_COLUMNS = _columns(lambda field: field.exported)
COPIED_COLUMNS = _columns(lambda field: field.copied and field.stored)
MOVING_COLUMNS = _columns(lambda field: field.moves)
REMINDER_COLUMNS = frozenset(_columns(lambda field: field.reminds))
SEARCHED_COLUMNS = _columns(lambda field: field.searched)

EXPORTED_NAMES = _by_name((field.name, field) for field in FIELDS if field.exported)
CSV_NAMES = _by_name(
    (field.csv_name, field) for field in FIELDS if field.exported and field.in_csv
)
