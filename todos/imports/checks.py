"""What a file says of a row, checked by the rules that hold everywhere.

Each check takes one value and returns it as a column has it, or says what to write
instead.

Raises, all of them:
    ValidationError: with one message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError

from accounts.models import validate_timezone
from config.text import clean_text
from todos.actions.imports.rows import RowIssue
from todos.limits import (
    COUNTER_MAX,
    LABEL_KEY_MAX_LENGTH,
    LABEL_MAX_LENGTH,
    LABELS_MAX,
    LIST_NAME_MAX_LENGTH,
    NOTES_MAX_LENGTH,
    POSITION_MAX,
    PRIORITY_MAX,
    PRIORITY_MIN,
    REMINDER_MINUTES_MAX,
    RULE_MAX_LENGTH,
    TIMEZONE_MAX_LENGTH,
    TITLE_MAX_LENGTH,
)
from todos.models import Colour, Task, label_key
from todos.schedule.days import FIRST_DATE, LAST_DATE
from todos.task_fields import FIELDS, Kind, TaskField

_T = TypeVar("_T")


class RowChecker:
    """Checks the values of one row, and keeps what there is to say of them."""

    def __init__(self, row: int, prefix: str = "") -> None:
        self.row = row
        self.issues: list[RowIssue] = []
        self._prefix = prefix

    def take(self, name: str, check: Callable[[Any], _T], value: Any) -> _T | None:
        """Return the value as `check` reads it; note what is wrong with it."""
        try:
            return check(value)
        except ValidationError as exc:
            self.error(name, exc.messages[0])
            return None

    def labels(self, name: str, values: Sequence[Any]) -> tuple[str, ...]:
        """Return the names of a task's labels; note what is wrong with them."""
        if len(values) > LABELS_MAX:
            self.error(name, f"Use at most {LABELS_MAX} labels.")
            return ()
        names = [self.take(name, label_name, value) for value in values]
        return tuple(filter(None, names))

    def error(self, name: str, message: str) -> None:
        self.issues.append(RowIssue(self.row, self._prefix + name, message))

    def notice(self, name: str, message: str) -> None:
        issue = RowIssue(self.row, self._prefix + name, message, is_error=False)
        self.issues.append(issue)

    @property
    def has_errors(self) -> bool:
        return any(issue.is_error for issue in self.issues)


def text(value: Any, *, most: int, multiline: bool = False) -> str:
    if not isinstance(value, str):
        raise ValidationError("Write a text, in quotes.")
    return clean_text(value, most=most, multiline=multiline)


def filled(value: str) -> str:
    if not value:
        raise ValidationError("This may not be empty.")
    return value


def title(value: Any) -> str:
    return filled(text(value, most=TITLE_MAX_LENGTH))


def notes(value: Any) -> str:
    return text(value, most=NOTES_MAX_LENGTH, multiline=True)


def list_name(value: Any) -> str:
    return filled(text(value, most=LIST_NAME_MAX_LENGTH))


def label_name(value: Any) -> str:
    name = filled(text(value, most=LABEL_MAX_LENGTH))
    if len(label_key(name)) > LABEL_KEY_MAX_LENGTH:
        raise ValidationError("Use shorter names for labels.")
    return name


def colour(value: Any) -> str:
    if value not in Colour.values:
        raise ValidationError(f"Write one of {', '.join(Colour.values)}.")
    return str(value)


def whole(value: Any, *, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise ValidationError(f"Write a whole number from {low} to {high}.")
    return value


def priority(value: Any) -> int:
    return whole(value, low=PRIORITY_MIN, high=PRIORITY_MAX)


def position(value: Any) -> int:
    return whole(value, low=-POSITION_MAX, high=POSITION_MAX)


def number(value: Any) -> int:
    """A count that begins with 1: of a version, of an occurrence."""
    return whole(value, low=1, high=COUNTER_MAX)


def minutes_before(value: Any) -> int:
    return whole(value, low=0, high=REMINDER_MINUTES_MAX)


def identifier(value: Any) -> str:
    """An id of our own, in its one spelling."""
    try:
        return str(UUID(value))
    except (TypeError, ValueError, AttributeError) as exc:
        raise ValidationError("Write an id (UUID).") from exc


def series(value: Any) -> UUID:
    return UUID(identifier(value))


def day(value: Any) -> date:
    try:
        read = date.fromisoformat(value)
    except (TypeError, ValueError) as exc:
        raise ValidationError("Write a date as 2027-02-28.") from exc
    if not FIRST_DATE <= read <= LAST_DATE:
        raise ValidationError(f"Write a date from {FIRST_DATE} to {LAST_DATE}.")
    return read


def clock(value: Any) -> time:
    try:
        read = time.fromisoformat(value)
    except (TypeError, ValueError) as exc:
        raise ValidationError("Write a time as 09:30.") from exc
    if read.tzinfo is not None:
        raise ValidationError("Write a time as 09:30; its zone belongs into due_tz.")
    if read.microsecond:
        raise ValidationError("Write a time as 09:30, or 09:30:15.")
    return read


def instant(value: Any) -> datetime:
    try:
        read = datetime.fromisoformat(value)
        if read.tzinfo is None:
            raise ValueError
        read = read.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as exc:
        raise ValidationError("Write an instant as 2027-02-28T09:30:00Z.") from exc
    if not FIRST_DATE <= read.date() <= LAST_DATE:
        raise ValidationError(f"Write a date from {FIRST_DATE} to {LAST_DATE}.")
    return read


def zone(value: Any) -> str:
    name = text(value, most=TIMEZONE_MAX_LENGTH)
    validate_timezone(name)
    return name


def rule(value: Any) -> str:
    return filled(text(value, most=RULE_MAX_LENGTH))


def anchor(value: Any) -> str:
    if value not in Task.Anchor.values:
        raise ValidationError(f"Write one of {', '.join(Task.Anchor.values)}.")
    return str(value)


# Of the columns of a task whose values are more than their kind says.
_OF_COLUMN: dict[str, Callable[[Any], object]] = {
    "title": title,
    "notes": notes,
    "due_tz": zone,
    "rrule": rule,
    "rrule_anchor": anchor,
    "series": series,
}
_OF_KIND: dict[Kind, Callable[[Any], object]] = {
    Kind.ID: identifier,
    Kind.DATE: day,
    Kind.TIME: clock,
    Kind.INSTANT: instant,
}


def check_of(field: TaskField) -> Callable[[Any], object]:
    """Return the check of a task's column; its limits are those of the description."""
    if check := _OF_COLUMN.get(field.column) or _OF_KIND.get(field.kind):
        return check
    least, most = field.least, field.most
    assert most is not None
    if least is None:
        return partial(text, most=most)
    return partial(whole, low=least, high=most)


# By the column; a file names them in its own way.
TASK_CHECKS = {
    field.column: check_of(field) for field in FIELDS if field.exported and field.stored
}
