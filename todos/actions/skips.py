"""Skipping: the same task moves to its next date, and gets the next number."""

from __future__ import annotations

from uuid import UUID

from todos.actions.loading import ExpectedVersion, require_live, task_of
from todos.actions.occurrences import dates_after_skipping, number_of, today_of
from todos.actions.refusals import (
    AlreadyCompleted,
    NextExists,
    NotRepeating,
    SeriesEnded,
)
from todos.actions.repeating_steps import move_steps
from todos.actions.repeats import has_next_occurrence
from todos.actions.storing import store
from todos.caller import Caller
from todos.ledger import Kind, open_batch, snapshot
from todos.models import Task


def skip_occurrence(
    caller: Caller,
    *,
    task_id: UUID,
    version: ExpectedVersion = None,
) -> Task:
    """Move an open repeating task to its next date.

    It stays the same task and gets the next number of its series; its start date, its
    reminder and its open steps move along. An overdue task moves to the first date from
    today on. A rule that counts from completion counts from the due date or from today,
    whichever is later, because nothing was completed.

    Raises:
        Task.DoesNotExist, InTrash, VersionConflict: as `update_task`.
        NotRepeating, AlreadyCompleted: the task has no date to skip.
        NextExists: its next occurrence exists already, as another task.
        SeriesEnded: it is the last occurrence.
    """
    with open_batch(caller) as batch:
        task = task_of(caller.owner, task_id)
        require_live(task, version=version)
        _require_skippable(task)
        dates = dates_after_skipping(task, on=today_of(caller))
        if dates is None:
            raise SeriesEnded
        before = snapshot(task)
        move_steps(task, batch, to=dates.due)
        task.due_date, task.start_date = dates.due, dates.start
        task.occurrence = number_of(task) + 1
        store(task, before, Kind.UPDATED, batch)
    return task


def _require_skippable(task: Task) -> None:
    if not task.rrule:
        raise NotRepeating
    if task.is_completed:
        raise AlreadyCompleted
    if has_next_occurrence(task):
        raise NextExists
