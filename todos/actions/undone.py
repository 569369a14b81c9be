"""Whether a batch has been undone already, for whoever asks for it a second time."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from accounts.models import User
from todos.ledger import Entity, Kind, Snapshot, snapshot
from todos.models import Change, Label, Task, TaskList

CHUNK = 500  # objects at once


def is_undone(*, owner: User, batch_id: UUID) -> bool:
    """Whether everything that the batch touched is as it was before it.

    Labels that came along with a task don't count: undo leaves those that are in use.
    """
    changes = Change.objects.owned_by(owner).filter(batch=batch_id).order_by("seq")
    changes = changes.exclude(entity=Entity.LABEL, kind=Kind.CREATED)
    first: dict[tuple[str, UUID], Snapshot | None] = {}
    for entity, key, before in changes.values_list("entity", "entity_id", "before"):
        wanted = first.setdefault((entity, key), before)
        if wanted is not None:
            # Of several changes to a field, the first knows what it was.
            first[entity, key] = {**(before or {}), **wanted}
    keys = list(first)
    chunks = (keys[at : at + CHUNK] for at in range(0, len(keys), CHUNK))
    return bool(keys) and all(
        _are_as_before({key: first[key] for key in chunk}, owner) for chunk in chunks
    )


def _are_as_before(
    wanted: dict[tuple[str, UUID], Snapshot | None], owner: User
) -> bool:
    now: dict[tuple[str, UUID], Snapshot] = {}
    for entity, rows in _rows_of(owner).items():
        ids = [key for name, key in wanted if name == entity]
        for row in rows.filter(pk__in=ids) if ids else ():
            now[entity, row.pk] = snapshot(row)
    return all(
        key not in now if before is None else _holds(now.get(key), before)
        for key, before in wanted.items()
    )


def _holds(now: Snapshot | None, before: Snapshot) -> bool:
    return now is not None and all(now[name] == value for name, value in before.items())


def _rows_of(owner: User) -> dict[str, Any]:
    return {
        Entity.TASK: Task.objects.owned_by(owner).with_labels(),
        Entity.LIST: TaskList.objects.owned_by(owner),
        Entity.LABEL: Label.objects.owned_by(owner),
    }
