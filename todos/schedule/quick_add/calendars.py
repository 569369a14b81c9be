"""The names of days and months, and arithmetic with dates."""

from calendar import monthrange
from datetime import date, timedelta

from todos.schedule.quick_add.parts import Context

MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    "|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
# Atomic, so that a list of days that doesn't match is given up in linear time.
WEEKDAY = (
    "(?>mon(?:day)?|tue(?:s(?:day)?)?|wed(?:s|nesday)?|thu(?:r(?:s(?:day)?)?)?"
    "|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
)
WEEKDAYS = "montuewedthufrisatsun"
SATURDAY = 5
DAY = timedelta(days=1)


def weekday_of(name: str) -> int:
    """Return the number of a day of the week, 0 for Monday."""
    return WEEKDAYS.index(name[:3].lower()) // 3


def month_of(name: str) -> int:
    """Return the number of a month."""
    return MONTHS.index(name[:3].lower()) // 3 + 1


def later(day: date, many: int, unit: str) -> date:
    """Return the date this many days, weeks, months or years after `day`.

    The day of a shorter month is its last. `many` is negative for an earlier date.
    """
    match unit:
        case "day":
            return day + many * DAY
        case "week":
            return day + many * 7 * DAY
        case "month":
            return months_later(day, many)
        case _:
            return months_later(day, many * 12)


def months_later(day: date, months: int) -> date:
    """Return the same day in a later month, or its last day if it is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def last_of(unit: str, day: date, context: Context) -> date:
    """Return the last day of the week, month or year that `day` is in."""
    match unit:
        case "week":
            return day + (context.week_start - day.weekday() - 1) % 7 * DAY
        case "month":
            return day.replace(day=monthrange(day.year, day.month)[1])
        case _:
            return day.replace(month=12, day=31)


def in_next_week(weekday: int, context: Context) -> date:
    """Return this day of the week after the current one."""
    first = last_of("week", context.clock.today, context) + DAY
    return first + (weekday - context.week_start) % 7 * DAY


def in_this_week(weekday: int, context: Context) -> date:
    """Return this day of the current week, from today on."""
    found = in_next_week(weekday, context) - 7 * DAY
    if found < context.clock.today:
        raise ValueError("past")
    return found


def weekend_of(today: date) -> date:
    """Return Saturday; on a Sunday, today."""
    return today + max(SATURDAY - today.weekday(), 0) * DAY


def day_in_year(day: int, month: int, year: int | None, today: date) -> date:
    """Return the day in this year; without one, the next such day, today included."""
    if year is not None:
        return date(year, month, day)
    is_leap_day = (day, month) == (29, 2)
    for ahead in range(9 if is_leap_day else 2):
        if is_leap_day and monthrange(today.year + ahead, 2)[1] < 29:
            continue
        found = date(today.year + ahead, month, day)
        if found >= today:
            return found
    raise ValueError("no such day")


def next_day_of_month(day: int, today: date) -> date:
    """Return the next such day of a month, today included."""
    for ahead in range(3):  # no two months in a row lack the same day
        first = months_later(today.replace(day=1), ahead)
        if day <= monthrange(first.year, first.month)[1]:
            found = first.replace(day=day)
            if found >= today:
                return found
    raise ValueError("no such day")


def nth_weekday(nth: int, weekday: int, first: date) -> date:
    """Return the nth such day of the month that begins on `first`; -1 is the last."""
    if nth < 0:
        last = months_later(first, 1) - DAY
        return last - (last.weekday() - weekday) % 7 * DAY
    found = first + ((weekday - first.weekday()) % 7 + (nth - 1) * 7) * DAY
    if found.month != first.month:
        raise ValueError("no such day")
    return found
