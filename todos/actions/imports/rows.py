"""The rows of a file once it is read, and the report of an import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

from django.core.exceptions import ValidationError

ISSUES_MAX = 1_000  # of each kind in a report; more are counted
FILE_ISSUES_MAX = 20  # more, if they are about the whole file

Columns: TypeAlias = Mapping[str, Any]  # checked values of a model, by column name


@dataclass(frozen=True, slots=True)
class RowIssue:
    """An error or a notice about one row.

    Any error prevents the whole import, unless the caller skips rows with errors.
    """

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
    """What an import created, or would create. `batch` is set once it is stored.

    With `skips_errors`, a row with an error is left out and the others are stored. An
    error that concerns the whole file (`is_unusable`) still prevents the import.
    """

    skips_errors: bool = False
    is_unusable: bool = False
    batch: UUID | None = None
    created: int = 0
    skipped: int = 0
    errors: list[RowIssue] = field(default_factory=list)
    notices: list[RowIssue] = field(default_factory=list)
    error_count: int = 0  # including those that are not listed
    notice_count: int = 0

    @property
    def is_refused(self) -> bool:
        """Whether errors prevent storing anything."""
        return self.error_count > 0 and (not self.skips_errors or self.is_unusable)

    def add(self, issue: RowIssue) -> None:
        """Count an issue, and list it unless `ISSUES_MAX` of its kind are listed."""
        if issue.is_error:
            self.error_count += 1
            self.is_unusable |= issue.row is None
        else:
            self.notice_count += 1
        issues = self.errors if issue.is_error else self.notices
        # What is about the whole file often comes last.
        room = ISSUES_MAX + (FILE_ISSUES_MAX if issue.row is None else 0)
        if len(issues) < room:
            issues.append(issue)

    def finish(self) -> None:
        """Add to each list how many issues it does not contain."""
        for issues, count, name, is_error in (
            (self.errors, self.error_count, "errors", True),
            (self.notices, self.notice_count, "notices", False),
        ):
            if count > len(issues):
                message = f"Only the first {ISSUES_MAX} of {count} {name} are listed."
                issues.append(RowIssue(None, "", message, is_error))

    def add_notice(self, row: int | None, name: str, message: str) -> None:
        self.add(RowIssue(row, name, message, is_error=False))

    def add_errors(
        self, row: int | None, exc: ValidationError, *, prefix: str = ""
    ) -> None:
        """Add the first message of each field of `exc`."""
        for name, messages in exc.message_dict.items():
            self.add(RowIssue(row, prefix + name, messages[0]))
