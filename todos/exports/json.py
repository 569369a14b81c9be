"""The format of Ownlist itself: everything that a user has, as one JSON document.

The document and its parts are described in `docs/exchange.md`, and by the schema in
`docs/export.schema.json`. Every item has a line of its own in canonical form
(sorted keys, no spaces, UTF-8), so two exports of the same data are the same bytes. The
manifest at the end contains the count of each part and the SHA-256 of its lines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import orjson

from accounts.models import User
from todos.exports.rows import Columns, Selection, labels_of, lists_of, tasks_of
from todos.exports.times import time_text
from todos.task_fields import EXPORTED_NAMES

FORMAT = "ownlist"
VERSION = 1
PARTS = ("person", "lists", "labels", "tasks")

JSONObject: TypeAlias = dict[str, object]


def canonical(item: Mapping[str, object]) -> bytes:
    """Return an item in canonical form, with its line end."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(item, option=options)


class Part:
    """The count and the digest of a part, updated item by item."""

    def __init__(self) -> None:
        self.count = 0
        self._digest = hashlib.sha256()

    def add(self, line: bytes) -> None:
        self.count += 1
        self._digest.update(line)

    def entry(self) -> JSONObject:
        """Return the entry of the part in the manifest."""
        return {"count": self.count, "sha256": self._digest.hexdigest()}


def write(user: User, selection: Selection) -> Iterator[bytes]:
    """Yield the document, line by line."""
    parts = {name: Part() for name in PARTS}
    yield b'{"format":"%s","version":%d,\n' % (FORMAT.encode(), VERSION)
    settings = canonical(_settings(user))
    parts["person"].add(settings)
    yield b'"person":%s,\n' % settings.rstrip()
    yield from _part("lists", lists_of(user, selection), parts)
    yield from _part("labels", labels_of(user), parts)
    yield from _part("tasks", map(represent_task, tasks_of(user, selection)), parts)
    manifest = {"version": VERSION} | {
        name: part.entry() for name, part in parts.items()
    }
    yield b'"manifest":%s}\n' % canonical(manifest).rstrip()


def _settings(user: User) -> JSONObject:
    return {
        "timezone": user.timezone,
        "day_start": user.day_start,
        "week_start": user.week_start,
    }


def _part(
    name: str, items: Iterable[Mapping[str, object]], parts: dict[str, Part]
) -> Iterator[bytes]:
    separator = b'"%s":[\n' % name.encode()
    for item in items:
        line = canonical(item)
        parts[name].add(line)
        yield separator + line.rstrip(b"\n")
        separator = b",\n"
    yield b"\n],\n" if parts[name].count else separator + b"],\n"


def represent_task(row: Columns) -> JSONObject:
    """Return a task as an item of the document."""
    rule = {"rrule": row["rrule"], "anchor": row["rrule_anchor"]}
    series = {"id": row["series"], "occurrence": row["occurrence"]}
    return {name: row[column] for name, column in EXPORTED_NAMES.items()} | {
        "due_time": time_text(row["due_time"]),
        "due_tz": row["due_tz"] or None,
        "recurrence": rule if row["rrule"] else None,
        "series": series if row["series"] else None,
        "reminder": _reminder(row),
    }


def _reminder(row: Columns) -> JSONObject | None:
    if row["reminder_minutes"] is not None:
        return {"minutes_before": row["reminder_minutes"]}
    at = time_text(row["reminder_time"])
    return {"time": at} if at else None
