"""Phrases that say how a task repeats, as rules of RFC 5545."""

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
from todos.schedule.quick_add.parts import Here
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
    """A rule without its end, and whether it counts from when the task was done."""

    rule: str
    is_from_completion: bool


Resolver = Callable[[re.Match[str], Here], str]
_RESOLVERS: dict[str, Resolver] = {}
_PATTERNS: list[str] = []


def _phrase(pattern: str) -> Callable[[Resolver], Resolver]:
    """Enter a function into the table of what may follow `every`."""

    def enter(resolve: Resolver) -> Resolver:
        name = f"phrase{resolve.__name__}"
        _RESOLVERS[name] = resolve
        _PATTERNS.append(f"(?P<{name}>{pattern})")
        return resolve

    return enter


@_phrase("(?:weekday|workday)s?")
def _workdays(found: re.Match[str], here: Here) -> str:
    return f"FREQ=WEEKLY;{WORKDAYS}"


@_phrase(f"(?P<week_step>{STEP})?weeks? on (?P<on_days>{DAYS})")
def _weeks_on(found: re.Match[str], here: Here) -> str:
    return _weekly(found["on_days"], _steps(found["week_step"]), here)


@_phrase(f"(?P<month_step>{STEP})?months? on (?:the )?(?P<on>{DAY_OF_MONTH})")
def _months_on(found: re.Match[str], here: Here) -> str:
    return _monthly(found["on"], _interval(found["month_step"]))


@_phrase(f"(?P<step>{STEP})?(?P<unit>day|week|month|year)s?")
def _units(found: re.Match[str], here: Here) -> str:
    return f"FREQ={FREQUENCIES[found['unit'].lower()]}{_interval(found['step'])}"


@_phrase("(?P<other_quarter>other )?quarter")
def _quarter(found: re.Match[str], here: Here) -> str:
    return f"FREQ=MONTHLY;INTERVAL={6 if found['other_quarter'] else 3}"


@_phrase(f"(?P<other>other )?(?P<days>{DAYS})")
def _weekdays(found: re.Match[str], here: Here) -> str:
    return _weekly(found["days"], 2 if found["other"] else 1, here)


@_phrase(
    rf"(?:(?:the )?(?P<d>\d\d?)(?:st|nd|rd|th)?(?: of)? (?P<m>{MONTH})"
    rf"|(?P<m2>{MONTH}) (?P<d2>\d\d?)(?:st|nd|rd|th)?)"
)
def _yearly(found: re.Match[str], here: Here) -> str:
    month, day = month_of(found["m"] or found["m2"]), int(found["d"] or found["d2"])
    date(2000, month, day)  # a leap year; a 31 February is no date at all
    # Where there is no 29 February, the 28th.
    days = "28,29;BYSETPOS=-1" if (month, day) == (2, 29) else str(day)
    return f"FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={days}"


@_phrase(f"(?P<day>{DAY_OF_MONTH})(?: of (?:the|each|every) month)?")
def _day_of_month(found: re.Match[str], here: Here) -> str:
    return _monthly(found["day"], "")


EVERY = re.compile(f"every(?P<again>!)? (?:{'|'.join(_PATTERNS)}){END}", re.I | re.A)


def read_repeat(text: str, start: int, here: Here) -> tuple[Repeat, int] | None:
    """Return the rule that a phrase at `start` names, and where the phrase ends."""
    found = EVERY.match(text, start)
    if found is None or found.lastgroup is None:
        return None
    try:
        rule = _RESOLVERS[found.lastgroup](found, here)
    except ValueError:
        return None  # every 32nd
    return Repeat(rule, found["again"] is not None), found.end()


def _steps(text: str | None) -> int:
    """Return how many days, weeks or months each step takes."""
    word = (text or "1").strip().lower()
    steps = 2 if word == "other" else number_of(word)
    if not 1 <= steps <= MAX_INTERVAL:
        raise ValueError("no such interval")
    return steps


def _interval(text: str | None) -> str:
    steps = _steps(text)
    return f";INTERVAL={steps}" if steps > 1 else ""


def _weekly(days: str, steps: int, here: Here) -> str:
    numbers = sorted({weekday_of(name) for name in re.findall(WEEKDAY, days, re.I)})
    codes = ",".join(CODES[number] for number in numbers)
    if steps == 1:
        return f"FREQ=WEEKLY;BYDAY={codes}"
    # Which days share a week depends on where it begins.
    begins = f";WKST={CODES[here.week_start]}" if here.week_start else ""
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
    """Return days of the month; a 31st is the last day of a shorter month."""
    last = numbers[-1]
    if not 1 <= numbers[0] <= last <= 31 or (len(numbers) > 1 and last > 28):
        raise ValueError("no such days of every month")
    if last <= 28:
        return ",".join(map(str, numbers))
    return ",".join(map(str, range(28, last + 1))) + ";BYSETPOS=-1"


UNTIL = re.compile("(?:until|till) ", re.I | re.A)
TIMES = re.compile(rf"(?:for )?(?P<times>{COUNT}) times{END}", re.I | re.A)


def read_until(text: str, start: int, here: Here) -> tuple[date, int] | None:
    """Return the last day that a phrase at `start` names, and where it ends."""
    found = UNTIL.match(text, start)
    dated = found and read_date(text, found.end(), here, is_marked=True)
    return (dated[0].day, dated[1]) if dated and not dated[0].at else None


def read_times(text: str, start: int) -> tuple[int, int] | None:
    """Return how often a task is to be done, and where the phrase ends."""
    found = TIMES.match(text, start)
    times = number_of(found["times"]) if found else 0
    return (times, found.end()) if found and 1 <= times <= MAX_COUNT else None
