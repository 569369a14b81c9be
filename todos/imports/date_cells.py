"""Dates and times as programs write them into tables.

A date has its year in four digits. With the year first its order is certain, and so it
is with the name of a month; otherwise the mapping of the table must tell it. What can
have another meaning is refused.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import NamedTuple

from django.core.exceptions import ValidationError

from todos.imports import checks

DATE_ORDERS = {"ymd": "2027-02-28", "dmy": "28.02.2027", "mdy": "02/28/2027"}
LENGTH_MAX = 100  # characters
# Marks that show nothing; some programs put them around the parts of a date.
INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200e\u200f\ufeff"))

WEEKDAYS = "montuewedthufrisatsun"  # three letters each
MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"
_MONTH = (
    "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_NUMBER = r"\d{1,2}(?:st|nd|rd|th)?"
DATE = re.compile(
    r"(?P<numbers>\d{1,4}[-./] ?\d{1,2}[-./] ?\d{1,4})(?!\d)"
    r"|(?P<digits>\d{8})(?!\d)"
    rf"|(?:(?P<weekday>{_WEEKDAY})[.,]{{0,2}} )?(?:"
    rf"(?P<day>{_NUMBER})[-. ] ?(?P<month>{_MONTH})[-, ] ?(?P<year>\d{{4}})"
    rf"|(?P<month2>{_MONTH})[- ](?P<day2>{_NUMBER})(?:, ?|[- ])(?P<year2>\d{{4}})"
    r")(?!\d)",
    re.ASCII | re.IGNORECASE,
)
_CLOCK = (
    r"(?P<hour>\d{1,2})"
    r"(?:[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?)?"
    r"(?: ?(?P<half>[ap])\.?m\.?)?"
)
CLOCK = re.compile(_CLOCK, re.ASCII | re.IGNORECASE)
# The basic format of ISO 8601, as in `20270210T093000Z`.
BASIC_CLOCK = re.compile(r"^T(\d\d)(\d\d)(\d\d)?(?!\d)", re.ASCII)
AFTER_DATE = re.compile(
    rf"(?:T|,? (?:at )?){_CLOCK}"
    r"(?: ?(?P<zone>Z|(?:UTC|GMT)?(?P<sign>[-+])(?P<hours>\d\d):?(?P<minutes>\d\d)?"
    r"|UTC|GMT)(?: \([^()]*\))?)?",
    re.ASCII | re.IGNORECASE,
)


class Moment(NamedTuple):
    """A date, the time of that date, and its offset from UTC, if the text has them.

    Times have whole seconds; `is_cut` tells that a fraction was dropped.
    """

    day: date
    at: time | None = None
    zone: timezone | None = None
    is_cut: bool = False

    def local(self, zone: tzinfo) -> Moment:
        """Return the moment on the clocks of a zone; midnight there is a date.

        Midnight in UTC is a date everywhere: programs in JavaScript write a date
        without a time like that. Without an offset, the moment is returned unchanged.

        Raises:
            ValidationError: the date is not supported.
        """
        if self.at is None or self.zone is None:
            return self
        if self.at == time() and not self.zone.utcoffset(None):
            return self._replace(at=None)
        try:
            there = datetime.combine(self.day, self.at, self.zone).astimezone(zone)
        except OverflowError as exc:
            raise ValidationError("Must be a date from 1900 to 2999.") from exc
        at = None if there.time() == time() else there.time()
        return self._replace(day=checks.supported(there.date()), at=at)


def spaced(text: str) -> str:
    """Return a text with plain spaces, one at a time, and no invisible marks."""
    if not text.isascii():
        text = text.translate(INVISIBLE)
    return " ".join(text.split())


def read_moment(cell: str, *, order: str) -> Moment:
    """Return a date, or a date and time, whose order is a key of `DATE_ORDERS`.

    Raises:
        ValidationError: with one message.
    """
    if len(cell) == len("2027-02-28"):
        try:
            return Moment(checks.supported(date.fromisoformat(cell)))
        except ValueError:
            pass
    text = spaced(cell) if len(cell) <= LENGTH_MAX else ""
    match = DATE.match(text)
    if match is None:
        raise ValidationError(f"Must be a date such as {DATE_ORDERS[order]}.")
    day = _day(match, order)
    rest = BASIC_CLOCK.sub(_extended, text[match.end() :])
    if not rest:
        return Moment(day)
    after = AFTER_DATE.fullmatch(rest)
    if after is None:
        example = DATE_ORDERS[order]
        raise ValidationError(f"Must be a date and time such as {example} 09:30.")
    is_cut = bool((after["part"] or "").strip("0"))
    return Moment(day, _time(after), _zone(after), is_cut)


def _extended(match: re.Match[str]) -> str:
    return f"T{match[1]}:{match[2]}:{match[3] or '00'}"


def read_time(cell: str) -> time:
    """Return a time written as `9:30`, `09:30:00` or `9:30 pm`.

    Raises:
        ValidationError: with one message.
    """
    match = CLOCK.fullmatch(spaced(cell) if len(cell) <= LENGTH_MAX else "")
    if match is None:
        raise ValidationError("Must be a time such as 09:30.")
    return _time(match)


def _day(match: re.Match[str], order: str) -> date:
    if match["numbers"]:
        year, month, day = _in_order(match["numbers"], order)
    elif match["digits"]:
        digits = match["digits"]
        year, month, day = digits[:4], digits[4:6], digits[6:]
    else:
        year = match["year"] or match["year2"]
        name = (match["month"] or match["month2"])[:3].lower()
        month = str(MONTHS.index(name) // 3 + 1)
        day = re.sub(r"\D", "", match["day"] or match["day2"])
    try:
        found = date(int(year), int(month), int(day))
    except ValueError as exc:
        raise ValidationError("There is no such date.") from exc
    weekday = (match["weekday"] or "")[:3].lower()
    if weekday and WEEKDAYS.index(weekday) != 3 * found.weekday():
        raise ValidationError("The weekday is not that of the date.")
    return checks.supported(found)


def _in_order(numbers: str, order: str) -> tuple[str, str, str]:
    """Return year, month and day."""
    first, second, third = re.split("[-./] ?", numbers)
    if len(first) == 4 and len(third) <= 2:
        return first, second, third
    if len(third) != 4 or len(first) > 2:
        raise ValidationError(f"Must be a date such as {DATE_ORDERS[order]}.")
    if order == "ymd":
        raise ValidationError(
            'Must be a date such as 2027-02-28; or set "dates" to dmy or mdy in the'
            " mapping."
        )
    return (third, second, first) if order == "dmy" else (third, first, second)


def _time(match: re.Match[str]) -> time:
    hour, half = int(match["hour"]), (match["half"] or "").lower()
    if (half and not 1 <= hour <= 12) or not (half or match["minute"]):
        raise ValidationError("Must be a time such as 09:30.")
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return time(hour, int(match["minute"] or 0), int(match["second"] or 0))
    except ValueError as exc:
        raise ValidationError("Must be a time such as 09:30.") from exc


def _zone(match: re.Match[str]) -> timezone | None:
    if not match["zone"]:
        return None
    minutes = int(match["hours"] or 0) * 60 + int(match["minutes"] or 0)
    if minutes >= 24 * 60 or int(match["minutes"] or 0) > 59:
        raise ValidationError("Must end with an offset from UTC such as +01:00.")
    return timezone(timedelta(minutes=-minutes if match["sign"] == "-" else minutes))
