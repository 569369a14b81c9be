"""Importing to-dos of other programs: iCalendar (RFC 5545).

Nothing is lost silently: what a task has no field for, and what is not certain, goes
to its notes or is named in a notice. The table is in `docs/exchange.md`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import IO

from todos.actions.imports.rows import FileItem, RowIssue, TaskRow
from todos.imports.files import Options
from todos.imports.ics_ahead import Ahead, look_ahead, parent_of, uid_of
from todos.imports.ics_components import TODO, ZONE, Component, ComponentReader
from todos.imports.ics_leftovers import Leftovers
from todos.imports.ics_todo import TodoReader, ignored_in, title_of
from todos.imports.parents import ParentSorter
from todos.imports.zones import zone_named

# Of a calendar: what is about the file instead of its tasks.
OF_THE_FILE = {"VERSION", "PRODID", "CALSCALE", "METHOD"}
OTHER_KINDS = {"VEVENT": "events", "VJOURNAL": "journals"}
NAMES_KEPT, NAMES_SHOWN, NAME_MAX = 200, 20, 40  # of properties that are not imported


def read(file: IO[bytes], options: Options) -> Iterator[FileItem]:
    """Yield the to-dos of a file, numbered from 1; steps come after their task.

    Raises:
        FileRefused: the file is not a calendar, or has no complete component.
    """
    yield from _Importer(options, look_ahead(file, options)).read(file)


class _Importer:
    """Turns the components of a file into rows and notices."""

    def __init__(self, options: Options, ahead: Ahead) -> None:
        self._options, self._ahead = options, ahead
        self._sorter = ParentSorter("related-to")
        self._sources: set[str] = set()
        self._zones: dict[str, str] = {}  # what the file calls zones
        self._row = 0
        self._others: Counter[str] = Counter()  # components that are not imported
        self._ignored: Counter[str] = Counter()  # properties that are not imported

    def read(self, file: IO[bytes]) -> Iterator[FileItem]:
        reader = ComponentReader(file, self._options)
        for component in reader.components():
            if component.name == TODO:
                self._row += 1
                yield from self._todo(component)
            elif component.name == ZONE:
                self._add_zone(component)
                for lines in component.troubles.values():
                    reader.stray.extend(lines)
            else:
                self._others[component.name[:NAME_MAX]] += 1
        yield from self._sorter.rest()
        for message in self._about_the_file(reader):
            yield RowIssue(None, "", message, is_error=False)

    def _add_zone(self, zone: Component) -> None:
        """Remember the IANA name that a definition of a zone gives, if any."""
        name, location = zone.first("TZID"), zone.first("X-LIC-LOCATION")
        if name is not None and location is not None:
            self._zones[name.value] = zone_named(location.value.strip())

    def _todo(self, todo: Component) -> Iterator[FileItem]:
        title = title_of(todo)
        leftovers = Leftovers(self._row, title)
        uid = uid_of(todo)
        task = None
        changed = todo.first("RECURRENCE-ID")
        if todo.is_cut:
            message = "The file ends within this to-do. It was left out."
            leftovers.notice("", message, line=todo.line)
        elif changed is not None:
            if uid not in self._ahead.masters:  # it names them otherwise
                message = "Changed occurrences of a to-do are not imported."
                leftovers.notice("recurrence-id", message, line=changed.line)
        elif uid and uid in self._sources:
            message = "An earlier to-do has the same UID. This one was left out."
            leftovers.notice("uid", message, line=todo.line)
        else:
            self._sources.add(uid)
            task = self._task(todo, uid, title, leftovers)
        yield from leftovers.issues
        if task is not None:
            yield from self._sorter.add(task)

    def _task(
        self, todo: Component, uid: str, title: str, leftovers: Leftovers
    ) -> TaskRow:
        if not todo.has_end:
            message = "The end of this to-do is missing. Check what was imported."
            leftovers.notice("", message, line=todo.line)
        for name in ignored_in(todo):
            self._ignore(name)
        parent = parent_of(todo, uid, self._ahead, leftovers)
        overrides = self._ahead.overrides.get(uid, ()) if uid else ()
        reader = TodoReader(todo, leftovers, self._options.clock, self._zones)
        return reader.row(uid, title, parent, overrides)

    def _ignore(self, name: str, times: int = 1) -> None:
        name = name[:NAME_MAX]
        if name in self._ignored or len(self._ignored) < NAMES_KEPT:
            self._ignored[name] += times

    # --- The file

    def _about_the_file(self, reader: ComponentReader) -> Iterator[str]:
        """Yield notices about what belongs to no task."""
        if reader.is_cut:
            yield "The file has no end. Check whether something is missing."
        if reader.stray.count:
            message = "Lines that are not valid iCalendar were left out"
            yield f"{message}: {reader.stray}."
        if self._others:
            kinds: Counter[str] = Counter()
            for name, times in self._others.items():
                kinds[OTHER_KINDS.get(name, "other components")] += times
            shown = [f"{kind} ({times})" for kind, times in kinds.most_common()]
            yield f"Only to-dos are imported. Left out: {', '.join(shown)}."
        for name, times in reader.calendar.items():
            if name not in OF_THE_FILE:
                self._ignore(name, times)
        if self._ignored:
            shown = [
                f"{name} ({times})"
                for name, times in self._ignored.most_common(NAMES_SHOWN)
            ]
            if len(self._ignored) > NAMES_SHOWN:
                shown.append("and others")
            yield f"Properties that are not imported: {', '.join(shown)}."
