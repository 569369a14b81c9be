"""When a task is due, when it starts and how it repeats, from the dates of a to-do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from todos.imports.ics_ahead import Override
from todos.imports.ics_components import Component
from todos.imports.ics_dates import (
    MIDNIGHT,
    DateReader,
    Schedule,
    When,
    end_of,
    read_duration,
)
from todos.imports.ics_leftovers import Leftovers
from todos.imports.ics_series import SeriesReader
from todos.schedule.days import Clock
from todos.schedule.instants import wall_clock

REPEATS = ("RRULE", "EXDATE", "EXRULE", "RDATE")


def schedule_of(
    todo: Component,
    dates: DateReader,
    overrides: Sequence[Override],
    clock: Clock,
    leftovers: Leftovers,
) -> Schedule:
    """Return the schedule of a task; what it can't have goes to the leftovers."""
    due, start = dates.when("DUE"), dates.when("DTSTART")
    if todo.first("DURATION"):
        due = _due_by_duration(todo, due, start, leftovers)
    if todo.first("RRULE") and not todo.first("DUE") and due is None:
        due, start = start, None
    schedule = Schedule(due, start)
    if overrides or any(name in todo.properties for name in REPEATS):
        SeriesReader(todo, overrides, leftovers).read(schedule)
    columns, due, start = schedule.columns, schedule.due, schedule.start
    if due is not None:
        columns |= {"due_date": due.day, "due_time": due.at, "due_tz": due.zone}
    # A rule requires DTSTART: if it is the same as DUE, it is not a start.
    if start is not None and not ("rrule" in columns and start == due):
        columns["start_date"] = _start_date(todo, start, due, clock, leftovers)
    if own := dates.when("X-OWNLIST-START"):
        columns["start_date"] = own.day
    return schedule


def _due_by_duration(
    todo: Component, due: When | None, start: When | None, leftovers: Leftovers
) -> When | None:
    """Return the due date, which may be given as a duration (section 3.6.2)."""
    properties = todo.every("DURATION")
    if start is not None and not todo.first("DUE"):
        try:
            return end_of(start, read_duration(properties[0].value))
        except ValueError:
            pass
    leftovers.keep(properties, "It gives no due date.")
    return due


def _start_date(
    todo: Component, start: When, due: When | None, clock: Clock, leftovers: Leftovers
) -> date:
    """Return the date of the start, with a notice about its time.

    A time in UTC belongs to one of the user's dates; midnight is how programs write a
    date.
    """
    if start.at is None or start.at == MIDNIGHT:
        return start.day
    message = f"A task starts on a date: the time {start.at:%H:%M} was left out."
    leftovers.notice("dtstart", message, line=todo.every("DTSTART")[0].line)
    if start.zone != "UTC" or (due is not None and due.zone == "UTC"):
        return start.day
    return wall_clock(start.instant(), clock.zone).date()
