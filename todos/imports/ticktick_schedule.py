"""The dates, repeats and reminders in a row of a backup of TickTick."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from todos.imports import checks, local_times
from todos.imports.drafts import Draft
from todos.imports.ics_dates import read_duration
from todos.imports.local_times import When, when_of, whole_day
from todos.imports.tables import Cells
from todos.imports.zones import zone_named
from todos.models import Task
from todos.schedule.days import Clock
from todos.schedule.instants import instant_of
from todos.schedule.recurrence import RuleRefused

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
TRIGGER = re.compile(r"(?:TRIGGER(?:;RELATED=(START|END))?:)?(\S{1,40})", re.ASCII)
SEPARATORS = re.compile(r"[\n\r,]+")
REMINDERS = {"reminder_minutes", "reminder_time"}
SHOWN_MAX = 2_000  # characters of a cell that are added to the notes
WORKDAYS = "MO,TU,WE,TH,FR"


class Schedule:
    """Reads when a task is due, when it repeats, and when to remind of it."""

    def __init__(self, draft: Draft, cells: Cells, clock: Clock) -> None:
        self._draft = draft
        self._cells = cells
        self._clock = clock
        self._zone, self._zone_name = self._read_zone()

    def _cell(self, name: str) -> str:
        return self._cells.get(name, "")

    def keep_cell(self, name: str, message: str) -> None:
        self._draft.keep(name, self._cell(name)[:SHOWN_MAX], message)

    def instant(self, name: str) -> datetime | None:
        """Return the instant in a cell; None for an empty or an invalid one."""
        try:
            readings = self._readings(self._cell(name)) if self._cell(name) else []
            return checks.instant(readings[-1].isoformat()) if readings else None
        except (ValueError, OverflowError, ValidationError):
            self.keep_cell(name, "Not a valid date.")
            return None

    def _read_zone(self) -> tuple[tzinfo, str]:
        """Return the zone of the dates, and what to store: empty if they float."""
        name, own = self._cell("Timezone"), self._clock.zone
        zone = zone_named(name) if name else ""
        if not zone:
            if name and (self._cell("Start Date") or self._cell("Due Date")):
                message = "Unknown time zone: its dates are read in yours."
                self.keep_cell("Timezone", message)
            return own, ""
        floats = zone == str(own) or self._cell("Is Floating").lower() == "true"
        return ZoneInfo(zone), "" if floats else zone

    def take(self) -> None:
        start, due = self._when("Start Date"), self._when("Due Date")
        if start and due and self._is_all_day and start.day < due.day:
            due = When(due.day - timedelta(days=1))
            message = "Whole days end at the next midnight: it is due on the last day."
            self._draft.checker.notice("Due Date", message)
        if due is None:
            start, due = None, start
        if due is None:
            for name in ("Repeat", "Reminder"):
                if self._cell(name):
                    self.keep_cell(name, "It needs a date.")
            return
        self._draft.fields |= due.columns()
        if start and start != due:
            self._take_start(start, due)
        self._take_rule(due, start)
        self._take_reminder(start or due, due)

    def _take_start(self, start: When, due: When) -> None:
        if start.is_after(due):
            self.keep_cell("Start Date", "It is after the due date.")
            return
        if start.day < due.day:
            self._draft.fields["start_date"] = start.day
        if start.at is not None:
            shown = start.wall_clock.isoformat(" ", "minutes")
            message = "A start has no time."
            self._draft.keep("Start Date", shown, message)

    @property
    def _is_all_day(self) -> bool:
        return self._cell("Is All Day").lower() == "true"

    def _when(self, name: str) -> When | None:
        """Return a date of the task; one that is not certain goes into the notes."""
        if not (cell := self._cell(name)):
            return None
        try:
            return self._read_date(name, cell)
        except (ValueError, OverflowError, ValidationError):
            self.keep_cell(name, "Not a valid date.")
            return None

    def _read_date(self, name: str, cell: str) -> When | None:
        if DAY.fullmatch(cell):
            return When(checks.day(cell))
        readings = self._readings(cell)
        days = {
            one.astimezone(self._zone).date()
            for one in readings
            if local_times.is_start_of_day(one, self._zone)
        }
        if self._is_all_day or (days and not self._cell("Is All Day")):
            return self._whole_day(name, readings, days)
        whens = [when_of(one, self._zone, name=self._zone_name) for one in readings]
        if len(set(whens)) == 1:
            return whens[0]
        if len({when.day for when in whens}) == 1:
            message = "Without an offset from UTC, its time is not certain."
            self.keep_cell(name, message)
            return When(whens[0].day)
        message = "Without an offset from UTC, the date is not certain."
        self.keep_cell(name, message)
        return None

    def _whole_day(
        self, name: str, readings: list[datetime], days: set[date]
    ) -> When | None:
        """Return a date without a time, if it is certain.

        `days` are the days that begin at one of the `readings`.
        """
        if not days and len(readings) == 1:
            days = {day for day in [whole_day(readings[0], self._zone)] if day}
        if len(days) == 1:
            return When(checks.day(days.pop().isoformat()))
        message = "It is not midnight in its time zone, so the date is not certain."
        self.keep_cell(name, message)
        return None

    def _readings(self, cell: str) -> list[datetime]:
        """Return the instant; the possible ones, in UTC first, if it has no offset."""
        if INSTANT.fullmatch(cell) is None:
            raise ValueError
        found = datetime.fromisoformat(cell).replace(microsecond=0)
        if found.tzinfo is not None:
            return [found.astimezone(UTC)]
        there = instant_of(found.date(), found.time(), self._zone)
        return [found.replace(tzinfo=UTC), there]

    # --- Repeats and reminders

    def _take_rule(self, due: When, start: When | None) -> None:
        if not (cell := self._cell("Repeat")):
            return
        try:
            text = _rule_text(cell)
            rule = local_times.rule_for(text, due, self._zone, start=start)
        except RuleRefused as exc:
            self.keep_cell("Repeat", str(exc))
            return
        self._draft.fields |= {"rrule": rule, "rrule_anchor": Task.Anchor.DUE.value}

    def _take_reminder(self, start: When, due: When) -> None:
        left_out = []
        for text in dict.fromkeys(SEPARATORS.split(self._cell("Reminder"))):
            columns = self._reminder(text.strip(), start, due)
            if columns and not REMINDERS & self._draft.fields.keys():
                self._draft.fields |= columns
            elif text.strip():
                left_out.append(text.strip())
        if left_out:
            message = "A task has one reminder: before its time, or on its date."
            self._draft.keep("Reminder", ", ".join(left_out)[:SHOWN_MAX], message)

    def _reminder(self, text: str, start: When, due: When) -> dict[str, object] | None:
        match = TRIGGER.fullmatch(text.upper())
        if match is None:
            return None
        try:
            after = read_duration(match[2]).total
            base = due if match[1] == "END" else start
            return local_times.reminder_columns(due, base.wall_clock + after)
        except (OverflowError, ValueError):
            return None


def _rule_text(cell: str) -> str:
    """Return the rule of a cell, with the parts of TickTick as those of RFC 5545.

    Raises:
        RuleRefused: it is not a rule, or has a part that no rule can express.
    """
    text = cell.upper().replace(" ", "").removeprefix("RRULE:")
    pieces = [piece.partition("=") for piece in text.split(";") if piece]
    parts = {name: value for name, sign, value in pieces if sign}
    if ":" in text or text.split() != [text] or len(parts) < len(pieces):
        raise RuleRefused("Only rules such as RRULE:FREQ=DAILY can be imported.")
    skipped, workday = parts.pop("TT_SKIP", ""), parts.pop("TT_WORKDAY", "")
    if skipped == "WEEKEND" and _is_daily(parts):
        parts |= {"FREQ": "WEEKLY", "BYDAY": WORKDAYS}
    elif skipped:
        raise RuleRefused(f"TT_SKIP={skipped[:50]} can't be imported.")
    if workday in {"1", "-1"} and parts.pop("BYMONTHDAY", workday) == workday:
        parts |= {"BYDAY": WORKDAYS, "BYSETPOS": workday}
    elif workday:
        raise RuleRefused(f"TT_WORKDAY={workday[:50]} can't be imported.")
    # Parts without a value are left out.
    return ";".join(f"{name}={value}" for name, value in parts.items() if value)


def _is_daily(parts: Mapping[str, str]) -> bool:
    return (
        parts.get("FREQ") == "DAILY"
        and parts.get("INTERVAL", "1") == "1"
        and not any(name.startswith("BY") for name in parts)
    )
