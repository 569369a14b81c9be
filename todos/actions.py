"""Every write of a person's tasks, lists and labels.

An action is told whose data it is for (`owner`), which credential asks (`by`) and when
(`at`). It finds its rows among the owner's alone, so another person's id raises
`DoesNotExist` like one that never was. It locks what it changes, checks the state,
stores, and records each change in the ledger, all in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from uuid_utils.compat import uuid7

from accounts.credentials import Credential
from accounts.models import User
from todos.ledger import Batch, Kind, batch, snapshot
from todos.models import (
    LABEL_KEY_MAX_LENGTH,
    LABELS_MAX,
    Label,
    Task,
    TaskLabel,
    TaskList,
    TaskQuerySet,
    label_key,
)
from todos.schedule import recurrence
from todos.schedule.days import today as day_of


class Refused(Exception):
    """The object is the owner's, but its state doesn't allow this action."""

    code = "conflict"


class VersionConflict(Refused):
    """The caller has seen an older version than the one stored."""

    code = "version_conflict"


class InTrash(Refused):
    """The object is in the trash and must be restored first."""

    code = "in_trash"


class NotInTrash(Refused):
    """Only what is in the trash can be removed for good."""

    code = "not_in_trash"


class InboxStays(Refused):
    """The inbox can't be deleted, archived or renamed."""

    code = "inbox"


@dataclass(frozen=True, slots=True)
class Completion:
    """A completed task, and the next of its series where it repeats."""

    task: Task
    next: Task | None


# --- Tasks ------------------------------------------------------------------


def create_task(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    list_id: UUID | None = None,
    parent_id: UUID | None = None,
    labels: Iterable[str] = (),
    **fields: Any,
) -> Task:
    """Store a new task; without `list_id` in its parent's list, or the inbox.

    `fields` are columns of `Task` by name.

    Raises:
        ValidationError: by field, also for a list or parent that isn't the owner's.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        task = Task(owner_id=owner.pk, created_at=at, updated_at=at, **fields)
        _place(task, owner=owner, list_id=list_id, parent_id=parent_id)
        _settle_dates(task)
        task.save(force_insert=True)
        _set_labels(task, labels, owner=owner, entries=entries)
        entries.created(task)
    return task


def update_task(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    task_id: UUID,
    changes: Mapping[str, Any],
    completed: bool | None = None,
    version: int | None = None,
) -> Task:
    """Change the named fields of a task; `labels` replaces all of its labels.

    With `completed`, also complete or reopen it, in the same batch. Nothing is
    stored, and no version counted, where nothing differs.

    Raises:
        Task.DoesNotExist: not a task of the owner.
        InTrash: it is in the trash.
        VersionConflict: `version` is given and is not the stored one.
        ValidationError: by field.
    """
    changes = dict(changes)
    with batch(owner=owner, by=by, at=at) as entries:
        task = _locked_task(owner, task_id)
        _require(task, version=version)
        before = snapshot(task)
        labels = changes.pop("labels", None)
        if "list_id" in changes or "parent_id" in changes:
            list_id = changes.pop("list_id", task.list_id)
            parent_id = changes.pop("parent_id", task.parent_id)
            _place(task, owner=owner, list_id=list_id, parent_id=parent_id)
        for name, value in changes.items():
            setattr(task, name, value)
        _settle_dates(task)
        if labels is not None:
            _set_labels(task, labels, owner=owner, entries=entries)
        moved = task.list_id != UUID(before["list_id"])
        _store(task, before, Kind.MOVED if moved else Kind.UPDATED, entries)
        if moved:
            for step in task.steps.live().for_change().with_labels():
                before = snapshot(step)
                step.list_id = task.list_id
                _store(step, before, Kind.MOVED, entries)
        if completed is not None and completed != task.is_completed:
            _turn(task, owner=owner, entries=entries)
    return task


def complete_task(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    task_id: UUID,
    version: int | None = None,
) -> Completion:
    """Complete a task and its open steps; open the next occurrence of a repeat.

    Completing what is completed changes nothing.

    Raises:
        Task.DoesNotExist, InTrash, VersionConflict: as `update_task`.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        task = _locked_task(owner, task_id)
        _require(task, version=version)
        if task.is_completed:
            return Completion(task, _next_of(task))
        upcoming = _complete(task, owner=owner, entries=entries)
    return Completion(task, upcoming)


def _complete(task: Task, *, owner: User, entries: Batch) -> Task | None:
    """Complete an open task and its open steps; return the next of its series."""
    for step in task.steps.open().for_change().with_labels():
        _finish(step, entries)
    upcoming = _open_next(task, owner=owner, at=entries.at, entries=entries)
    _finish(task, entries)
    return upcoming


