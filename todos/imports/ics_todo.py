"""One to-do of a calendar as the row of a task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from todos.actions.imports.rows import TaskRow
from todos.exports.ics import PRIORITIES
from todos.imports import checks
from todos.imports.ics_ahead import Override
from todos.imports.ics_alarms import reminder_of
from todos.imports.ics_components import ALARM, Component, Property
from todos.imports.ics_dates import DateReader, Schedule
from todos.imports.ics_leftovers import VALUE_MAX, Leftovers
from todos.imports.ics_schedule import schedule_of
from todos.limits import LABEL_MAX_LENGTH, LABELS_MAX, TITLE_MAX_LENGTH
from todos.models import label_key
from todos.schedule.days import Clock

# Added to the notes, as tasks have no field for them.
NOTED = (
    "LOCATION",
    "GEO",
    "URL",
    "COMMENT",
    "CONTACT",
    "ORGANIZER",
    "ATTENDEE",
    "ATTACH",
    "CONFERENCE",
    "LINK",
    "RESOURCES",
    "ESTIMATED-DURATION",
)
# What is read in other ways, and what is about the file instead of the task.
KNOWN = frozenset(
    (*NOTED, "SUMMARY", "DESCRIPTION", "PRIORITY", "STATUS", "PERCENT-COMPLETE")
    + ("COMPLETED", "CREATED", "LAST-MODIFIED", "CATEGORIES", "CLASS", "RELATED-TO")
    + ("DUE", "DTSTART", "DURATION", "RRULE", "EXDATE", "EXRULE", "RDATE", "UID")
    + ("DTSTAMP", "SEQUENCE", "RECURRENCE-ID")
    + ("X-OWNLIST-LIST", "X-OWNLIST-ANCHOR", "X-OWNLIST-START")
)
STATUSES = {"NEEDS-ACTION", "IN-PROCESS", "COMPLETED", "CANCELLED"}
CATEGORIES_MAX = 100  # of a to-do that are checked; a task has fewer labels
NO_FIELD = "Tasks have no field for it."
ONLY_ONE = "A to-do has one, so only the first is used."


def title_of(todo: Component) -> str:
    summary = todo.first("SUMMARY")
    if summary is None or summary.is_binary:
        return ""
    return " ".join(summary.text.split())


class TodoReader:
    """Reads one to-do; what a task has no field for goes to the leftovers."""

    def __init__(
        self,
        todo: Component,
        leftovers: Leftovers,
        clock: Clock,
        zones: Mapping[str, str],
    ) -> None:
        self._todo, self._leftovers, self._clock = todo, leftovers, clock
        self._dates = DateReader(todo, zones, leftovers)
        self._fields: dict[str, Any] = {}

    def row(
        self, source: str, title: str, parent: str, overrides: Sequence[Override]
    ) -> TaskRow:
        """Return the row of the task."""
        todo, leftovers = self._todo, self._leftovers
        leftovers.describe(todo)
        self._take_title(title)
        schedule = schedule_of(todo, self._dates, overrides, self._clock, leftovers)
        self._fields |= schedule.columns
        self._take_state(schedule)
        self._take_priority()
        if todo.components:
            zone = self._clock.zone
            self._fields |= reminder_of(todo, schedule, zone, leftovers)
        labels, list_name = self._labels(), self._list_name()
        for name in NOTED:
            if name in todo.properties:
                leftovers.keep(todo.properties[name], NO_FIELD)
        if "CLASS" in todo.properties:
            self._name_class()
        self._fields["notes"] = leftovers.notes()
        return TaskRow(
            row=leftovers.row,
            source=source,
            parent=parent,
            list_name=list_name,
            labels=labels,
            fields={k: v for k, v in self._fields.items() if v is not None},
        )

    def _single(self, name: str) -> Property | None:
        """Return a property that a to-do has only once; others go to the notes."""
        properties = self._todo.properties.get(name)
        if not properties:
            return None
        first = properties[0]
        if len(properties) > 1:
            more = [one for one in properties if one.value != first.value]
            self._leftovers.keep(more, ONLY_ONE)
        return first

    def _take_title(self, title: str) -> None:
        leftovers = self._leftovers
        self._single("SUMMARY")
        title = leftovers.clean("summary", title)
        if len(title) > TITLE_MAX_LENGTH:
            leftovers.add(title)
            title = f"{title[: TITLE_MAX_LENGTH - 1]}…"
            message = "The title was cut. All of it was added to the notes."
            leftovers.notice("summary", message)
        try:
            self._fields["title"] = checks.title(title)
        except ValidationError as exc:
            missing = "The title is missing: the task is named Untitled."
            message = exc.messages[0] if title else missing
            leftovers.notice("summary", message, line=self._todo.line)
            self._fields["title"] = "Untitled"

    def _list_name(self) -> str:
        prop = self._todo.first("X-OWNLIST-LIST")
        if prop is None:
            return ""
        try:
            return checks.list_name(prop.text)
        except ValidationError as exc:
            self._leftovers.keep([prop], exc.messages[0])
            return ""

    def _labels(self) -> tuple[str, ...]:
        """Return the labels, as many as a task can have; the rest goes to the notes."""
        names: dict[str, str] = {}
        rest: list[str] = []
        texts = (text for one in self._todo.every("CATEGORIES") for text in one.texts)
        unique = dict.fromkeys(filter(None, map(str.strip, texts)))
        for number, name in enumerate(unique):
            if len(names) >= LABELS_MAX or number >= CATEGORIES_MAX:
                rest.append(name)
                continue
            try:
                label = checks.label_name(name)
                names.setdefault(label_key(label), label)
            except ValidationError:
                rest.append(name)
        if rest:
            message = (
                f"A task has at most {LABELS_MAX} labels of {LABEL_MAX_LENGTH}"
                " characters. The others were added to the notes."
            )
            self._leftovers.notice("categories", message)
            self._leftovers.add(f"Categories: {', '.join(rest)}"[:VALUE_MAX])
        return tuple(names.values())

    def _take_priority(self) -> None:
        prop = self._single("PRIORITY")
        theirs = prop.value.strip() if prop is not None else ""
        if prop is None or theirs == "0":
            return
        number = int(theirs) if theirs.isdecimal() and len(theirs) == 1 else 10
        # iCalendar has nine priorities, Ownlist four.
        ours = [own for own, least in PRIORITIES.items() if number <= least]
        if ours:
            self._fields["priority"] = ours[0]
        else:
            self._leftovers.keep([prop], "It must be a number from 0 to 9.")

    def _name_class(self) -> None:
        """Add a notice for a to-do that is not public: here none is."""
        prop = self._single("CLASS")
        if prop is not None and prop.value.strip().upper() != "PUBLIC":
            message = "It was left out, as every task is private."
            self._leftovers.notice("class", message, line=prop.line)

    # --- States

    def _take_state(self, schedule: Schedule) -> None:
        """Set when the task was completed: STATUS decides, if there is one."""
        status = self._status()
        completed = self._dates.instant("COMPLETED", self._clock.zone)
        percent = self._percent()
        is_done = status == "COMPLETED" or schedule.is_over
        if not status:
            is_done |= completed is not None or percent == 100
        if is_done:
            done_at = completed or schedule.done_at or self._clock.now
            self._fields["completed_at"] = done_at
        else:
            self._keep_progress(f"STATUS is {status}.", completed, percent)
        if status == "CANCELLED":
            self._fields["trashed_at"] = self._clock.now
            message = "It was cancelled: imported into the trash."
            self._leftovers.notice("status", message)
        for name, column in (
            ("CREATED", "created_at"),
            ("LAST-MODIFIED", "updated_at"),
        ):
            self._fields[column] = self._dates.instant(name, self._clock.zone)

    def _status(self) -> str:
        prop = self._single("STATUS")
        if prop is None:
            return ""
        status = prop.value.strip().upper()
        if status in STATUSES:
            return status
        self._leftovers.keep([prop], "This is not the status of a to-do.")
        return ""

    def _percent(self) -> int:
        prop = self._single("PERCENT-COMPLETE")
        text = prop.value.strip() if prop is not None else "0"
        if text.isascii() and text.isdecimal() and len(text) <= 3 and int(text) <= 100:
            return int(text)
        if prop is not None:
            self._leftovers.keep([prop], "It must be a number from 0 to 100.")
        return 0

    def _keep_progress(
        self, message: str, completed: datetime | None, percent: int
    ) -> None:
        """Keep how far an open task is, and what its status contradicts."""
        if completed is not None:
            self._leftovers.keep(self._todo.every("COMPLETED")[:1], message)
        if percent:
            properties = self._todo.every("PERCENT-COMPLETE")[:1]
            self._leftovers.keep(properties, message if percent == 100 else NO_FIELD)


def ignored_in(todo: Component) -> Iterator[str]:
    """Yield the names of properties and components that are not imported."""
    yield from todo.properties.keys() - KNOWN
    yield from {one.name for one in todo.components} - {ALARM}
