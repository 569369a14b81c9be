"""Every write of a list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError

from accounts.credentials import Credential
from accounts.models import User
from todos.actions.refusals import InboxStays
from todos.actions.rows import locked_list, require_version, store
from todos.ledger import Kind, batch, snapshot
from todos.models import TaskList


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
        row = locked_list(owner, list_id)
        if row.is_inbox and changes.keys() & {"name", "archived_at"}:
            raise InboxStays("The inbox keeps its name and its place.")
        require_version(row, version)
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
        row = locked_list(owner, list_id)
        if row.is_inbox:
            raise InboxStays("The inbox can't be deleted.")
        require_version(row, version)
        if move_to is not None:
            lists = TaskList.objects.owned_by(owner).live()
            if not lists.filter(pk=move_to).exclude(pk=list_id).exists():
                raise ValidationError({"move_to": "There is no such list."})
        for task in row.tasks.live().for_change().with_labels().order_by("id"):
            before = snapshot(task)
            if move_to is None:
                task.trashed_at = at
                store(task, before, Kind.TRASHED, entries)
            else:
                task.list_id = move_to
                store(task, before, Kind.MOVED, entries)
        before = snapshot(row)
        row.trashed_at = at
        store(row, before, Kind.TRASHED, entries)
    return row
