"""Importing a project of Todoist from its CSV export.

In this format, priority 1 is the highest and INDENT marks sub-tasks. Labels are in
the content as `@label`, comments are rows of the type `note` after their task, and
dates are phrases. Values without a field of their own are added to the notes, with a
notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from django.core.exceptions import ValidationError
from uuid_utils.compat import uuid7

from config.csv_cells import unguarded
from todos.actions.imports.rows import FileItem, RowIssue, TaskRow
from todos.imports import checks
from todos.imports.cells import priority
from todos.imports.checks import RowChecker
from todos.imports.files import FileRefused, MappingRefused, Options
from todos.imports.tables import Cells, records_of
from todos.schedule.quick_add import Context, Fields, parse_line

LABEL = re.compile(r"(?<!\S)@(\S+)")
NUMERIC = re.compile(r"[0-9 :./-]+(?:T[0-9:]+)?")
TITLE = "x"  # placeholder before a date phrase, which quick add expects to follow text
EMPTY = {"", "None"}
PHRASE_MAX = 100  # characters of a date; a longer text is not a date
PHRASES_MAX = 1_000  # different dates; a project of Todoist has at most 300 tasks
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
        self.notes.append(f"{name.capitalize()}: {cell}")
        self.checker.notice(name, f"{message} It was added to the notes.")


def read(file: IO[bytes], options: Options) -> Iterator[FileItem]:
    """Yield the tasks of a project; the header is row 1, as in spreadsheets.

    They go to the list that the mapping names, such as `{"list": "Work"}`, or to the
    inbox.

    Raises:
        FileRefused: the file is not such a table.
        MappingRefused: the mapping has other keys than `list`.
    """
    list_name = _list_of(options)
    project = _Project(options)
    for row, cells in _rows(file, options):
        if cells["TYPE"] == "note":
            yield from project.comment(row, cells)
            continue
        yield from project.finish(list_name)
        yield from project.begin(row, cells)
    yield from project.finish(list_name)


def _list_of(options: Options) -> str:
    if options.mapping.keys() - {"list"}:
        raise MappingRefused(
            'For Todoist, the mapping can only name a list: {"list": "Work"}.'
        )
    try:
        name = options.mapping.get("list", "")
        return checks.list_name(name) if name else ""
    except ValidationError as exc:
        raise MappingRefused(f"list: {exc.messages[0]}") from exc


def _rows(file: IO[bytes], options: Options) -> Iterator[tuple[int, Cells]]:
    records = records_of(file, options)
    _, header = next(records, (1, []))
    names = [name.strip().upper() for name in header]
    if not {"TYPE", "CONTENT"} <= set(names):
        raise FileRefused("The header must have the columns TYPE and CONTENT.")
    for row, record in records:
        cells = dict(
            zip(names, (unguarded(cell.strip()) for cell in record), strict=False)
        )
        if any(cells.values()):
            yield row, {"TYPE": "", "CONTENT": ""} | cells


class _Project:
    """The state while rows are read: section, parent task and current task."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._context = Context(clock=options.clock, week_start=options.week_start)
        self._run = uuid7()  # makes ids unique: rows have none in the file
        self._section = ""
        self._top = ""
        self._draft: _Draft | None = None
        self._phrases: dict[str, dict[str, object] | None] = {}  # already parsed

    def begin(self, row: int, cells: Cells) -> Iterator[RowIssue]:
        """Process a row that is not a comment."""
        kind = cells["TYPE"]
        if kind == "task":
            self._draft = self._task(row, cells)
        elif kind == "section":
            yield from self._enter(row, cells["CONTENT"])
        elif kind != "meta":
            message = "Only rows of type task, section or note are imported."
            yield RowIssue(row, "type", message, is_error=False)

    def comment(self, row: int, cells: Cells) -> Iterator[RowIssue]:
        """Add a comment to the notes of the current task."""
        if self._draft is not None:
            self._draft.notes.append(cells["CONTENT"])
        else:
            message = "This comment belongs to no task and is not imported."
            yield RowIssue(row, "type", message, is_error=False)

    def finish(self, list_name: str) -> Iterator[FileItem]:
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
                list_name=list_name,
                labels=tuple(draft.label_names),
                fields=draft.fields,
            )

    def _enter(self, row: int, name: str) -> Iterator[RowIssue]:
        try:
            self._section = checks.label_name(name)
            message = "Sections become labels of their tasks."
        except ValidationError:
            self._section = ""
            message = "This name can't be a label: its tasks are imported without it."
        yield RowIssue(row, "section", message, is_error=False)

    def _task(self, row: int, cells: Cells) -> _Draft:
        draft = _Draft(
            checker=RowChecker(row),
            source=f"{self._run}:{row}",
            parent="",
            label_names=[self._section] if self._section else [],
            notes=[cells.get("DESCRIPTION", "")],
        )
        self._place(draft, cells.get("INDENT", ""))
        _set_title(draft, cells["CONTENT"])
        if cell := cells.get("PRIORITY"):
            draft.fields["priority"] = draft.checker.take("priority", priority, cell)
        self._date(draft, cells)
        _add_rest_to_notes(draft, cells)
        return draft

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

    def _date(self, draft: _Draft, cells: Cells) -> None:
        phrase, deadline = cells.get("DATE", ""), cells.get("DEADLINE", "")
        if phrase in EMPTY and deadline not in EMPTY:
            phrase, deadline = deadline, ""
        if phrase not in EMPTY:
            language = cells.get("DATE_LANG", "") or "en"
            fields = self._parse(phrase, language)
            if fields is None:
                draft.add_to_notes("date", phrase, "This date can't be read.")
            else:
                draft.fields |= fields
                self._set_zone(draft, cells.get("TIMEZONE", ""))
        if deadline not in EMPTY:
            draft.add_to_notes("deadline", deadline, "A task has only one date.")

    def _parse(self, phrase: str, language: str) -> dict[str, object] | None:
        """Return the fields of a date; None if any part of it can't be parsed."""
        if len(phrase) > PHRASE_MAX:
            return None
        if not language.startswith("en") and not NUMERIC.fullmatch(phrase):
            return None
        if phrase not in self._phrases:
            if len(self._phrases) >= PHRASES_MAX:
                raise FileRefused(f"The file has more than {PHRASES_MAX} dates.")
            self._phrases[phrase] = self._fields_of(phrase)
        return self._phrases[phrase]

    def _fields_of(self, phrase: str) -> dict[str, object] | None:
        parsed = parse_line(f"{TITLE} {phrase}", context=self._context)
        read_fields = parsed.fields
        dated = Fields(
            due_date=read_fields.due_date,
            due_time=read_fields.due_time,
            rrule=read_fields.rrule,
            rrule_anchor=read_fields.rrule_anchor,
        )
        if parsed.title != TITLE or dated != read_fields or dated.due_date is None:
            return None
        return {
            "due_date": dated.due_date,
            "due_time": dated.due_time,
            "rrule": dated.rrule,
            "rrule_anchor": dated.rrule_anchor,
        }

    def _set_zone(self, draft: _Draft, zone: str) -> None:
        """Set the zone of a due time, unless it is the user's own zone."""
        if draft.fields["due_time"] is None or not zone:
            return
        if zone != str(self._options.clock.zone):
            try:
                draft.fields["due_tz"] = checks.zone(zone)
            except ValidationError:
                draft.add_to_notes("timezone", zone, "Unknown time zone.")


def _set_title(draft: _Draft, content: str) -> None:
    """Set the title and the labels from the content of a row."""
    if len(content) > CONTENT_MAX:
        draft.checker.take("title", checks.title, content)
        return
    names = LABEL.findall(content)
    title = " ".join(LABEL.sub("", content).split()) or content
    draft.fields["title"] = draft.checker.take("title", checks.title, title)
    draft.label_names += draft.checker.labels("labels", names)


def _add_rest_to_notes(draft: _Draft, cells: Cells) -> None:
    if cells.get("DURATION", "") not in EMPTY:
        duration = f"{cells['DURATION']} {cells.get('DURATION_UNIT', '')}".strip()
        draft.add_to_notes("duration", duration, "Tasks have no duration.")
    if cells.get("RESPONSIBLE", "") not in EMPTY:
        draft.add_to_notes(
            "responsible", cells["RESPONSIBLE"], "Tasks can't be assigned."
        )
