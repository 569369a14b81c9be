"""Exports of everything that a user has, in one of several formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import IO

from accounts.models import User
from config.read_snapshot import read_snapshot
from config.whole_file import whole_file
from todos.exports import csv, ics, json, markdown
from todos.exports.rows import EVERYTHING, Selection
from todos.replica_reads import read_current


@dataclass(frozen=True, slots=True)
class Format:
    """A format: the suffix and the media type of its files, and what writes them."""

    suffix: str
    media_type: str
    write: Callable[[User, Selection], Iterator[bytes]]


FORMATS = {
    "json": Format("json", "application/json", json.write),
    "csv": Format("csv", "text/csv; charset=utf-8", csv.write),
    "ics": Format("ics", "text/calendar; charset=utf-8", ics.write),
    "markdown": Format("md", "text/markdown; charset=utf-8", markdown.write),
}


def export(user: User, name: str, selection: Selection = EVERYTHING) -> Iterator[bytes]:
    """Yield the export of a user in the format with this name, in pieces.

    All pieces show the same moment, and only a chunk is in memory. Consume them without
    a pause: the database holds a snapshot until the end.
    """
    with read_snapshot():
        yield from FORMATS[name].write(user, selection)


def export_file(user: User, name: str, selection: Selection = EVERYTHING) -> IO[bytes]:
    """Return the export as a complete file. A replica may answer."""
    return read_current(user, lambda: whole_file(export(user, name, selection)))


def filename(name: str, *, today: date) -> str:
    return f"ownlist-{today}.{FORMATS[name].suffix}"
