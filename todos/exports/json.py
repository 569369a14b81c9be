"""Our own format: everything a person has, as one JSON document.

The document and its parts are described in `docs/exchange.md`, and by the schema in
`docs/export.schema.json`. Every item stands on a line of its own, in one canonical
spelling (keys sorted, no spaces, UTF-8), so two exports with nothing changed between
them are the same bytes. The manifest at the end holds the count of each part and the
SHA-256 of its lines.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import time
from typing import Any

import orjson

from accounts.models import User
from todos.exports.rows import Columns, labels_of, lists_of, tasks_of
from todos.task_fields import EXPORTED_NAMES

FORMAT = "ownlist"
VERSION = 1
PARTS = ("person", "lists", "labels", "tasks")


def canonical(item: Mapping[str, Any]) -> bytes:
    """Return an item in its one spelling, with the line end that belongs to it."""
    options = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(item, option=options)


class Part:
    """The count and the digest of a part while its items go by."""

    def __init__(self) -> None:
        self.count = 0
        self._digest = hashlib.sha256()

    def add(self, line: bytes) -> None:
        self.count += 1
        self._digest.update(line)

    def entry(self) -> dict[str, Any]:
        """Return what the manifest says of the part."""
        return {"count": self.count, "sha256": self._digest.hexdigest()}


def write(user: User) -> Iterator[bytes]:
    """Yield the document, line by line."""
    parts = {name: Part() for name in PARTS}
    yield b'{"format":"%s","version":%d,\n' % (FORMAT.encode(), VERSION)
    person = canonical(_person(user))
    parts["person"].add(person)
    yield b'"person":%s,\n' % person.rstrip()
    yield from _part("lists", lists_of(user), parts)
    yield from _part("labels", labels_of(user), parts)
    yield from _part("tasks", map(represent_task, tasks_of(user)), parts)
    manifest = {"version": VERSION} | {
        name: part.entry() for name, part in parts.items()
    }
    yield b'"manifest":%s}\n' % canonical(manifest).rstrip()


def _person(user: User) -> Columns:
    return {
        "timezone": user.timezone,
        "day_start": user.day_start,
        "week_start": user.week_start,
    }


def _part(
    name: str, items: Iterable[Mapping[str, Any]], parts: dict[str, Part]
) -> Iterator[bytes]:
    between = b'"%s":[\n' % name.encode()
    for item in items:
        line = canonical(item)
        parts[name].add(line)
        yield between + line.rstrip(b"\n")
        between = b",\n"
    yield b"\n],\n" if parts[name].count else between + b"],\n"


def represent_task(row: Columns) -> Columns:
    """Return a task as the archive holds it, from its columns by name."""
    rule = {"rrule": row["rrule"], "anchor": row["rrule_anchor"]}
    series = {"id": row["series"], "occurrence": row["occurrence"]}
    return {name: row[column] for name, column in EXPORTED_NAMES.items()} | {
        "due_time": clock(row["due_time"]),
        "due_tz": row["due_tz"] or None,
        "recurrence": rule if row["rrule"] else None,
        "series": series if row["series"] else None,
        "reminder": reminder(row),
    }


def reminder(row: Columns) -> Columns | None:
    if row["reminder_minutes"] is not None:
        return {"minutes_before": row["reminder_minutes"]}
    at = clock(row["reminder_time"])
    return {"time": at} if at else None


def clock(at: time | None) -> str | None:
    """Return a time of day as `09:00`; with its seconds only where it has some."""
    if at is None:
        return None
    has_seconds = at.second or at.microsecond
    return at.isoformat() if has_seconds else at.isoformat("minutes")
