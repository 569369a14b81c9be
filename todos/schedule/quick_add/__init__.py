"""Quick add: a task from a line of text. Pure functions without a clock.

`Buy milk tomorrow 9am #home @shop p1` is a title with settings. `docs/quick-add.md`
describes the grammar. Text that is not a setting stays in the title, unchanged.

From the outside in: `lines` converts a line into a task, `fields` converts parts of a
line into fields, and `reading` finds the parts. A part is either one word with a marker
(`tokens`), or several words (`phrases`) for a date (`dates`), a time (`times`) or a
recurrence (`repeats`). Phrases side by side must agree (`agreement`). `parse_phrase`
and `parse_repeat` in `alone` are for texts that are only a phrase, as in the cells of
other programs or in the field of a form, and `label_in` says whether a word is a label.
"""

from todos.schedule.quick_add.alone import (
    PHRASE_MAX_LENGTH,
    parse_phrase,
    parse_repeat,
)
from todos.schedule.quick_add.fields import Fields
from todos.schedule.quick_add.lines import (
    NoSuchPart,
    Parsed,
    Span,
    lines_of,
    parse_line,
    plain_line,
)
from todos.schedule.quick_add.parts import (
    KINDS,
    Context,
)
from todos.schedule.quick_add.tokens import label_in, marked

__all__ = [
    "KINDS",
    "PHRASE_MAX_LENGTH",
    "Fields",
    "Context",
    "NoSuchPart",
    "Parsed",
    "Span",
    "label_in",
    "lines_of",
    "marked",
    "parse_line",
    "parse_phrase",
    "parse_repeat",
    "plain_line",
]
