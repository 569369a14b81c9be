"""Tasks as a checklist to read: Markdown with task lists, one section for each list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import tzinfo

from accounts.models import User
from todos.exports.rows import Columns, Selection, checklist_of, lists_of
from todos.exports.times import time_text

# Characters that Markdown would not show as they are.
MARKUP = re.compile(r"([\\`*_\[\]<>#|~])")
DEFAULT_PRIORITY = 3


def write(user: User, selection: Selection) -> Iterator[bytes]:
    """Yield the checklist, task by task, without lists and tasks in the trash."""
    yield b"# Tasks\n"
    for row in lists_of(user, selection):
        if row["trashed_at"] is None:
            yield f"\n## {_heading(row)}\n\n".encode()
            for task, steps in checklist_of(user, row["id"], selection):
                yield _item(task, user.zone).encode()
                for step in steps:
                    yield _indented(_item(step, user.zone)).encode()


def _heading(row: Columns) -> str:
    name = _escaped(row["name"])
    return f"{name} (archived)" if row["archived_at"] else name


def _item(task: Columns, zone: tzinfo) -> str:
    box = "[x]" if task["completed_at"] else "[ ]"
    details = ", ".join(_details(task, zone))
    item = f"- {box} {_escaped(task['title'])}{f' ({details})' if details else ''}\n"
    if not task["notes"]:
        return item
    # Indented, notes belong to their task, whatever Markdown they contain.
    return item + "\n" + _indented(task["notes"] + "\n") + "\n"


def _details(task: Columns, zone: tzinfo) -> Iterator[str]:
    if task["completed_at"]:
        yield f"done {task['completed_at'].astimezone(zone).date()}"
    if task["due_date"]:
        parts = (str(task["due_date"]), time_text(task["due_time"]), task["due_tz"])
        yield "due " + " ".join(part for part in parts if part)
    if task["rrule"]:
        yield f"repeats {task['rrule']}"
    if task["start_date"]:
        yield f"starts {task['start_date']}"
    if task["priority"] != DEFAULT_PRIORITY:
        yield f"p{task['priority']}"
    yield from (f"@{_escaped(name)}" for name in task["label_names"])


def _escaped(text: str) -> str:
    return MARKUP.sub(r"\\\1", text)


def _indented(text: str) -> str:
    return "".join(
        f"  {line}" if line.strip() else line for line in text.splitlines(True)
    )
