"""Phrases for recurrence, converted to rules of RFC 5545."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

from todos.schedule.quick_add.calendars import MONTH, WEEKDAY, month_of, weekday_of
from todos.schedule.quick_add.dates import BEGINNING, END
from todos.schedule.quick_add.numbers import COUNT, ORDINAL, number_of
from todos.schedule.quick_add.parts import Context
from todos.schedule.rules import MAX_INTERVAL
from todos.schedule.rules import WEEKDAYS as CODES

WORKDAYS = "BYDAY=MO,TU,WE,TH,FR"
WORKDAYS_MIN = 20  # no month has fewer
FREQUENCIES = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}

AND = "(?:,? and |, ?| & )"
TO = "(?: ?[-–] ?| to | through | thru )"
DAYS = f"{WEEKDAY}s?(?:(?:{AND}| ){WEEKDAY}s?)*+"
RANGE = f"(?P<from_day>{WEEKDAY}){TO}(?P<to_day>{WEEKDAY})"
NTHS = f"{ORDINAL}(?:{AND}{ORDINAL})*+"
DAY_OF_MONTH = f"last day|(?:last|{ORDINAL}) (?:{WEEKDAY}|workday|weekday)|{NTHS}"
STEP = f"(?:other|{ORDINAL}|{COUNT}) "
DATE_OF_YEAR = (
    rf"(?:(?:the )?\d\d?(?:st|nd|rd|th)?(?: of)? {MONTH}"
    rf"|{MONTH} \d\d?(?:st|nd|rd|th)?)"
)
DATES_OF_YEAR = f"{DATE_OF_YEAR}(?:{AND}{DATE_OF_YEAR})*+"
# After a number without its unit, which could be a day of the month or an interval.
NO_UNIT = (
    rf"(?=[,;.!]?(?:$| (?:at|by|@|\d|until|till|ending|for|in the|from|{BEGINNING})))"
)


class Repeat(NamedTuple):
    """A rule without its end, and whether it counts from completion.

    `part` is the part of the day in "every morning".
    """

    rule: str
    is_from_completion: bool
    part: str = ""


Resolver = Callable[[re.Match[str], Context], str]
_RESOLVERS: dict[str, Resolver] = {}
_PATTERNS: list[str] = []
_ADVERBS: list[str] = []


def _phrase(pattern: str, *, adverb: str = "") -> Callable[[Resolver], Resolver]:
    """Add a function to the table of phrases that can follow `every`.

    `adverb` is the same phrase without `every`, such as `daily`.
    """

    def add(resolve: Resolver) -> Resolver:
        name = f"phrase{resolve.__name__}"
        _RESOLVERS[name] = resolve
        if pattern:
            _PATTERNS.append(f"(?P<{name}>{pattern})")
        if adverb:
            _ADVERBS.append(f"(?P<{name}>{adverb})")
        return resolve

    return add


@_phrase("(?P<part>morning|afternoon|evening|night)")
def _part_of_day(found: re.Match[str], context: Context) -> str:
    return "FREQ=DAILY"


@_phrase("(?:weekday|workday)s?")
def _workdays(found: re.Match[str], context: Context) -> str:
    return f"FREQ=WEEKLY;{WORKDAYS}"


@_phrase("weekend")
def _weekends(found: re.Match[str], context: Context) -> str:
    return "FREQ=WEEKLY;BYDAY=SA"


@_phrase(
    f"(?P<week_step>{STEP})?weeks? on (?P<on_days>{DAYS})",
)
def _weeks_on(found: re.Match[str], context: Context) -> str:
    return _weekly(_days(found["on_days"]), _steps(found["week_step"]), context)


@_phrase("", adverb=f"weekly on (?P<weekly_on>{DAYS})")
def _weekly_on(found: re.Match[str], context: Context) -> str:
    return _weekly(_days(found["weekly_on"]), 1, context)


@_phrase(f"(?P<month_step>{STEP})?months? on (?:the )?(?P<on>{DAY_OF_MONTH})")
def _months_on(found: re.Match[str], context: Context) -> str:
    return _monthly(found["on"], _interval(found["month_step"]))


@_phrase("", adverb=f"monthly on (?:the )?(?P<monthly_on>{DAY_OF_MONTH})")
def _monthly_on(found: re.Match[str], context: Context) -> str:
    return _monthly(found["monthly_on"], "")


@_phrase(
    f"(?:years? (?:on )?)?(?P<dates>{DATES_OF_YEAR})",
    adverb=f"(?:yearly|annually) (?:on )?(?P<dates>{DATES_OF_YEAR})",
)
def _yearly(found: re.Match[str], context: Context) -> str:
    """Return the rule for these dates, which must have the same day of the month."""
    dates = re.findall(DATE_OF_YEAR, found["dates"], re.I | re.A)
    days = {int(re.findall(r"\d+", text)[0]) for text in dates}
    months = {month_of(re.findall(MONTH, text, re.I)[0]) for text in dates}
    if len(days) > 1:
        raise ValueError("no rule has these dates and no others")
    [day] = days
    for month in months:
        date(2000, month, day)  # a leap year; 31 February is never a date
    if (day, months) == (29, {2}):  # in years without 29 February, the 28th
        return "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1"
    if day == 29 and 2 in months:
        raise ValueError("not every year has these dates")
    return f"FREQ=YEARLY;BYMONTH={_listed(months)};BYMONTHDAY={day}"


@_phrase(f"(?P<step>{STEP})?(?P<unit>day|week|month|year)s?")
def _units(found: re.Match[str], context: Context) -> str:
    return f"FREQ={FREQUENCIES[found['unit'].lower()]}{_interval(found['step'])}"


@_phrase("", adverb="(?P<adverb>daily|everyday|weekly|monthly|yearly|annually)")
def _adverb(found: re.Match[str], context: Context) -> str:
    word = found["adverb"].lower()
    return (
        f"FREQ={ {'everyday': 'DAILY', 'annually': 'YEARLY'}.get(word, word.upper()) }"
    )


@_phrase("(?P<other_quarter>other )?quarter")
def _quarter(found: re.Match[str], context: Context) -> str:
    return f"FREQ=MONTHLY;INTERVAL={6 if found['other_quarter'] else 3}"


@_phrase("", adverb="quarterly")
def _quarterly(found: re.Match[str], context: Context) -> str:
    return "FREQ=MONTHLY;INTERVAL=3"


@_phrase("fortnight", adverb="fortnightly")
def _fortnight(found: re.Match[str], context: Context) -> str:
    return "FREQ=WEEKLY;INTERVAL=2"


@_phrase(RANGE)
def _range(found: re.Match[str], context: Context) -> str:
    first, last = weekday_of(found["from_day"]), weekday_of(found["to_day"])
    days = {(first + ahead) % 7 for ahead in range((last - first) % 7 + 1)}
    return _weekly(days, 1, context)


@_phrase(f"(?P<other>other )?(?P<days>{DAYS})")
def _weekdays(found: re.Match[str], context: Context) -> str:
    return _weekly(_days(found["days"]), 2 if found["other"] else 1, context)


@_phrase(
    f"(?P<nth>last|{ORDINAL}) (?P<nth_day>{WEEKDAY}) "
    f"(?:(?:of|in) )?(?P<nth_month>{MONTH})"
)
def _nth_of_year(found: re.Match[str], context: Context) -> str:
    rule = _monthly(f"{found['nth']} {found['nth_day']}", "").removeprefix(
        "FREQ=MONTHLY"
    )
    return f"FREQ=YEARLY;BYMONTH={month_of(found['nth_month'])}{rule}"


@_phrase(f"(?P<day>{DAY_OF_MONTH})(?P<of_month> of (?:the|each|every) month)?")
def _day_of_month(found: re.Match[str], context: Context) -> str:
    if found["day"].isalpha() and not found["of_month"]:
        raise ValueError("every second of the day")
    return _monthly(found["day"], "")


@_phrase(rf"(?P<numbers>\d\d?(?:{AND}\d\d?)*+){NO_UNIT}")
def _numbers(found: re.Match[str], context: Context) -> str:
    numbers = {int(number) for number in re.findall(r"\d+", found["numbers"])}
    return f"FREQ=MONTHLY;BYMONTHDAY={_month_days(sorted(numbers))}"


# Adverbs only in lower case, unless they are marked: "Subscribe to the Weekly".
_EVERY = f"(?:every(?P<again>!)?|(?-i:ev)(?P<again_>!)?) (?:{'|'.join(_PATTERNS)}){END}"
_ADVERB = f"(?:{'|'.join(_ADVERBS)}){END}"
EVERY = re.compile(_EVERY, re.I | re.A)
ADVERB = re.compile(rf"(?-i:(?=[a-z]+\b))(?:{_ADVERB})", re.I | re.A)
MARKED_ADVERB = re.compile(_ADVERB, re.I | re.A)
# Only marked: "Call after 10 days" is done once.
AFTER = re.compile(
    rf"after (?P<step>{COUNT} )(?P<unit>day|week|month|year)s?{END}", re.I
)


def read_repeat(
    text: str, start: int, context: Context, *, is_marked: bool = False
) -> tuple[Repeat, int] | None:
    """Return the rule of the phrase at `start`, and where the phrase ends."""
    try:
        if is_marked and (found := AFTER.match(text, start)):
            return Repeat(_units(found, context), True), found.end()
        adverb = MARKED_ADVERB if is_marked else ADVERB
        found = EVERY.match(text, start) or adverb.match(text, start)
        if found is None or found.lastgroup is None:
            return None
        rule = _RESOLVERS[found.lastgroup](found, context)
    except ValueError:
        return None  # every 32nd
    groups = found.groupdict()
    is_again = bool(groups.get("again") or groups.get("again_"))
    return Repeat(rule, is_again, (groups.get("part") or "").lower()), found.end()


def _steps(text: str | None) -> int:
    """Return the interval in days, weeks or months."""
    word = (text or "1").strip().lower()
    if word in {"first", "1st"}:
        raise ValueError("the first day of a month, or of a week")
    steps = 2 if word == "other" else number_of(word)
    if not 1 <= steps <= MAX_INTERVAL:
        raise ValueError("no such interval")
    return steps


def _interval(text: str | None) -> str:
    steps = _steps(text)
    return f";INTERVAL={steps}" if steps > 1 else ""


def _days(text: str) -> set[int]:
    return {weekday_of(name) for name in re.findall(WEEKDAY, text, re.I)}


def _weekly(days: set[int], steps: int, context: Context) -> str:
    codes = ",".join(CODES[number] for number in sorted(days))
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
    if weekday := re.search(f" ({WEEKDAY}|workday|weekday)$", days):
        which = days[: weekday.start()]
        ordinal = -1 if which == "last" else number_of(which)
        if weekday[1] in {"workday", "weekday"}:
            if ordinal > WORKDAYS_MIN:
                raise ValueError("not every month has so many")
            return f"{every};{WORKDAYS};BYSETPOS={ordinal}"
        if ordinal > 5:
            raise ValueError("no month has so many")
        return f"{every};BYDAY={ordinal}{CODES[weekday_of(weekday[1])]}"
    numbers = sorted({number_of(nth) for nth in re.findall(ORDINAL, days)})
    return f"{every};BYMONTHDAY={_month_days(numbers)}"


def _month_days(numbers: list[int]) -> str:
    """Return BYMONTHDAY; the 31st is the last day of shorter months."""
    last = numbers[-1]
    if not 1 <= numbers[0] <= last <= 31 or (len(numbers) > 1 and last > 28):
        raise ValueError("no such days of every month")
    if last <= 28:
        return _listed(numbers)
    return _listed(range(28, last + 1)) + ";BYSETPOS=-1"


def _listed(numbers: Iterable[int]) -> str:
    return ",".join(map(str, sorted(numbers)))
