"""What the actions share: a row of the owner found, checked, placed, and stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Count, F, Q

from accounts.models import User
from config.compiled_queries import instance
from config.writes import update_each
from todos.actions.refusals import InTrash, VersionConflict
from todos.compiled_queries import INBOX, TASK
from todos.ledger import Batch, Kind, snapshot
from todos.limits import STEPS_MAX, STEPS_STORED_MAX
from todos.models import Label, Task, TaskList
from todos.reminders.planning import plan_reminder
from todos.task_fields import REMINDER_COLUMNS

# The version that a caller has seen, or several of which any will do; None: all will.
ExpectedVersion: TypeAlias = int | Collection[int] | None
_Row = TypeVar("_Row", bound=Task | TaskList | Label)

CHUNK = 500  # rows that one statement names
STEPS_TEXT = f"A task has at most {STEPS_MAX} steps, those in the trash counted."
STEPS_STORED_TEXT = (
    f"A task has at most {STEPS_STORED_MAX:,} steps, also with those that repeat and"
    " are completed. Delete some of these for good first."
)


def task_of(owner: User, task_id: UUID) -> Task:
    """Return the task with all that a face shows of it."""
    row = TASK.first(owner=owner.pk, task=task_id)
    if row is None:
        raise Task.DoesNotExist
    return instance(Task, row)


def list_of(owner: User, list_id: UUID) -> TaskList:
    return TaskList.objects.owned_by(owner).live().get(pk=list_id)


def inbox_id(owner: User) -> UUID:
    """Return the id of the list that everyone has."""
    row = INBOX.first(owner=owner.pk)
    assert row is not None
    inbox: UUID = row["id"]
    return inbox


def require_live(task: Task, *, version: ExpectedVersion) -> None:
    if task.trashed_at is not None:
        raise InTrash
    require_version(task, version)


def require_version(row: Task | TaskList | Label, version: ExpectedVersion) -> None:
    seen = {version} if isinstance(version, int) else version
    if seen is not None and row.version not in seen:
        raise VersionConflict


def store(
    row: Task | TaskList | Label, before: dict[str, Any], kind: Kind, batch: Batch
) -> None:
    """Save what differs from `before`, count the version, record the change."""
    after = snapshot(row)
    names = [name for name in after if after[name] != before[name]]
    if not names:
        return
    row.version += 1
    row.updated_at = batch.at
    columns = [name for name in names if name != "labels"]
    # And what follows from these.
    if isinstance(row, Task):
        columns.append("search")
        if _plans_reminder(row, names, batch):
            columns.append("remind_on")
    if isinstance(row, Label):
        columns.append("key")
    row.save(update_fields=[*columns, "version", "updated_at"])
    batch.changed(kind, row, before, after)


def store_all(
    changed: Iterable[tuple[_Row, dict[str, Any]]], kind: Kind, batch: Batch
) -> None:
    """As `store` for many rows, each with what it was `before`.

    The number of statements does not depend on the number of rows: rows that change in
    the same columns are stored together, whether to one value or each to its own.
    """
    together: dict[tuple[str, ...], list[_Row]] = defaultdict(list)
    for row, before in changed:
        after = snapshot(row)
        names = {name for name in after if after[name] != before[name]}
        if not names:
            continue
        row.version += 1
        row.updated_at = batch.at
        batch.changed(kind, row, before, after)
        columns = names - {"labels"}
        if isinstance(row, Task) and _plans_reminder(row, names, batch):
            columns.add("remind_on")
        together[tuple(sorted(columns))].append(row)
    for alike, rows in together.items():
        _update_all(rows, alike, batch)


def _update_all(rows: Sequence[_Row], columns: Sequence[str], batch: Batch) -> None:
    values = {tuple(getattr(row, name) for name in columns) for row in rows}
    if len(values) > 1:
        update_each(rows, columns, at=batch.at)
        return
    same = dict(zip(columns, *values, strict=True))
    for start in range(0, len(rows), CHUNK):
        ids = [row.pk for row in rows[start : start + CHUNK]]
        type(rows[0]).objects.filter(pk__in=ids).update(
            **same, version=F("version") + 1, updated_at=batch.at
        )


def _plans_reminder(task: Task, changed: Iterable[str], batch: Batch) -> bool:
    """Plan the reminder anew where it follows from what changed.

    Else its column is not to be stored: a sender may be taking the reminder just now.
    """
    if REMINDER_COLUMNS.isdisjoint(changed):
        return False
    plan_reminder(task, owner=batch.owner, at=batch.at)
    return True


def move_steps_along(task: Task, batch: Batch) -> None:
    """Move the steps of a task into its list."""
    steps = list(task.steps.live().with_labels().order_by("id"))
    changed = [(step, snapshot(step)) for step in steps]
    for step in steps:
        step.list_id = task.list_id
    store_all(changed, Kind.MOVED, batch)


@dataclass(slots=True)
class StepQuota:
    """How many steps a task has, and whether it can have more.

    Those in the trash count: they can come back at any time. A completed step that
    repeats is what is left of its series. It takes no room from steps that are to be
    done, so a series goes on for years in a task that is full of other steps.
    """

    stored: int = 0
    past: int = 0  # those of them that are completed and repeat

    def add(self, step: Task) -> None:
        self.stored += 1
        self.past += _is_past(step)

    @property
    def takes_next(self) -> bool:
        """Whether the next occurrence of a step can be opened beside it.

        The one before it no longer counts, so this is a matter of the second bound.
        """
        return self.stored < STEPS_STORED_MAX

    def require_room(self, *, field: str, step: Task | None = None) -> None:
        """Refuse another step, `step` or one to be done, where there is no room.

        Raises:
            ValidationError: for `field`.
        """
        if self.stored >= STEPS_STORED_MAX:
            raise ValidationError({field: STEPS_STORED_TEXT})
        is_past = step is not None and _is_past(step)
        if not is_past and self.stored - self.past >= STEPS_MAX:
            raise ValidationError({field: STEPS_TEXT})


def _is_past(step: Task) -> bool:
    return bool(step.rrule) and step.completed_at is not None


def step_quotas(ids: Collection[UUID], *, owner: User) -> dict[UUID, StepQuota]:
    """Count the steps of some tasks, by the id of the task."""
    steps = Task.objects.owned_by(owner).filter(parent__in=ids)
    past = Count("pk", filter=Q(completed_at__isnull=False) & ~Q(rrule=""))
    found = steps.values("parent").annotate(stored=Count("pk"), past=past)
    counts = {task_id: StepQuota() for task_id in ids}
    for task_id, stored, number in found.values_list("parent", "stored", "past"):
        assert task_id is not None
        counts[task_id] = StepQuota(stored, number)
    return counts


def require_step_room(task_id: UUID, *, owner: User, field: str) -> None:
    """Refuse another step where a task has as many as it can have.

    Raises:
        ValidationError: for `field`.
    """
    step_quotas([task_id], owner=owner)[task_id].require_room(field=field)


def place(
    task: Task, batch: Batch, *, list_id: UUID | None, parent_id: UUID | None
) -> None:
    """Put a task into a list and maybe under a parent, both the owner's.

    Raises:
        ValidationError: for `list` or `parent`, in the same words whether the row
            is someone else's or never was.
    """
    if parent_id is not None:
        tasks = Task.objects.owned_by(batch.owner).live()
        parent = tasks.filter(pk=parent_id).first()
        if parent is None:
            raise ValidationError({"parent": "There is no such task."})
        has_steps = not task._state.adding and task.steps.live().exists()
        if parent.pk == task.pk or parent.parent_id or has_steps:
            raise ValidationError({"parent": "Steps go one level deep."})
        if list_id not in (None, parent.list_id, task.list_id):
            raise ValidationError({"list": "A step is in the list of its task."})
        if task.parent_id != parent.pk:
            require_step_room(parent.pk, owner=batch.owner, field="parent")
        task.parent, task.list_id = parent, parent.list_id
        return
    task.parent = None
    if list_id is None:
        task.list_id = inbox_id(batch.owner)
    elif list_id != task.list_id:
        lists = TaskList.objects.owned_by(batch.owner).live()
        if not lists.filter(pk=list_id).exists():
            raise ValidationError({"list": "There is no such list."})
        task.list_id = list_id
