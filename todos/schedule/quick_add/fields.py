"""From the parts of a line to the fields of a task."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from todos.schedule.quick_add.parts import Here, Part
from todos.schedule.recurrence import RuleRefused, begin_series
from todos.schedule.rules import read_rule

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Fields:
    """What a line says of its task, besides the title; None for what it leaves open."""

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


def settled(parts: Iterable[Part], here: Here) -> tuple[list[Part], Fields]:
    """Return the parts that hold, and what they come to.

    An end of no repeat, a repeat without a date, and a reminder of nothing don't hold.
    """
    kept = list(parts)
    sets = _settings(kept)
    if "end" in sets and "rule" not in sets:
        kept = [part for part in kept if "end" not in part.sets]
        sets = _settings(kept)
    fields = _fields(sets, here)
    if "rule" in sets and not fields.rrule:
        return settled([part for part in kept if "rule" not in part.sets], here)
    if not _can_remind(fields):
        kept = [part for part in kept if "reminder" not in part.sets]
        fields = replace(fields, reminder_minutes=None, reminder_time=None)
    return kept, fields


def _can_remind(fields: Fields) -> bool:
    if fields.reminder_minutes is not None:
        return fields.due_time is not None
    return fields.due_date is not None


def _settings(parts: Iterable[Part]) -> dict[str, Any]:
    settings: dict[str, Any] = {"labels": {}}
    for part in parts:
        if label := part.sets.get("label"):
            settings["labels"].setdefault(label.casefold(), label)
        else:
            settings |= part.sets
    return settings


def _fields(sets: Mapping[str, Any], here: Here) -> Fields:
    due_date, rule = _due_date(sets, here), ""
    if "rule" in sets:
        due_date, rule = _repeating(sets, due_date, here)
    reminder = sets.get("reminder")
    return Fields(
        list=sets.get("list"),
        labels=tuple(sets["labels"].values()),
        priority=sets.get("priority"),
        due_date=due_date,
        due_time=sets.get("due_time"),
        start_date=sets.get("start_date"),
        rrule=rule,
        rrule_anchor=sets["anchor"] if rule else "",
        reminder_minutes=reminder if isinstance(reminder, int) else None,
        reminder_time=reminder if isinstance(reminder, time) else None,
    )


def _due_date(sets: Mapping[str, Any], here: Here) -> date | None:
    """Return the date as said; of a time alone, the day when it comes next."""
    if "due_date" in sets or "due_time" not in sets:
        return sets.get("due_date")
    shown = here.clock.now_in()
    today = shown.date()
    is_to_come = datetime.combine(today, sets["due_time"]) > shown
    return today if is_to_come else today + DAY


def _repeating(
    sets: Mapping[str, Any], due_date: date | None, here: Here
) -> tuple[date | None, str]:
    """Return the first date and the rule; no rule where it can't be one."""
    text = ";".join(filter(None, (sets["rule"], sets.get("end"))))
    try:
        rule, start = begin_series(
            text,
            due=sets.get("due_date"),
            today=due_date or here.clock.today,
            from_completion=sets["anchor"] == "completion",
        )
    except RuleRefused:
        return due_date, ""
    until = read_rule(rule).until
    return (start, rule) if until is None or until >= start else (due_date, "")
