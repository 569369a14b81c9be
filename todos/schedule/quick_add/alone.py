"""A text that is only a phrase, such as the cell of a table: `every! 10 days`."""

from todos.schedule.quick_add.fields import Fields, fields_of
from todos.schedule.quick_add.parts import Context
from todos.schedule.quick_add.phrases import read_phrases

PHRASE_MAX_LENGTH = 150


def parse_phrase(text: str, *, context: Context) -> Fields | None:
    """Return the due date, its time and the recurrence of a text that is only a phrase.

    The phrases are those after `due:` in a line, in any capitals: a date, a time, a
    recurrence with its end, or several of them. None if any word is not part of a
    phrase, if phrases contradict each other, or if the text is too long for a phrase.
    Of the fields, only `due_date`, `due_time`, `rrule` and `rrule_anchor` are set.
    """
    if len(text) > PHRASE_MAX_LENGTH:
        return None
    words = " ".join(text.split())
    parts, end = read_phrases(words, 0, context, taken=(), is_marked=True)
    if not parts or end < len(words):
        return None
    kept, fields = fields_of(parts, context)
    return fields if len(kept) == len(parts) and fields.due_date else None
