"""The text of recurrence rules: the supported part of RFC 5545 section 3.3.10.

A rule is text such as `FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR`. Parts that are not listed
here are refused, with a message that says what to write instead.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from todos.limits import RULE_MAX_LENGTH

MAX_INTERVAL = MAX_COUNT = 999
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAYS_IN = {"DAILY": 1, "WEEKLY": 7, "MONTHLY": 31, "YEARLY": 366}
# The highest ordinal of a weekday in each kind of period.
ORDINALS = {"DAILY": 0, "WEEKLY": 0, "MONTHLY": 5, "YEARLY": 53}

NUMBER = re.compile(r"[0-9]{1,3}")
SIGNED_NUMBER = re.compile(r"[+-]?[0-9]{1,3}")
WEEKDAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
UNTIL = re.compile(r"([0-9]{8})(T[0-9]{6}Z?)?")

PARTS = {
    "FREQ",
    "INTERVAL",
    "BYMONTH",
    "BYMONTHDAY",
    "BYDAY",
    "BYSETPOS",
    "WKST",
    "COUNT",
    "UNTIL",
}
EXAMPLE = "Must be a rule such as FREQ=WEEKLY;BYDAY=MO."
INSTEAD = {
    "BYSECOND": "Leave out BYSECOND; give the task a due time.",
    "BYMINUTE": "Leave out BYMINUTE; give the task a due time.",
    "BYHOUR": "Leave out BYHOUR; give the task a due time.",
    "BYYEARDAY": "Write BYMONTH and BYMONTHDAY instead of BYYEARDAY.",
    "BYWEEKNO": "Write BYMONTH and BYDAY instead of BYWEEKNO.",
}


class RuleRefused(ValueError):
    """The rule is invalid or not supported; the text says what to write."""


class Weekday(NamedTuple):
    """A day of the week, 0 for Monday, and its ordinal: 0 for each, -1 for the last."""

    ordinal: int
    day: int

    def __str__(self) -> str:
        return f"{self.ordinal or ''}{WEEKDAYS[self.day]}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A parsed rule; `str` returns its parts in the order in which they were given."""

    names: tuple[str, ...]
    frequency: str
    interval: int
    months: tuple[int, ...]
    month_days: tuple[int, ...]
    weekdays: tuple[Weekday, ...]
    position: int | None
    week_start: int
    count: int | None
    until: date | None

    def __str__(self) -> str:
        values = {
            "FREQ": self.frequency,
            "INTERVAL": self.interval,
            "BYMONTH": ",".join(map(str, self.months)),
            "BYMONTHDAY": ",".join(map(str, self.month_days)),
            "BYDAY": ",".join(map(str, self.weekdays)),
            "BYSETPOS": self.position,
            "WKST": WEEKDAYS[self.week_start],
            "COUNT": self.count,
            "UNTIL": self.until and self.until.isoformat().replace("-", ""),
        }
        return ";".join(f"{name}={values[name]}" for name in self.names)


def read_rule(text: str) -> Rule:
    """Parse the text of a rule.

    Raises:
        RuleRefused: it is invalid, or has a part that is not supported.
    """
    parts = _split(text)
    if parts.get("FREQ") not in FREQUENCIES:
        raise RuleRefused("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY.")
    _check_together(parts)
    return Rule(
        names=tuple(parts),
        frequency=parts["FREQ"],
        interval=_number(parts, "INTERVAL", 1, MAX_INTERVAL) or 1,
        months=_numbers(parts, "BYMONTH", 1, 12),
        month_days=_numbers(parts, "BYMONTHDAY", -31, 31),
        weekdays=_weekdays(parts),
        position=_position(parts),
        week_start=_week_start(parts),
        count=_number(parts, "COUNT", 1, MAX_COUNT),
        until=_until(parts),
    )


def with_end(text: str, *, until: date | None = None, count: int | None = None) -> str:
    """Return a valid rule with another end, by default with none."""
    rule = read_rule(text)
    names = [name for name in rule.names if name not in {"COUNT", "UNTIL"}]
    names += ["UNTIL"] if until else ["COUNT"] if count else []
    return str(replace(rule, names=tuple(names), until=until, count=count))


