"""Importing the JSON format of Ownlist item by item, verified by its manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import IO, TypeAlias

import orjson

from todos.actions.imports.rows import FileItem, LabelRow, ListRow, TaskRow
from todos.exports.json import FORMAT, PARTS, VERSION, Part, canonical
from todos.imports import checks
from todos.imports.checks import Check, RowChecker
from todos.imports.files import FileRefused, Options
from todos.imports.json_document import JSONDocument
from todos.task_fields import FIELDS, Kind

LISTS = {"lists", "labels", "tasks"}
ORDER = ["format", "version", *PARTS, "manifest"]

Item: TypeAlias = Mapping[str, object]


def read(file: IO[bytes], options: Options) -> Iterator[FileItem]:
    """Yield the rows of an export, numbered from 1 in each of its parts.

    Raises:
        FileRefused: the file is not an export of a known version, is truncated, or
            differs from its manifest. This may be raised after all rows.
    """
    parts = {name: Part() for name in PARTS}
    manifest: object = None
    for name, value in _entries(file):
        if name in parts:
            item = _object(value)
            parts[name].add(_canonical(item))
            yield from _rows(name, item, parts[name].count)
        elif name == "manifest":
            manifest = value
    _check_manifest(manifest, parts)


def _check_manifest(manifest: object, parts: Mapping[str, Part]) -> None:
    found = {"version": VERSION} | {name: part.entry() for name, part in parts.items()}
    if not isinstance(manifest, dict):
        raise FileRefused("The file has no manifest at its end: it is truncated.")
    for name, entry in found.items():
        if manifest.get(name) != entry:
            raise FileRefused(
                f"The file differs from its manifest in {name}: it was changed or"
                " damaged after the export."
            )


def _entries(file: IO[bytes]) -> Iterator[tuple[str, object]]:
    """Yield the name and the value of each member; for a list, of each item."""
    document = JSONDocument(file)
    if document.is_list():
        raise FileRefused("The file is not an export of Ownlist.")
    names: list[str] = []
    for name in document.members():
        names.append(name)
        if names != ORDER[: len(names)] or document.is_list() != (name in LISTS):
            raise FileRefused("The file is not an export of Ownlist, or is truncated.")
        if name in LISTS:
            yield from ((name, item) for item in document.items())
        else:
            yield name, _require_known(name, document.value())
    document.end()


def _require_known(name: str, value: object) -> object:
    if name == "format" and value != FORMAT:
        raise FileRefused("The file is not an export of Ownlist.")
    if name == "version" and value != VERSION:
        raise FileRefused(f"Only version {VERSION} of the format can be imported.")
    return value


def _object(value: object) -> Item:
    if not isinstance(value, dict):
        raise FileRefused("Each item of the file must be an object.")
    return value


def _canonical(item: Item) -> bytes:
    try:
        return canonical(item)
    except orjson.JSONEncodeError as exc:
        raise FileRefused(
            "The file contains a number beyond 64 bits, or an unpaired surrogate."
        ) from exc


# --- Items ------------------------------------------------------------------------


def _rows(name: str, item: Item, row: int) -> Iterator[FileItem]:
    if name not in READERS:
        return
    checker = RowChecker(row, f"{name}.")
    read_item, keys = READERS[name]
    for key in sorted(item.keys() - keys):
        checker.error(key[:50], "Version 1 of the format has no such field.")
    found = read_item(checker, item)
    yield from checker.issues
    if not checker.has_errors:
        yield found


def _list(checker: RowChecker, item: Item) -> ListRow:
    return ListRow(
        row=checker.row,
        source=checker.take("id", checks.identifier, item.get("id")) or "",
        is_inbox=item.get("is_inbox") is True,
        fields=_fields(checker, item, LIST_MEMBERS),
    )


def _label(checker: RowChecker, item: Item) -> LabelRow:
    return LabelRow(row=checker.row, fields=_fields(checker, item, LABEL_MEMBERS))


def _task(checker: RowChecker, item: Item) -> TaskRow:
    fields = _fields(checker, item, TASK_MEMBERS)
    fields |= _fields_within(checker, item, "recurrence", RULE_MEMBERS)
    fields |= _fields_within(checker, item, "series", SERIES_MEMBERS)
    fields |= _reminder(checker, item)
    parent = item.get("parent")
    return TaskRow(
        row=checker.row,
        source=checker.take("id", checks.identifier, item.get("id")) or "",
        list_source=checker.take("list", checks.identifier, item.get("list")) or "",
        parent=checker.take("parent", checks.identifier, parent) or ""
        if parent
        else "",
        labels=_labels(checker, item.get("labels", [])),
        fields=fields,
    )


def _fields(
    checker: RowChecker, item: Item, members: Members, prefix: str = ""
) -> dict[str, object]:
    """Return the columns of an item, without those that are null or missing."""
    fields = {}
    for name, (column, check, is_required) in members.items():
        value = item.get(name)
        if value is not None or is_required:
            fields[column] = checker.take(f"{prefix}{name}", check, value)
    return fields


def _fields_within(
    checker: RowChecker, item: Item, name: str, members: Members
) -> dict[str, object]:
    """Return the columns of an object inside an item."""
    value = item.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict) or value.keys() - members.keys():
        names = " and ".join(members)
        checker.error(name, f"Must be an object with {names}, or null.")
        return {}
    return _fields(checker, value, members, f"{name}.")


def _reminder(checker: RowChecker, item: Item) -> dict[str, object]:
    value = item.get("reminder")
    if isinstance(value, dict) and len(value) > 1:
        checker.error("reminder", "Must have either minutes_before or time, not both.")
        return {}
    return _fields_within(checker, item, "reminder", REMINDER_MEMBERS)


def _labels(checker: RowChecker, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        checker.error("labels", "Must be a list of names.")
        return ()
    return checker.labels("labels", value)


# The members of an item by name: their column, its check, and whether it is required.
Members: TypeAlias = Mapping[str, tuple[str, Check, bool]]

_STAMPS: Members = {
    "created_at": ("created_at", checks.instant, False),
    "updated_at": ("updated_at", checks.instant, False),
    "version": ("version", checks.counter, False),
}
LIST_MEMBERS: Members = {
    "name": ("name", checks.list_name, True),
    "colour": ("colour", checks.colour, False),
    "position": ("position", checks.position, False),
    "archived_at": ("archived_at", checks.instant, False),
    "trashed_at": ("trashed_at", checks.instant, False),
    **_STAMPS,
}
LABEL_MEMBERS: Members = {
    "name": ("name", checks.label_name, True),
    "colour": ("colour", checks.colour, False),
    **_STAMPS,
}
# Members with one column each. Ids and objects inside a task are read separately.
TASK_MEMBERS: Members = {
    field.name: (field.column, checks.TASK_CHECKS[field.column], field.name == "title")
    for field in FIELDS
    if field.exported and field.name == field.column and field.kind is not Kind.ID
}
RULE_MEMBERS: Members = {
    "rrule": ("rrule", checks.rule, True),
    "anchor": ("rrule_anchor", checks.anchor, True),
}
SERIES_MEMBERS: Members = {
    "id": ("series", checks.series, True),
    "occurrence": ("occurrence", checks.counter, True),
}
REMINDER_MEMBERS: Members = {
    "minutes_before": ("reminder_minutes", checks.minutes_before, False),
    "time": ("reminder_time", checks.time_of_day, False),
}
READERS: dict[str, tuple[Callable[[RowChecker, Item], FileItem], set[str]]] = {
    "lists": (_list, {"id", "is_inbox", *LIST_MEMBERS}),
    "labels": (_label, set(LABEL_MEMBERS)),
    "tasks": (
        _task,
        {"id", "list", "parent", "labels", "recurrence", "series", "reminder"}
        | TASK_MEMBERS.keys(),
    ),
}
