"""Phrases for the end of a recurrence: `until friday`, `for 3 weeks`, `10 times`."""

import re
from datetime import date

from todos.schedule.quick_add.dates import END, UNIT, read_date
from todos.schedule.quick_add.numbers import COUNT, number_of
from todos.schedule.quick_add.parts import Context, Length
from todos.schedule.rules import MAX_COUNT

UNTIL = re.compile("(?:until|till|ending(?: on)?) ", re.I | re.A)
TIMES = re.compile(rf"(?P<for_>for )?(?P<times>{COUNT}) times{END}", re.I | re.A)
# After "every day", "3 times" could be those of a day; with `for` it is the end.
WHOLE_PERIODS = re.compile("FREQ=[A-Z]+(?:;INTERVAL=[0-9]+)?")
LENGTH = re.compile(rf"for (?P<many>{COUNT}) (?P<unit>{UNIT})s?{END}", re.I | re.A)


def read_until(text: str, start: int, context: Context) -> tuple[date, int] | None:
    """Return the last day of the phrase at `start`, and where the phrase ends."""
    found = UNTIL.match(text, start)
    dated = found and read_date(text, found.end(), context, is_marked=True)
    return (dated[0].day, dated[1]) if dated and not dated[0].at else None


def read_times(text: str, start: int, rule: str) -> tuple[int, int] | None:
    """Return the number of occurrences, and where the phrase ends."""
    found = TIMES.match(text, start)
    if found and not found["for_"] and WHOLE_PERIODS.fullmatch(rule):
        return None
    times = number_of(found["times"]) if found else 0
    return (times, found.end()) if found and 1 <= times <= MAX_COUNT else None


def read_length(text: str, start: int) -> tuple[Length, int] | None:
    """Return how long the series lasts, and where the phrase ends."""
    found = LENGTH.match(text, start)
    many = number_of(found["many"]) if found else 0
    if found is None or many < 1:
        return None
    return Length(many, found["unit"].lower()), found.end()
