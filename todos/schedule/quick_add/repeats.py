"""Phrases for recurrence, converted to rules of RFC 5545."""

import re
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from todos.schedule.quick_add.dates import (
    END,
    MONTH,
    WEEKDAY,
    month_of,
    read_date,
    weekday_of,
)
from todos.schedule.quick_add.numbers import COUNT, ORDINAL, number_of
from todos.schedule.quick_add.parts import Context
from todos.schedule.rules import MAX_COUNT, MAX_INTERVAL
from todos.schedule.rules import WEEKDAYS as CODES

WORKDAYS = "BYDAY=MO,TU,WE,TH,FR"
FREQUENCIES = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}

AND = "(?:,? and |, ?| & )"
DAYS = f"{WEEKDAY}s?(?:{AND}{WEEKDAY}s?)*"
NTHS = f"{ORDINAL}(?:{AND}{ORDINAL})*"
DAY_OF_MONTH = f"last day|(?:last|{ORDINAL}) {WEEKDAY}|{NTHS}"
STEP = f"(?:other|{ORDINAL}|{COUNT}) "


class Repeat(NamedTuple):
    """A rule without its end, and whether it counts from completion."""

    rule: str
    is_from_completion: bool


Resolver = Callable[[re.Match[str], Context], str]
_RESOLVERS: dict[str, Resolver] = {}
_PATTERNS: list[str] = []


def _phrase(pattern: str) -> Callable[[Resolver], Resolver]:
    """Add a function to the table of phrases that can follow `every`."""

    def add(resolve: Resolver) -> Resolver:
        name = f"phrase{resolve.__name__}"
        _RESOLVERS[name] = resolve
        _PATTERNS.append(f"(?P<{name}>{pattern})")
        return resolve

    return add


@_phrase("(?:weekday|workday)s?")
def _workdays(found: re.Match[str], context: Context) -> str:
    return f"FREQ=WEEKLY;{WORKDAYS}"


@_phrase(f"(?P<week_step>{STEP})?weeks? on (?P<on_days>{DAYS})")
def _weeks_on(found: re.Match[str], context: Context) -> str:
    return _weekly(found["on_days"], _steps(found["week_step"]), context)


@_phrase(f"(?P<month_step>{STEP})?months? on (?:the )?(?P<on>{DAY_OF_MONTH})")
def _months_on(found: re.Match[str], context: Context) -> str:
    return _monthly(found["on"], _interval(found["month_step"]))


@_phrase(f"(?P<step>{STEP})?(?P<unit>day|week|month|year)s?")
def _units(found: re.Match[str], context: Context) -> str:
    return f"FREQ={FREQUENCIES[found['unit'].lower()]}{_interval(found['step'])}"


@_phrase("(?P<other_quarter>other )?quarter")
def _quarter(found: re.Match[str], context: Context) -> str:
    return f"FREQ=MONTHLY;INTERVAL={6 if found['other_quarter'] else 3}"


@_phrase(f"(?P<other>other )?(?P<days>{DAYS})")
def _weekdays(found: re.Match[str], context: Context) -> str:
    return _weekly(found["days"], 2 if found["other"] else 1, context)


@_phrase(
    rf"(?:(?:the )?(?P<d>\d\d?)(?:st|nd|rd|th)?(?: of)? (?P<m>{MONTH})"
    rf"|(?P<m2>{MONTH}) (?P<d2>\d\d?)(?:st|nd|rd|th)?)"
)
def _yearly(found: re.Match[str], context: Context) -> str:
    month, day = month_of(found["m"] or found["m2"]), int(found["d"] or found["d2"])
    date(2000, month, day)  # a leap year; 31 February is never a date
    # In years without 29 February, the 28th.
    days = "28,29;BYSETPOS=-1" if (month, day) == (2, 29) else str(day)
    return f"FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={days}"


@_phrase(f"(?P<day>{DAY_OF_MONTH})(?: of (?:the|each|every) month)?")
def _day_of_month(found: re.Match[str], context: Context) -> str:
    return _monthly(found["day"], "")


EVERY = re.compile(f"every(?P<again>!)? (?:{'|'.join(_PATTERNS)}){END}", re.I | re.A)


def read_repeat(text: str, start: int, context: Context) -> tuple[Repeat, int] | None:
    """Return the rule of the phrase at `start`, and where the phrase ends."""
    found = EVERY.match(text, start)
    if found is None or found.lastgroup is None:
        return None
    try:
        rule = _RESOLVERS[found.lastgroup](found, context)
    except ValueError:
        return None  # every 32nd
    return Repeat(rule, found["again"] is not None), found.end()


def _steps(text: str | None) -> int:
    """Return the interval in days, weeks or months."""
    word = (text or "1").strip().lower()
    steps = 2 if word == "other" else number_of(word)
    if not 1 <= steps <= MAX_INTERVAL:
        raise ValueError("no such interval")
    return steps


def _interval(text: str | None) -> str:
    steps = _steps(text)
    return f";INTERVAL={steps}" if steps > 1 else ""


def _weekly(days: str, steps: int, context: Context) -> str:
    numbers = sorted({weekday_of(name) for name in re.findall(WEEKDAY, days, re.I)})
    codes = ",".join(CODES[number] for number in numbers)
    if steps == 1:
        return f"FREQ=WEEKLY;BYDAY={codes}"
    # The start of the week decides which days are in the same week.
    begins = f";WKST={CODES[context.week_start]}" if context.week_start else ""
    return f"FREQ=WEEKLY;INTERVAL={steps};BYDAY={codes}{begins}"


def _monthly(days: str, interval: str) -> str:
    days = days.lower()
    every = f"FREQ=MONTHLY{interval}"
    if days == "last day":
        return f"{every};BYMONTHDAY=-1"
    if weekday := re.search(f" ({WEEKDAY})$", days):
        code = CODES[weekday_of(weekday[1])]
        which = days[: weekday.start()]
        ordinal = -1 if which == "last" else number_of(which)
        if ordinal > 5:
            raise ValueError("no month has so many")
        return f"{every};BYDAY={ordinal}{code}"
    numbers = sorted({number_of(nth) for nth in re.findall(ORDINAL, days)})
    return f"{every};BYMONTHDAY={_month_days(numbers)}"


def _month_days(numbers: list[int]) -> str:
    """Return BYMONTHDAY; the 31st is the last day of shorter months."""
    last = numbers[-1]
    if not 1 <= numbers[0] <= last <= 31 or (len(numbers) > 1 and last > 28):
        raise ValueError("no such days of every month")
    if last <= 28:
        return ",".join(map(str, numbers))
    return ",".join(map(str, range(28, last + 1))) + ";BYSETPOS=-1"


UNTIL = re.compile("(?:until|till) ", re.I | re.A)
TIMES = re.compile(rf"(?:for )?(?P<times>{COUNT}) times{END}", re.I | re.A)


def read_until(text: str, start: int, context: Context) -> tuple[date, int] | None:
    """Return the last day of the phrase at `start`, and where the phrase ends."""
    found = UNTIL.match(text, start)
    dated = found and read_date(text, found.end(), context, is_marked=True)
    return (dated[0].day, dated[1]) if dated and not dated[0].at else None


def read_times(text: str, start: int) -> tuple[int, int] | None:
    """Return the number of occurrences, and where the phrase ends."""
    found = TIMES.match(text, start)
    times = number_of(found["times"]) if found else 0
    return (times, found.end()) if found and 1 <= times <= MAX_COUNT else None
