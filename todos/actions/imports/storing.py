"""Storing a plan: the transactions of an import, all of one batch."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError
from uuid_utils.compat import uuid7

from config.refusals import Refusal
from config.writes import Insert
from todos.actions.imports.planning import Plan
from todos.caller import Caller
from todos.ledger import open_batch, snapshot
from todos.models import Label, Task, TaskLabel, TaskList

PART = 10_000  # tasks that one transaction stores


class ImportClash(Refusal):
    """The owner's data kept changing while the import was prepared or stored."""

    code = "import_clash"
    text = "The account was changed during the import. Import again."


class PlanOutdated(Exception):
    """The owner's data changed after the plan was made."""


class PlanStorage:
    """Stores one plan, in parts of at most `PART` tasks."""

    def __init__(self, plan: Plan, caller: Caller) -> None:
        self._plan, self._caller = plan, caller
        self._batch_id: UUID = uuid7()
        self._ledger_number = plan.ledger_number

    def run(self) -> None:
        """Store the plan.

        Raises:
            PlanOutdated: the owner's data has changed; nothing is stored.
            ImportClash: it changed between two parts.
        """
        plan, tasks = self._plan, self._plan.tasks
        self._store(plan.lists, plan.labels, tasks[:PART])
        for start in range(PART, len(tasks), PART):
            try:
                self._store([], [], tasks[start : start + PART])
            except (PlanOutdated, IntegrityError) as exc:
                raise ImportClash(
                    f"The account was changed during the import. {start} of"
                    f" {len(tasks)} tasks are stored, as batch {self._batch_id}."
                    " Import again for the rest."
                ) from exc
        if plan.report.created:
            plan.report.batch = self._batch_id

    def _store(
        self, lists: list[TaskList], labels: list[Label], tasks: list[Task]
    ) -> None:
        inserts = [
            Insert.of(TaskList, lists),
            Insert.of(Label, labels),
            Insert.of(Task, tasks),
            self._insert_of_labels(tasks),
        ]
        rows: list[TaskList | Label | Task] = [*lists, *labels, *tasks]
        created = [(row, snapshot(row)) for row in rows]
        adds = len(tasks) + len(lists)
        with open_batch(self._caller, batch_id=self._batch_id, adds=adds) as batch:
            if batch.after != self._ledger_number:
                raise PlanOutdated
            for insert in inserts:
                insert.run()
            for row, after in created:
                batch.created(row, after)
            batch.flush()
            self._ledger_number = batch.last

    def _insert_of_labels(self, tasks: list[Task]) -> Insert:
        owner_id = self._caller.owner.pk
        ids_by_task = self._plan.label_ids_by_task
        return Insert(
            TaskLabel,
            ["owner_id", "task_id", "label_id"],
            (
                (owner_id, task.pk, label_id)
                for task in tasks
                for label_id in ids_by_task.get(task.pk, ())
            ),
        )
