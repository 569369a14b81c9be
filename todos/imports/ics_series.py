"""The rule of a repeating to-do, and its first occurrence that is not done.

A task repeats by its rule alone. So occurrences that are done, cancelled or excluded
before the first one to do are passed: the series begins after them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from todos.imports import checks
from todos.imports.ics_ahead import Override
from todos.imports.ics_components import Component, Lines, Property
from todos.imports.ics_dates import Schedule, When, read_when
from todos.imports.ics_leftovers import Leftovers
from todos.imports.rules import tidy_rule
from todos.models import Task
from todos.schedule.instants import wall_clock
from todos.schedule.recurrence import (
    RuleRefused,
    count_of,
    normalise_rule,
)
from todos.schedule.windows import Dates, dates_after

UNTIL = re.compile(r"(?<![^;])UNTIL=(\d{8})T(\d{6})(Z?)", re.ASCII)
EXDATE_MAX = 800  # characters of one to-do that are compared: 50 times or 90 dates
COUNT = re.compile(r"(?<=COUNT=)\d+", re.ASCII)


class Position(NamedTuple):
    """An occurrence: its dates, how many are before it, and whether all are passed."""

    dates: Dates
    before: int = 0
    is_over: bool = False

    @property
    def day(self) -> date:
        """The date that the file counts from: the start, if there is one."""
        return self.dates.start or self.dates.due


class SeriesReader:
    """Reads how a to-do repeats, into its schedule."""

    def __init__(
        self, todo: Component, overrides: Sequence[Override], leftovers: Leftovers
    ) -> None:
        self._todo, self._overrides, self._leftovers = todo, overrides, leftovers
        self._exdates: list[list[date | None]] | None = None

    def read(self, schedule: Schedule) -> None:
        """Set the rule of the schedule, and move its dates to the first one to do."""
        rules = self._todo.every("RRULE")
        base = schedule.start or schedule.due  # a rule counts from it
        first = None
        if rules and (due := schedule.due) is not None and base is not None:
            first = self._begin(rules, schedule, due, base)
        elif rules:
            self._leftovers.keep(rules, "A repeating task needs a date.")
        if self._overrides:
            self._name_overrides(base, first)
        self._name_exceptions(base, first)

    def _begin(
        self, rules: Sequence[Property], schedule: Schedule, due: When, base: When
    ) -> Position | None:
        texts = {tidy_rule(one.value) for one in rules}
        if len(texts) > 1:
            self._leftovers.keep(rules, "A task has one rule.")
            return None
        text = with_local_until(texts.pop(), base)
        try:
            rule = normalise_rule(text, due=due.day)
        except RuleRefused as exc:
            self._leftovers.keep(rules[:1], str(exc))
            return None
        first = Position(Dates(due.day, schedule.start and schedule.start.day))
        if passed := set(self._passed(base)):
            first = first_open(rule, first.dates, passed)
        if first.before:
            schedule.move(first.dates.due, first.dates.start)
            rule = COUNT.sub(lambda found: str(int(found[0]) - first.before), rule)
        if first.is_over:
            schedule.is_over, schedule.done_at = True, self._done_at()
            if not self._overrides:
                message = "All of its dates are excluded, so the task is done."
                self._leftovers.notice("exdate", message)
        anchor = self._todo.first("X-OWNLIST-ANCHOR")
        is_ours = anchor is not None and anchor.value == Task.Anchor.COMPLETION
        schedule.columns["rrule"] = rule
        schedule.columns["rrule_anchor"] = (
            Task.Anchor.COMPLETION.value if is_ours else Task.Anchor.DUE.value
        )
        return first

    # --- Occurrences that are done, cancelled or excluded

    def _passed(self, base: When) -> Iterator[date | None]:
        for override in self._overrides:
            if override.is_passed:
                prop = override.recurrence_id
                yield _date_in_series(prop, prop.value, base)
        for days in self._excluded(base):
            yield from days

    def _excluded(self, base: When) -> list[list[date | None]]:
        """Return the dates of each EXDATE; None for dates that are too many."""
        if self._exdates is None:
            self._exdates, size = [], 0
            for prop in self._todo.every("EXDATE"):
                size += len(prop.value)
                values = prop.value.split(",") if size <= EXDATE_MAX else [""]
                days = [_date_in_series(prop, value, base) for value in values]
                self._exdates.append(days)
        return self._exdates

    def _done_at(self) -> datetime | None:
        """Return when the last of the done occurrences was completed, if it says so."""
        times = []
        for override in self._overrides:
            if override.completed is not None:
                try:
                    at = read_when(override.completed, {}).instant()
                    times.append(checks.instant(at.isoformat()))
                except (ValueError, ValidationError):
                    continue
        return max(times, default=None)

    def _name_overrides(self, base: When | None, first: Position | None) -> None:
        """Add notices about the occurrences that the file has changed."""
        done, changed = Lines(), Lines()
        for override in self._overrides:
            prop = override.recurrence_id
            day = base and _date_in_series(prop, prop.value, base)
            is_before = _is_before(day, first)
            lines = done if override.is_passed and is_before else changed
            lines.add(prop.line)
        if done.count:
            message = f"Done or cancelled occurrences: {done.count}. "
            if first is not None and first.is_over:
                message += "These are all, so the task is done."
            else:
                message += "The task is due on the first that is not."
            self._leftovers.notice("recurrence-id", message, line=done)
        if changed.count:
            message = "Changed occurrences of a to-do are not imported."
            self._leftovers.notice("recurrence-id", message, line=changed)

    def _name_exceptions(self, base: When | None, first: Position | None) -> None:
        """Keep the dates that the series still has to exclude or add."""
        message = "A task repeats by RRULE alone."
        for name in ("EXDATE", "EXRULE", "RDATE"):
            properties = self._todo.every(name)
            if name == "EXDATE" and base is not None:
                dates = zip(properties, self._excluded(base), strict=True)
                properties = [
                    one for one, days in dates if not _are_before(days, first)
                ]
            self._leftovers.keep(properties, message)


def _are_before(days: Sequence[date | None], first: Position | None) -> bool:
    return all(_is_before(day, first) for day in days)


def _is_before(day: date | None, first: Position | None) -> bool:
    if day is None or first is None:
        return False
    return day < first.day or first.is_over


def _date_in_series(prop: Property, value: str, base: When) -> date | None:
    """Return the date of an occurrence, as the series counts; None if not certain."""
    try:
        when = read_when(prop._replace(value=value), {})
        if when.is_vague:
            return None
        return when.wall_clock_in(base.zone).date() if base.at else when.day
    except (ValueError, ValidationError):
        return None


def first_open(rule: str, dates: Dates, passed: Collection[date | None]) -> Position:
    """Return the first occurrence whose date is not passed.

    If all are, it is the last one. Each step takes a passed date, so they bound the
    work.
    """
    count = count_of(rule)
    found = Position(dates)
    while found.day in passed:
        following = dates_after(rule, found.dates, after=found.dates.due)
        if following is None or found.before + 1 == count:
            return found._replace(is_over=True)
        found = Position(following, found.before + 1)
    return found


def with_local_until(rule: str, base: When) -> str:
    """Return a tidy rule with UNTIL as a date, as tasks repeat by dates.

    It is the last date on which an occurrence at the time of `base` is not after UNTIL.
    """

    def local(match: re.Match[str]) -> str:
        try:
            until = datetime.strptime(match[1] + match[2] + "Z", "%Y%m%d%H%M%S%z")
            if match[3]:
                shown = wall_clock(until, ZoneInfo(base.zone or "UTC"))
            else:
                shown = until.replace(tzinfo=None)
            if base.at is not None and shown.time() < base.at:
                shown -= timedelta(1)
        except (ValueError, OverflowError):
            return match[0]
        return f"UNTIL={shown:%Y%m%d}"

    return UNTIL.sub(local, rule)
