"""Imports of the tasks of a file, in one of several formats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import IO

from todos.actions.imports import PreparedImport
from todos.actions.imports.rows import FileItem, ImportReport, RowIssue
from todos.agenda import clock_of
from todos.caller import Caller
from todos.imports import (
    csv,
    google_tasks,
    ics,
    json,
    microsoft_todo,
    ticktick,
    todoist,
    vikunja,
)
from todos.imports.archives import is_archive
from todos.imports.encodings import opened_as_utf8
from todos.imports.files import Options
from todos.schedule.weeks import STARTS

Reader = Callable[[IO[bytes], Options], Iterator[FileItem]]


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its name for users, the suffix of its files, and what reads them.

    `hint` is a sentence for users: which file to bring, and where to get it. A reader
    gets text as UTF-8; with `takes_archives`, it gets a ZIP archive unchanged.
    """

    label: str
    suffix: str
    read: Reader
    hint: str
    takes_archives: bool = False

    @property
    def description(self) -> str:
        return f"{self.label} (.{self.suffix}). {self.hint}"


# The API, the command and the OpenAPI document list what is here, in this order.
FORMATS: dict[str, Format] = {
    "json": Format(
        "Ownlist",
        "json",
        json.read,
        "An export of Ownlist as JSON, which contains everything.",
    ),
    "csv": Format(
        "Table",
        "csv",
        csv.read,
        "A table of any program, with its columns mapped to fields.",
    ),
    "todoist": Format(
        "Todoist",
        "csv",
        todoist.read,
        "A project, exported as a template, or the ZIP archive of a backup.",
        takes_archives=True,
    ),
    "microsoft-todo": Format(
        "Microsoft To Do",
        "json",
        microsoft_todo.read,
        "Lists and tasks as JSON, as tools export them from Microsoft Graph.",
    ),
    "google-tasks": Format(
        "Google Tasks",
        "json",
        google_tasks.read,
        "Tasks.json of Google Takeout (takeout.google.com), or the whole archive.",
        takes_archives=True,
    ),
    "ticktick": Format(
        "TickTick",
        "csv",
        ticktick.read,
        "A backup, from Settings, Account, Backup.",
    ),
    "vikunja": Format(
        "Vikunja",
        "zip",
        vikunja.read,
        "An export of all data, from Settings, or the data.json in it.",
        takes_archives=True,
    ),
    "ics": Format(
        "Calendar",
        "ics",
        ics.read,
        "To-dos of any calendar program, exported as iCalendar.",
    ),
}
ROWS_MAX = 10_000  # in one import over HTTP


def describe_formats() -> str:
    """Return a line in Markdown for each format."""
    return "\n".join(f"* `{name}` - {one.description}" for name, one in FORMATS.items())


def import_file(
    caller: Caller,
    *,
    file: IO[bytes],
    name: str,
    mapping: Mapping[str, object] | None = None,
    dry_run: bool = False,
    rows_max: int | None = None,
    skip_errors: bool = False,
) -> ImportReport:
    """Import a file in the format with this name: all of its rows, or none.

    With `skip_errors`, rows with an error are left out instead.

    Raises:
        FileRefused: the file can't be read, or has more than `rows_max` rows.
        ImportClash: as `PreparedImport.store`.
    """
    prepared = prepare_file(
        caller,
        file=file,
        name=name,
        mapping=mapping,
        rows_max=rows_max,
        skip_errors=skip_errors,
    )
    return prepared.report if dry_run else prepared.store()


def prepare_file(
    caller: Caller,
    *,
    file: IO[bytes],
    name: str,
    mapping: Mapping[str, object] | None = None,
    rows_max: int | None = None,
    skip_errors: bool = False,
) -> PreparedImport:
    """Read a file and check its rows, so that they only need to be stored.

    Raises:
        FileRefused: the file can't be read, or has more than `rows_max` rows.
    """
    options = options_for(caller, mapping=mapping, rows_max=rows_max)
    with _opened(file, name) as (text, notices):
        rows = chain(notices, FORMATS[name].read(text, options))
        items = _limited(rows, options)
        return PreparedImport(caller, items, skip_errors=skip_errors)


def options_for(
    caller: Caller,
    *,
    mapping: Mapping[str, object] | None = None,
    rows_max: int | None = None,
) -> Options:
    """Return how to read a file for the owner."""
    return Options(
        clock=clock_of(caller.owner, now=caller.at),
        week_start=STARTS[caller.owner.week_start],
        mapping=mapping or {},
        rows_max=rows_max,
    )


@contextmanager
def _opened(file: IO[bytes], name: str) -> Iterator[tuple[IO[bytes], list[RowIssue]]]:
    """Return the file as its reader needs it, and a notice if it was converted."""
    if FORMATS[name].takes_archives and is_archive(file):
        yield file, []
        return
    with opened_as_utf8(file, is_folded=name == "ics") as (text, notice):
        yield text, [RowIssue(None, "", notice, is_error=False)] if notice else []


def _limited(rows: Iterable[FileItem], options: Options) -> Iterator[FileItem]:
    count = 0
    for row in rows:
        count += not isinstance(row, RowIssue)
        options.require_room(count)
        yield row
