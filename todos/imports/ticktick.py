"""Importing the tasks of a backup of TickTick.

A backup is a table after a few lines about the file. Dates are instants in UTC; those
of a whole day are midnight in the time zone of the task. The numbers in `taskId` are
new in each backup, so a task is recognised by its own cells instead.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import replace
from datetime import datetime
from typing import IO

from todos.actions.imports.rows import FileItem, RowIssue, TaskRow
from todos.imports.drafts import Draft, list_name
from todos.imports.files import FileRefused, Options
from todos.imports.parents import ParentSorter
from todos.imports.tables import Cells, Record, folded, records_of
from todos.imports.ticktick_schedule import Schedule
from todos.limits import STEPS_MAX
from todos.schedule.days import Clock

REQUIRED = {"List Name", "Title", "Status"}
# What a task is recognised by in another import of the same backup.
IDENTITY = (
    "Title",
    "Kind",
    "Tags",
    "Content",
    "Start Date",
    "Due Date",
    "Reminder",
    "Repeat",
    "Priority",
    "Status",
    "Created Time",
    "Completed Time",
    "Timezone",
)
KNOWN = {
    *REQUIRED,
    *IDENTITY,
    "Folder Name",
    "Is Check list",
    "Is All Day",
    "Is Floating",
    "Column Name",
    "taskId",
    "parentId",
    "projectKind",
    # How lists are shown; the rows are in the order of the tasks already.
    "Order",
    "Column Order",
    "View Mode",
}
NAMES = {folded(name): name for name in KNOWN}
INBOX = "inbox"
PRIORITIES = {"": 3, "0": 3, "1": 4, "3": 3, "5": 2}
OPEN, COMPLETED, ABANDONED = "0", {"1", "2"}, "-1"  # 2 is archived
ITEM = re.compile(r"\s*([▫▪])[\ufe0e\ufe0f]?(.*)")
DONE, CHECKLIST = "▪", "CHECKLIST"


def read(file: IO[bytes], options: Options) -> Iterator[FileItem]:
    """Yield the tasks of a backup; rows are counted from its first line.

    Raises:
        FileRefused: the file is not a backup of TickTick.
    """
    backup = _Backup(options)
    records = records_of(file, options, names=set(map(folded, REQUIRED)))
    row, header = next(records)
    names = [NAMES.get(folded(name), name.strip()) for name in header]
    if not set(names) >= REQUIRED:
        raise FileRefused(
            "The file is not a backup of TickTick: it has no header with the columns"
            " List Name, Title and Status."
        )
    yield from _ignored(row, names)
    for row, record in records:
        cells = dict(zip(names, (cell.strip() for cell in record), strict=False))
        if "".join(record[len(names) :]).strip():
            yield RowIssue(row, "", "This row has more cells than the header.")
        elif any(cells.values()):
            yield from backup.take(row, cells)
    yield from backup.rest()


def _ignored(row: int, names: Record) -> Iterator[RowIssue]:
    for name in names:
        if name and name not in KNOWN:
            message = "This column is not imported."
            yield RowIssue(row, name[:50], message, is_error=False)


class _Backup:
    """The state while rows are read: the sections, and which task has which id."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._sorter = ParentSorter("parentId")
        self._sections: set[str] = set()
        self._lists: dict[str, str] = {}  # names here by those in the file
        self._ids: dict[str, str] = {}  # by `taskId`, or another key in this file
        self._alike: Counter[str] = Counter()

    def take(self, row: int, cells: Cells) -> Iterator[FileItem]:
        """Yield the task of a row and its steps, once their parent was there."""
        key, notice = self._key(row, cells)
        task = _Row(Draft(row, source=key, parent=cells.get("parentId", "")), cells)
        if notice:
            task.draft.checker.issues.append(notice)
        yield from self._section(task.draft, cells)
        steps = task.read(self._options.clock)
        name = yield from self._list_name(cells)
        yield from map(self._with_id, task.draft.rows(name, self._sorter))
        if task.draft.checker.has_errors:
            return
        for number, step in enumerate(steps, 1):
            self._ids[step.source] = f"{self._ids[key]}.{number}"
            yield from map(self._with_id, step.rows(name, self._sorter))

    def rest(self) -> Iterator[FileItem]:
        """Yield the tasks whose parent is not in the file."""
        yield from map(self._with_id, self._sorter.rest())

    def _with_id(self, item: FileItem) -> FileItem:
        if not isinstance(item, TaskRow):
            return item
        parent = self._ids.get(item.parent, "")
        return replace(item, source=self._ids[item.source], parent=parent)

    def _key(self, row: int, cells: Cells) -> tuple[str, RowIssue | None]:
        """Return what other rows call this task, and give it an id."""
        key, notice = cells.get("taskId", ""), None
        if not key or key in self._ids:
            if key:
                message = "An earlier row has the same one."
                notice = RowIssue(row, "taskId", message, is_error=False)
            key = f"row {row}"
        content = json.dumps([cells.get(name, "") for name in IDENTITY])
        digest = hashlib.sha256(content.encode()).hexdigest()
        self._alike[digest] += 1
        self._ids[key] = f"ticktick:{digest}:{self._alike[digest]}"
        return key, notice

    def _list_name(self, cells: Cells) -> Generator[RowIssue, None, str]:
        """Return the name of a list; yield a notice the first time it is cut."""
        folder, name = cells.get("Folder Name", ""), cells.get("List Name", "")
        if not folder and name.casefold() == INBOX:
            return ""
        path = "/".join(filter(None, (folder, name)))
        if path not in self._lists:
            issues: list[RowIssue] = []
            self._lists[path] = list_name(path, issues)
            yield from issues
        return self._lists[path]

    def _section(self, draft: Draft, cells: Cells) -> Iterator[RowIssue]:
        name = cells.get("Column Name", "")
        if not name:
            return
        draft.add_labels("Column Name", [name])
        if name not in self._sections:
            self._sections.add(name)
            message = "Sections become labels of their tasks."
            row = draft.checker.row
            yield RowIssue(row, "Column Name", message, is_error=False)


