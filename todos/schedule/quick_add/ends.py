"""Phrases for the end of a recurrence: `until friday`, `for 3 weeks`, `10 times`."""

import re
from datetime import date

from todos.schedule.quick_add.calendars import MONTH, last_of, month_of
from todos.schedule.quick_add.dates import END, UNIT, read_date
from todos.schedule.quick_add.numbers import COUNT, number_of
from todos.schedule.quick_add.parts import Context, Length
from todos.schedule.rules import MAX_COUNT

UNTIL = re.compile("(?:until|till|ending(?: on)?) ", re.I | re.A)
WHOLE_MONTH = re.compile(
    rf"(?P<month>{MONTH})(?: (?P<year>2\d{{3}}))?{END}", re.I | re.A
)
TIMES = re.compile(rf"(?P<for_>for )?(?P<times>{COUNT}) times{END}", re.I | re.A)
# After "every day", "3 times" could be those of a day; with `for` it is the end.
WHOLE_PERIODS = re.compile("FREQ=[A-Z]+(?:;INTERVAL=[0-9]+)?")
LENGTH = re.compile(rf"for (?P<many>{COUNT}) (?P<unit>{UNIT})s?{END}", re.I | re.A)


def read_until(text: str, start: int, context: Context) -> tuple[date, int] | None:
    """Return the last day of the phrase at `start`, and where the phrase ends."""
    found = UNTIL.match(text, start)
    if found is None:
        return None
    if dated := read_date(text, found.end(), context, is_marked=True):
        return None if dated[0].at else (dated[0].day, dated[1])
    month = WHOLE_MONTH.match(text, found.end())
    return (_last_day_of(month, context), month.end()) if month else None


def _last_day_of(found: re.Match[str], context: Context) -> date:
    """Return the last day of a month; without a year, of the next such month."""
    today, month = context.clock.today, month_of(found["month"])
    year = int(found["year"] or today.year + (month < today.month))
    return last_of("month", date(year, month, 1), context)


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
