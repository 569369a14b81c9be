"""Checks of the values in a file, by the rules that hold everywhere.

A check takes one value and returns it as a column stores it. Every check raises
ValidationError with one message if the value is invalid.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from functools import partial
from typing import TypeAlias, TypeVar
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

Check: TypeAlias = Callable[[object], object]
_In = TypeVar("_In")
_Out = TypeVar("_Out")


class RowChecker:
    """Checks the values of one row and collects the issues."""

    def __init__(self, row: int, prefix: str = "") -> None:
        self.row = row
        self.issues: list[RowIssue] = []
        self._prefix = prefix

    def take(self, name: str, check: Callable[[_In], _Out], value: _In) -> _Out | None:
        """Return the checked value; None, with an error in `issues`, if invalid."""
        try:
            return check(value)
        except ValidationError as exc:
            self.error(name, exc.messages[0])
            return None

    def labels(self, name: str, values: Sequence[object]) -> tuple[str, ...]:
        """Return the valid names of labels; the others are errors."""
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


def text(value: object, *, most: int, multiline: bool = False) -> str:
    if not isinstance(value, str):
        raise ValidationError("Must be a string.")
    return clean_text(value, most=most, multiline=multiline)


def not_empty(value: str) -> str:
    if not value:
        raise ValidationError("This field may not be blank.")
    return value


def title(value: object) -> str:
    return not_empty(text(value, most=TITLE_MAX_LENGTH))


def notes(value: object) -> str:
    return text(value, most=NOTES_MAX_LENGTH, multiline=True)


def list_name(value: object) -> str:
    return not_empty(text(value, most=LIST_NAME_MAX_LENGTH))


def label_name(value: object) -> str:
    name = not_empty(text(value, most=LABEL_MAX_LENGTH))
    if len(label_key(name)) > LABEL_KEY_MAX_LENGTH:
        raise ValidationError("Use shorter names for labels.")
    return name


def choice(value: object, *, choices: Sequence[str]) -> str:
    if value not in choices:
        raise ValidationError(f"Must be one of {', '.join(choices)}.")
    return str(value)


def colour(value: object) -> str:
    return choice(value, choices=Colour.values)


def anchor(value: object) -> str:
    return choice(value, choices=Task.Anchor.values)


def integer(value: object, *, low: int, high: int) -> int:
    # Not a bool, which is an int too.
    if type(value) is not int or not low <= value <= high:
        raise ValidationError(f"Must be an integer from {low} to {high}.")
    return value


def priority(value: object) -> int:
    return integer(value, low=PRIORITY_MIN, high=PRIORITY_MAX)


def position(value: object) -> int:
    return integer(value, low=-POSITION_MAX, high=POSITION_MAX)


def counter(value: object) -> int:
    """Check the number of a version or an occurrence."""
    return integer(value, low=1, high=COUNTER_MAX)


def minutes_before(value: object) -> int:
    return integer(value, low=0, high=REMINDER_MINUTES_MAX)


def identifier(value: object) -> str:
    """Check an id, and return it in canonical form."""
    try:
        return str(UUID(_string(value)))
    except ValueError as exc:
        raise ValidationError("Must be a UUID.") from exc


def series(value: object) -> UUID:
    return UUID(identifier(value))


def day(value: object) -> date:
    try:
        found = date.fromisoformat(_string(value))
    except ValueError as exc:
        raise ValidationError("Must be a date such as 2027-02-28.") from exc
    return supported(found)


def time_of_day(value: object) -> time:
    try:
        found = time.fromisoformat(_string(value))
    except ValueError as exc:
        raise ValidationError("Must be a time such as 09:30.") from exc
    if found.tzinfo is not None:
        raise ValidationError("Must be a time such as 09:30; put its zone into due_tz.")
    if found.microsecond:
        raise ValidationError("Must be a time such as 09:30 or 09:30:15.")
    return found


def instant(value: object) -> datetime:
    try:
        found = datetime.fromisoformat(_string(value))
        if found.tzinfo is None:
            raise ValueError
        found = found.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        message = "Must be a date and time such as 2027-02-28T09:30:00Z."
        raise ValidationError(message) from exc
    supported(found.date())
    return found


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def supported(day: date) -> date:
    """Check that tasks can have this date."""
    if not FIRST_DATE <= day <= LAST_DATE:
        raise ValidationError(f"Must be a date from {FIRST_DATE} to {LAST_DATE}.")
    return day


def zone(value: object) -> str:
    name = text(value, most=TIMEZONE_MAX_LENGTH)
    validate_timezone(name)
    return name


def rule(value: object) -> str:
    return not_empty(text(value, most=RULE_MAX_LENGTH))


# For the columns of a task whose kind does not determine the check.
_OF_COLUMN: dict[str, Check] = {
    "title": title,
    "notes": notes,
    "due_tz": zone,
    "rrule": rule,
    "rrule_anchor": anchor,
    "series": series,
}
_OF_KIND: dict[Kind, Check] = {
    Kind.ID: identifier,
    Kind.DATE: day,
    Kind.TIME: time_of_day,
    Kind.INSTANT: instant,
}


def check_of(field: TaskField) -> Check:
    """Return the check of a task's column, with the limits of its description."""
    if check := _OF_COLUMN.get(field.column) or _OF_KIND.get(field.kind):
        return check
    least, most = field.least, field.most
    assert most is not None
    if least is None:
        return partial(text, most=most)
    return partial(integer, low=least, high=most)


# By column; each format has its own names for them.
TASK_CHECKS = {
    field.column: check_of(field) for field in FIELDS if field.exported and field.stored
}
