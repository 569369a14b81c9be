"""The steps of repeating tasks, which go along to the next occurrence.

They keep their distance in days to the task. A repeating step that was completed or
skipped before its task is ahead: its next occurrence waits beside it already. That one
belongs to the next occurrence of the task, so it goes there with its own date.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from uuid_utils.compat import uuid7

from accounts.models import User
from todos.actions.occurrences import dates_after_completing, move_dates, number_of
from todos.actions.storing import assign, store_all
from todos.ledger import Batch, Entity, Kind, Snapshot, snapshot
from todos.models import Change, Task

NO_TIME = timedelta(0)


class Shift:
    """By how much the steps of a task move when its due date moves to `to`.

    `completed` are the dates of steps that were completed in the task, by their series.
    """

    def __init__(self, task: Task, *, to: date, completed: Mapping[UUID, date]) -> None:
        assert task.due_date is not None
        self._due, self._to = task.due_date, to
        self._completed = completed
        # What is ahead has moved already; it only skips the dates that were missed.
        nearest = dates_after_completing(task, on=task.due_date)
        self._missed = max(to - nearest.due, NO_TIME) if nearest else NO_TIME
        self._period = nearest.due - task.due_date if nearest else None

    def is_ahead(self, step: Task) -> bool:
        """Whether the step is an occurrence that follows another one in this task.

        Steps begin new series with each occurrence of the task, so its number tells. A
        step due long before the task is ahead if it has moved as far as the task does.
        """
        if not step.rrule or number_of(step) < 2 or step.due_date is None:
            return False
        before = step.series and self._completed.get(step.series)
        if before and self._period and step.due_date - before >= self._period:
            return True
        return step.due_date > self._due

    def of(self, step: Task) -> timedelta:
        if not self.is_ahead(step):
            return self._to - self._due
        before = step.series and self._completed.get(step.series)
        if not before or step.due_date is None or step.version > 1:
            return self._missed
        # Completed very late, it skipped a date that the task does not skip.
        kept = self._to + (before - self._due)
        return min(self._missed, kept - step.due_date)


def completed_dates(steps: Iterable[Task], *, owner: User) -> dict[UUID, date]:
    """Return when the occurrence before each step was due, by series, if completed."""
    series = [step.series for step in steps if step.rrule and number_of(step) > 1]
    if not series:
        return {}
    before = Task.objects.owned_by(owner).completed().filter(series__in=series)
    dates = before.order_by("occurrence").values_list("series", "due_date")
    return {key: day for key, day in dates if key and day}


def begin_series(step: Task) -> None:
    if step.rrule:
        step.series, step.occurrence = uuid7(), 1


def steps_to_repeat(
    tasks: Sequence[Task], *, owner: User
) -> dict[UUID | None, list[Task]]:
    """Return the steps that the next occurrence gets too, by the id of the task.

    Of a repeating step, these include only the open occurrence; or the last one, if it
    was completed together with the task, which was reopened since.
    """
    found: dict[UUID | None, list[Task]] = defaultdict(list)
    parents = [task.pk for task in tasks if task.parent_id is None]
    if parents:
        steps = Task.objects.owned_by(owner).live().filter(parent__in=parents)
        later = Task.objects.owned_by(owner).filter(
            series=OuterRef("series"), occurrence__gt=OuterRef("occurrence")
        )
        is_over = Exists(later) | ~Exists(_completions_with_task(owner))
        steps = steps.exclude(~Q(rrule="") & is_over, completed_at__isnull=False)
        for step in steps.with_labels().order_by("position", "id"):
            found[step.parent_id].append(step)
    return found


def _completions_with_task(owner: User) -> QuerySet[Change]:
    """Return the changes that completed a step in the same batch as its task."""
    mine = Change.objects.owned_by(owner).filter(
        entity=Entity.TASK, kind=Kind.COMPLETED
    )
    of_task = mine.filter(entity_id=OuterRef(OuterRef("parent_id")))
    return mine.filter(entity_id=OuterRef("pk"), batch__in=of_task.values("batch"))


def carry(steps: Iterable[tuple[Task, Task, Shift]], batch: Batch) -> None:
    """Move steps that are ahead to the task in each second place."""
    changed = []
    for step, task, shift in steps:
        changed.append((step, snapshot(step)))
        move_dates(step, shift.of(step))
        begin_series(step)
        step.parent_id = task.pk
    store_all(changed, Kind.UPDATED, batch)


def move_steps(task: Task, batch: Batch, *, to: date) -> None:
    """Move the open steps along with the due date of their task, which moves to `to`.

    Call it before that.
    """
    if task.parent_id is not None:
        return
    mine = Task.objects.owned_by(batch.owner).open().filter(parent=task.pk)
    steps = list(mine.with_labels().order_by("id"))
    if not steps:
        return
    completed = completed_dates(steps, owner=batch.owner)
    shift = Shift(task, to=to, completed=completed)
    changed = [(step, snapshot(step)) for step in steps]
    for step in steps:
        is_ahead, by = shift.is_ahead(step), shift.of(step)
        move_dates(step, by)
        if is_ahead:
            begin_series(step)
    store_all(changed, Kind.UPDATED, batch)


def carried_before(
    steps: Collection[Task], *, to: Collection[UUID], owner: User
) -> dict[UUID, Snapshot]:
    """Return what steps were before `carry` moved them to tasks, by their ids.

    Without those that were changed since. `to` are the ids of the tasks.
    """
    if not steps:
        return {}
    mine = Change.objects.owned_by(owner).filter(entity=Entity.TASK)
    opened = mine.filter(entity_id__in=to, kind=Kind.CREATED)
    ids = [step.pk for step in steps]
    carried = mine.filter(entity_id__in=ids, kind=Kind.UPDATED)
    changes = {
        change.entity_id: change
        for change in carried.filter(batch__in=opened.values("batch"))
    }
    return {
        step.pk: change.before
        for step in steps
        if (change := changes.get(step.pk))
        and change.before
        and step.updated_at == change.at
    }


def give_back(steps: Iterable[tuple[Task, Snapshot]], batch: Batch) -> None:
    """Restore steps as they were before `carry`."""
    changed = []
    for step, values in steps:
        changed.append((step, snapshot(step)))
        assign(step, values)
    store_all(changed, Kind.UPDATED, batch)


def created_as(ids: Collection[UUID], *, owner: User) -> dict[UUID, Snapshot | None]:
    """Return what tasks were when they were created, by their ids."""
    if not ids:
        return {}
    created = Change.objects.owned_by(owner).filter(
        entity=Entity.TASK, entity_id__in=ids, kind=Kind.CREATED
    )
    return dict(created.order_by("seq").values_list("entity_id", "after"))
