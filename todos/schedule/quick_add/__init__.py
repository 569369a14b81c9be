"""Quick add: one line of text to one task. Pure functions, no clock.

`Buy milk tomorrow 9am #home @shop p1` is a title and its settings. `docs/quick-add.md`
has the grammar. What is not a part of it stays in the title, every character of it.

The modules, from the outside in: `lines` makes a task of a line, `fields` of the parts
that `reading` has found. A part is one word with a sign (`tokens`), or a row of words
(`phrases`) that say when (`dates`, `times`) and how often (`repeats`).
"""

from todos.schedule.quick_add.fields import Fields
from todos.schedule.quick_add.lines import (
    NoSuchPart,
    Parsed,
    Span,
    lines_of,
    parse_line,
)
from todos.schedule.quick_add.parts import (
    KINDS,
    Here,
)

__all__ = [
    "KINDS",
    "Fields",
    "Here",
    "NoSuchPart",
    "Parsed",
    "Span",
    "lines_of",
    "parse_line",
]
