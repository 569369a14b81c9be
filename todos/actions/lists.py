"""Every write of a list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError

from accounts.credentials import Credential
from accounts.models import User
from todos.actions.moves import move_all, require_list
from todos.actions.refusals import InboxProtected, NoRoom
from todos.actions.rows import (
    Seen,
    list_of,
    require_version,
    store,
    store_all,
)
from todos.ledger import Batch, Kind, batch, snapshot
from todos.models import TaskList, TaskQuerySet

LISTS_MAX = 500  # that one person can have, without those in the trash
CHUNK = 500  # tasks at once


def create_list(
    *, owner: User, by: Credential, at: datetime, **fields: Any
) -> TaskList:
    """Store a new list, after the others. `fields` are columns by name.

    Raises:
        ValidationError: for `name`; there are as many lists as there can be.
    """
    with batch(owner=owner, by=by, at=at, adds=1) as entries:
        require_room(owner)
        new = TaskList(owner_id=owner.pk, created_at=at, updated_at=at, **fields)
        new.save(force_insert=True)
        entries.created(new)
    return new


def require_room(owner: User, *, count: int = 1) -> None:
    """Refuse `count` new lists where they would be too many.

    Raises:
        NoRoom: for `name`.
    """
    if TaskList.objects.owned_by(owner).live().count() + count > LISTS_MAX:
        raise NoRoom({"name": f"Keep at most {LISTS_MAX} lists; delete one first."})


def update_list(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    list_id: UUID,
    changes: Mapping[str, Any],
    restores: bool = False,
    version: Seen = None,
) -> TaskList:
    """Change the named fields of a list.

    With `restores`, first take it out of the trash as `restore_list` does, where it
    is there, in the same batch.

    Raises:
        TaskList.DoesNotExist: not a list of the owner.
        InboxProtected: the inbox was to be renamed or archived.
        VersionConflict: `version` is given and is not the stored one.
        ValidationError: for `name`; there are as many lists as there can be.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        if restores:
            row = TaskList.objects.owned_by(owner).get(pk=list_id)
        else:
            row = list_of(owner, list_id)
        if row.is_inbox and changes.keys() & {"name", "archived_at"}:
            raise InboxProtected
        require_version(row, version)
        if row.trashed_at is not None:
            _restore(row, owner=owner, entries=entries)
        before = snapshot(row)
        for name, value in changes.items():
            setattr(row, name, value)
        store(row, before, Kind.UPDATED, entries)
    return row


def trash_list(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    list_id: UUID,
    move_to: UUID | None = None,
    version: Seen = None,
) -> TaskList:
    """Put a list into the trash with its tasks, or move those to another list first.

    Raises:
        TaskList.DoesNotExist: not a list of the owner.
        InboxProtected: it is the inbox.
        ValidationError: `move_to` is no other list of the owner.
        VersionConflict: `version` is given and is not the stored one.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        row = list_of(owner, list_id)
        if row.is_inbox:
            raise InboxProtected
        require_version(row, version)
        if move_to is None:
            _turn_all(row.tasks.live(), Kind.TRASHED, at, entries)
        else:
            if move_to == list_id:
                raise ValidationError({"move_to": "Name another list."})
            require_list(owner, move_to, field="move_to")
            _move_tasks(row.tasks.live(), move_to, owner=owner, entries=entries)
        before = snapshot(row)
        row.trashed_at = at
        store(row, before, Kind.TRASHED, entries)
    return row


def _turn_all(
    tasks: TaskQuerySet, kind: Kind, trashed_at: datetime | None, entries: Batch
) -> None:
    """Put tasks into the trash or out of it, where each turn leaves fewer of them."""
    left = tasks.with_labels().order_by("id")
    while rows := list(left[:CHUNK]):
        changed = [(task, snapshot(task)) for task in rows]
        for task in rows:
            task.trashed_at = trashed_at
        store_all(changed, kind, entries)
        entries.flush()


def _move_tasks(
    tasks: TaskQuerySet, list_id: UUID, *, owner: User, entries: Batch
) -> None:
    left = tasks.top_level().with_labels().order_by("position", "id")
    while rows := list(left[:CHUNK]):
        move_all(rows, list_id, owner=owner, entries=entries)
        entries.flush()


def restore_list(
    *,
    owner: User,
    by: Credential,
    at: datetime,
    list_id: UUID,
    version: Seen = None,
) -> TaskList:
    """Take a list out of the trash, with the tasks that went there with it.

    What is not in the trash stays as it is.

    Raises:
        TaskList.DoesNotExist: not a list of the owner.
        VersionConflict: `version` is given and is not the stored one.
        ValidationError: for `name`; there are as many lists as there can be.
    """
    with batch(owner=owner, by=by, at=at) as entries:
        row = TaskList.objects.owned_by(owner).get(pk=list_id)
        require_version(row, version)
        if row.trashed_at is None:
            return row
        _restore(row, owner=owner, entries=entries)
    return row


def _restore(row: TaskList, *, owner: User, entries: Batch) -> None:
    require_room(owner)
    together = row.tasks.filter(trashed_at=row.trashed_at)
    before = snapshot(row)
    row.trashed_at = None
    store(row, before, Kind.RESTORED, entries)
    _turn_all(together, Kind.RESTORED, None, entries)
