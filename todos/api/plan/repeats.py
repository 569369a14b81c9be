"""How a task repeats, in the keys and words of known clients.

They say it by `recurrence`, `recurrence_pattern`, `is_recurring`, `repeat`, `rrule` …,
as a word, a rule, a flag, or an object of several parts. What has a certain meaning is
read; anything else is refused by its key, because a repeat must not get lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import NoReturn

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.json import JSONObject
from todos.api.plan.fields import PlainField, fold_word
from todos.schedule import recurrence

RULES = {
    word: f"FREQ={word.upper()}" for word in ("daily", "weekly", "monthly", "yearly")
}
OTHER_RULES = {
    "annually": "FREQ=YEARLY",
    "weekdays": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
}
NO_RULE = {"", "none", "never", "no", "once"}
# The word for a stored rule. For the 29th and later, the stored rule also says what
# happens in short months; for the client it is still `monthly`.
RULE_WORDS = {
    recurrence.normalise_rule(rule, due=due): word
    for word, rule in RULES.items()
    for due in (None, *(date(2028, month, 29) for month in (1, 2)))
} | {
    recurrence.normalise_rule(RULES["monthly"], due=date(2028, 1, day)): "monthly"
    for day in (30, 31)
}

KEY = "recurrence"
# How the other keys begin, without case and separators.
KIN = ("recur", "isrecur", "repeat", "isrepeat", "rrule", "frequency")
INTERVALS = ("interval", "every")
ENDS = ("end", "enddate", "endson", "endsat", "until")
# The members of an object that say how a task repeats.
MEMBERS = {"type", "pattern", "freq", "frequency", "rule", "rrule", *INTERVALS, *ENDS}
KEYS_MAX = 10  # that say something, because checking a rule takes time


@extend_schema_field({"type": "string", "examples": ["weekly"]})
class RecurrenceField(PlainField):
    """The recurrence: daily, weekly, monthly, yearly, or an RFC 5545 rule.

    Read as the text of the rule; empty for `none` and an empty string.
    """

    default_error_messages = {
        "invalid": "Must be daily, weekly, monthly, yearly, none or an RFC 5545 rule."
    }

    def to_internal_value(self, data: object) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        word = fold_word(data)
        if word in NO_RULE:
            return ""
        rules = RULES | OTHER_RULES
        if word in rules:
            return rules[word]
        if "=" not in data or not data.isascii():
            self.fail("invalid")
        try:
            return recurrence.normalise_rule(data, due=None)
        except recurrence.RuleRefused as exc:
            raise serializers.ValidationError(str(exc)) from exc


def join_recurrence(body: JSONObject, shown: JSONObject) -> JSONObject:
    """Return a body in which `recurrence` says what all keys of its kind say.

    `shown` is the representation of the task, if it exists.

    Raises:
        ValidationError: for the key that can't be read or contradicts another.
    """
    said = _Said()
    for key in [key for key in body if _is_kin(key)]:
        said.read(key, body.pop(key))
    if not said.keys:
        return body
    rule = said.rule(body.get(KEY), shown.get(KEY))
    return body if rule is None else body | {KEY: rule}


def _is_kin(key: str) -> bool:
    return key != KEY and fold_word(key).startswith(KIN)


@dataclass
class _Said:
    """What the keys of a body say, each by its key."""

    keys: list[str] = field(default_factory=list)
    count: int = 0  # of the values that are not empty
    rules: dict[str, str] = field(default_factory=dict)
    flags: dict[str, bool] = field(default_factory=dict)
    parts: dict[str, tuple[str, str]] = field(default_factory=dict)  # INTERVAL, UNTIL

    def read(self, key: str, value: object, member: str = "") -> None:
        """Read the value of a key, or of one member of its object."""
        self.keys.append(key)
        name = fold_word(member or key)
        if value is None or value in ("", [], {}):
            return
        self.count += 1
        if self.count > KEYS_MAX:
            _refuse(key, "Too many keys say how it repeats.")
        if isinstance(value, dict) and not member:
            if len(value) > KEYS_MAX:
                _refuse(key)
            for inner, inside in value.items():
                if inside not in (None, "") and fold_word(inner) not in MEMBERS:
                    _refuse(key)
                self.read(key, inside, inner)
        elif isinstance(value, bool) and not member:
            self.flags[key] = value
        elif name.endswith(INTERVALS) and (number := _number(value)):
            self._add_part("INTERVAL", key, str(number))
        elif name.endswith(ENDS):
            self._add_part("UNTIL", key, _day(key, value))
        elif self.rules.setdefault(key, rule := _rule(key, value)) != rule:
            _refuse(key)

    def _add_part(self, name: str, key: str, value: str) -> None:
        if self.parts.setdefault(name, (key, value))[1] != value:
            _refuse(key, "This is not what the other keys say.")

    def rule(self, sent: object, shown: object) -> str | None:
        """Return the rule, empty for none; `None` if the keys change nothing.

        `sent` is the value of `recurrence` itself, and `shown` what it was before: sent
        back unchanged, it gives way to a rule in another key.
        """
        rules = dict(self.rules)
        is_new = sent != shown or not any(rules.values())
        if isinstance(sent, str) and sent and is_new:
            rules = {KEY: _rule(KEY, sent), **rules}
        if len(set(rules.values())) > 1:
            _refuse([*rules][-1], "This is not what the other keys say.")
        rule = next(iter(rules.values()), "")
        for key, flag in self.flags.items():
            if flag is False and rule:
                _refuse(key, "A rule was sent as well. Send only one of them.")
            if flag is True and not rule:
                if shown and sent is None:
                    return None
                _refuse(key, "Say how it repeats, such as `recurrence`: `weekly`.")
        if KEY in rules and not self.parts:
            return None
        return self._with_parts(rule)

    def _with_parts(self, rule: str) -> str:
        for name, (key, value) in self.parts.items():
            if (name, value) == ("INTERVAL", "1"):
                continue
            if not rule or f"{name}=" in rule or (name == "UNTIL" and "COUNT=" in rule):
                _refuse(key)
            rule = _rule(key, f"{rule};{name}={value}")
        return rule


def _refuse(key: str, message: str = "") -> NoReturn:
    text = "This can't be read. Send `recurrence`: a word such as weekly, or a rule."
    raise serializers.ValidationError({key: message or text})


def _rule(key: str, value: object) -> str:
    try:
        return RecurrenceField().to_internal_value(value)
    except serializers.ValidationError as exc:
        raise serializers.ValidationError({key: exc.detail}) from exc


def _number(value: object) -> int:
    """Return a whole number from 1, or 0."""
    text = str(value) if isinstance(value, int | str) else ""
    is_number = text.isascii() and text.isdecimal() and len(text) <= len("999")
    return int(text) if is_number else 0


def _day(key: str, value: object) -> str:
    """Return a date as UNTIL has it. A time other than midnight is refused."""
    text = value if isinstance(value, str) else ""
    day, _, at = text.partition("T")
    try:
        if at.rstrip("Z") not in {"", "00:00", "00:00:00", "00:00:00.000"}:
            raise ValueError
        return f"{date.fromisoformat(day):%Y%m%d}"
    except ValueError:
        _refuse(key, "Must be a date such as 2027-02-28.")
