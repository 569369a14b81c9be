"""Quick add: a task from a line of text. Pure functions without a clock.

`Buy milk tomorrow 9am #home @shop p1` is a title with settings. `docs/quick-add.md`
describes the grammar. Text that is not a setting stays in the title, unchanged.

From the outside in: `lines` converts a line into a task, `fields` converts parts of a
line into fields, and `reading` finds the parts. A part is either one word with a marker
(`tokens`), or several words (`phrases`) for a date (`dates`), a time (`times`) or a
recurrence (`repeats`).
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
    Context,
)

__all__ = [
    "KINDS",
    "Fields",
    "Context",
    "NoSuchPart",
    "Parsed",
    "Span",
    "lines_of",
    "parse_line",
]
