"""The fields of a task from the parts of a line."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from todos.schedule.days import LAST_DATE
from todos.schedule.quick_add.agreement import occurs_on
from todos.schedule.quick_add.calendars import DAY, later
from todos.schedule.quick_add.parts import Context, Length, Part, Settings
from todos.schedule.recurrence import RuleRefused, begin_series, first_date
from todos.schedule.rules import read_rule


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a task in a line, besides the title; None if not given."""

    list: str | None = None
    labels: tuple[str, ...] = ()
    priority: int | None = None
    due_date: date | None = None
    due_time: time | None = None
    start_date: date | None = None
    rrule: str = ""
    rrule_anchor: str = ""
    reminder_minutes: int | None = None
    reminder_time: time | None = None


def fields_of(parts: Iterable[Part], context: Context) -> tuple[list[Part], Fields]:
    """Return the fields, and the parts that apply.

    These don't apply: an end without a recurrence, a recurrence without a date, and a
    reminder without a date or time to remind of.
    """
    kept = list(parts)
    sets = _settings(kept)
    if "end" in sets and "rule" not in sets:
        kept = [part for part in kept if "end" not in part.sets]
        sets = _settings(kept)
    fields = _fields(sets, _labels(kept), context)
    if "rule" in sets and not fields.rrule:
        return fields_of([part for part in kept if "rule" not in part.sets], context)
    kept = [_with_last_day(part, fields.rrule) for part in kept]
    if not _can_remind(fields):
        kept = [part for part in kept if "reminder" not in part.sets]
        fields = replace(fields, reminder_minutes=None, reminder_time=None)
    return kept, fields


def _with_last_day(part: Part, rule: str) -> Part:
    """Return a part such as "for 3 weeks" with the last day as its value."""
    if not isinstance(part.sets.get("end"), Length):
        return part
    until = read_rule(rule).until
    return replace(part, value=until.isoformat() if until else None)


def _can_remind(fields: Fields) -> bool:
    if fields.reminder_minutes is not None:
        return fields.due_time is not None
    return fields.due_date is not None


def _settings(parts: Iterable[Part]) -> Settings:
    settings = Settings()
    for part in parts:
        settings |= part.sets
    return settings


def _labels(parts: Iterable[Part]) -> tuple[str, ...]:
    labels: dict[str, str] = {}
    for part in parts:
        if label := part.sets.get("label"):
            labels.setdefault(label.casefold(), label)
    return tuple(labels.values())


def _fields(sets: Settings, labels: tuple[str, ...], context: Context) -> Fields:
    due_date, rule = _due_date(sets, context), ""
    if "rule" in sets:
        due_date, rule = _repeating(sets, due_date, context)
    reminder = sets.get("reminder")
    return Fields(
        list=sets.get("list"),
        labels=labels,
        priority=sets.get("priority"),
        due_date=due_date,
        due_time=sets.get("due_time"),
        start_date=sets.get("start_date"),
        rrule=rule,
        rrule_anchor=sets["anchor"] if rule else "",
        reminder_minutes=reminder if isinstance(reminder, int) else None,
        reminder_time=reminder if isinstance(reminder, time) else None,
    )


def _due_date(sets: Settings, context: Context) -> date | None:
    """Return the given date; for a time alone, the date of its next occurrence."""
    if "due_date" in sets or "due_time" not in sets:
        return sets.get("due_date")
    shown = context.clock.now_in()
    today = shown.date()
    is_to_come = datetime.combine(today, sets["due_time"]) > shown
    return today if is_to_come else today + DAY


def _repeating(
    sets: Settings, due_date: date | None, context: Context
) -> tuple[date | None, str]:
    """Return the first date and the rule; no rule if it is invalid."""
    due, today = sets.get("due_date"), due_date or context.clock.today
    if sets.get("is_beginning"):
        due = None  # the first date of the rule from then on
    elif due and not occurs_on(sets["rule"], due):
        return due_date, ""
    from_completion = sets["anchor"] == "completion"
    end = sets.get("end")
    if isinstance(end, Length):
        start = due or first_date(sets["rule"], on_or_after=today)
        end = _last_day(end, start) if start else None
    text = ";".join(filter(None, (sets["rule"], end)))
    try:
        rule, start = begin_series(
            text, due=due, today=today, from_completion=from_completion
        )
    except RuleRefused:
        return due_date, ""
    until = read_rule(rule).until
    return (start, rule) if until is None or until >= start else (due_date, "")


def _last_day(length: Length, start: date) -> str | None:
    """Return UNTIL of a series that lasts so long, its first day included."""
    try:
        last = later(start, length.many, length.unit) - DAY
    except (ValueError, OverflowError):
        return None
    return f"UNTIL={last:%Y%m%d}" if last <= LAST_DATE else None
