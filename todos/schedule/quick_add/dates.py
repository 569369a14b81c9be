"""Phrases for dates: a table of patterns, each with a function that returns the date.

A phrase consists of whole English words. An ambiguous date (4/7), a month alone and a
number alone are not dates.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from todos.schedule.instants import wall_clock
from todos.schedule.quick_add.numbers import COUNT, ORDINAL, number_of
from todos.schedule.quick_add.parts import Context

FIRST_YEAR, LAST_YEAR = 1900, 2999
MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    "|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
WEEKDAY = (
    "(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:s|nesday)?|thu(?:r(?:s(?:day)?)?)?"
    "|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
)
WEEKDAYS = "montuewedthufrisatsun"
SATURDAY = 5
DAY = timedelta(days=1)
# What can precede a date, and where a phrase ends.
LEAD = "(?:(?:on|by|due:?|starting) )?"
END = "[,;.!]?(?= |$)"


class Due(NamedTuple):
    """A date, and a time if the phrase contains one."""

    day: date
    at: time | None = None


Resolver = Callable[[re.Match[str], Context], Due | date]
_RESOLVERS: dict[str, Resolver] = {}
_PATTERNS: list[str] = []
_MARKED_PATTERNS: list[str] = []


def _phrase(
    pattern: str, *, only_marked: bool = False
) -> Callable[[Resolver], Resolver]:
    """Add a function to the table. Some phrases are only recognised after `due:`."""

    def add(resolve: Resolver) -> Resolver:
        name = f"phrase{resolve.__name__}"
        _RESOLVERS[name] = resolve
        patterns = _MARKED_PATTERNS if only_marked else _PATTERNS
        patterns.append(f"(?P<{name}>{pattern})")
        return resolve

    return add


# The short forms only in lower case: Tom is a name.
@_phrase("today|tonight|(?-i:tod)")
def _today(found: re.Match[str], context: Context) -> date:
    return context.clock.today


@_phrase("tomorrow|(?-i:tom|tmrw?)")
def _tomorrow(found: re.Match[str], context: Context) -> date:
    return context.clock.today + DAY


@_phrase(rf"(?:(?P<which>this|next|coming) )?(?P<weekday>{WEEKDAY})")
def _weekday(found: re.Match[str], context: Context) -> date:
    """`next` is in the next week; `this` can be today; otherwise it is after today."""
    today, day = context.clock.today, weekday_of(found["weekday"])
    which = (found["which"] or "").lower()
    if which == "next":
        return _in_next_week(day, context)
    first = today if which == "this" else today + DAY
    return first + (day - first.weekday()) % 7 * DAY


@_phrase("next (?P<next_unit>week|month|year)")
def _next(found: re.Match[str], context: Context) -> date:
    """Return its first day."""
    return _last_of(found["next_unit"].lower(), context.clock.today, context) + DAY


@_phrase("(?:the )?end of (?:(?:the|this|(?P<later>next)) )?(?P<ends>week|month|year)")
def _end_of(found: re.Match[str], context: Context) -> date:
    unit = found["ends"].lower()
    last = _last_of(unit, context.clock.today, context)
    return _last_of(unit, last + DAY, context) if found["later"] else last


@_phrase(rf"(?:the )?end of (?P<ends_month>{MONTH})(?: (?P<ends_year>\d{{4}}))?")
def _end_of_month(found: re.Match[str], context: Context) -> date:
    first = _dated("1", found["ends_month"], found["ends_year"], context)
    return _last_of("month", first, context)


@_phrase("(?:the )?last day of (?:the|this|(?P<later_month>next)) month")
def _last_day(found: re.Match[str], context: Context) -> date:
    last = _last_of("month", context.clock.today, context)
    return _last_of("month", last + DAY, context) if found["later_month"] else last


@_phrase("(?:this|(?:on|at|over) the) weekend")
def _this_weekend(found: re.Match[str], context: Context) -> date:
    """Return Saturday; on a Sunday, today."""
    return _weekend_of(context.clock.today)


@_phrase("(?:the )?weekend", only_marked=True)
def _weekend(found: re.Match[str], context: Context) -> date:
    return _weekend_of(context.clock.today)


@_phrase("next weekend")
def _next_weekend(found: re.Match[str], context: Context) -> date:
    return _in_next_week(SATURDAY, context)


# Only in lower case, so that "Around the World in 80 Days" has no date.
@_phrase(rf"(?-i:in (?P<many>{COUNT}) (?P<units>day|week|month|year)s?)")
def _in(found: re.Match[str], context: Context) -> date:
    today, many = context.clock.today, number_of(found["many"])
    match found["units"]:
        case "day":
            return today + many * DAY
        case "week":
            return today + many * 7 * DAY
        case "month":
            return _months_later(today, many)
        case _:
            return _months_later(today, many * 12)


@_phrase(rf"(?-i:in (?P<some>{COUNT}) (?P<short>minute|min|hour)s?)")
def _in_hours(found: re.Match[str], context: Context) -> Due:
    unit = 60 if found["short"] == "hour" else 1
    later = context.clock.now + timedelta(minutes=number_of(found["some"]) * unit)
    shown = wall_clock(later, context.clock.zone)
    return Due(shown.date(), shown.time().replace(second=0, microsecond=0))


@_phrase(r"(?P<iso>\d{4}-\d\d-\d\d)(?:T(?P<iso_time>\d\d:\d\d))?")
def _iso(found: re.Match[str], context: Context) -> Due | date:
    if found["iso_time"]:
        both = datetime.fromisoformat(f"{found['iso']}T{found['iso_time']}")
        return Due(both.date(), both.time())
    return date.fromisoformat(found["iso"])


@_phrase(r"(?P<d>\d\d?)\.(?P<m>\d\d?)\.(?P<y>\d{4})")
def _dotted(found: re.Match[str], context: Context) -> date:
    return date(int(found["y"]), int(found["m"]), int(found["d"]))


@_phrase(
    rf"(?:the )?(?P<day>\d\d?)(?:st|nd|rd|th)?(?: of)? (?P<month>{MONTH})"
    r"(?:,? (?P<year>\d{4}))?"
)
def _day_month(found: re.Match[str], context: Context) -> date:
    return _dated(found["day"], found["month"], found["year"], context)


@_phrase(
    rf"(?P<month_first>{MONTH}) (?P<day_next>\d\d?)(?:st|nd|rd|th)?"
    r"(?:,? (?P<year_last>\d{4}))?"
)
def _month_day(found: re.Match[str], context: Context) -> date:
    return _dated(found["day_next"], found["month_first"], found["year_last"], context)


@_phrase(rf"(?:the )?(?P<nth>{ORDINAL}) of (?:the|this|(?P<later_nth>next)) month")
def _day_of_month(found: re.Match[str], context: Context) -> date:
    first = context.clock.today.replace(day=1)
    if found["later_nth"]:
        first = _months_later(first, 1)
    return first.replace(day=number_of(found["nth"]))


@_phrase(rf"on the (?P<on_nth>{ORDINAL})")
def _on_the(found: re.Match[str], context: Context) -> date:
    return _next_day_of_month(number_of(found["on_nth"]), context.clock.today)


@_phrase(rf"(?:the )?(?P<the_nth>{ORDINAL})", only_marked=True)
def _the_nth(found: re.Match[str], context: Context) -> date:
    return _next_day_of_month(number_of(found["the_nth"]), context.clock.today)


def _any_of(patterns: list[str]) -> re.Pattern[str]:
    # ASCII: the upper case of a letter of another script can be an ASCII letter.
    return re.compile(rf"{LEAD}(?:{'|'.join(patterns)}){END}", re.I | re.A)


TRAILING = _any_of(_PATTERNS)
MARKED = _any_of(_PATTERNS + _MARKED_PATTERNS)


def read_date(
    text: str, start: int, context: Context, *, is_marked: bool = False
) -> tuple[Due, int] | None:
    """Return the date of the phrase at `start`, and where the phrase ends."""
    found = (MARKED if is_marked else TRAILING).match(text, start)
    if found is None or found.lastgroup is None:
        return None
    try:
        due = _RESOLVERS[found.lastgroup](found, context)
    except ValueError:
        return None  # 31 February, or a year out of range
    due = due if isinstance(due, Due) else Due(due)
    if not FIRST_YEAR <= due.day.year <= LAST_YEAR:
        return None
    return due, found.end()


def weekday_of(name: str) -> int:
    """Return the number of a day of the week, 0 for Monday."""
    return WEEKDAYS.index(name[:3].lower()) // 3


def month_of(name: str) -> int:
    """Return the number of a month."""
    return MONTHS.index(name[:3].lower()) // 3 + 1


def _dated(day: str, month: str, year: str | None, context: Context) -> date:
    """Return the day in this year; without one, the next such day, today included."""
    if year is not None:
        return date(int(year), month_of(month), int(day))
    today = context.clock.today
    is_leap_day = (int(day), month_of(month)) == (29, 2)
    for later in range(9 if is_leap_day else 2):
        if is_leap_day and monthrange(today.year + later, 2)[1] < 29:
            continue
        found = date(today.year + later, month_of(month), int(day))
        if found >= today:
            return found
    raise ValueError("no such day")


def _next_day_of_month(day: int, today: date) -> date:
    """Return the next such day of a month, today included."""
    for later in range(3):  # no two months in a row lack the same day
        first = _months_later(today.replace(day=1), later)
        if day <= monthrange(first.year, first.month)[1]:
            found = first.replace(day=day)
            if found >= today:
                return found
    raise ValueError("no such day")


def _weekend_of(today: date) -> date:
    return today + max(SATURDAY - today.weekday(), 0) * DAY


def _in_next_week(weekday: int, context: Context) -> date:
    first = _last_of("week", context.clock.today, context) + DAY
    return first + (weekday - context.week_start) % 7 * DAY


def _last_of(unit: str, day: date, context: Context) -> date:
    """Return the last day of the week, month or year that `day` is in."""
    match unit:
        case "week":
            return day + (context.week_start - day.weekday() - 1) % 7 * DAY
        case "month":
            return day.replace(day=monthrange(day.year, day.month)[1])
        case _:
            return day.replace(month=12, day=31)


def _months_later(day: date, months: int) -> date:
    """Return the same day in a later month, or its last day if it is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