class _Row:
    """Converts one row into a task, and the items of its checklist into steps."""

    def __init__(self, draft: Draft, cells: Cells) -> None:
        self.draft = draft
        self._notice = draft.checker.notice
        self._cells = cells

    def read(self, clock: Clock) -> list[Draft]:
        """Set the fields of the draft, and return its steps."""
        draft = self.draft
        draft.set_title("Title", self._cell("Title"))
        text, items = self._content()
        draft.add_notes(text)
        draft.add_labels("Tags", _names(self._cell("Tags")))
        self._take_kind()
        schedule = Schedule(draft, self._cells, clock)
        self._take_priority(schedule)
        self._take_state(schedule, clock)
        schedule.take()
        return [
            self._step(number, title, clock.now if is_done else None)
            for number, (title, is_done) in enumerate(items, 1)
        ]

    def _cell(self, name: str) -> str:
        return self._cells.get(name, "")

    def _take_kind(self) -> None:
        if "NOTE" in {self._cell("Kind").upper(), self._cell("projectKind").upper()}:
            self._notice("Kind", "It is a note: imported as a task.")

    def _take_priority(self, schedule: Schedule) -> None:
        if (priority := PRIORITIES.get(self._cell("Priority"))) is None:
            schedule.keep_cell("Priority", "Not a priority of TickTick.")
        else:
            self.draft.fields["priority"] = priority

    # --- Checklists

    def _content(self) -> tuple[str, list[tuple[str, bool]]]:
        """Return the text of the content, and the items of a checklist."""
        content = self._cell("Content")
        if self._cell("Is Check list").upper() != "Y" and (
            self._cell("Kind").upper() != CHECKLIST
        ):
            return content, []
        text: list[str] = []
        items: list[tuple[str, bool]] = []
        is_full = False
        for line in content.replace("\r", "\n").split("\n"):
            if (match := ITEM.fullmatch(line)) is None:
                text.append(line)
            elif match[2].strip() and len(items) < STEPS_MAX:
                items.append((match[2], match[1] == DONE))
            elif match[2].strip():
                text.append(line)
                is_full = True
        if is_full:
            message = f"Only the first {STEPS_MAX} items become steps."
            self._notice("Content", message)
        return "\n".join(text), items

    def _step(self, number: int, title: str, done_at: datetime | None) -> Draft:
        """Return an item of the checklist as a step."""
        task = self.draft
        step = Draft(
            task.checker.row, source=f"{task.source}/{number}", parent=task.source
        )
        step.set_title("Content", title)
        for column in ("created_at", "trashed_at"):
            step.fields[column] = task.fields.get(column)
        if done_at:
            step.fields["completed_at"] = task.fields.get("completed_at") or done_at
        return step

    # --- The state

    def _take_state(self, schedule: Schedule, clock: Clock) -> None:
        fields, status = self.draft.fields, self._cell("Status")
        fields["created_at"] = schedule.instant("Created Time")
        completed = schedule.instant("Completed Time")
        if status in COMPLETED:
            fields["completed_at"] = completed or clock.now
            if completed is None:
                self._notice("Completed Time", "It is missing: completed now.")
        elif status == ABANDONED:
            fields["trashed_at"] = clock.now
            self._notice("Status", "It was abandoned: imported into the trash.")
        elif status != OPEN:
            schedule.keep_cell("Status", "Not a status of TickTick: open.")
        elif completed is not None:
            self._notice("Completed Time", "The task is open: not imported.")


def _names(cell: str) -> list[str]:
    return [name.strip() for name in cell.split(",") if name.strip()]
