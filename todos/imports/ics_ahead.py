"""What later parts of a calendar say about earlier to-dos, read before them.

An occurrence of a repeating to-do can be changed by a component of its own (RFC 5545
section 3.8.4.4), and a to-do can name its children (section 3.2.15). Most files have
neither, which a search for the words finds out at little cost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO

from todos.imports.files import Options
from todos.imports.ics_components import (
    TODO,
    Component,
    ComponentReader,
    Lines,
    Property,
)
from todos.imports.ics_leftovers import Leftovers

CHUNK = 256 * 1024  # bytes read at once
WORDS = (b"RECURRENCE-ID", b"RELTYPE=CHILD", b'RELTYPE="CHILD"')
SOURCE_MAX = 500  # characters of a UID
PASSED = {"COMPLETED", "CANCELLED"}


@dataclass(frozen=True, slots=True)
class Override:
    """A changed occurrence of a to-do."""

    row: int
    recurrence_id: Property
    status: str
    completed: Property | None

    @property
    def is_passed(self) -> bool:
        """Whether this occurrence alone is done or cancelled."""
        return self.status in PASSED and "RANGE" not in self.recurrence_id.parameters


@dataclass(slots=True)
class Ahead:
    """What the whole file says, by UID."""

    parents: dict[str, str] = field(default_factory=dict)  # of children, by a parent
    overrides: dict[str, list[Override]] = field(default_factory=dict)
    masters: set[str] = field(default_factory=set)  # UIDs of to-dos, if it was read


def uid_of(component: Component) -> str:
    uid = component.first("UID")
    return uid.text.strip()[:SOURCE_MAX] if uid else ""


def relation_of(prop: Property) -> str:
    return prop.parameters.get("RELTYPE", "").upper() or "PARENT"


def parent_of(todo: Component, uid: str, ahead: Ahead, leftovers: Leftovers) -> str:
    """Return the UID of the parent: the first that the to-do names, or that names it.

    Relations that a task can't have are named in notices.
    """
    parent = ""
    children, others = Lines(), Lines()
    for one in todo.every("RELATED-TO"):
        related = one.text.strip()[:SOURCE_MAX]
        relation = relation_of(one)
        if relation == "PARENT" and parent in {"", related}:
            parent = related
        elif relation != "CHILD":
            others.add(one.line)
        elif related not in ahead.masters or ahead.parents.get(related) != uid:
            children.add(one.line)
    claimed = ahead.parents.get(uid, "") if uid else ""
    if parent and claimed not in {"", parent}:
        leftovers.notice("related-to", "Another to-do names it as its child, too.")
    if children.count:
        message = "A child is not in the file, or has another parent."
        leftovers.notice("related-to", message, line=children)
    if others.count:
        message = "A task has one parent, and no other relations."
        leftovers.notice("related-to", message, line=others)
    return parent or claimed


def look_ahead(file: IO[bytes], options: Options) -> Ahead:
    """Read the file once before its to-dos are imported, if that is needed.

    Raises:
        FileRefused: as `ComponentReader.components`.
    """
    ahead = Ahead()
    if not _has_words(file):
        return ahead
    row = 0
    for component in ComponentReader(file, options).components():
        if component.name == TODO:
            row += 1
            if not component.is_cut:
                _take(ahead, component, row)
    return ahead


def _has_words(file: IO[bytes]) -> bool:
    file.seek(0)
    before = b""
    while chunk := file.read(CHUNK):
        text = before + chunk.upper()
        # Folded within a word, it is found without the fold.
        text = text.replace(b"\r\n", b"\n").replace(b"\n ", b"").replace(b"\n\t", b"")
        if any(word in text for word in WORDS):
            return True
        before = text[-100:]
    return False


def _take(ahead: Ahead, component: Component, row: int) -> None:
    uid = uid_of(component)
    if recurrence_id := component.first("RECURRENCE-ID"):
        status = component.first("STATUS")
        override = Override(
            row,
            recurrence_id,
            status.value.strip().upper() if status else "",
            component.first("COMPLETED"),
        )
        ahead.overrides.setdefault(uid, []).append(override)
        return
    ahead.masters.add(uid)
    for one in component.every("RELATED-TO"):
        if uid and relation_of(one) == "CHILD":
            ahead.parents.setdefault(one.text.strip()[:SOURCE_MAX], uid)
