"""Importing projects of Todoist from CSV files: one file, or the archive of a backup.

In this format, priority 1 is the highest and INDENT marks sub-tasks. Labels are in
the content as `@label`, comments are rows of the type `note` after their task, and
dates are phrases. Values without a field of their own are added to the notes, with a
notice.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import IO

from django.core.exceptions import ValidationError

from config.csv_cells import unguarded
from todos.actions.imports.rows import FileItem, RowIssue
from todos.imports import checks
from todos.imports.archives import entries_of, is_archive
from todos.imports.date_cells import spaced
from todos.imports.drafts import list_name
from todos.imports.encodings import opened_as_utf8
from todos.imports.files import FileRefused, MappingRefused, Options, TooManyRows
from todos.imports.tables import folded, preamble_notices, records_of
from todos.imports.todoist_dates import DateReader
from todos.imports.todoist_project import Project

REQUIRED = ("TYPE", "CONTENT")
COLUMNS = {
    *REQUIRED,
    *("DESCRIPTION", "PRIORITY", "INDENT", "AUTHOR", "RESPONSIBLE", "LABELS"),
    *("DATE", "DATE_LANG", "DUE_DATE", "DUE_DATE_LANG", "TIMEZONE"),
    *("DURATION", "DURATION_UNIT", "DEADLINE", "DEADLINE_LANG"),
}
# A backup names its files `Work [2203306141].csv`, after a project and its id.
PROJECT_ID = re.compile(r"\[(?:[0-9]{5,20}|[0-9A-Za-z]{16})\]$")
INBOX = "inbox"
NAME_MAX = 50  # characters of the name of a file in notices and errors


def read(file: IO[bytes], options: Options) -> Iterator[FileItem]:
    """Yield the tasks of one project, or of the projects in a ZIP archive.

    The header of a project is row 1, as in spreadsheets. The tasks of one project go
    to the list that the mapping names, such as `{"list": "Work"}`, or to the inbox.
    Each file of an archive names its list.

    Raises:
        FileRefused: the file is not such a table, or not an archive of such tables.
        MappingRefused: the mapping has other keys than `list`.
    """
    name = _list_of(options)
    dates = DateReader(options)
    if is_archive(file):
        if name:
            raise MappingRefused("list: the files of an archive name their lists.")
        yield from _archive(file, options, dates)
    else:
        yield from _project(file, options, Project(dates, list_name=name))


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


def _archive(
    file: IO[bytes], options: Options, dates: DateReader
) -> Iterator[FileItem]:
    """Yield the tasks of all projects, and notices about what else the archive has."""
    others: list[str] = []

    def is_project(path: str) -> bool:
        is_table = path.lower().endswith(".csv")
        if not is_table:
            others.append(path)
        return is_table

    lists: set[str] = set()
    for path, content in entries_of(file, is_wanted=is_project):
        name = _project_name(path)
        prefix = f"{name[:NAME_MAX]}: "
        issues: list[RowIssue] = []
        target = "" if name.lower() == INBOX else list_name(name, issues)
        yield from issues
        if target.casefold() in lists:
            message = "Another project has the same name: both become one list."
            yield RowIssue(None, f"{prefix}list", message, is_error=False)
        lists.add(target.casefold())
        project = Project(dates, list_name=target, prefix=prefix)
        rows = yield from _entry(content, options, project)
        options = replace(options, rows_before=options.rows_before + rows)
    if not lists:
        raise FileRefused("The archive has no CSV files of Todoist.")
    if others:
        message = f"Files of the archive that are not imported: {len(others)}."
        yield RowIssue(None, "", message, is_error=False)


def _project_name(path: str) -> str:
    name = path.rpartition("/")[2][: -len(".csv")]
    return PROJECT_ID.sub("", name).strip()


def _entry(
    content: IO[bytes], options: Options, project: Project
) -> Generator[FileItem, None, int]:
    """Yield the tasks of one file of an archive; return the number of its rows.

    Raises:
        FileRefused: as `read`; the text names the file.
    """
    try:
        with opened_as_utf8(content) as (text, notice):
            if notice:
                name = project.prefix.rstrip(": ")
                yield RowIssue(None, name, notice, is_error=False)
            return (yield from _project(text, options, project))
    except TooManyRows:
        raise
    except FileRefused as exc:
        raise FileRefused(f"{project.prefix}{exc}") from exc


def _project(
    file: IO[bytes], options: Options, project: Project
) -> Generator[FileItem, None, int]:
    """Yield the tasks of one project; return the number of its rows."""
    records = records_of(file, options, names=[folded(name) for name in REQUIRED])
    header_row, header = next(records)
    names = [spaced(name).upper() for name in header]
    if not set(REQUIRED) <= set(names):
        raise FileRefused("The header must have the columns TYPE and CONTENT.")
    yield from preamble_notices(header_row)
    for name in names:
        if name and name not in COLUMNS:
            field = f"{project.prefix}{name[:NAME_MAX]}"
            message = "This column is not imported."
            yield RowIssue(header_row, field, message, is_error=False)
    row = header_row
    for row, record in records:
        cells = dict(
            zip(names, (unguarded(cell.strip()) for cell in record), strict=False)
        )
        if any(cells.values()):
            yield from project.take(row, {"TYPE": "", "CONTENT": ""} | cells)
    yield from project.finish()
    return row - header_row
