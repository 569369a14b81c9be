"""Importing an export of Vikunja: an archive with `data.json`, or that file alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import IO

from todos.actions.imports.rows import FileItem, ListRow, RowIssue, TaskRow
from todos.imports.archives import only_content
from todos.imports.drafts import UNTITLED, Draft, list_name
from todos.imports.files import FileRefused, Options, refuse_mapping
from todos.imports.json_lists import FieldNames, Item, title_of
from todos.imports.parents import ParentSorter
from todos.imports.vikunja_projects import (
    REFUSED,
    TASKS,
    Document,
    Outline,
    Project,
    number_in,
)
from todos.imports.vikunja_tasks import KNOWN, TaskReader

INBOX = "inbox"


def read(file: IO[bytes], options: Options) -> Iterator[FileItem]:
    """Yield archived lists, and the tasks, numbered from 1 through the whole file.

    Raises:
        FileRefused: the file is not an export of Vikunja, or is truncated.
    """
    refuse_mapping(options)
    contents = only_content(file, is_wanted=_is_data, name="data.json", missing=REFUSED)
    for content in contents:
        yield from _Export(content, options).rows()


def _is_data(path: str) -> bool:
    return path.split("/")[-1] == "data.json"


class _Export:
    """The state while the tasks of a file are read."""

    def __init__(self, file: IO[bytes], options: Options) -> None:
        self._file, self._options = file, options
        self._outline = Outline(Document(file, options).entries())
        self._lists: dict[int, tuple[str, str]] = {}  # name and source, by project
        self._ids: dict[str, str] = {}  # by what tasks are called while they are sorted
        self._columns: set[str] = set()
        self._sorter = ParentSorter("related_tasks")
        self._names = FieldNames(KNOWN)
        self._has_dates = self._has_colours = False

    def rows(self) -> Iterator[FileItem]:
        if not self._outline.projects:
            raise FileRefused(REFUSED)
        for number, project in enumerate(self._outline.projects):
            if project.tasks:
                yield from self._take_list(number, project)
        row = 0
        for entry in Document(self._file, self._options).entries():
            if entry.name != TASKS or entry.value is None:
                continue
            row += 1
            if isinstance(entry.value, dict):
                yield from self._take_task(row, entry.project, entry.value)
            else:
                yield RowIssue(row, "tasks", "Must be an object.")
        yield from map(self._placed, self._sorter.rest())
        yield from self._notices()

    def _take_list(self, number: int, project: Project) -> Iterator[FileItem]:
        """Name the list of a project; yield it if it is archived."""
        path = self._outline.path(number)
        issues: list[RowIssue] = []
        titles = [title_of(one.fields, "title") for one in path]
        name = list_name("/".join(filter(None, titles)), issues)
        yield from issues
        self._lists[number] = ("" if name.casefold() == INBOX else name, "")
        if any(one.fields.get("is_archived") is True for one in path):
            source = _source("vikunja-project", project.fields)
            self._lists[number] = ("", source)
            now = self._options.clock.now
            yield ListRow(
                row=number + 1,
                source=source,
                is_inbox=False,
                fields={"name": name or UNTITLED, "archived_at": now},
            )

    def _take_task(self, row: int, number: int, item: Item) -> Iterator[FileItem]:
        """Yield the task of an object and its steps, once their parent was there."""
        project, task_id = self._outline.projects[number], number_in(item, "id")
        draft = Draft(row, source=str(task_id))
        here = _source("vikunja", item)
        if not task_id or draft.source in self._ids:
            if task_id:
                draft.checker.notice("id", "An earlier task has the same id.")
            draft.source, here = f"row {row}", _source("vikunja", item, has_id=False)
        self._ids[draft.source] = here
        if parent := self._outline.parents.get(task_id):
            draft.parent = str(parent)
        self._names.look_at(item)
        yield from self._take_column(draft, project, item)
        TaskReader(draft, item, self._outline, self._options.clock).read()
        self._has_dates |= bool({"due_date", "start_date"} & draft.fields.keys())
        self._has_colours |= _has_colour(item)
        yield from map(self._placed, draft.rows(str(number), self._sorter))

    def _take_column(
        self, draft: Draft, project: Project, item: Item
    ) -> Iterator[RowIssue]:
        """Add the column of a board as a label, with a notice the first time."""
        task_id = number_in(item, "id")
        column = project.column_of.get(task_id, number_in(item, "bucket_id"))
        title = project.columns.get(column, "")
        if not title or column in project.hidden:
            return
        draft.add_labels("buckets", [title])
        if title not in self._columns:
            self._columns.add(title)
            message = "Columns of boards become labels of their tasks."
            yield RowIssue(draft.checker.row, "buckets", message, is_error=False)

    def _placed(self, item: FileItem) -> FileItem:
        """Return a task with its list, its id and that of its parent."""
        if not isinstance(item, TaskRow):
            return item
        name, list_source = self._lists[int(item.list_name)]
        return replace(
            item,
            source=self._ids[item.source],
            parent=self._ids.get(item.parent, ""),
            list_name=name,
            list_source=list_source,
        )

    def _notices(self) -> Iterator[RowIssue]:
        projects = self._outline.projects
        described = sum(bool(one.fields.get("description")) for one in projects)
        empty = sum(not one.tasks and one.fields.get("id") != -1 for one in projects)
        messages = {
            "due_date": self._has_dates
            and f"Dates are read in your time zone, {self._options.clock.zone}.",
            "hex_color": (
                self._has_colours or any(_has_colour(one.fields) for one in projects)
            )
            and "Colours are not imported.",
            "description": described
            and f"Descriptions of projects are not imported: {described}.",
            "projects": empty and f"Projects without tasks are not imported: {empty}.",
        }
        for name, message in messages.items():
            if message:
                yield RowIssue(None, name, str(message), is_error=False)
        yield from self._names.notices()


def _source(kind: str, fields: Item, *, has_id: bool = True) -> str:
    """Return an id that no object of another server has: ids are numbers there.

    It is that of the content if the object has no id of its own.
    """
    number, created = number_in(fields, "id"), fields.get("created")
    if has_id and number and isinstance(created, str):
        # Anything else than ASCII is not a time, and may not be text.
        time = created[:50].encode("ascii", "backslashreplace").decode()
        return f"{kind}:{number}:{time}"
    content = json.dumps(fields, sort_keys=True).encode()
    return f"{kind}:{hashlib.sha256(content).hexdigest()}"


def _has_colour(fields: Item) -> bool:
    labels = fields.get("labels")
    inner = labels if isinstance(labels, list) else []
    return any(
        bool(one.get("hex_color")) for one in [fields, *inner] if isinstance(one, dict)
    )
