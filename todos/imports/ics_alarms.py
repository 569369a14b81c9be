"""The reminder of a task from the alarms of a to-do (RFC 5545 section 3.6.6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from todos.imports.ics_components import ALARM, Component, Property
from todos.imports.ics_dates import Schedule, When, read_duration, read_when
from todos.imports.ics_leftovers import Leftovers
from todos.limits import REMINDER_MINUTES_MAX
from todos.schedule.instants import wall_clock

# An alarm at a place has a trigger that means nothing (RFC 9074 section 8).
AT_A_PLACE = ("PROXIMITY", "X-APPLE-PROXIMITY")


def reminder_of(
    todo: Component, schedule: Schedule, zone: tzinfo, leftovers: Leftovers
) -> Mapping[str, int | time]:
    """Return the columns of the reminder: the first alarm that a task can have.

    The others go to the notes. `zone` is that of the user.
    """
    reminder: Mapping[str, int | time] = {}
    more: list[Property] = []
    for alarm in todo.components:
        triggers = alarm.every("TRIGGER")
        if alarm.name != ALARM or _is_none(alarm) or not triggers:
            continue
        if any(alarm.first(name) for name in AT_A_PLACE):
            message = "A reminder at a place was left out."
            leftovers.notice("valarm", message, line=alarm.line)
        elif (
            reminder
            or len(triggers) > 1  # none of them is certain
            or not (found := _reminder(triggers[0], schedule, zone))
        ):
            more += triggers
        else:
            reminder = found
            if alarm.first("REPEAT"):
                message = "A reminder is sent once: its repetition was left out."
                leftovers.notice("repeat", message, line=alarm.line)
    if reminder:
        leftovers.keep(more, "A task has one reminder.")
    else:
        leftovers.keep(more, "This reminder is not supported.")
    return reminder


def _is_none(alarm: Component) -> bool:
    action = alarm.first("ACTION")
    return action is not None and action.value.strip().upper() == "NONE"


def _reminder(
    trigger: Property, schedule: Schedule, zone: tzinfo
) -> Mapping[str, int | time]:
    due = schedule.due
    if due is None or due.is_vague:
        return {}
    try:
        at = _time_of(trigger, due, schedule.start, zone)
    except (ValueError, OverflowError, ValidationError):
        return {}
    before = (due.wall_clock - at) // timedelta(minutes=1)
    if due.at is not None and 0 <= before <= REMINDER_MINUTES_MAX:
        return {"reminder_minutes": before}
    return {"reminder_time": at.time()} if at.date() == due.day else {}


def _time_of(
    trigger: Property, due: When, start: When | None, zone: tzinfo
) -> datetime:
    """Return when an alarm goes off, as wall clock in the zone of the due time.

    Raises:
        ValueError, OverflowError, ValidationError: it is not known.
    """
    if trigger.parameters.get("VALUE", "").upper() == "DATE-TIME":
        instant = read_when(trigger, {}).instant()
        return wall_clock(instant, ZoneInfo(due.zone) if due.zone else zone)
    is_end = trigger.parameters.get("RELATED", "").upper() == "END"
    base = due if is_end or start is None else start
    if base.is_vague:
        raise ValueError
    return base.wall_clock_in(due.zone) + read_duration(trigger.value).total
