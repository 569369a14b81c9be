"""What a to-do says and a task has no field for: notes for the task, and notices."""

from __future__ import annotations

import re
from collections.abc import Sequence

from todos.actions.imports.rows import RowIssue
from todos.imports.ics_components import (
    Component,
    Lines,
    Property,
    unescape,
)
from todos.limits import NOTES_MAX_LENGTH

TITLE_MAX = 60  # characters of a title in a notice
VALUE_MAX = 2_000  # characters of a value that is added to the notes
# What `clean_text` refuses, but for the line ends that it replaces.
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
ADDED = "It was added to the notes."


class Leftovers:
    """Collects the notes and the notices of one to-do."""

    def __init__(self, row: int, title: str) -> None:
        self.row = row
        self.issues: list[RowIssue] = []
        self._notes: list[str] = []
        shown = " ".join(CONTROLS.sub("", title[: 2 * TITLE_MAX]).split())
        if len(shown) > TITLE_MAX:
            shown = f"{shown[: TITLE_MAX - 1]}…"
        self._title = f"“{shown}”" if shown else "Untitled"

    def notice(self, name: str, message: str, *, line: int | Lines = 0) -> None:
        """Add a notice that names the task, and the line of the file if it is known."""
        where = self._title
        if line:
            is_many = isinstance(line, Lines) and line.count > 1
            where += f", {'lines' if is_many else 'line'} {line}"
        text = f"{where}: {message}"
        self.issues.append(RowIssue(self.row, name.lower(), text, is_error=False))

    def keep(self, properties: Sequence[Property], message: str) -> None:
        """Add properties with one name to the notes, with one notice."""
        if not properties:
            return
        files = [one for one in properties if one.is_binary]
        texts = [one for one in properties if not one.is_binary]
        if files:
            dropped = "An attached file was left out."
            self.notice(files[0].name, dropped, line=_lines(files))
        if texts:
            name = texts[0].name
            self._notes += [f"{name.capitalize()}: {_shown(one)}" for one in texts]
            self.notice(name, f"{message} {ADDED}", line=_lines(texts))

    def add(self, text: str) -> None:
        """Add a paragraph to the notes."""
        self._notes.append(text)

    def describe(self, component: Component) -> None:
        """Add the descriptions, and name the lines that are lost."""
        descriptions = component.every("DESCRIPTION")
        for prop in descriptions:
            if prop.is_binary:
                self.keep([prop], "")
            else:
                broken = component.broken_text if prop is descriptions[-1] else []
                self._notes.append(_described(prop, broken))
        self._notes += component.kept
        for what, lines in component.troubles.items():
            self.notice("", what, line=lines)

    def notes(self) -> str:
        """Return the notes of the task, cut if they are too long."""
        text = "\n\n".join(filter(None, (note.strip() for note in self._notes)))
        if len(text) > NOTES_MAX_LENGTH:
            text = text[: NOTES_MAX_LENGTH - 1] + "…"
            message = f"The notes were cut after {NOTES_MAX_LENGTH} characters."
            self.notice("description", message)
        return self.clean("description", text)

    def clean(self, name: str, text: str) -> str:
        """Return a text without the characters that can't be shown."""
        cleaned = CONTROLS.sub("", text)
        if cleaned != text:
            self.notice(name, "Characters that can't be shown were left out.")
        return cleaned


def _lines(properties: Sequence[Property]) -> Lines:
    lines = Lines()
    for prop in properties:
        lines.add(prop.line)
    return lines


def _shown(prop: Property) -> str:
    value = prop.text.strip()
    if name := prop.parameters.get("CN", ""):
        value = f"{name} ({value})"
    return value if len(value) <= VALUE_MAX else f"{value[:VALUE_MAX]}…"


def _described(prop: Property, broken: list[str]) -> str:
    if not broken:
        return prop.text
    text = unescape("\n".join([prop.value, *broken]))
    return text.removesuffix("\\")