def _finish(task: Task, entries: Batch) -> None:
    before = snapshot(task)
    task.completed_at = entries.at
    _store(task, before, Kind.COMPLETED, entries)


def reopen_task(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    task_id: UUID,
    version: int | None = None,
) -> Task:
    """Open a completed task again, and take away its untouched next occurrence.

    Reopening what is open changes nothing.

    Raises:
        Task.DoesNotExist, InTrash, VersionConflict: as `update_task`.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        task = _locked_task(owner, task_id)
        _require(task, version=version)
        if task.is_completed:
            _reopen(task, entries)
    return task


def _reopen(task: Task, entries: Batch) -> None:
    """Open a completed task, without the next occurrence that nobody touched."""
    upcoming = _next_of(task)
    if upcoming is not None and upcoming.version == 1:
        entries.removed(upcoming)
        upcoming.delete()
    before = snapshot(task)
    task.completed_at = None
    _store(task, before, Kind.REOPENED, entries)


def toggle_task(*, owner: User, by: Credential, at: datetime, task_id: UUID) -> Task:
    """Complete the task if it is open, reopen it if it is completed.

    Decided on the locked row, so that of two at once the second turns it back.

    Raises:
        Task.DoesNotExist, InTrash: as `update_task`.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        task = _locked_task(owner, task_id)
        _require(task, version=None)
        _turn(task, owner=owner, entries=entries)
    return task


def _turn(task: Task, *, owner: User, entries: Batch) -> None:
    if task.is_completed:
        _reopen(task, entries)
    else:
        _complete(task, owner=owner, entries=entries)


def trash_task(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    task_id: UUID,
    version: int | None = None,
) -> Task:
    """Put a task and its steps into the trash. Twice changes nothing.

    Raises:
        Task.DoesNotExist: not a task of the owner.
        VersionConflict: `version` is given and is not the stored one.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        task = _locked_task(owner, task_id)
        _require_version(task, version)
        if task.trashed_at is None:
            for row in [*task.steps.live().for_change().with_labels(), task]:
                before = snapshot(row)
                row.trashed_at = at
                _store(row, before, Kind.TRASHED, entries)
    return task


def restore_task(*, owner: User, by: Credential, at: datetime, task_id: UUID) -> Task:
    """Take a task out of the trash, with the steps that went there with it.

    A task whose list is in the trash comes back in the inbox; a step whose parent is
    there comes back as a task of its own.

    Raises:
        Task.DoesNotExist: not a task of the owner.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        task = _locked_task(owner, task_id)
        if task.trashed_at is None:
            return task
        steps = task.steps.filter(trashed_at=task.trashed_at)
        rows = [task, *steps.for_change().with_labels()]
        home = _home_for(task, owner)
        for row in rows:
            before = snapshot(row)
            row.trashed_at = None
            row.list_id = home
            if row is task and task.parent and task.parent.trashed_at is not None:
                row.parent = None
            _store(row, before, Kind.RESTORED, entries)
    return task


def _home_for(task: Task, owner: User) -> UUID:
    if task.list.trashed_at is None:
        return task.list_id
    return inbox_of(owner).pk


