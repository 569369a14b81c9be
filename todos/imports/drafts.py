"""Tasks of other programs, adapted to what a task can hold.

What has no field, or can't be read with certainty, is added to the notes, with a
notice. What is longer than its limit is cut, with a notice: users can't edit the files
of these programs, so one long text must not refuse all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.core.exceptions import ValidationError
from uuid_utils.compat import uuid7

from config.text import CONTROLS_BUT_LINES, normalised
from todos.actions.imports.rows import FileItem, RowIssue, TaskRow
from todos.imports import checks
from todos.imports.checks import RowChecker
from todos.imports.parents import ParentSorter
from todos.limits import (
    LABELS_MAX,
    LIST_NAME_MAX_LENGTH,
    NOTES_MAX_LENGTH,
    TITLE_MAX_LENGTH,
)

UNTITLED = "Untitled"
LONGEST = 3 * NOTES_MAX_LENGTH  # characters of any text that are looked at


class Sources:
    """The ids of the tasks of a file: unique, and different from ids of other programs.

    A task without an id gets one of its own.
    """

    def __init__(self, program: str) -> None:
        self._program = program
        self._run = uuid7()
        self._seen: set[str] = set()
        self._duplicates: list[int] = []

    def of(self, identifier: str, row: int) -> str:
        return f"{self._program}:{identifier or f'{self._run}:{row}'}"

    def is_duplicate(self, source: str, row: int) -> bool:
        """Whether an earlier task has this id; `notices` reports it."""
        if source in self._seen:
            self._duplicates.append(row)
            return True
        self._seen.add(source)
        return False

    def notices(self) -> Iterator[RowIssue]:
        for row in self._duplicates:
            message = "An earlier task has the same id: only that one is imported."
            yield RowIssue(row, "id", message, is_error=False)


class Draft:
    """One task while it is read.

    `source` is its id in the file, `parent` that of its task if it is a step.
    """

    def __init__(self, row: int, *, source: str = "", parent: str = "") -> None:
        self.source, self.parent = source, parent
        self.checker = RowChecker(row)
        self.fields: dict[str, object] = {}
        self._labels: list[str] = []
        self._notes: list[str] = []

    def set_title(self, name: str, value: str) -> None:
        title = one_line(value)
        if not title:
            title = UNTITLED
            self.checker.notice(
                name, "The title is missing: the task is named Untitled."
            )
        if len(title) > TITLE_MAX_LENGTH:
            message = f"Longer than {TITLE_MAX_LENGTH} characters: cut."
            self.keep(name, title, message)
            title = title[:TITLE_MAX_LENGTH]
        self.fields["title"] = self.checker.take(name, checks.title, title)

    def add_notes(self, text: str) -> None:
        """Add a paragraph to the notes."""
        if text := printable(text).strip():
            self._notes.append(text)

    def keep(self, name: str, text: str, message: str) -> None:
        """Add a value without a field to the notes, with a notice."""
        self.add_notes(f"{_words(name)}: {text}")
        self.checker.notice(name, f"{message} It was added to the notes.")

    def add_labels(self, name: str, values: Iterable[str]) -> None:
        """Add labels; those that can't be labels are kept in the notes."""
        for value in values:
            try:
                label = checks.label_name(one_line(value))
            except ValidationError as exc:
                self.keep(name, value, f"Not a label: {exc.messages[0]}")
                continue
            if len(self._labels) < LABELS_MAX:
                self._labels.append(label)
            else:
                self.keep(name, label, f"A task has at most {LABELS_MAX} labels.")

    def set_instant(self, column: str, name: str, value: str) -> None:
        """Set a column to an instant that is written with its offset."""
        if not value or value.startswith("0001-"):  # what some programs write for none
            return
        try:
            self.fields[column] = checks.instant(value)
        except ValidationError as exc:
            self.keep(name, value, exc.messages[0])

    def rows(self, list_name: str, sorter: ParentSorter) -> Iterator[FileItem]:
        """Yield the issues of the task, and what `sorter` makes of the task.

        A task with errors is not yielded.
        """
        text = self._finished_notes()
        self.fields["notes"] = self.checker.take("notes", checks.notes, text)
        yield from self.checker.issues
        if not self.checker.has_errors:
            task = TaskRow(
                row=self.checker.row,
                source=self.source,
                parent=self.parent,
                list_name=list_name,
                labels=tuple(self._labels),
                fields={k: v for k, v in self.fields.items() if v is not None},
            )
            yield from sorter.add(task)

    def _finished_notes(self) -> str:
        text = "\n\n".join(self._notes)
        try:
            whole = normalised(text[:LONGEST])
        except ValidationError:
            return text[:NOTES_MAX_LENGTH]  # the check of the notes reports it
        if max(len(whole), len(text)) > NOTES_MAX_LENGTH:
            message = f"Longer than {NOTES_MAX_LENGTH} characters: the rest is left out"
            self.checker.notice("notes", f"{message}.")
        return whole[:NOTES_MAX_LENGTH]


def printable(text: str) -> str:
    """Return a text without characters that can't be stored; line ends remain."""
    # Outlook separates lines by U+000B.
    text = text[:LONGEST].replace("\v", "\n").replace("\r\n", "\n").replace("\r", "\n")
    return CONTROLS_BUT_LINES.sub("", text)


def one_line(text: str) -> str:
    """Return a text as one line, with single spaces, in NFC unless that is refused."""
    line = " ".join(printable(text).split())
    try:
        return normalised(line)
    except ValidationError:
        return line  # the check of the field reports it


def _words(name: str) -> str:
    """Return the name of a field as words: `Start date time` for `startDateTime`."""
    spaced = "".join(f" {c.lower()}" if c.isupper() else c for c in name)
    return " ".join(spaced.replace("_", " ").split()).capitalize()


def list_name(value: str, issues: list[RowIssue]) -> str:
    """Return the name of a list; add a notice to `issues` if it had to be cut."""
    name = one_line(value)
    if len(name) > LIST_NAME_MAX_LENGTH:
        message = f"A name is longer than {LIST_NAME_MAX_LENGTH} characters: cut."
        issues.append(RowIssue(None, "list", message, is_error=False))
        name = name[:LIST_NAME_MAX_LENGTH]
    try:
        return checks.list_name(name) if name else ""
    except ValidationError as exc:
        issues.append(RowIssue(None, "list", exc.messages[0]))
        return ""
