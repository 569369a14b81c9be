"""Parts with a marker: `#list`, `@label`, `p1` or `!1`, `remind:30m`."""

import re

from todos.limits import LABEL_MAX_LENGTH, LIST_NAME_MAX_LENGTH, REMINDER_MINUTES_MAX
from todos.schedule.quick_add.parts import (
    Context,
    Kind,
    Part,
    Settings,
    Value,
)
from todos.schedule.quick_add.times import read_time
from todos.schedule.quick_add.words import Word, words_of

SEPARATORS = ",;.!"  # can follow a part, and belong to it
# A name without quotes begins with a letter or a symbol. So issue numbers, prices,
# addresses and package names are not names of lists or labels.
NAME = re.compile(r"""(?![\d_.&+'’-])[^\s!"#$%()*,/:;<=>?@\[\\\]^`{|}~“”„‟«»]+""")
PRIORITY = re.compile(rf"[p!]([1-4])[{SEPARATORS}]?")
SPAN_OF_TIME = re.compile(
    "([0-9]{1,5}) ?(?:(m|min|minute)|(h|hour)|(d|day)|(w|week))s?", re.I | re.A
)
MINUTES = (1, 60, 24 * 60, 7 * 24 * 60)


def read_token(word: Word, context: Context) -> Part | None:
    """Return the part that consists of this word; None if it is not a part."""
    if _is_continued(word):
        return None
    match word.sign:
        case "#":
            return _list(word, context)
        case "@":
            return _label(word)
        case "remind:":
            return _reminder(word)
    if priority := PRIORITY.fullmatch(word.text):
        number = int(priority[1])
        return _part("priority", word, number, {"priority": number})
    return None


def _is_continued(word: Word) -> bool:
    """Whether a quotation has letters directly after it."""
    return word.is_quoted and bool(word.after.strip(SEPARATORS))


def _list(word: Word, context: Context) -> Part | None:
    for name in (_spaced(word.body), _name(word)):
        if known := context.list_named(name):
            return _part("list", word, known, {"list": known})
    name = _name(word)
    if 0 < len(name) <= LIST_NAME_MAX_LENGTH:
        return Part("new_list", word.start, word.end, name)
    return None


def label_in(text: str) -> str | None:
    """Return the label of a word such as `@home,`; None if it is not a label.

    `@types/node` and `@2.50` are not labels. `text` is one word, or a quoted name after
    the marker.
    """
    words = list(words_of(text))
    if len(words) != 1 or words[0].sign != "@" or _is_continued(words[0]):
        return None
    part = _label(words[0])
    return part.sets["label"] if part else None


def marked(sign: str, name: str) -> str:
    """Return a name with its marker, in quotes if it needs them: `#"Next year"`."""
    is_plain = NAME.fullmatch(name) and name[-1] not in SEPARATORS
    if is_plain:
        return sign + name
    return f"{sign}“{name}”" if '"' in name else f'{sign}"{name}"'


def _label(word: Word) -> Part | None:
    name = _name(word)
    if 0 < len(name) <= LABEL_MAX_LENGTH:
        return _part("label", word, name, {"label": name})
    return None


def _name(word: Word) -> str:
    """Return the name after a marker; empty if it is not a valid name."""
    if word.is_quoted:
        return _spaced(word.body)
    name = word.body.rstrip(SEPARATORS)
    return name if NAME.fullmatch(name) else ""


def _spaced(name: str) -> str:
    return " ".join(name.split())


def _reminder(word: Word) -> Part | None:
    text = _spaced(word.body) if word.is_quoted else word.body.rstrip(SEPARATORS)
    if before := SPAN_OF_TIME.fullmatch(text):
        unit = MINUTES[(before.lastindex or 0) - 2]
        minutes = int(before[1]) * unit
        if minutes > REMINDER_MINUTES_MAX:
            return None
        return _part("reminder", word, minutes, {"reminder": minutes})
    clocked = read_time(text, 0)
    if clocked is None or clocked[1] < len(text):
        return None
    time = clocked[0].at
    return _part("reminder", word, f"{time:%H:%M}", {"reminder": time})


def _part(kind: Kind, word: Word, value: Value, sets: Settings) -> Part:
    return Part(kind, word.start, word.end, value, sets)
