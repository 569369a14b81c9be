"""Which program a file comes from.

A few signs decide which readers are worth trying, and the first reader that accepts
the beginning of the file decides. So what a format is has one definition: its reader.
"""

from __future__ import annotations

from itertools import islice
from typing import IO

from todos.imports.archives import is_archive
from todos.imports.encodings import opened_as_utf8
from todos.imports.files import FileRefused, Options, skip_byte_order_mark
from todos.imports.formats import FORMATS

ARCHIVES = ("google-tasks", "vikunja", "todoist")
DOCUMENTS = ("json", "google-tasks", "microsoft-todo", "vikunja")
TABLES = ("ticktick", "todoist")
TRIED = 20  # items of a file that are read to recognise it
BEGINNING = 1024  # bytes


def recognise(file: IO[bytes], options: Options) -> str | None:
    """Return the name of the format of a file, or None if no reader accepts it.

    A table of an unknown program has the format `csv`.

    Raises:
        FileRefused: it is not a text, such as a picture.
    """
    if is_archive(file) and (name := _first(ARCHIVES, file, options)):
        return name
    with opened_as_utf8(file) as (text, _):
        start = skip_byte_order_mark(text).read(BEGINNING).lstrip()
        if start[:1] in {b"{", b"["}:
            # A damaged export of our own is recognised as well, to say what is wrong.
            own = "json" if b'"format":"ownlist"' in start.replace(b" ", b"") else None
            return own or _first(DOCUMENTS, text, options)
        if start[:15].upper() == b"BEGIN:VCALENDAR":
            return "ics"
        if start[:1] == b"<":
            return None
        return _first(TABLES, text, options) or "csv"


def _first(names: tuple[str, ...], file: IO[bytes], options: Options) -> str | None:
    return next((name for name in names if _accepts(name, file, options)), None)


def _accepts(name: str, file: IO[bytes], options: Options) -> bool:
    try:
        for _ in islice(FORMATS[name].read(file, options), TRIED):
            pass
    except FileRefused:
        return False
    return True
