"""Reading our own format, item by item, and holding it against its manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, TypeAlias

import orjson

from todos.actions.imports.rows import FileItem, LabelRow, ListRow, TaskRow
from todos.exports.json import FORMAT, PARTS, VERSION, Part, canonical
from todos.imports import checks
from todos.imports.checks import RowChecker
from todos.imports.files import FileRefused, Options
from todos.imports.json_document import JSONDocument
from todos.task_fields import FIELDS, Kind

LISTS = {"lists", "labels", "tasks"}
ORDER = ["format", "version", *PARTS, "manifest"]

Item: TypeAlias = dict[str, Any]


def read(file: IO[bytes], options: Options) -> Iterator[FileItem]:
    """Yield the rows of an archive; numbered from 1 in each of its parts.

    Raises:
        FileRefused: it is no archive of a version we know, is cut off, or differs from
            what its manifest says. This can come after all rows.
    """
    parts = {name: Part() for name in PARTS}
    manifest: Any = None
    for name, value in _entries(file):
        if name in parts:
            parts[name].add(_canonical(value))
            yield from _rows(name, value, parts[name].count)
        elif name == "manifest":
            manifest = value
    _check_manifest(manifest, parts)


def _check_manifest(manifest: Any, parts: Mapping[str, Part]) -> None:
    found = {"version": VERSION} | {name: part.entry() for name, part in parts.items()}
    if not isinstance(manifest, dict):
        raise FileRefused("The file has no manifest at its end: it is cut off.")
    for name, entry in found.items():
        if manifest.get(name) != entry:
            raise FileRefused(
                f"The file differs from its manifest, in {name}: something was changed"
                " or lost since it was exported."
            )


def _entries(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """Yield what the document holds by name; of a list, each item."""
    document = JSONDocument(file)
    names: list[str] = []
    for name in document.members():
        names.append(name)
        if names != ORDER[: len(names)] or document.is_list() != (name in LISTS):
            raise FileRefused("The file is not an export of Ownlist, or is cut off.")
        if name in LISTS:
            yield from ((name, item) for item in document.items())
        else:
            yield name, _known(name, document.value())
    document.end()


def _known(name: str, value: Any) -> Any:
    if name == "format" and value != FORMAT:
        raise FileRefused("The file is not an export of Ownlist.")
    if name == "version" and value != VERSION:
        raise FileRefused(f"Only version {VERSION} of the format can be imported.")
    return value


def _canonical(value: Any) -> bytes:
    if not isinstance(value, dict):
        raise FileRefused("Each item of the file must be an object.")
    try:
        return canonical(value)
    except orjson.JSONEncodeError as exc:
        raise FileRefused(
            "The file holds a number beyond 64 bits, or half a letter."
        ) from exc


# --- Its items --------------------------------------------------------------------


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
        fields=_fields(checker, item, LIST_CHECKS),
    )


def _label(checker: RowChecker, item: Item) -> LabelRow:
    return LabelRow(row=checker.row, fields=_fields(checker, item, LABEL_CHECKS))


def _task(checker: RowChecker, item: Item) -> TaskRow:
    fields = _fields(checker, item, TASK_CHECKS)
    fields |= _part_of(checker, item, "recurrence", RULE_CHECKS)
    fields |= _part_of(checker, item, "series", SERIES_CHECKS)
    fields |= _reminder(checker, item)
    parent = item.get("parent")
    return TaskRow(
        row=checker.row,
        source=checker.take("id", checks.identifier, item.get("id")) or "",
        list_source=checker.take("list", checks.identifier, item.get("list")) or "",
        parent=(parent and checker.take("parent", checks.identifier, parent)) or "",
        labels=_labels(checker, item.get("labels", [])),
        fields=fields,
    )


def _fields(
    checker: RowChecker, item: Item, rules: Mapping[str, Check], within: str = ""
) -> dict[str, Any]:
    """Return the columns that an item has; what is null or missing is the default."""
    fields = {}
    for name, check in rules.items():
        column, read_value, is_required = check
        value = item.get(name)
        if value is not None or is_required:
            read_one = checker.take(f"{within}{name}", read_value, value)
            fields[column] = read_one
    return fields


def _part_of(
    checker: RowChecker, item: Item, name: str, rules: Mapping[str, Check]
) -> dict[str, Any]:
    """Return the columns that an object inside the item stands for."""
    value = item.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict) or value.keys() - rules.keys():
        checker.error(name, f"Write an object with {' and '.join(rules)}, or null.")
        return {}
    return _fields(checker, value, rules, f"{name}.")


def _reminder(checker: RowChecker, item: Item) -> dict[str, Any]:
    value = item.get("reminder")
    if isinstance(value, dict) and len(value) > 1:
        checker.error("reminder", "Give either minutes_before or time.")
        return {}
    return _part_of(checker, item, "reminder", REMINDER_CHECKS)


def _labels(checker: RowChecker, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        checker.error("labels", "Write the names in a list.")
        return ()
    return checker.labels("labels", value)


# A column, how its value is checked, and whether there must be one.
Check: TypeAlias = tuple[str, Callable[[Any], Any], bool]

_STAMPS: dict[str, Check] = {
    "created_at": ("created_at", checks.instant, False),
    "updated_at": ("updated_at", checks.instant, False),
    "version": ("version", checks.number, False),
}
LIST_CHECKS: dict[str, Check] = {
    "name": ("name", checks.list_name, True),
    "colour": ("colour", checks.colour, False),
    "position": ("position", checks.position, False),
    "archived_at": ("archived_at", checks.instant, False),
    "trashed_at": ("trashed_at", checks.instant, False),
    **_STAMPS,
}
LABEL_CHECKS: dict[str, Check] = {
    "name": ("name", checks.label_name, True),
    "colour": ("colour", checks.colour, False),
    **_STAMPS,
}
# Members of one column; ids and the objects inside a task are read apart.
TASK_CHECKS: dict[str, Check] = {
    field.name: (field.column, checks.TASK_CHECKS[field.column], field.name == "title")
    for field in FIELDS
    if field.exported and field.name == field.column and field.kind is not Kind.ID
}
RULE_CHECKS: dict[str, Check] = {
    "rrule": ("rrule", checks.rule, True),
    "anchor": ("rrule_anchor", checks.anchor, True),
}
SERIES_CHECKS: dict[str, Check] = {
    "id": ("series", checks.series, True),
    "occurrence": ("occurrence", checks.number, True),
}
REMINDER_CHECKS: dict[str, Check] = {
    "minutes_before": ("reminder_minutes", checks.minutes_before, False),
    "time": ("reminder_time", checks.clock, False),
}
READERS: dict[str, tuple[Callable[[RowChecker, Item], FileItem], set[str]]] = {
    "lists": (_list, {"id", "is_inbox", *LIST_CHECKS}),
    "labels": (_label, set(LABEL_CHECKS)),
    "tasks": (
        _task,
        {"id", "list", "parent", "labels", "recurrence", "series", "reminder"}
        | TASK_CHECKS.keys(),
    ),
}
