"""The rows of a file once it is read, and the report of an import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

from django.core.exceptions import ValidationError

ISSUES_MAX = 1_000  # of each kind in a report; with more errors, reading ends

Columns: TypeAlias = Mapping[str, Any]  # checked values of a model, by column name


@dataclass(frozen=True, slots=True)
class RowIssue:
    """An error or a notice about one row. Any error prevents the whole import."""

    row: int | None  # as counted in the file, for users; None for the whole file
    field: str
    message: str
    is_error: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """A list of the file. `source` is its id there."""

    row: int
    source: str
    is_inbox: bool
    fields: Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRow:
    """A label of the file."""

    row: int
    fields: Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A task of the file.

    `source` is its id in the file, if it has one; `parent` is the id of an earlier
    task. Its list is a list of the file (`list_source`), or the list with this name,
    created if necessary; with neither it is the inbox.
    """

    row: int
    source: str = ""
    parent: str = ""
    list_source: str = ""
    list_name: str = ""
    labels: tuple[str, ...] = ()
    fields: Columns


FileRow: TypeAlias = ListRow | LabelRow | TaskRow
# What a reader yields: lists before labels before tasks, issues anywhere.
FileItem: TypeAlias = FileRow | RowIssue


@dataclass(slots=True)
class ImportReport:
    """What an import created, or would create. `batch` is set once it is stored."""

    batch: UUID | None = None
    created: int = 0
    skipped: int = 0
    errors: list[RowIssue] = field(default_factory=list)
    notices: list[RowIssue] = field(default_factory=list)

    def add(self, issue: RowIssue) -> None:
        """Add an issue, unless there are `ISSUES_MAX` of its kind."""
        issues = self.errors if issue.is_error else self.notices
        if len(issues) < ISSUES_MAX:
            issues.append(issue)

    def add_notice(self, row: int | None, name: str, message: str) -> None:
        self.add(RowIssue(row, name, message, is_error=False))

    def add_errors(
        self, row: int | None, exc: ValidationError, *, prefix: str = ""
    ) -> None:
        """Add the first message of each field of `exc`."""
        for name, messages in exc.message_dict.items():
            self.add(RowIssue(row, prefix + name, messages[0]))

    @property
    def is_full(self) -> bool:
        """Whether no more errors fit into the report."""
        return len(self.errors) >= ISSUES_MAX
