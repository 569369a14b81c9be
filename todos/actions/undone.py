"""Whether a batch has been undone already, for a repeated request to undo it."""

from __future__ import annotations

from uuid import UUID

from accounts.models import User
from todos.actions.loading import recorded_rows
from todos.ledger import Entity, Kind, Snapshot, snapshot
from todos.models import Change, Label

CHUNK = 500  # rows that are loaded at once


def is_undone(*, owner: User, batch_id: UUID) -> bool:
    """Whether every row that the batch changed is as it was before the batch.

    Labels that were created with a task don't count, because undo keeps those in use.
    """
    changes = Change.objects.owned_by(owner).filter(batch=batch_id).order_by("seq")
    new_labels = changes.filter(entity=Entity.LABEL, kind=Kind.CREATED)
    changes = changes.exclude(pk__in=new_labels.values("pk"))
    first: dict[tuple[str, UUID], Snapshot | None] = {}
    for entity, key, before in changes.values_list("entity", "entity_id", "before"):
        earlier = first.setdefault((entity, key), before)
        if earlier is not None:
            # Of several changes of a column, the first one has the original value.
            first[entity, key] = {**(before or {}), **earlier}
    keys = list(first)
    if not keys:  # the batch only created labels
        ids = list(new_labels.values_list("entity_id", flat=True))
        left = Label.objects.owned_by(owner).filter(pk__in=ids)
        return bool(ids) and not left.exists()
    chunks = (keys[at : at + CHUNK] for at in range(0, len(keys), CHUNK))
    return bool(keys) and all(
        _are_as_before({key: first[key] for key in chunk}, owner) for chunk in chunks
    )


def _are_as_before(
    original: dict[tuple[str, UUID], Snapshot | None], owner: User
) -> bool:
    now: dict[tuple[str, UUID], Snapshot] = {}
    for entity in Entity.values:
        ids = [key for name, key in original if name == entity]
        for row in recorded_rows(entity, owner).filter(pk__in=ids) if ids else ():
            now[entity, row.pk] = snapshot(row)
    return all(
        key not in now if before is None else _has_values(now.get(key), before)
        for key, before in original.items()
    )


def _has_values(now: Snapshot | None, before: Snapshot) -> bool:
    return now is not None and all(now[name] == value for name, value in before.items())