def remove_task(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    task_id: UUID,
    version: int | None = None,
) -> None:
    """Delete a task in the trash for good, and its text from the ledger.

    Raises:
        Task.DoesNotExist: not a task of the owner.
        NotInTrash: it must be put into the trash first.
        VersionConflict: `version` is given and is not the stored one.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        task = _locked_task(owner, task_id)
        _require_version(task, version)
        if task.trashed_at is None:
            raise NotInTrash("Put the task into the trash first.")
        for row in [*task.steps.for_change(), task]:
            owner.changes.of("task", row.pk).update(before=None, after=None)
            entries.removed(row)
        task.delete()


def _locked_task(owner: User, task_id: UUID) -> Task:
    tasks = Task.objects.owned_by(owner).for_change().with_labels()
    return tasks.get(pk=task_id)


def _require(task: Task, *, version: int | None) -> None:
    if task.trashed_at is not None:
        raise InTrash("The task is in the trash; restore it first.")
    _require_version(task, version)


def _require_version(row: Task | TaskList, version: int | None) -> None:
    if version is not None and version != row.version:
        raise VersionConflict("It has changed since you read it.")


def _store(
    row: Task | TaskList | Label, before: dict[str, Any], kind: Kind, entries: Batch
) -> None:
    """Save what differs from `before`, count the version, record the change."""
    after = snapshot(row)
    names = [name for name in after if after[name] != before[name]]
    if not names:
        return
    row.version += 1
    row.updated_at = entries.at
    columns = [name for name in names if name != "labels"]
    row.save(update_fields=[*columns, "version", "updated_at"])
    entries.changed(kind, row, before)


def _place(
    task: Task, *, owner: User, list_id: UUID | None, parent_id: UUID | None
) -> None:
    """Put a task into a list and maybe under a parent, both the owner's.

    Raises:
        ValidationError: for `list` or `parent`, in the same words whether the row
            is someone else's or never was.
    """
    if parent_id is not None:
        parent = Task.objects.owned_by(owner).live().filter(pk=parent_id).first()
        if parent is None:
            raise ValidationError({"parent": "There is no such task."})
        has_steps = not task._state.adding and task.steps.live().exists()
        if parent.pk == task.pk or parent.parent_id or has_steps:
            raise ValidationError({"parent": "Steps go one level deep."})
        if list_id not in (None, parent.list_id, task.list_id):
            raise ValidationError({"list": "A step is in the list of its task."})
        task.parent, task.list_id = parent, parent.list_id
        return
    task.parent = None
    if list_id is None:
        task.list_id = inbox_of(owner).pk
    elif list_id != task.list_id:
        if not TaskList.objects.owned_by(owner).live().filter(pk=list_id).exists():
            raise ValidationError({"list": "There is no such list."})
        task.list_id = list_id


def _settle_dates(task: Task) -> None:
    """Make due date, time, zone and rule fit each other.

    Raises:
        ValidationError: for the field that doesn't fit.
    """
    if task.due_date is None and task.due_time is not None:
        raise ValidationError({"due_time": "A time needs a due date."})
    if task.due_time is None and task.due_tz:
        raise ValidationError({"due_tz": "A time zone needs a due time."})
    if not task.rrule:
        task.rrule_anchor = ""
        return
    if task.due_date is None:
        raise ValidationError({"due_date": "A repeating task needs a due date."})
    try:
        task.rrule = recurrence.normalise_rule(task.rrule, due=task.due_date)
    except recurrence.RuleRefused as exc:
        raise ValidationError({"recurrence": str(exc)}) from exc
    task.rrule_anchor = task.rrule_anchor or Task.Anchor.DUE
    if task.series is None:
        task.series, task.occurrence = uuid7(), 1


def _open_next(task: Task, *, owner: User, at: datetime, entries: Batch) -> Task | None:
    """Open the next occurrence of a repeating task, as a task of its own."""
    if not task.rrule or task.due_date is None:
        return None
    if _later_in_series(task).exists():
        # Reopening left it, because it had been touched: this is no new completion.
        return _next_of(task)
    due_date = _next_due(task, today=_today(owner, at))
    if due_date is None:
        return None
    shift = due_date - task.due_date
    upcoming = Task(
        owner_id=owner.pk,
        list_id=task.list_id,
        title=task.title,
        notes=task.notes,
        priority=task.priority,
        due_date=due_date,
        due_time=task.due_time,
        due_tz=task.due_tz,
        start_date=task.start_date + shift if task.start_date else None,
        rrule=task.rrule,
        rrule_anchor=task.rrule_anchor,
        series=task.series,
        occurrence=(task.occurrence or 1) + 1,
        position=task.position,
        created_at=at,
        updated_at=at,
    )
    upcoming.save(force_insert=True)
    names = getattr(task, "label_names", [])
    _set_labels(upcoming, names, owner=owner, entries=entries)
    entries.created(upcoming)
    return upcoming


def _next_due(task: Task, *, today: date) -> date | None:
    assert task.due_date is not None
    if task.rrule_anchor == Task.Anchor.COMPLETION:
        rule = recurrence.normalise_rule(task.rrule, due=today)
        return recurrence.next_date(rule, anchor=today, after=today)
    # An overdue repeat goes on after today, not through every missed date.
    after = max(task.due_date, today) if task.due_date < today else task.due_date
    return recurrence.next_date(task.rrule, anchor=task.due_date, after=after)


def _today(owner: User, at: datetime) -> date:
    return day_of(now=at, zone=owner.zone, day_start=owner.day_start)


def _next_of(task: Task) -> Task | None:
    """Return the occurrence after `task`, while it is open."""
    return _later_in_series(task).open().with_labels().first()


def _later_in_series(task: Task) -> TaskQuerySet:
    """Return the occurrence right after `task`, in whatever state it is."""
    tasks = Task.objects.filter(owner_id=task.owner_id)
    if task.series is None or task.occurrence is None:
        return tasks.none()
    return tasks.filter(series=task.series, occurrence=task.occurrence + 1)


def _set_labels(
    task: Task, names: Iterable[str], *, owner: User, entries: Batch
) -> None:
    """Make the task carry exactly these labels; unknown ones are created.

    Raises:
        ValidationError: more than `LABELS_MAX`, or one too long to be compared.
    """
    wanted = {label_key(name): name for name in names}
    if len(wanted) > LABELS_MAX:
        raise ValidationError({"labels": f"Use at most {LABELS_MAX} labels."})
    # Folded for comparison, a letter can become three.
    if any(len(key) > LABEL_KEY_MAX_LENGTH for key in wanted):
        raise ValidationError({"labels": "Use shorter names for labels."})
    labels = _labels_named(wanted, owner=owner, entries=entries)
    carried = TaskLabel.objects.filter(task=task)
    if not task._state.adding and getattr(task, "label_names", None):
        carried.exclude(label__in=labels).delete()
    TaskLabel.objects.bulk_create(
        [TaskLabel(owner_id=owner.pk, task=task, label=label) for label in labels],
        ignore_conflicts=True,
    )
    task.label_names = [label.name for label in labels]  # type: ignore[attr-defined]


def _labels_named(
    wanted: Mapping[str, str], *, owner: User, entries: Batch
) -> list[Label]:
    if not wanted:
        return []
    mine = Label.objects.owned_by(owner)
    labels = {label.key: label for label in mine.filter(key__in=wanted)}
    for key in wanted.keys() - labels.keys():
        label, created = mine.get_or_create(
            owner_id=owner.pk,
            key=key,
            defaults={
                "name": wanted[key],
                "created_at": entries.at,
                "updated_at": entries.at,
            },
        )
        labels[key] = label
        if created:
            entries.created(label)
    return [labels[key] for key in sorted(labels)]


# --- Lists ------------------------------------------------------------------


def inbox_of(owner: User) -> TaskList:
    """Return the list that everyone has."""
    return TaskList.objects.owned_by(owner).get(is_inbox=True)


def create_list(
    *, owner: User, by: Credential, at: datetime, **fields: Any
) -> TaskList:
    """Store a new list, after the others. `fields` are columns by name."""
    with batch(owner=owner, by=by, at=at) as entries:
        new = TaskList(owner_id=owner.pk, created_at=at, updated_at=at, **fields)
        new.save(force_insert=True)
        entries.created(new)
    return new


def update_list(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    list_id: UUID,
    changes: Mapping[str, Any],
    version: int | None = None,
) -> TaskList:
    """Change the named fields of a list.

    Raises:
        TaskList.DoesNotExist: not a list of the owner.
        InboxStays: the inbox was to be renamed or archived.
        InTrash, VersionConflict: as for tasks.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        row = _locked_list(owner, list_id)
        if row.is_inbox and changes.keys() & {"name", "archived_at"}:
            raise InboxStays("The inbox keeps its name and its place.")
        _require_version(row, version)
        before = snapshot(row)
        for name, value in changes.items():
            setattr(row, name, value)
        _store(row, before, Kind.UPDATED, entries)
    return row


