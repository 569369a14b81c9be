"""Everything a person has, in the format they ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from accounts.models import User
from config.read_snapshot import read_snapshot
from todos.exports import csv, ics, json, markdown


@dataclass(frozen=True, slots=True)
class Format:
    """A format of exports: how files are called and declared, and who writes them."""

    suffix: str
    media_type: str
    write: Callable[[User], Iterator[bytes]]


FORMATS = {
    "json": Format("json", "application/json", json.write),
    "csv": Format("csv", "text/csv; charset=utf-8", csv.write),
    "ics": Format("ics", "text/calendar; charset=utf-8", ics.write),
    "markdown": Format("md", "text/markdown; charset=utf-8", markdown.write),
}


def export(user: User, name: str) -> Iterator[bytes]:
    """Yield the export of a person in the format of this name, piece by piece.

    All of it is from one moment, and only a chunk of it is in memory. Go through it
    without a pause: until its end the database keeps that moment.
    """
    with read_snapshot():
        yield from FORMATS[name].write(user)


def filename(name: str, *, today: date) -> str:
    return f"ownlist-{today}.{FORMATS[name].suffix}"
