"""Every write of a list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.core.exceptions import ValidationError

from accounts.models import User
from config.writes import insert
from todos.actions.loading import ExpectedVersion, list_of, require_version
from todos.actions.moves import move_all, require_list
from todos.actions.refusals import InboxProtected, NoRoom
from todos.actions.storing import store, store_all
from todos.caller import Caller
from todos.ledger import Batch, Kind, open_batch, snapshot
from todos.models import Task, TaskList, TaskQuerySet

LISTS_MAX = 500  # that one user can have outside the trash
CHUNK = 500  # tasks that are loaded at once


def create_list(caller: Caller, **fields: object) -> TaskList:
    """Store a new list, after the others. `fields` are columns of `TaskList`.

    Raises:
        NoRoom: for `name`; the owner has as many lists as allowed.
    """
    with open_batch(caller, adds=1) as batch:
        require_room(caller.owner)
        new = TaskList(
            owner_id=caller.owner.pk,
            created_at=caller.at,
            updated_at=caller.at,
            **fields,
        )
        insert(new)
        batch.created(new)
    return new


def require_room(owner: User, *, count: int = 1) -> None:
    """Require that the owner can have `count` more lists.

    Raises:
        NoRoom: for `name`.
    """
    if TaskList.objects.owned_by(owner).live().count() + count > LISTS_MAX:
        raise NoRoom(
            {"name": f"You can have at most {LISTS_MAX} lists. Delete one first."}
        )


def update_list(
    caller: Caller,
    *,
    list_id: UUID,
    changes: Mapping[str, object],
    restores: bool = False,
    version: ExpectedVersion = None,
) -> TaskList:
    """Change the given fields of a list.

    `restores` first restores it from the trash as `restore_list` does, in one batch.

    Raises:
        TaskList.DoesNotExist: the owner has no such list.
        InboxProtected: the inbox was to be renamed or archived.
        VersionConflict: it does not have the expected `version`.
        NoRoom: for `name`; the owner has as many lists as allowed.
    """
    with open_batch(caller) as batch:
        if restores:
            row = TaskList.objects.owned_by(caller.owner).get(pk=list_id)
        else:
            row = list_of(caller.owner, list_id)
        if row.is_inbox and changes.keys() & {"name", "archived_at"}:
            raise InboxProtected
        require_version(row, version)
        if row.trashed_at is not None:
            _restore(row, batch)
        before = snapshot(row)
        for name, value in changes.items():
            setattr(row, name, value)
        store(row, before, Kind.UPDATED, batch)
    return row


def trash_list(
    caller: Caller,
    *,
    list_id: UUID,
    move_to: UUID | None = None,
    version: ExpectedVersion = None,
) -> TaskList:
    """Move a list to the trash with its tasks, or move these to another list first.

    Raises:
        TaskList.DoesNotExist: the owner has no such list.
        InboxProtected: it is the inbox.
        ValidationError: for `move_to`, which must be another list of the owner.
        VersionConflict: it does not have the expected `version`.
    """
    with open_batch(caller) as batch:
        row = list_of(caller.owner, list_id)
        if row.is_inbox:
            raise InboxProtected
        require_version(row, version)
        if move_to is None:
            _set_trashed(_tasks_in(row).live(), Kind.TRASHED, caller.at, batch)
        else:
            if move_to == list_id:
                raise ValidationError({"move_to": "Choose another list."})
            require_list(caller.owner, move_to, field="move_to")
            _move_tasks(_tasks_in(row).live(), move_to, batch)
        before = snapshot(row)
        row.trashed_at = caller.at
        store(row, before, Kind.TRASHED, batch)
    return row


def _tasks_in(row: TaskList) -> TaskQuerySet:
    return Task.objects.filter(owner=row.owner_id, list=row)


def _set_trashed(
    tasks: TaskQuerySet, kind: Kind, trashed_at: datetime | None, batch: Batch
) -> None:
    """Set `trashed_at` of all tasks of a query that no longer finds them then."""
    remaining = tasks.with_labels().order_by("id")
    while rows := list(remaining[:CHUNK]):
        changed = [(task, snapshot(task)) for task in rows]
        for task in rows:
            task.trashed_at = trashed_at
        store_all(changed, kind, batch)
        batch.flush()


def _move_tasks(tasks: TaskQuerySet, list_id: UUID, batch: Batch) -> None:
    remaining = tasks.top_level().with_labels().order_by("position", "id")
    while rows := list(remaining[:CHUNK]):
        move_all(rows, list_id, batch)
        batch.flush()


def restore_list(
    caller: Caller,
    *,
    list_id: UUID,
    with_task: UUID | None = None,
    version: ExpectedVersion = None,
) -> TaskList:
    """Restore a list from the trash, with the tasks that were trashed with it.

    `with_task` is a task that was restored without the list, and now moves back to it.
    If the list is not in the trash, nothing changes.

    Raises:
        TaskList.DoesNotExist: the owner has no such list.
        VersionConflict: it does not have the expected `version`.
        NoRoom: for `name`; the owner has as many lists as allowed.
    """
    with open_batch(caller) as batch:
        row = TaskList.objects.owned_by(caller.owner).get(pk=list_id)
        require_version(row, version)
        if row.trashed_at is None:
            return row
        _restore(row, batch)
        if with_task is not None:
            live = Task.objects.owned_by(caller.owner).live().top_level()
            move_all(live.with_labels().filter(pk=with_task), row.pk, batch)
    return row


def _restore(row: TaskList, batch: Batch) -> None:
    require_room(batch.owner)
    together = _tasks_in(row).filter(trashed_at=row.trashed_at)
    before = snapshot(row)
    row.trashed_at = None
    store(row, before, Kind.RESTORED, batch)
    _set_trashed(together, Kind.RESTORED, None, batch)