def trash_list(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    list_id: UUID,
    move_to: UUID | None = None,
    version: int | None = None,
) -> TaskList:
    """Put a list into the trash with its tasks, or move those to another list first.

    Raises:
        TaskList.DoesNotExist: not a list of the owner.
        InboxStays: it is the inbox.
        ValidationError: `move_to` is no other list of the owner.
        VersionConflict: `version` is given and is not the stored one.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        row = _locked_list(owner, list_id)
        if row.is_inbox:
            raise InboxStays("The inbox can't be deleted.")
        _require_version(row, version)
        if move_to is not None:
            lists = TaskList.objects.owned_by(owner).live()
            if not lists.filter(pk=move_to).exclude(pk=list_id).exists():
                raise ValidationError({"move_to": "There is no such list."})
        for task in row.tasks.live().for_change().with_labels().order_by("id"):
            before = snapshot(task)
            if move_to is None:
                task.trashed_at = at
                _store(task, before, Kind.TRASHED, entries)
            else:
                task.list_id = move_to
                _store(task, before, Kind.MOVED, entries)
        before = snapshot(row)
        row.trashed_at = at
        _store(row, before, Kind.TRASHED, entries)
    return row


def _locked_list(owner: User, list_id: UUID) -> TaskList:
    lists = TaskList.objects.owned_by(owner).live().select_for_update(of=("self",))
    return lists.get(pk=list_id)
