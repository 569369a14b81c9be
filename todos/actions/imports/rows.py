"""What a file brings, once it is read, and what there is to say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

ISSUES_MAX = 1_000  # of each kind in a report; with more errors, reading ends


@dataclass(frozen=True, slots=True)
class RowIssue:
    """What there is to say of a row; an error keeps the whole import out."""

    row: int | None  # as a person counts them in the file
    field: str
    message: str
    is_error: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """A list of the file. `fields` are columns by name, checked."""

    row: int
    source: str
    is_inbox: bool
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRow:
    """A label of the file."""

    row: int
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A task of the file.

    `source` is its id there, if it has one; `parent` that of a task further up. Its
    list is one of the file (`list_source`), or the one of this name, which is made if
    need be; without either the inbox.
    """

    row: int
    source: str = ""
    parent: str = ""
    list_source: str = ""
    list_name: str = ""
    labels: tuple[str, ...] = ()
    fields: Mapping[str, Any]


FileRow: TypeAlias = ListRow | LabelRow | TaskRow
FileItem: TypeAlias = FileRow | RowIssue  # what a reader yields


@dataclass(slots=True)
class ImportReport:
    """What an import brought, or would bring: the rows of its batch."""

    batch: UUID | None = None
    created: int = 0
    skipped: int = 0
    errors: list[RowIssue] = field(default_factory=list)
    notices: list[RowIssue] = field(default_factory=list)

    def add(self, issue: RowIssue) -> None:
        found = self.errors if issue.is_error else self.notices
        if len(found) < ISSUES_MAX:
            found.append(issue)

    @property
    def is_full(self) -> bool:
        return len(self.errors) >= ISSUES_MAX
