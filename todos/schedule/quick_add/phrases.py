"""Sequences of dates, times and recurrences: `every friday at 9`."""

from collections.abc import Collection, Iterator

from todos.schedule.quick_add.dates import read_date
from todos.schedule.quick_add.parts import Context, Part, Settings
from todos.schedule.quick_add.repeats import read_repeat, read_times, read_until
from todos.schedule.quick_add.times import read_time

# Placeholder for a part already found between the words of a phrase.
FOUND = "\0"


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
    already has; a phrase is not recognised if it would make one of them again.
    """
    parts: list[Part] = []
    made, end = set(taken), _after_found(text, start)
    while part := _phrase_at(text, end, context, made, is_marked):
        parts.append(part)
        made |= part.sets.keys()
        end = _after_found(text, part.end + 1)
    return list(_in_the_evening(text, parts)), min(end, len(text))


def _after_found(text: str, start: int) -> int:
    while text.startswith(FOUND, start):
        start += 2
    return start


def _phrase_at(
    text: str, start: int, context: Context, made: set[str], is_marked: bool
) -> Part | None:
    for part in _readings(text, start, context, made, is_marked):
        if not part.sets.keys() & made:
            return part
    return None


def _readings(
    text: str, start: int, context: Context, made: set[str], is_marked: bool
) -> Iterator[Part]:
    if repeat := read_repeat(text, start, context):
        (rule, is_again), end = repeat
        sets: Settings = {
            "rule": rule,
            "anchor": "completion" if is_again else "due",
        }
        yield Part("repeat", start, end, rule, sets)
    if "rule" in made:
        yield from _ends(text, start, context)
    if dated := read_date(text, start, context, is_marked=is_marked):
        (day, time), end = dated
        if time is None:
            yield Part("due", start, end, day.isoformat(), {"due_date": day})
        else:
            value = f"{day.isoformat()}T{time:%H:%M}"
            yield Part("due", start, end, value, {"due_date": day, "due_time": time})
    yield from _times(text, start)


def _times(text: str, start: int, *, is_evening: bool = False) -> Iterator[Part]:
    if clocked := read_time(text, start, is_evening=is_evening):
        time, end = clocked
        yield Part("time", start, end, f"{time:%H:%M}", {"due_time": time})


def _ends(text: str, start: int, context: Context) -> Iterator[Part]:
    if last := read_until(text, start, context):
        day, end = last
        sets: Settings = {"end": f"UNTIL={day:%Y%m%d}"}
        yield Part("until", start, end, day.isoformat(), sets)
    if often := read_times(text, start):
        times, end = often
        yield Part("count", start, end, times, {"end": f"COUNT={times}"})


def _in_the_evening(text: str, parts: list[Part]) -> Iterator[Part]:
    """Interpret `tonight at 8` as 20:00."""
    is_evening = any("tonight" in text[p.start : p.end].lower() for p in parts)
    for part in parts:
        if is_evening and part.kind == "time":
            yield from _times(text, part.start, is_evening=True)
        else:
            yield part