def _split(text: str) -> dict[str, str]:
    if len(text) > RULE_MAX_LENGTH:
        raise RuleRefused(f"Must be at most {RULE_MAX_LENGTH} characters.")
    # The upper case of a letter of another script can be an ASCII letter.
    if not text.isascii():
        raise RuleRefused(EXAMPLE)
    parts: dict[str, str] = {}
    for piece in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, _, value = piece.partition("=")
        if not value:
            raise RuleRefused(EXAMPLE)
        if name not in PARTS:
            raise RuleRefused(INSTEAD.get(name, EXAMPLE))
        if name in parts:
            raise RuleRefused(f"{name} must appear only once.")
        parts[name] = value
    return parts


def _check_together(parts: Mapping[str, str]) -> None:
    """Refuse parts that can't be combined (RFC 5545, the table of BYxxx)."""
    if {"COUNT", "UNTIL"} <= parts.keys():
        raise RuleRefused("Use either COUNT or UNTIL, not both.")
    if parts["FREQ"] == "WEEKLY" and "BYMONTHDAY" in parts:
        raise RuleRefused("BYMONTHDAY requires FREQ=DAILY, MONTHLY or YEARLY.")
    others = {"BYDAY", "BYMONTHDAY", "BYMONTH"}
    if "BYSETPOS" in parts and not others & parts.keys():
        raise RuleRefused("BYSETPOS requires BYDAY, BYMONTHDAY or BYMONTH.")


def _position(parts: Mapping[str, str]) -> int | None:
    most = DAYS_IN[parts["FREQ"]]
    return _number(parts, "BYSETPOS", -most, most)


def _number(parts: Mapping[str, str], name: str, low: int, high: int) -> int | None:
    numbers = _numbers(parts, name, low, high)
    if len(numbers) > 1:
        raise RuleRefused(f"{name} must be one number.")
    return numbers[0] if numbers else None


def _numbers(
    parts: Mapping[str, str], name: str, low: int, high: int
) -> tuple[int, ...]:
    if name not in parts:
        return ()
    texts = parts[name].split(",")
    # Python would also read 1_0 and spaces.
    pattern = SIGNED_NUMBER if low < 0 else NUMBER
    numbers = tuple(int(text) for text in texts if pattern.fullmatch(text))
    fits = all(low <= number <= high and number != 0 for number in numbers)
    if len(numbers) < len(texts) or not fits:
        but_not_zero = ", but not 0" if low < 0 else ""
        raise RuleRefused(f"{name} must be {low} to {high}{but_not_zero}.")
    _check_once(name, numbers)
    return numbers


def _check_once(name: str, values: tuple[object, ...]) -> None:
    if len(set(values)) < len(values):
        raise RuleRefused(f"Each value of {name} must appear only once.")


def _weekdays(parts: Mapping[str, str]) -> tuple[Weekday, ...]:
    if "BYDAY" not in parts:
        return ()
    days = tuple(_weekday(text) for text in parts["BYDAY"].split(","))
    most = ORDINALS[parts["FREQ"]]
    if not most and any(day.ordinal for day in days):
        raise RuleRefused(
            "Only MONTHLY and YEARLY number the days of BYDAY, such as 2TU."
        )
    if any(abs(day.ordinal) > most for day in days):
        raise RuleRefused(f"Number the days of BYDAY from -{most} to {most}.")
    _check_once("BYDAY", days)
    return days


def _weekday(text: str) -> Weekday:
    match = WEEKDAY.fullmatch(text)
    # Without an ordinal, it is each of these days; 0 is not an ordinal.
    if match is None or (match[1] and int(match[1]) == 0):
        raise RuleRefused("BYDAY must be days of the week, such as MO,WE or -1FR.")
    return Weekday(int(match[1] or 0), WEEKDAYS.index(match[2]))


def _week_start(parts: Mapping[str, str]) -> int:
    day = parts.get("WKST", "MO")
    if day not in WEEKDAYS:
        raise RuleRefused("WKST must be a day of the week, such as MO or SU.")
    return WEEKDAYS.index(day)


def _until(parts: Mapping[str, str]) -> date | None:
    if "UNTIL" not in parts:
        return None
    match = UNTIL.fullmatch(parts["UNTIL"])
    try:
        # A time of day is ignored: rules have dates in wall clock.
        return date.fromisoformat(match[1] if match else "")
    except ValueError as exc:
        raise RuleRefused("UNTIL must be a date, such as 20271231.") from exc
