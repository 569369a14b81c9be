"""Dates, times and repeats in a row, as people write them: `every friday at 9`."""

from collections.abc import Collection, Iterator

from todos.schedule.quick_add.dates import read_date
from todos.schedule.quick_add.parts import Here, Part
from todos.schedule.quick_add.repeats import read_repeat, read_times, read_until
from todos.schedule.quick_add.times import read_time

# Stands for a part that has been read, between the words of a phrase.
READ = "\0"


def read_phrases(
    text: str,
    start: int,
    here: Here,
    *,
    taken: Collection[str],
    is_marked: bool = False,
) -> tuple[list[Part], int]:
    """Return the phrases that follow each other from `start` on, and where they end.

    `text` is words with one space between them. `taken` are settings that the line has
    made already; a phrase that would make one again is no phrase.
    """
    parts: list[Part] = []
    made, end = set(taken), _after_read(text, start)
    while part := _phrase_at(text, end, here, made, is_marked):
        parts.append(part)
        made |= part.sets.keys()
        end = _after_read(text, part.end + 1)
    return list(_in_the_evening(text, parts)), min(end, len(text))


def _after_read(text: str, start: int) -> int:
    while text.startswith(READ, start):
        start += 2
    return start


def _phrase_at(
    text: str, start: int, here: Here, made: set[str], is_marked: bool
) -> Part | None:
    for part in _readings(text, start, here, made, is_marked):
        if not part.sets.keys() & made:
            return part
    return None


def _readings(
    text: str, start: int, here: Here, made: set[str], is_marked: bool
) -> Iterator[Part]:
    if repeat := read_repeat(text, start, here):
        (rule, is_again), end = repeat
        sets = {"rule": rule, "anchor": "completion" if is_again else "due"}
        yield Part("repeat", start, end, rule, sets)
    if "rule" in made:
        yield from _ends(text, start, here)
    if dated := read_date(text, start, here, is_marked=is_marked):
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


def _ends(text: str, start: int, here: Here) -> Iterator[Part]:
    if last := read_until(text, start, here):
        day, end = last
        sets = {"end": f"UNTIL={day:%Y%m%d}"}
        yield Part("until", start, end, day.isoformat(), sets)
    if often := read_times(text, start):
        times, end = often
        yield Part("count", start, end, times, {"end": f"COUNT={times}"})


def _in_the_evening(text: str, parts: list[Part]) -> Iterator[Part]:
    """Read `tonight at 8` as 20:00."""
    is_evening = any("tonight" in text[p.start : p.end].lower() for p in parts)
    for part in parts:
        if is_evening and part.kind == "time":
            yield from _times(text, part.start, is_evening=True)
        else:
            yield part
