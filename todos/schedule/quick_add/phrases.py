"""Sequences of dates, times and recurrences: `every friday at 9`."""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date, datetime, time

from todos.schedule.quick_add.agreement import agree, at_part_of_day
from todos.schedule.quick_add.dates import BEGINNING, Due, read_date
from todos.schedule.quick_add.ends import read_length, read_times, read_until
from todos.schedule.quick_add.parts import Context, Part, Settings
from todos.schedule.quick_add.repeats import read_repeat
from todos.schedule.quick_add.times import (
    read_four_digits,
    read_part_of_day,
    read_time,
)

# Placeholder for a part already found between the words of a phrase.
FOUND = "\0"
BEGINS = re.compile(f"{BEGINNING} ", re.I | re.A)
FROM = re.compile("from ", re.I | re.A)
# What a phrase after phrases belongs to them with: "friday or saturday".
LINK = re.compile(
    r"(?:or|and|to|till|until|through|thru|except|but|[-–—/&]) |(?=\d|next |this )",
    re.I,
)


def read_phrases(
    text: str,
    start: int,
    context: Context,
    *,
    taken: Collection[str],
    is_marked: bool = False,
) -> tuple[list[Part], int]:
    """Return the consecutive phrases from `start` on, and where they end.

    `text` is words with one space between them. `taken` are the settings that the line
    already has; a phrase is not recognised if it would make one of them again. Of
    phrases that contradict each other, there is only the end.
    """
    parts: list[Part] = []
    made, end = set(taken), _after_found(text, start)
    while part := _phrase_at(text, end, context, parts, made, is_marked):
        parts.append(part)
        made |= part.sets.keys()
        end = _after_found(text, part.end + 1)
    settled = at_part_of_day(parts, text)
    if settled is None or not agree(settled, text):
        settled = []
    return settled, min(end, len(text))


def continues(text: str, end: int, context: Context) -> bool:
    """Whether other phrases belong to those that end there: "friday or saturday"."""
    link = LINK.match(text, end)
    if link is None:
        return False
    parts, _ = read_phrases(text, link.end(), context, taken=(), is_marked=True)
    return bool(parts)


def _after_found(text: str, start: int) -> int:
    while text.startswith(FOUND, start):
        start += 2
    return start


def _phrase_at(
    text: str,
    start: int,
    context: Context,
    parts: list[Part],
    made: set[str],
    is_marked: bool,
) -> Part | None:
    for part in _readings(text, start, context, parts, is_marked):
        if not part.sets.keys() & made:
            return part
    return None


def _readings(
    text: str, start: int, context: Context, parts: list[Part], is_marked: bool
) -> Iterator[Part]:
    """Yield what the phrase at `start`, after these parts, can be."""
    beside = {name for part in parts for name in part.sets}
    yield from _repeats(text, start, context, is_marked)
    if "rule" in beside:
        yield from _ends(text, start, context, parts)
    yield from _dates(text, start, context, is_marked, is_repeating="rule" in beside)
    yield from _times(text, start, is_after_date=bool(beside & {"rule", "due_date"}))


def _repeats(
    text: str, start: int, context: Context, is_marked: bool
) -> Iterator[Part]:
    if found := read_repeat(text, start, context, is_marked=is_marked):
        repeat, end = found
        anchor = "completion" if repeat.is_from_completion else "due"
        sets: Settings = {"rule": repeat.rule, "anchor": anchor}
        if repeat.part:
            sets["part_of_day"] = repeat.part
        yield Part("repeat", start, end, repeat.rule, sets)


def _dates(
    text: str, start: int, context: Context, is_marked: bool, *, is_repeating: bool
) -> Iterator[Part]:
    begins = BEGINS.match(text, start)
    from_ = FROM.match(text, start) if is_repeating else None
    at = from_.end() if from_ else start
    if dated := read_date(text, at, context, is_marked=is_marked):
        due, end = dated
        sets: Settings = {"due_date": due.day}
        if begins or from_:
            sets["is_beginning"] = True
        if due.at is not None:
            sets["due_time"] = due.at
        elif "tonight" in text[start:end].lower():
            sets["part_of_day"] = "tonight"
        yield Part("due", start, end, _shown(due), sets)


def _shown(due: Due) -> str:
    day = due.day.isoformat()
    return day if due.at is None else f"{day}T{due.at:%H:%M}"


def _times(text: str, start: int, *, is_after_date: bool) -> Iterator[Part]:
    clocked = read_time(text, start)
    if clocked is None and is_after_date:
        clocked = read_four_digits(text, start)
    if clocked:
        (at, _), end = clocked
        yield Part("time", start, end, f"{at:%H:%M}", {"due_time": at})
    if part := read_part_of_day(text, start, is_after_date=is_after_date):
        name, end = part
        yield Part("time", start, end, name, {"part_of_day": name})


def _ends(text: str, start: int, context: Context, parts: list[Part]) -> Iterator[Part]:
    due = next((p.sets["due_date"] for p in parts if "due_date" in p.sets), None)
    rule = next(p.sets["rule"] for p in parts if "rule" in p.sets)
    last = read_until(text, start, context)
    if last and due and last[0] < due:  # from 20 December until 5 January
        last = read_until(text, start, _as_of(due, context))
    if last:
        day, end = last
        sets: Settings = {"end": f"UNTIL={day:%Y%m%d}"}
        yield Part("until", start, end, day.isoformat(), sets)
    if often := read_times(text, start, rule):
        times, end = often
        yield Part("count", start, end, times, {"end": f"COUNT={times}"})
    if length := read_length(text, start):
        lasts_for, end = length
        yield Part("until", start, end, None, {"end": lasts_for})


def _as_of(day: date, context: Context) -> Context:
    """Return the context in which `day` is today."""
    clock = context.clock
    noon = datetime.combine(day, time(12), tzinfo=clock.zone)
    return replace(context, clock=replace(clock, now=noon))
