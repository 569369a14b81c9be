"""One project of Todoist: its rows, one after another, as tasks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from django.core.exceptions import ValidationError
from uuid_utils.compat import uuid7

from todos.actions.imports.rows import FileItem, RowIssue, TaskRow
from todos.imports import checks
from todos.imports.cells import priority
from todos.imports.checks import RowChecker
from todos.imports.tables import Cells
from todos.imports.todoist_attachments import with_addresses
from todos.imports.todoist_dates import DateReader
from todos.schedule.quick_add import label_in

WORD = re.compile(r"(?<!\S)@\S+")
SEPARATOR = re.compile(r"[,;|]")
HEADING = "* "  # before the content of a task that can't be completed
EMPTY = {"", "None"}
CONTENT_MAX = 10_000  # characters, far more than a title with all its labels needs


@dataclass(slots=True)
class _Draft:
    """A task that rows with its comments may follow."""

    checker: RowChecker
    source: str
    parent: str
    label_names: list[str]
    notes: list[str]
    fields: dict[str, object] = field(default_factory=dict)

    def add_to_notes(self, name: str, cell: str, message: str) -> None:
        """Add a value without a field to the notes, with a notice."""
        self.notes.append(f"{name.replace('_', ' ').capitalize()}: {cell}")
        self.checker.notice(name, f"{message} It was added to the notes.")


class Project:
    """The state while rows are read: section, parent task and current task.

    `prefix` precedes the fields in notices and errors.
    """

    def __init__(self, dates: DateReader, *, list_name: str, prefix: str = "") -> None:
        self._dates, self._list_name, self.prefix = dates, list_name, prefix
        # Most tasks share their labels with others.
        self._label_in = lru_cache(maxsize=1_000)(label_in)
        self._run = uuid7()  # makes ids unique: rows have none in the file
        self._section = ""
        self._top = ""
        self._draft: _Draft | None = None

    def take(self, row: int, cells: Cells) -> Iterator[FileItem]:
        """Process a row, and yield the task before it."""
        kind = cells["TYPE"].lower()
        if kind == "note":
            yield from self._comment(row, cells)
            return
        yield from self.finish()
        if kind == "task":
            self._draft = self._task(row, cells)
        elif kind == "section":
            yield self._enter(row, cells["CONTENT"])
        elif kind != "meta":
            message = "Only rows of type task, section or note are imported."
            yield self._notice(row, "type", message)

    def finish(self) -> Iterator[FileItem]:
        """Yield the current task, if there is one."""
        draft, self._draft = self._draft, None
        if draft is None:
            return
        notes = "\n\n".join(note for note in draft.notes if note)
        draft.fields["notes"] = draft.checker.take("notes", checks.notes, notes)
        yield from draft.checker.issues
        if not draft.checker.has_errors:
            yield TaskRow(
                row=draft.checker.row,
                source=draft.source,
                parent=draft.parent,
                list_name=self._list_name,
                labels=tuple(draft.label_names),
                fields=draft.fields,
            )

    def _notice(self, row: int, name: str, message: str) -> RowIssue:
        return RowIssue(row, self.prefix + name, message, is_error=False)

    def _comment(self, row: int, cells: Cells) -> Iterator[RowIssue]:
        """Add a comment to the notes of the current task."""
        text, files = with_addresses(cells["CONTENT"])
        if self._draft is None:
            message = "This comment belongs to no task and is not imported."
            yield self._notice(row, "type", message)
            return
        self._draft.notes.append(text)
        if files:
            message = "Files are not imported, only their names and addresses."
            yield self._notice(row, "content", message)

    def _enter(self, row: int, name: str) -> RowIssue:
        try:
            self._section = checks.label_name(name)
            message = "Sections become labels of their tasks."
        except ValidationError:
            self._section = ""
            message = "This name can't be a label: its tasks are imported without it."
        return self._notice(row, "section", message)

    def _task(self, row: int, cells: Cells) -> _Draft:
        draft = _Draft(
            checker=RowChecker(row, self.prefix),
            source=f"{self._run}:{row}",
            parent="",
            label_names=[self._section] if self._section else [],
            notes=[cells.get("DESCRIPTION", "")],
        )
        self._place(draft, cells.get("INDENT", ""))
        self._set_title(draft, cells["CONTENT"], cells.get("LABELS", ""))
        if (cell := cells.get("PRIORITY", "")) not in EMPTY:
            draft.fields["priority"] = draft.checker.take("priority", priority, cell)
        self._set_date(draft, cells)
        _add_rest_to_notes(draft, cells)
        return draft

    def _set_title(self, draft: _Draft, content: str, labels: str) -> None:
        """Set the title and the labels of a task."""
        if len(content) > CONTENT_MAX:
            draft.checker.take("title", checks.title, content)
            return
        if content.startswith(HEADING):
            content = content.removeprefix(HEADING)
            message = "It can't be completed in Todoist: imported as a usual task."
            draft.checker.notice("content", message)
        words = {word: self._label_in(word) for word in WORD.findall(content)}
        rest = WORD.sub(
            lambda match: match[0] if words[match[0]] is None else "", content
        )
        title = " ".join(rest.split()) or content
        draft.fields["title"] = draft.checker.take("title", checks.title, title)
        names = [name for name in words.values() if name is not None]
        draft.label_names += draft.checker.labels("labels", [*names, *_names(labels)])

    def _place(self, draft: _Draft, indent: str) -> None:
        depth = int(indent) if indent.isdecimal() and len(indent) < 3 else 1
        if depth <= 1 or not self._top:
            self._top = draft.source
            return
        draft.parent = self._top
        if depth > 2:
            draft.checker.notice(
                "indent",
                "Steps go one level deep: imported as a step of the task above.",
            )

    def _set_date(self, draft: _Draft, cells: Cells) -> None:
        """Take the first date of the row; the others go into the notes."""
        texts = [
            (name, text, cells.get(f"{name}_LANG", "") or "en")
            for name in ("DATE", "DUE_DATE", "DEADLINE")
            if (text := cells.get(name, "")) not in EMPTY
        ]
        for number, (name, text, language) in enumerate(texts):
            if number:
                if text != texts[0][1]:
                    message = "A task has only one date."
                    draft.add_to_notes(name.lower(), text, message)
            elif not self._read_date(draft, text, language, cells.get("TIMEZONE", "")):
                draft.add_to_notes(name.lower(), text, "This date can't be read.")

    def _read_date(self, draft: _Draft, text: str, language: str, zone: str) -> bool:
        try:
            stored_zone = self._dates.zone_of_time(zone)
        except ValidationError:
            stored_zone = None
        known_zone = zone if stored_zone is not None else ""
        found = self._dates.read(text, language=language, zone=known_zone)
        if found is None:
            return False
        draft.fields |= {
            "due_date": found.due_date,
            "due_time": found.due_time,
            "rrule": found.rrule,
            "rrule_anchor": found.rrule_anchor,
        }
        if found.due_time is not None and stored_zone is None:
            draft.add_to_notes("timezone", zone, "Unknown time zone.")
        elif found.due_time is not None:
            draft.fields["due_tz"] = stored_zone
        return True


def _names(cell: str) -> list[str]:
    """Return the names in a cell such as `home, work` or `@home @work`."""
    if cell in EMPTY:
        return []
    names = cell.replace("@", ",").split(",") if "@" in cell else SEPARATOR.split(cell)
    return [name.strip(" ,;|") for name in names if name.strip(" ,;|")]


def _add_rest_to_notes(draft: _Draft, cells: Cells) -> None:
    if cells.get("DURATION", "") not in EMPTY:
        duration = f"{cells['DURATION']} {cells.get('DURATION_UNIT', '')}".strip()
        draft.add_to_notes("duration", duration, "Tasks have no duration.")
    if cells.get("RESPONSIBLE", "") not in EMPTY:
        draft.add_to_notes(
            "responsible", cells["RESPONSIBLE"], "Tasks can't be assigned."
        )
