"""The third stage of a plan: the tasks of a file."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.core.exceptions import ValidationError

from todos.actions.due import validate_dates
from todos.actions.imports.ids import SeenIds, SeriesIds, candidate_ids, resolve_id
from todos.actions.imports.labels import LabelStage
from todos.actions.imports.lists import ListStage
from todos.actions.imports.rows import ImportReport, TaskRow
from todos.actions.steps import StepQuota, step_quotas
from todos.caller import Caller
from todos.limits import LABEL_KEY_MAX_LENGTH, LABELS_MAX
from todos.models import Task, label_key, position_now


class TaskStage:
    """Plans the tasks of the file that the owner doesn't have."""

    def __init__(
        self,
        caller: Caller,
        report: ImportReport,
        seen: SeenIds,
        lists: ListStage,
        labels: LabelStage,
    ) -> None:
        self.new: dict[UUID, Task] = {}
        self._caller, self._report, self._seen = caller, report, seen
        self._lists, self._labels = lists, labels
        self._positions = iter(range(position_now(), 2**63))
        self._series = SeriesIds(caller.owner)
        self._steps: dict[UUID, StepQuota] = {}  # by the id of their task
        self._left_out: set[str] = set()  # sources of tasks whose steps are left out
        self._failed: set[str] = set()  # those of them that have an error
        self._in_trash = 0  # known tasks that are in the trash

    def take(self, rows: list[TaskRow]) -> None:
        """Plan the task of each row, unless the owner has it."""
        known = self._known(rows)
        self._series.look_up(rows)
        self._count_steps(known)
        planned: list[tuple[TaskRow, Task]] = []
        for row in rows:
            try:
                task = self._task(row, known)
            except ValidationError as exc:
                self._report.add_errors(row.row, exc)
                self._left_out.add(row.source)
                self._failed.add(row.source)
            else:
                if task is not None:
                    known[task.pk] = self.new[task.pk] = task
                    planned.append((row, task))
        self._labels.attach(planned)

    def report_trash(self) -> None:
        """Add a notice if tasks that the owner already has are in the trash."""
        if self._in_trash:
            self._report.add_notice(
                None,
                "",
                f"{self._in_trash} of the tasks that you already have are in the"
                " trash. You can restore them there.",
            )

    def _known(self, rows: list[TaskRow]) -> dict[UUID, Task]:
        """Return the tasks, stored and planned, that rows or their parents may be."""
        owner = self._caller.owner
        sources = {name for row in rows for name in (row.source, row.parent) if name}
        ids = [pk for source in sources for pk in candidate_ids(owner, source)]
        tasks = Task.objects.owned_by(owner).filter(pk__in=ids)
        columns = ("id", "owner_id", "list_id", "parent_id", "trashed_at")
        stored = {task.pk: task for task in tasks.only(*columns)}
        planned = {pk: self.new[pk] for pk in ids if pk in self.new}
        return stored | planned

    def _count_steps(self, known: Mapping[UUID, Task]) -> None:
        """Count the steps of stored tasks, once for each task."""
        ids = known.keys() - self.new.keys() - self._steps.keys()
        self._steps |= step_quotas(ids, owner=self._caller.owner)

    def _task(self, row: TaskRow, known: dict[UUID, Task]) -> Task | None:
        """Return the task to store; None if there is nothing to store for this row.

        Raises:
            ValidationError: by field.
        """
        task_id = resolve_id(self._caller.owner, row.source, known)
        if row.source:
            if self._seen.is_duplicate(row, task_id):
                return None
            if task_id in known:
                self._report.skipped += 1
                self._in_trash += known[task_id].trashed_at is not None
                return None
        if row.parent and row.parent in self._left_out:
            self._left_out.add(row.source)
            if self._report.skips_errors and row.parent in self._failed:
                message = "Its task has an error, so this step is left out as well."
                raise ValidationError({"parent": message})
            return None
        task = self._draft(task_id, row)
        self._place(task, row, known)
        if not self._series.assign(task):
            self._report.skipped += 1
            self._left_out.add(row.source)
            message = "You already have this occurrence."
            self._report.add_notice(row.row, "series", message)
            return None
        validate_dates(task, self._caller)
        _check_labels(row)
        if task.parent_id is not None:
            self._steps[task.parent_id].add(task)
        return task

    def _draft(self, task_id: UUID, row: TaskRow) -> Task:
        caller = self._caller
        columns = {"position": next(self._positions), **row.fields}
        return Task.new(id=task_id, owner_id=caller.owner.pk, at=caller.at, **columns)

    def _place(self, task: Task, row: TaskRow, known: dict[UUID, Task]) -> None:
        """Set the parent and the list of a task, as far as these can hold it.

        Raises:
            ValidationError: the file contradicts itself.
        """
        destination = self._lists.destination_of(row)
        parent = self._parent(row, known)
        if parent is not None and self._can_hold(parent, task, row):
            is_new = parent.pk in self.new and not destination.is_trashed
            if is_new and row.list_source and destination.id != parent.list_id:
                message = "A step belongs to the list of its task."
                raise ValidationError({"list": message})
            count = self._steps.setdefault(parent.pk, StepQuota())
            count.require_room(field="parent", step=task)
            task.parent_id, task.list_id = parent.pk, parent.list_id
            return
        if destination.is_trashed and task.trashed_at is None:
            message = "Its list is in the trash: the task goes to the inbox."
            self._report.add_notice(row.row, "list", message)
            destination = self._lists.inbox
        task.list_id = destination.id

    def _parent(self, row: TaskRow, known: dict[UUID, Task]) -> Task | None:
        if not row.parent:
            return None
        parent = known.get(resolve_id(self._caller.owner, row.parent, known))
        if parent is None:
            message = "Its task has an error, or does not come earlier in the file."
            raise ValidationError({"parent": message})
        return parent

    def _can_hold(self, parent: Task, task: Task, row: TaskRow) -> bool:
        """Tell whether `parent` can have this step; if not, add a notice.

        Raises:
            ValidationError: the file itself has more than one level of steps.
        """
        if parent.parent_id is not None:
            if parent.pk in self.new:
                raise ValidationError({"parent": "A step can't have steps of its own."})
            reason = "Its parent is now a step"
        elif parent.trashed_at is not None and task.trashed_at is None:
            reason = "Its parent is in the trash"
        else:
            return True
        message = f"{reason}: imported as a task, not as a step."
        self._report.add_notice(row.row, "parent", message)
        return False


def _check_labels(row: TaskRow) -> None:
    keys = {label_key(name) for name in row.labels}
    if len(keys) > LABELS_MAX:
        raise ValidationError({"labels": f"Use at most {LABELS_MAX} labels."})
    if any(len(key) > LABEL_KEY_MAX_LENGTH for key in keys):
        raise ValidationError({"labels": "Use shorter names for labels."})
