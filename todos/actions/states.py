"""Completing, reopening, trashing and restoring tasks, one or many at once.

The tasks must be loaded with their labels. The number of statements does not depend on
the number of tasks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from django.db.models import Prefetch, prefetch_related_objects

from accounts.models import User
from todos.actions.loading import inbox_id
from todos.actions.repeats import (
    next_occurrences_of,
    open_next_occurrences,
    remove_next_occurrences,
)
from todos.actions.storing import store_all
from todos.ledger import Batch, Kind, snapshot
from todos.models import Task, TaskList, TaskQuerySet


def complete_all(tasks: Sequence[Task], batch: Batch) -> dict[UUID, Task | None]:
    """Complete the open tasks and their open steps, except those that are ahead.

    Returns:
        The next occurrence of each task, or None, by the id of the task.
    """
    completed = [task for task in tasks if task.is_completed]
    opened = next_occurrences_of(completed, batch.owner)
    still_open = {task.pk: task for task in tasks if not task.is_completed}
    # A step that is given together with its task is completed with the task.
    top = [task for task in still_open.values() if task.parent_id not in still_open]
    # Steps that are ahead of their task go to its next occurrence, and stay open.
    opened |= open_next_occurrences(top, batch, done=still_open)
    done = [
        (row, snapshot(row))
        for task, steps in _with_steps(top, TaskQuerySet.open, batch, known=still_open)
        for row in [*steps, task]
    ]
    for row, _ in done:
        row.completed_at = batch.at
    store_all(done, Kind.COMPLETED, batch)
    return opened


def reopen_all(tasks: Iterable[Task], batch: Batch) -> None:
    """Open the completed tasks, and remove next occurrences that are unchanged."""
    completed = [task for task in tasks if task.is_completed]
    remove_next_occurrences(completed, batch)
    changed = [(task, snapshot(task)) for task in completed]
    for task in completed:
        task.completed_at = None
    store_all(changed, Kind.REOPENED, batch)


def trash_all(tasks: Iterable[Task], batch: Batch) -> None:
    """Move the tasks and their steps to the trash, unless they are there."""
    live = [task for task in tasks if task.trashed_at is None]
    changed = []
    for task, steps in _with_steps(live, TaskQuerySet.live, batch):
        for row in [*steps, task]:
            if row.trashed_at is None:
                changed.append((row, snapshot(row)))
                row.trashed_at = batch.at
    store_all(changed, Kind.TRASHED, batch)


def restore_all(tasks: Iterable[Task], batch: Batch) -> None:
    """Restore tasks from the trash, with the steps that were trashed with them.

    A task whose list is in the trash is restored to the inbox. A step whose task is in
    the trash or has become a step is restored as a task.
    """
    # Tasks before their steps, which then find them restored.
    trashed = sorted(
        (task for task in tasks if task.trashed_at),
        key=lambda task: bool(task.parent_id),
    )
    destinations = _Destinations(trashed, batch.owner)
    changed = []
    for task, steps in _with_steps(trashed, TaskQuerySet.trashed, batch):
        together = task.trashed_at
        for row in [task, *(step for step in steps if step.trashed_at == together)]:
            if row.trashed_at is not None:
                changed.append((row, snapshot(row)))
                destinations.assign(row)
                row.trashed_at = None
    store_all(changed, Kind.RESTORED, batch)


class _Destinations:
    """Assigns restored tasks to the list and the task where they belong now."""

    def __init__(self, tasks: list[Task], owner: User) -> None:
        self._owner = owner
        self._inbox: UUID | None = None
        self._restored: dict[UUID | None, Task] = {}
        prefetch_related_objects(
            tasks,
            Prefetch("list", TaskList.objects.filter(owner=owner)),
            Prefetch("parent", Task.objects.filter(owner=owner)),
        )

    def assign(self, task: Task) -> None:
        parent = self._restored.get(task.parent_id) or task.parent
        # The parent may have become a step in the meantime, and steps have no steps.
        if (
            parent
            and parent.trashed_at is None
            and parent.parent_id is None
            and self._owner.sees_list(parent.list_id)
        ):
            task.list_id = parent.list_id
        else:
            task.parent = None
            if task.list.trashed_at is not None:
                task.list_id = self._inbox_id()
        self._restored[task.pk] = task

    def _inbox_id(self) -> UUID:
        if self._inbox is None:
            self._inbox = inbox_id(self._owner)
        return self._inbox


def _with_steps(
    tasks: Sequence[Task],
    state: Callable[[TaskQuerySet], TaskQuerySet],
    batch: Batch,
    *,
    known: Mapping[UUID, Task] | None = None,
) -> Iterator[tuple[Task, list[Task]]]:
    """Pair each task with those of its steps that are in a state.

    A step that is among `known`, by default `tasks`, is that same object.
    """
    known = known or {task.pk: task for task in tasks}
    parents = [task.pk for task in tasks if _may_have_steps(task)]
    by_parent: dict[UUID | None, list[Task]] = defaultdict(list)
    if parents:
        mine = Task.objects.owned_by(batch.owner).filter(parent__in=parents)
        steps = state(mine).with_labels()
        for step in steps.order_by("id"):
            by_parent[step.parent_id].append(known.get(step.pk, step))
    for task in tasks:
        yield task, by_parent[task.pk]


def _may_have_steps(task: Task) -> bool:
    """Whether to query for steps: a step has none, and the number may be loaded.

    That number does not include steps in the trash.
    """
    if task.parent_id is not None:
        return False
    return task.trashed_at is not None or vars(task).get("steps_total") != 0
