"""A text that is only a phrase, such as the cell of a table: `every! 10 days`."""

from collections.abc import Sequence
from datetime import date

from todos.schedule.quick_add.fields import Fields, fields_of
from todos.schedule.quick_add.parts import Context, Part, Settings
from todos.schedule.quick_add.phrases import read_phrases

PHRASE_MAX_LENGTH = 150


def parse_phrase(text: str, *, context: Context) -> Fields | None:
    """Return the due date, its time and the recurrence of a text that is only a phrase.

    The phrases are those after `due:` in a line, in any capitals: a date, a time, a
    recurrence with its end, or several of them. None if any word is not part of a
    phrase, if phrases contradict each other, or if the text is too long for a phrase.
    Of the fields, only `due_date`, `due_time`, `rrule` and `rrule_anchor` are set.
    """
    return _fields(_parts(text, context), context)


def parse_repeat(text: str, *, context: Context, due: date | None) -> Fields | None:
    """Return the recurrence of such a text, for a task that is due on `due`.

    It begins on the first date it allows from `due` on, or from today without one,
    unless the text says when it begins. The word `every` can be left out. None if the
    text is not a recurrence; the fields are those of `parse_phrase`.
    """
    for phrase in (text, f"every {text}"):
        parts = _parts(phrase, context)
        if not any("rule" in part.sets for part in parts):
            continue
        if due and not any("due_date" in part.sets for part in parts):
            begins = Settings(due_date=due, is_beginning=True)
            parts = [*parts, Part("due", len(phrase), len(phrase), None, begins)]
        if fields := _fields(parts, context):
            return fields
    return None


def _parts(text: str, context: Context) -> Sequence[Part]:
    """Return the phrases of a text, or nothing if it has other words."""
    if len(text) > PHRASE_MAX_LENGTH:
        return ()
    words = " ".join(text.split())
    parts, end = read_phrases(words, 0, context, taken=(), is_marked=True)
    return parts if end >= len(words) else ()


def _fields(parts: Sequence[Part], context: Context) -> Fields | None:
    if not parts:
        return None
    kept, fields = fields_of(parts, context)
    return fields if len(kept) == len(parts) and fields.due_date else None
