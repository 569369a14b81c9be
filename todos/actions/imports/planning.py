"""Planning an import: what to store, given what the owner has at that moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar
from uuid import UUID

from todos.actions.imports.ids import SeenIds
from todos.actions.imports.labels import LabelStage
from todos.actions.imports.lists import ListStage
from todos.actions.imports.rows import (
    FileItem,
    ImportReport,
    LabelRow,
    ListRow,
    RowIssue,
    TaskRow,
)
from todos.actions.imports.tasks import TaskStage
from todos.caller import Caller
from todos.ledger import last_number
from todos.models import Label, Task, TaskList

CHUNK = 1_000  # rows that are looked up together

_T = TypeVar("_T")


@dataclass(slots=True)
class Plan:
    """The rows that an import stores, and its report.

    `ledger_number` is the owner's last ledger number when planning began: the plan is
    valid as long as it is the last.
    """

    ledger_number: int
    report: ImportReport
    lists: list[TaskList]
    labels: list[Label]
    tasks: list[Task]
    label_ids_by_task: dict[UUID, list[UUID]]


def plan_import(
    caller: Caller, items: Iterable[FileItem], *, skip_errors: bool = False
) -> Plan:
    """Check the rows of a file and plan what to store, without storing anything."""
    ledger_number = last_number(caller.owner)
    report = ImportReport(skips_errors=skip_errors)
    seen = SeenIds(report)
    lists, labels = ListStage(caller, report, seen), LabelStage(caller, report)
    tasks = TaskStage(caller, report, seen, lists, labels)
    for chunk in _chunks(items):
        for issue in _of(RowIssue, chunk):
            report.add(issue)
        if list_rows := _of(ListRow, chunk):
            lists.take(list_rows)
        if label_rows := _of(LabelRow, chunk):
            labels.take(label_rows)
        if task_rows := _of(TaskRow, chunk):
            tasks.take(task_rows)
        if lists.is_full or labels.is_full:
            report.is_unusable = True
            break
    lists.drop_unused({task.list_id for task in tasks.new.values()})
    if not report.is_refused:
        report.created = len(lists.new) + len(labels.new) + len(tasks.new)
    tasks.report_trash()
    report.finish()
    return Plan(
        ledger_number=ledger_number,
        report=report,
        lists=lists.new,
        labels=list(labels.new.values()),
        tasks=list(tasks.new.values()),
        label_ids_by_task=labels.ids_by_task,
    )


def _chunks(items: Iterable[_T]) -> Iterator[list[_T]]:
    items = iter(items)
    while chunk := list(islice(items, CHUNK)):
        yield chunk


def _of(kind: type[_T], items: list[FileItem]) -> list[_T]:
    return [item for item in items if isinstance(item, kind)]
