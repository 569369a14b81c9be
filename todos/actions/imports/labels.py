"""The second stage of a plan: the labels of a file, and the labels of each task."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.core.exceptions import ValidationError

from todos.actions.imports.rows import (
    Columns,
    ImportReport,
    LabelRow,
    RowIssue,
    TaskRow,
)
from todos.actions.labels import require_room
from todos.caller import Caller
from todos.models import Label, Task, label_key, names_by_key


class LabelStage:
    """Finds the labels of the file, and plans those that the owner doesn't have."""

    def __init__(self, caller: Caller, report: ImportReport) -> None:
        self.new: dict[str, Label] = {}  # by key
        self.ids_by_task: dict[UUID, list[UUID]] = {}
        self.is_full = False  # the owner can't have all labels of the file
        self._caller, self._report = caller, report
        self._known: dict[str, Label] | None = None  # stored and planned, by key

    def take(self, rows: list[LabelRow]) -> None:
        """Find or plan the label of each row."""
        fields_by_key: dict[str, Columns] = {}
        for row in rows:
            key = label_key(row.fields["name"])
            if key in fields_by_key:
                message = "Duplicate label in the file."
                self._report.add(RowIssue(row.row, "labels.name", message))
            fields_by_key[key] = row.fields
        planned = len(self.new)
        self._find_or_plan(fields_by_key)
        self._report.skipped += len(fields_by_key) - (len(self.new) - planned)

    def attach(self, tasks: list[tuple[TaskRow, Task]]) -> None:
        """Give each new task the labels that its row names."""
        names = names_by_key(name for row, _ in tasks for name in row.labels)
        labels = self._find_or_plan({key: {"name": names[key]} for key in names})
        if self.is_full:
            return
        for row, task in tasks:
            carried = [labels[key] for key in sorted(set(map(label_key, row.labels)))]
            task.label_names = [label.name for label in carried]
            self.ids_by_task[task.pk] = [label.pk for label in carried]

    def _find_or_plan(self, fields_by_key: Mapping[str, Columns]) -> dict[str, Label]:
        """Return the known labels by key, after planning the missing ones.

        None are planned if they are too many; then `is_full` is set.
        """
        owner, at = self._caller.owner, self._caller.at
        if self._known is None:
            labels = Label.objects.owned_by(owner)
            self._known = {label.key: label for label in labels}
        missing = sorted(fields_by_key.keys() - self._known.keys())
        if missing:
            count = len(self.new) + len(missing)
            try:
                require_room(owner, count=count, field="labels")
            except ValidationError as exc:
                self._report.add_errors(None, exc)
                self.is_full = True
                return self._known
        for key in missing:
            columns = {"created_at": at, "updated_at": at, **fields_by_key[key]}
            label = Label(owner_id=owner.pk, key=key, **columns)
            self._known[key] = self.new[key] = label
        return self._known
