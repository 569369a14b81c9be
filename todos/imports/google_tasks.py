"""Importing Google Tasks from `Tasks.json` of Google Takeout, or from its archive.

The objects are those of Google's interface (tasks.googleapis.com, version 1), in
lists. A due date is written as midnight in UTC, and in some files as midnight of the
user. docs/exchange.md lists what becomes of each field.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import IO

from django.core.exceptions import ValidationError

from todos.actions.imports.rows import FileItem, RowIssue
from todos.imports.archives import only_content
from todos.imports.drafts import Draft, Sources
from todos.imports.files import FileRefused, Options, refuse_mapping
from todos.imports.json_lists import FieldNames, Item, Layout, ListReader, Members
from todos.imports.midnights import UNCERTAIN, date_of_midnight
from todos.imports.parents import ParentSorter

KIND = "tasks#task"
LIST_KINDS, ALL_LISTS = {"tasks#taskList", "tasks#tasks"}, "tasks#taskLists"
STARRED = 2  # the priority of a task with a star
STATES = {"needsAction", "completed"}
USED = ["assignmentInfo", "completed", "created", "deleted", "due", "id", "kind"]
USED += ["links", "notes", "parent", "position", "starred", "status", "title"]
USED += ["updated"]
UNUSED = ["etag", "hidden", "selfLink", "task_type", "webViewLink"]
REFUSED = "The file is not Tasks.json of Google Takeout, or an archive with that file."


def read(file: IO[bytes], options: Options) -> Iterator[FileItem]:
    """Yield the tasks of each list, with steps after their tasks.

    Raises:
        FileRefused: the file is not such an export, or is truncated.
    """
    refuse_mapping(options)
    contents = only_content(
        file, is_wanted=_is_export, name="Tasks.json", missing=REFUSED
    )
    for content in contents:
        yield from _Export(options).rows(content)


def _is_export(path: str) -> bool:
    return path.split("/")[-1].lower() == "tasks.json"


class _Export:
    """The state while a file is read."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._names = FieldNames(frozenset(USED + UNUSED))
        self._sources = Sources("google-tasks")
        self._sorter = ParentSorter("parent")
        self._deleted = 0

    def rows(self, file: IO[bytes]) -> Iterator[FileItem]:
        reader = ListReader(file, self._options, LAYOUT)
        for one in reader.lists():
            yield from one.issues
            for row, item in _in_order(one.tasks):
                if draft := self._draft(row, item):
                    yield from draft.rows(one.name, self._sorter)
        yield from self._sorter.rest()
        yield from self._sources.notices()
        yield from reader.notices()
        yield from self._notices()

    def _draft(self, row: int, item: Item) -> Draft | None:
        """Return the task of an object; None for one that is not imported."""
        if item.get("deleted") is True:
            self._deleted += 1
            return None
        draft = Draft(row)
        members = Members(item, draft.checker)
        draft.source = self._sources.of(members.identifier("id"), row)
        if self._sources.is_duplicate(draft.source, row):
            return None
        if parent := members.identifier("parent"):
            draft.parent = self._sources.of(parent, row)
        self._names.look_at(item)
        _fill(draft, members, self._options)
        return draft

    def _notices(self) -> Iterator[RowIssue]:
        if self._deleted:
            message = f"Deleted tasks are not imported: {self._deleted}."
            yield RowIssue(None, "deleted", message, is_error=False)
        yield from self._names.notices()


def _is_task(item: Item, around: Item) -> bool:
    """Whether an object is a task, not a list without tasks.

    Raises:
        FileRefused: it is neither.
    """
    kind, kind_around = _text_of(item, "kind"), _text_of(around, "kind")
    if kind == KIND or (kind is None and kind_around in LIST_KINDS):
        return True
    if kind in LIST_KINDS or (kind is None and kind_around == ALL_LISTS):
        return False
    # Some tools leave out the kinds. Microsoft has tasks with a status as well.
    status = _text_of(item, "status")
    if kind is None and status in STATES and "importance" not in item:
        return True
    raise FileRefused(REFUSED)


def _text_of(item: Item, name: str) -> str | None:
    """Return a text of an object, and None for a value of another type."""
    value = item.get(name)
    return value if isinstance(value, str) else None


# Takeout wrote the kind of a list twice in older files.
LAYOUT = Layout(
    holders=frozenset({"items"}),
    title="title",
    is_task=_is_task,
    refusal=REFUSED,
    repeated=frozenset({"kind"}),
)


def _in_order(items: list[tuple[int, Item]]) -> list[tuple[int, Item]]:
    """Return the tasks of a list as Google shows them, if the file says how."""
    positions = {row: item.get("position") for row, item in items}
    if not all(isinstance(position, str) for position in positions.values()):
        return items
    return sorted(items, key=lambda pair: str(positions[pair[0]]))


def _fill(draft: Draft, members: Members, options: Options) -> None:
    """Set what the fields of a task say."""
    draft.set_title("title", members.text("title"))
    draft.add_notes(members.text("notes"))
    _set_due(draft, members.text("due"), options.clock.zone)
    _set_state(draft, members, options)
    if members.flag("starred"):
        draft.fields["priority"] = STARRED
    draft.set_instant("created_at", "created", members.text("created"))
    draft.set_instant("updated_at", "updated", members.text("updated"))
    links = [
        ": ".join(filter(None, (link.text("description"), link.text("link"))))
        for link in members.objects("links")
    ]
    if any(links):
        draft.keep("links", "\n".join(links), "Tasks have no field for links.")
    if info := members.object("assignmentInfo"):
        text = info.text("linkToTask") or info.text("surfaceType")
        draft.keep("assignmentInfo", text, "Tasks can't be assigned.")


def _set_due(draft: Draft, text: str, zone: tzinfo) -> None:
    if not text:
        return
    try:
        at = datetime.fromisoformat(text)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        day = date_of_midnight(at, zone=zone)
    except (ValueError, ValidationError):
        draft.keep("due", text, "Not a valid date.")
        return
    if day is None:
        draft.keep("due", text, UNCERTAIN)
    draft.fields["due_date"] = day


def _set_state(draft: Draft, members: Members, options: Options) -> None:
    status, completed = members.text("status"), members.text("completed")
    if status == "completed":
        draft.set_instant("completed_at", "completed", completed)
        if "completed_at" not in draft.fields:
            draft.set_instant("completed_at", "updated", members.text("updated"))
        draft.fields.setdefault("completed_at", options.clock.now)
    elif status != "needsAction":
        draft.keep("status", status, "Must be needsAction or completed.")
    elif completed:
        draft.keep("completed", completed, "The task is open.")
