"""Phrases for dates: a table of patterns, each with a function that returns the date.

A phrase consists of whole English words. An ambiguous date (4/7), a month alone and a
number alone are not dates.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from todos.schedule.instants import wall_clock
from todos.schedule.quick_add.calendars import (
    DAY,
    MONTH,
    SATURDAY,
    WEEKDAY,
    day_in_year,
    in_next_week,
    in_this_week,
    last_of,
    later,
    month_of,
    months_later,
    next_day_of_month,
    nth_weekday,
    weekday_of,
    weekend_of,
)
from todos.schedule.quick_add.numbers import COUNT, ORDINAL, number_of
from todos.schedule.quick_add.parts import Context

FIRST_YEAR, LAST_YEAR = 1900, 2999
UNIT = "(?:day|week|month|year)"
# What can precede a date, and where a phrase ends.
BEGINNING = "(?:starting|beginning)(?: on| from)?"
LEAD = f"(?:(?:(?:due )?(?:on|by)|due:?|{BEGINNING}) )?"
END = "[,;.!]?(?= |$)"


class Due(NamedTuple):
    """A date, and a time if the phrase contains one."""

    day: date
    at: time | None = None


Resolver = Callable[[re.Match[str], Context], Due | date]
_RESOLVERS: dict[str, Resolver] = {}
_PATTERNS: list[str] = []
_CALENDAR_PATTERNS: list[str] = []
_MARKED_PATTERNS: list[str] = []


def _phrase(
    pattern: str, *, is_calendar_date: bool = False, only_marked: bool = False
) -> Callable[[Resolver], Resolver]:
    """Add a function to the table.

    A day of the week can precede a date of the calendar. Some phrases are only
    recognised after `due:`.
    """

    def add(resolve: Resolver) -> Resolver:
        name = f"phrase{resolve.__name__}"
        _RESOLVERS[name] = resolve
        patterns = _MARKED_PATTERNS if only_marked else _PATTERNS
        patterns.append(f"(?P<{name}>{pattern})")
        if is_calendar_date:
            _CALENDAR_PATTERNS.append(patterns[-1])
        return resolve

    return add


# --- Relative to today ---


# The short forms only in lower case: Tom is a name.
@_phrase("today|tonight|(?-i:tod)|this(?= (?:morning|afternoon|evening)\\b)")
def _today(found: re.Match[str], context: Context) -> date:
    return context.clock.today


@_phrase("tomorrow|(?-i:tom|tmrw?)")
def _tomorrow(found: re.Match[str], context: Context) -> date:
    return context.clock.today + DAY


@_phrase("(?-i:(?:the )?day after tomorrow)")
def _after_tomorrow(found: re.Match[str], context: Context) -> date:
    return context.clock.today + 2 * DAY


# "Friday next week", "next week on Friday".
@_phrase(
    rf"(?P<named>{WEEKDAY}),? (?:of )?(?P<its_week>this|next) week"
    rf"|(?P<the_week>this|next) week,?(?: on)? (?P<in_it>{WEEKDAY})"
)
def _weekday_of_week(found: re.Match[str], context: Context) -> date:
    day = weekday_of(found["named"] or found["in_it"])
    which = (found["its_week"] or found["the_week"]).lower()
    return in_next_week(day, context) if which == "next" else in_this_week(day, context)


# A number after it would be the day of a month: "Wednesday 8".
@_phrase(
    rf"(?:(?P<which>this|next|coming) )?(?P<weekday>{WEEKDAY})"
    r"(?!,? (?:the )?\d+(?:st|nd|rd|th)?[,;.!]?(?: (?!am|pm)|$))"
)
def _weekday(found: re.Match[str], context: Context) -> date:
    """`next` is in the next week; `this` can be today; otherwise it is after today."""
    today, day = context.clock.today, weekday_of(found["weekday"])
    which = (found["which"] or "").lower()
    if which == "next":
        return in_next_week(day, context)
    first = today if which == "this" else today + DAY
    return first + (day - first.weekday()) % 7 * DAY


@_phrase("next (?P<next_unit>week|month|year)")
def _next(found: re.Match[str], context: Context) -> date:
    """Return its first day."""
    return last_of(found["next_unit"].lower(), context.clock.today, context) + DAY


@_phrase("(?:the )?end of (?:(?:the|this|(?P<later>next)) )?(?P<ends>week|month|year)")
def _end_of(found: re.Match[str], context: Context) -> date:
    unit = found["ends"].lower()
    last = last_of(unit, context.clock.today, context)
    return last_of(unit, last + DAY, context) if found["later"] else last


@_phrase("(?:the )?last day of (?:the|this|(?P<later_month>next)) month")
def _last_day(found: re.Match[str], context: Context) -> date:
    last = last_of("month", context.clock.today, context)
    return last_of("month", last + DAY, context) if found["later_month"] else last


@_phrase("(?:this|(?:on|at|over) the) weekend")
def _this_weekend(found: re.Match[str], context: Context) -> date:
    return weekend_of(context.clock.today)


@_phrase("(?:the )?weekend", only_marked=True)
def _weekend(found: re.Match[str], context: Context) -> date:
    return weekend_of(context.clock.today)


@_phrase("next weekend")
def _next_weekend(found: re.Match[str], context: Context) -> date:
    return in_next_week(SATURDAY, context)


# Only in lower case, so that "Around the World in 80 Days" has no date.
@_phrase(
    rf"(?-i:in (?P<many>{COUNT}) (?P<units>{UNIT})s?"
    rf"|(?P<from_now>{COUNT}) (?P<units_from_now>{UNIT})s? from (?:now|today)"
    rf"|\+(?P<plus>\d{{1,4}}) ?(?P<plus_units>{UNIT})s?)"
)
def _in(found: re.Match[str], context: Context) -> date:
    many = number_of(found["many"] or found["from_now"] or found["plus"])
    unit = found["units"] or found["units_from_now"] or found["plus_units"]
    return later(context.clock.today, many, unit)


@_phrase(rf"(?-i:in (?P<some>{COUNT}) (?P<short>minute|min|hour)s?)")
def _in_hours(found: re.Match[str], context: Context) -> Due:
    unit = 60 if found["short"] == "hour" else 1
    moment = context.clock.now + timedelta(minutes=number_of(found["some"]) * unit)
    shown = wall_clock(moment, context.clock.zone)
    return Due(shown.date(), shown.time().replace(second=0, microsecond=0))


# --- Of the calendar ---


@_phrase(
    r"(?P<iso>\d{4}-\d\d-\d\d)"
    r"(?:(?:T| (?=\d\d:\d\d[:Z+-]))"
    r"(?P<iso_time>\d\d:\d\d)(?::00(?:\.0+)?)?(?P<offset>Z|[+-]\d\d:?\d\d)?)?",
    is_calendar_date=True,
)
def _iso(found: re.Match[str], context: Context) -> Due | date:
    if not found["iso_time"]:
        return date.fromisoformat(found["iso"])
    text = f"{found['iso']}T{found['iso_time']}{(found['offset'] or '').upper()}"
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        moment = wall_clock(moment, context.clock.zone)
    return Due(moment.date(), moment.time())


@_phrase(r"(?P<d>\d\d?)\.(?P<m>\d\d?)\.(?P<y>\d{4})", is_calendar_date=True)
def _dotted(found: re.Match[str], context: Context) -> date:
    return date(int(found["y"]), int(found["m"]), int(found["d"]))


# With slashes, only a date that can be read in one way.
@_phrase(
    r"(?P<first>\d\d?)/(?P<second>\d\d?)/(?P<slashed>\d{4})"
    r"|(?P<slashed_first>\d{4})/(?P<slashed_m>\d\d?)/(?P<slashed_d>\d\d?)",
    is_calendar_date=True,
)
def _slashed(found: re.Match[str], context: Context) -> date:
    if year := found["slashed_first"]:
        return date(int(year), int(found["slashed_m"]), int(found["slashed_d"]))
    month, day = sorted((int(found["first"]), int(found["second"])))
    if day <= 12 and month != day:
        raise ValueError("the day or the month first")
    return date(int(found["slashed"]), month, day)


@_phrase(
    rf"(?:the )?(?P<day>\d\d?)(?:st|nd|rd|th)?(?: of)? (?P<month>{MONTH})"
    r"(?:,? (?P<year>\d{4}))?",
    is_calendar_date=True,
)
def _day_month(found: re.Match[str], context: Context) -> date:
    return _dated(found["day"], found["month"], found["year"], context)


@_phrase(
    rf"(?P<month_first>{MONTH}) (?P<day_next>\d\d?)(?:st|nd|rd|th)?"
    r"(?:,? (?P<year_last>\d{4}))?",
    is_calendar_date=True,
)
def _month_day(found: re.Match[str], context: Context) -> date:
    return _dated(found["day_next"], found["month_first"], found["year_last"], context)


@_phrase(rf"mid[ -](?P<mid>{MONTH})(?: (?P<mid_year>\d{{4}}))?")
def _mid_month(found: re.Match[str], context: Context) -> date:
    return _dated("15", found["mid"], found["mid_year"], context)


@_phrase(rf"(?:the )?end of (?P<ends_month>{MONTH})(?: (?P<ends_year>\d{{4}}))?")
def _end_of_month(found: re.Match[str], context: Context) -> date:
    this_month = context.clock.today.replace(day=1)
    year = found["ends_year"]
    first = day_in_year(
        1, month_of(found["ends_month"]), int(year) if year else None, this_month
    )
    return last_of("month", first, context)


@_phrase(rf"(?:the )?(?P<nth>{ORDINAL}) of (?P<which_month>the|this|next) month")
def _day_of_month(found: re.Match[str], context: Context) -> date:
    which = found["which_month"].lower()
    if which == "the":
        return next_day_of_month(number_of(found["nth"]), context.clock.today)
    first = context.clock.today.replace(day=1)
    if which == "next":
        first = months_later(first, 1)
    return first.replace(day=number_of(found["nth"]))


@_phrase(
    rf"(?:the )?(?P<which_one>last|{ORDINAL}) (?P<its_day>{WEEKDAY}) (?:(?:of|in) )?"
    rf"(?:(?P<its_month>{MONTH})(?: (?P<its_year>\d{{4}}))?"
    r"|(?:the|this|(?P<its_next>next)) month)"
)
def _nth_weekday(found: re.Match[str], context: Context) -> date:
    nth = -1 if found["which_one"].lower() == "last" else number_of(found["which_one"])
    weekday, today = weekday_of(found["its_day"]), context.clock.today
    first = months_later(today.replace(day=1), 1 if found["its_next"] else 0)
    if found["its_month"]:
        year = int(found["its_year"]) if found["its_year"] else None
        first = day_in_year(1, month_of(found["its_month"]), year, first)
        if year is None and nth_weekday(nth, weekday, first) < today:
            first = months_later(first, 12)
    found_day = nth_weekday(nth, weekday, first)
    if found_day < today and not found["its_year"]:
        raise ValueError("past")
    return found_day


@_phrase(rf"on the (?P<on_nth>{ORDINAL})")
def _on_the(found: re.Match[str], context: Context) -> date:
    return next_day_of_month(number_of(found["on_nth"]), context.clock.today)


@_phrase(rf"(?:the )?(?P<the_nth>{ORDINAL})", only_marked=True)
def _the_nth(found: re.Match[str], context: Context) -> date:
    return next_day_of_month(number_of(found["the_nth"]), context.clock.today)


def _dated(day: str, month: str, year: str | None, context: Context) -> date:
    return day_in_year(
        int(day), month_of(month), int(year) if year else None, context.clock.today
    )


# --- Reading ---


def _any_of(patterns: list[str], lead: str = LEAD) -> re.Pattern[str]:
    # ASCII: the upper case of a letter of another script can be an ASCII letter.
    return re.compile(rf"{lead}(?:{'|'.join(patterns)}){END}", re.I | re.A)


TRAILING = _any_of(_PATTERNS)
MARKED = _any_of(_PATTERNS + _MARKED_PATTERNS)
CALENDAR = _any_of(_CALENDAR_PATTERNS, lead="")
NAMED = re.compile(
    rf"{LEAD}(?P<weekday>{WEEKDAY}),? (?=the \d|\d|{MONTH})", re.I | re.A
)
DISTANCE = re.compile(
    rf"{LEAD}(?P<many>{COUNT}) (?P<unit>{UNIT})s? (?P<side>before|after) ", re.I | re.A
)


def read_date(
    text: str, start: int, context: Context, *, is_marked: bool = False
) -> tuple[Due, int] | None:
    """Return the date of the phrase at `start`, and where the phrase ends."""
    if far := DISTANCE.match(text, start):
        return _at_distance(far, context, is_marked=is_marked)
    named = NAMED.match(text, start)
    dated = named and _read(CALENDAR, text, named.end(), context)
    if named and dated:
        agrees = dated[0].day.weekday() == weekday_of(named["weekday"])
        return dated if agrees else None  # Thursday, 4 December 2026 is not a date
    return _read(MARKED if is_marked else TRAILING, text, start, context)


def _read(
    pattern: re.Pattern[str], text: str, start: int, context: Context
) -> tuple[Due, int] | None:
    found = pattern.match(text, start)
    if found is None or found.lastgroup is None:
        return None
    try:
        due = _RESOLVERS[found.lastgroup](found, context)
    except (ValueError, OverflowError):
        return None  # 31 February, or a year out of range
    due = due if isinstance(due, Due) else Due(due)
    if not FIRST_YEAR <= due.day.year <= LAST_YEAR:
        return None
    return due, found.end()


def _at_distance(
    far: re.Match[str], context: Context, *, is_marked: bool
) -> tuple[Due, int] | None:
    """Return a date before or after another, from today on."""
    pattern = MARKED if is_marked else TRAILING
    dated = _read(pattern, far.string, far.end(), context)
    if dated is None or dated[0].at is not None:
        return None
    many = number_of(far["many"]) * (-1 if far["side"].lower() == "before" else 1)
    try:
        day = later(dated[0].day, many, far["unit"].lower())
    except (ValueError, OverflowError):
        return None
    is_in_range = context.clock.today <= day and day.year <= LAST_YEAR
    return (Due(day), dated[1]) if is_in_range else None
