"""Importing to-dos of other programs: iCalendar (RFC 5545).

Properties without a field of their own are added to the notes, with a notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import IO, NamedTuple
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from icalendar import vDuration
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from accounts.models import known_timezones
from todos.actions.imports.rows import FileItem, RowIssue, TaskRow
from todos.exports.ics import PRIORITIES
from todos.imports import checks
from todos.imports.checks import RowChecker
from todos.imports.files import Options
from todos.imports.ics_components import TODO, Component, Property, components_of
from todos.imports.parents import ParentSorter
from todos.limits import LABELS_MAX, REMINDER_MINUTES_MAX
from todos.models import Task
from todos.schedule.instants import instant_of, wall_clock
from todos.schedule.recurrence import RuleRefused, normalise_rule

WHEN = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?", re.ASCII)
UNTIL = re.compile(r"UNTIL=(\d{8}T\d{6})Z", re.ASCII)
# Added to the notes, as tasks have no field for them.
NOTED = ("LOCATION", "URL", "COMMENT", "CONTACT", "ATTACH", "RESOURCES", "DURATION")
CATEGORIES_MAX = 10_000  # characters; the most labels that a task can have are shorter
MIDNIGHT = time(0)


class When(NamedTuple):
    """A date, perhaps with a time and a zone, as columns store them."""

    day: date
    at: time | None = None
    zone: str = ""

    @property
    def wall_clock(self) -> datetime:
        """What clocks in its zone show; midnight if it has no time."""
        return datetime.combine(self.day, self.at or MIDNIGHT)


def read(file: IO[bytes], options: Options) -> Iterator[FileItem]:
    """Yield the to-dos of a file, numbered from 1; steps come after their task.

    Raises:
        FileRefused: the file is not a calendar, or is truncated.
    """
    sorter = ParentSorter("related-to")
    row = others = 0
    for component in components_of(file, options):
        if component.name != TODO:
            others += component.name in {"VEVENT", "VJOURNAL"}
            continue
        row += 1
        checker = RowChecker(row)
        task = _Todo(component, checker, options).as_row()
        yield from checker.issues
        if task is not None and not checker.has_errors:
            yield from sorter.add(task)
    yield from sorter.rest()
    if others:
        message = f"{others} events and journals are not imported."
        yield RowIssue(None, "", message, is_error=False)


# --- One to-do ----------------------------------------------------------------------


class _Todo:
    """Converts one to-do into a row."""

    def __init__(
        self, component: Component, checker: RowChecker, options: Options
    ) -> None:
        self._component = component
        self._checker = checker
        self._options = options
        self._notes = [self._text("DESCRIPTION")]
        self._fields: dict[str, object] = {}
        self._due: When | None = None
        self._start: When | None = None  # alarms may be relative to it

    def as_row(self) -> TaskRow | None:
        """Return the row; None for a changed occurrence of another to-do."""
        if self._component.first("RECURRENCE-ID"):
            message = "Changed occurrences of a to-do are not imported."
            self._checker.notice("recurrence-id", message)
            return None
        self._take_title()
        self._take_dates()
        self._take_state()
        self._take_priority()
        self._take_alarm()
        for name in NOTED:
            self._add_to_notes(
                self._component.every(name), "Tasks have no field for it."
            )
        notes = "\n\n".join(note for note in self._notes if note)
        self._fields["notes"] = self._checker.take("description", checks.notes, notes)
        return TaskRow(
            row=self._checker.row,
            source=self._text("UID")[:500],
            parent=self._parent(),
            list_name=self._list_name(),
            labels=self._labels(),
            fields={k: v for k, v in self._fields.items() if v is not None},
        )

    def _text(self, name: str) -> str:
        one = self._component.first(name)
        return one.text.strip() if one else ""

    def _add_to_notes(self, properties: Sequence[Property], message: str) -> None:
        """Add properties with one name to the notes, with one notice."""
        if properties:
            name = properties[0].name
            self._notes += [f"{name.capitalize()}: {prop.text}" for prop in properties]
            self._checker.notice(name.lower(), f"{message} It was added to the notes.")

    def _take_title(self) -> None:
        title = " ".join(self._text("SUMMARY").split())
        if not title:
            title = "Untitled"
            self._checker.notice("summary", "The title is missing.")
        self._fields["title"] = self._checker.take("summary", checks.title, title)

    def _list_name(self) -> str:
        name = self._text("X-OWNLIST-LIST")
        if not name:
            return ""
        return self._checker.take("x-ownlist-list", checks.list_name, name) or ""

    def _parent(self) -> str:
        for one in self._component.every("RELATED-TO"):
            if one.parameters.get("RELTYPE", "PARENT").upper() == "PARENT":
                return one.text.strip()[:500]
        return ""

    def _labels(self) -> tuple[str, ...]:
        categories = self._component.every("CATEGORIES")
        if sum(len(one.value) for one in categories) > CATEGORIES_MAX:
            self._checker.error("categories", f"Use at most {LABELS_MAX} labels.")
            return ()
        names = [name for one in categories for name in one.texts if name.strip()]
        return self._checker.labels("categories", names)

    def _take_priority(self) -> None:
        theirs = self._text("PRIORITY")
        if theirs in {"", "0"}:
            return
        number = int(theirs) if theirs.isdecimal() and len(theirs) == 1 else 10
        # iCalendar has nine priorities, Ownlist four.
        ours = [own for own, least in PRIORITIES.items() if number <= least]
        if ours:
            self._fields["priority"] = ours[0]
        else:
            self._checker.notice("priority", "Ignored: must be a number from 0 to 9.")

    def _take_state(self) -> None:
        status = self._text("STATUS").upper()
        completed = self._instant("COMPLETED")
        if status == "COMPLETED" or (completed and not status):
            self._fields["completed_at"] = completed or self._options.clock.now
        if status == "CANCELLED":
            self._fields["trashed_at"] = self._options.clock.now
            self._checker.notice("status", "It was cancelled: imported into the trash.")
        self._fields["created_at"] = self._instant("CREATED")
        self._fields["updated_at"] = self._instant("LAST-MODIFIED")

    def _instant(self, name: str) -> datetime | None:
        one, when = self._component.first(name), self._when(name)
        if one is None or when is None:
            return None
        zone = ZoneInfo(when.zone) if when.zone else self._options.clock.zone
        at = instant_of(when.day, when.at or MIDNIGHT, zone)
        try:
            return checks.instant(at.isoformat())
        except ValidationError:  # in UTC it is before or after the supported dates
            self._add_to_notes([one], "Not a valid date.")
            return None

    # --- When it is due

    def _take_dates(self) -> None:
        due, start = self._when("DUE"), self._when("DTSTART")
        self._start = start
        rule = self._component.first("RRULE")
        if due is None and rule is not None:
            due, start = start, None
        self._due = due
        if due:
            self._fields |= {
                "due_date": due.day,
                "due_time": due.at,
                "due_tz": due.zone,
            }
        if start and not (rule and due and start.day == due.day):
            self._fields["start_date"] = start.day
        if own := self._when("X-OWNLIST-START"):
            self._fields["start_date"] = own.day
        if rule is not None:
            self._take_rule(rule, due)
        for name in ("EXDATE", "RDATE", "EXRULE"):
            properties = self._component.every(name)
            message = "A task repeats by RRULE alone."
            self._add_to_notes(properties, message)

    def _take_rule(self, rule: Property, due: When | None) -> None:
        if due is None:
            self._add_to_notes([rule], "A repeating task needs a date.")
            return
        try:
            text = normalise_rule(_with_local_until(rule.value, due), due=due.day)
        except RuleRefused as exc:
            self._add_to_notes([rule], str(exc))
            return
        anchor = self._text("X-OWNLIST-ANCHOR")
        is_ours = anchor in Task.Anchor.values
        self._fields["rrule"] = text
        self._fields["rrule_anchor"] = anchor if is_ours else Task.Anchor.DUE.value

    def _when(self, name: str) -> When | None:
        one = self._component.first(name)
        if one is None:
            return None
        try:
            return self._read(one)
        except (ValueError, ValidationError):
            self._add_to_notes([one], "Not a valid date.")
            return None

    def _read(self, one: Property) -> When:
        match = WHEN.fullmatch(one.value.strip())
        if match is None:
            raise ValueError
        day = checks.day(match[1])
        if match[2] is None:
            return When(day)
        at = checks.time_of_day(match[2])
        if match[3]:
            return When(day, at, "UTC")
        return When(day, at, self._zone(one))

    def _zone(self, one: Property) -> str:
        name = one.parameters.get("TZID", "")
        zone = zone_named(name)
        if name and not zone:
            unknown = Property("TZID", {}, name)
            self._add_to_notes(
                [unknown], "Unknown time zone: the time is imported without one."
            )
        return zone

    # --- When to be reminded

    def _take_alarm(self) -> None:
        alarms = [one for one in self._component.components if one.name == "VALARM"]
        if not alarms:
            return
        trigger = alarms[0].first("TRIGGER")
        reminder = trigger and self._reminder(trigger)
        if reminder:
            self._fields |= reminder
        elif trigger:
            self._add_to_notes([trigger], "This reminder is not supported.")
        if len(alarms) > 1:
            self._checker.notice(
                "valarm", "A task has one reminder: only the first is imported."
            )

    def _reminder(self, trigger: Property) -> dict[str, int | time] | None:
        due = self._due
        if due is None:
            return None
        try:
            at = self._alarm_time(trigger, due)
        except (ValueError, OverflowError, ValidationError):
            return None
        before = (due.wall_clock - at) // timedelta(minutes=1)
        if due.at is not None and 0 <= before <= REMINDER_MINUTES_MAX:
            return {"reminder_minutes": before}
        return {"reminder_time": at.time()} if at.date() == due.day else None

    def _alarm_time(self, trigger: Property, due: When) -> datetime:
        """Return when an alarm goes off, as wall clock in the zone of the due time."""
        if trigger.parameters.get("VALUE", "").upper() == "DATE-TIME":
            when = self._read(trigger)
            instant = datetime.combine(when.day, when.at or MIDNIGHT, UTC)
            zone = ZoneInfo(due.zone) if due.zone else self._options.clock.zone
            return wall_clock(instant, zone)
        is_end = trigger.parameters.get("RELATED", "START").upper() == "END"
        base = due if is_end or self._start is None else self._start
        offset: timedelta = vDuration.from_ical(  # type: ignore[no-untyped-call]
            trigger.value.strip()
        )
        return base.wall_clock + offset


def zone_named(name: str) -> str:
    """Return the IANA zone of a TZID; empty if it is unknown.

    The TZID can be the name of the zone, a path that ends in it, or its Windows name.
    """
    parts = name.strip("/").split("/")
    tails = ["/".join(parts[-length:]) for length in (3, 2, 1)]
    found = [one for one in [name, *tails] if one in known_timezones()]
    return found[0] if found else WINDOWS_TO_OLSON.get(name, "")


def _with_local_until(rule: str, due: When) -> str:
    """Return the rule with an UNTIL in UTC as a date in the zone of the due time."""

    def local(match: re.Match[str]) -> str:
        try:
            until = datetime.strptime(match[1] + "Z", "%Y%m%dT%H%M%S%z")
        except ValueError:
            return match[0]
        return f"UNTIL={wall_clock(until, ZoneInfo(due.zone or 'UTC')):%Y%m%d}"

    return UNTIL.sub(local, rule.upper())
