"""The dates of Todoist: phrases of its users, and dates of programs."""

from __future__ import annotations

import re
from dataclasses import replace
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from todos.imports import checks
from todos.imports.date_cells import read_moment
from todos.imports.files import Options
from todos.schedule.days import Clock
from todos.schedule.quick_add import Context, Fields, parse_phrase

REMEMBERED_MAX = 1_000  # dates; most tasks share theirs with others
# A date without words is the same in every language.
WORDLESS = re.compile(r"[-+0-9 :.,/TZ]+")


class DateReader:
    """Reads the dates of one import by the clock of its user."""

    def __init__(self, options: Options) -> None:
        self._clock, self._week_start = options.clock, options.week_start
        self._own_zone = str(options.clock.zone)
        self._remembered: dict[tuple[str, str, str], Fields | None] = {}

    def read(self, text: str, *, language: str, zone: str) -> Fields | None:
        """Return the date, time and recurrence of a cell; None if it can't be read.

        `zone` names the time zone of a time; empty is the user's.
        """
        key = text, language, zone
        if key in self._remembered:
            return self._remembered[key]
        found = self._found(text, language, zone)
        if len(self._remembered) < REMEMBERED_MAX:
            self._remembered[key] = found
        return found

    def _found(self, text: str, language: str, zone: str) -> Fields | None:
        is_english = language.lower().startswith("en")
        if is_english or WORDLESS.fullmatch(text):
            zone_read = ZoneInfo(self._name(zone))
            try:
                moment = read_moment(text, order="ymd").local(zone_read)
            except ValidationError:
                pass
            else:
                return Fields(due_date=moment.day, due_time=moment.at)
        return self._phrase(text, zone) if is_english else None

    def zone_of_time(self, zone: str) -> str:
        """Return the column for the zone of a time, which floats in the user's own.

        Raises:
            ValidationError: there is no such zone.
        """
        return "" if self._name(zone) == self._own_zone else checks.zone(zone)

    def _name(self, zone: str) -> str:
        return zone or self._own_zone

    def _phrase(self, text: str, zone: str) -> Fields | None:
        """Read a phrase; a date without a time is one of the user's calendar."""
        found = self._parsed(text, self._own_zone)
        if found is not None and found.due_time is not None:
            return self._parsed(text, self._name(zone))
        return found

    def _parsed(self, text: str, zone: str) -> Fields | None:
        clock: Clock = replace(self._clock, zone=ZoneInfo(zone))
        context = Context(clock=clock, week_start=self._week_start)
        return parse_phrase(text, context=context)
