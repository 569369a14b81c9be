"""Repeating dates: a guarded part of RFC 5545 section 3.3.10.

A rule is text such as `FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR`. Only what is listed here
is taken; an unguarded rule can keep a computer busy for ever.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final, Literal

from dateutil import rrule

MAX_LENGTH = 200  # characters of a rule
MAX_INTERVAL = 999
NUMBER = re.compile(r"-?[0-9]{1,3}")
HORIZON = timedelta(days=366 * 10)
FREQUENCIES: Final[dict[str, Literal[0, 1, 2, 3]]] = {
    "DAILY": rrule.DAILY,
    "WEEKLY": rrule.WEEKLY,
    "MONTHLY": rrule.MONTHLY,
    "YEARLY": rrule.YEARLY,
}
WEEKDAYS = dict(
    zip(("MO", "TU", "WE", "TH", "FR", "SA", "SU"), rrule.weekdays, strict=True)
)


class RuleRefused(ValueError):
    """The rule is not one that we evaluate; the text says what to write."""


def normalise_rule(text: str, *, due: date | None) -> str:
    """Return the rule in one spelling, with short months settled.

    A monthly rule without a day, from the 29th on, means the month's last day where
    that day is missing; so does a yearly one from 29 February.

    Raises:
        RuleRefused: the rule can't be read or is outside the guard.
    """
    parts = _parse(text)
    if due is not None and not parts.keys() & {"BYDAY", "BYMONTHDAY"}:
        if parts["FREQ"] == "MONTHLY" and due.day > 28:
            parts |= _last_of(due.day)
        elif parts["FREQ"] == "YEARLY" and (due.month, due.day) == (2, 29):
            parts |= {"BYMONTH": "2"} | _last_of(29)
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _last_of(day: int) -> dict[str, str]:
    days = ",".join(str(number) for number in range(28, day + 1))
    return {"BYMONTHDAY": days, "BYSETPOS": "-1"}


def _parse(text: str) -> dict[str, str]:
    if len(text) > MAX_LENGTH:
        raise RuleRefused(f"Write a rule of at most {MAX_LENGTH} characters.")
    parts: dict[str, str] = {}
    for piece in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, equals, value = piece.partition("=")
        if not equals or not value or name in parts:
            raise RuleRefused("Write a rule as FREQ=WEEKLY;BYDAY=MO.")
        parts[name] = value
    _check(parts)
    return parts


def _check(parts: Mapping[str, str]) -> None:
    if parts.get("FREQ") not in FREQUENCIES:
        raise RuleRefused("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY.")
    unknown = parts.keys() - {
        "FREQ",
        "INTERVAL",
        "BYDAY",
        "BYMONTHDAY",
        "BYMONTH",
        "BYSETPOS",
    }
    if unknown:
        raise RuleRefused(f"{sorted(unknown)[0][:20]} is not supported in a rule.")
    # Elsewhere these can make rules that look for a day that never comes.
    by_month = parts.keys() & {"BYMONTHDAY", "BYMONTH", "BYSETPOS"}
    if by_month and parts["FREQ"] not in {"MONTHLY", "YEARLY"}:
        raise RuleRefused(f"{sorted(by_month)[0]} needs FREQ=MONTHLY or YEARLY.")
    if "BYDAY" in parts and parts["FREQ"] != "WEEKLY":
        raise RuleRefused("BYDAY needs FREQ=WEEKLY.")
    _numbers(parts, "INTERVAL", 1, MAX_INTERVAL, most=1)
    _numbers(parts, "BYMONTHDAY", -1, 31, most=4)
    _numbers(parts, "BYMONTH", 1, 12, most=12)
    _numbers(parts, "BYSETPOS", -1, -1, most=1)
    days = parts.get("BYDAY", "MO").split(",")
    if len(set(days)) < len(days) or not set(days) <= WEEKDAYS.keys():
        raise RuleRefused("BYDAY must be days of the week, as MO,WE,FR.")


def _numbers(
    parts: Mapping[str, str], name: str, low: int, high: int, *, most: int
) -> list[int]:
    if name not in parts:
        return []
    texts = parts[name].split(",")
    # Python would also read 1_0, spaces, and the digits of other scripts.
    if not all(NUMBER.fullmatch(text) for text in texts):
        raise RuleRefused(f"{name} must be a number.")
    numbers = [int(text) for text in texts]
    fits = all(low <= number <= high and number != 0 for number in numbers)
    if len(numbers) > most or not fits:
        raise RuleRefused(f"{name} must be {low} to {high}.")
    return numbers


def next_date(rule: str, *, anchor: date, after: date) -> date | None:
    """Return the first date of the rule after `after`, counted from `anchor`.

    `None` when there is none within ten years, for instance for a 30 February.
    """
    parts = _parse(rule)
    start = datetime(anchor.year, anchor.month, anchor.day)  # noqa: DTZ001 - a date in wall clock
    floor = datetime(after.year, after.month, after.day)  # noqa: DTZ001 - as above
    dates = rrule.rrule(
        FREQUENCIES[parts["FREQ"]],
        dtstart=start,
        interval=int(parts.get("INTERVAL", "1")),
        until=max(start, floor) + HORIZON,
        byweekday=[WEEKDAYS[name] for name in parts["BYDAY"].split(",")]
        if "BYDAY" in parts
        else None,
        bymonthday=_numbers(parts, "BYMONTHDAY", -1, 31, most=4) or None,
        bymonth=_numbers(parts, "BYMONTH", 1, 12, most=12) or None,
        bysetpos=_numbers(parts, "BYSETPOS", -1, -1, most=1) or None,
    )
    found = dates.after(floor)
    return found.date() if found else None
