"""Undo everything that one credential did since a time, the latest batch first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from uuid import UUID

from django.db.models import Count, Max

from config.refusals import Refusal
from config.sqlite.turns import Turns
from todos.actions.refusals import CannotBeUndone, UndoConflict, UndoTooLarge
from todos.actions.undo import CHANGES_MAX, undo
from todos.actions.undone import is_undone
from todos.caller import Caller
from todos.models import Change

BATCHES_MAX = 500  # that one call looks at: each is a transaction of its own
SECONDS_MAX = 5  # after which one call begins no other batch


@dataclass(slots=True)
class UndoneSince:
    """What was undone, as one batch, and what was not.

    `after` continues with the batches that one call did not come to: it is the number
    of the last change before which they are, None if there are none.
    """

    batch: UUID | None = None
    count: int = 0  # changes
    refusals: list[Refusal] = field(default_factory=list)
    after: int | None = None


def undo_since(
    caller: Caller, *, credential: str, since: datetime, before: int | None = None
) -> UndoneSince:
    """Undo the batches of a credential since a time, except those undone already.

    Each is undone in a transaction of its own, so that the owner's other writes need
    not wait long, and all of them into one batch, which can be undone like any other.
    A batch that later changes conflict with stays, and the earlier ones are tried.
    `before` is the `after` of the call that this one continues.

    Raises:
        AccountFull: the owner would have more rows than allowed.
    """
    done, turns, begun = UndoneSince(), Turns(), monotonic()
    found = _batches(caller, credential, since, before)
    for number, (batch, last, count) in enumerate(found):
        is_too_much = done.count + count > CHANGES_MAX and done.count
        is_late = number and monotonic() - begun > SECONDS_MAX
        if number == BATCHES_MAX or is_too_much or is_late:
            done.after = last + 1
            break
        _undo_one(caller, batch, done)
        turns.take()
    return done


def _batches(
    caller: Caller, credential: str, since: datetime, before: int | None
) -> Sequence[tuple[UUID, int, int]]:
    """Return the batches with their last number and number of changes."""
    changes = Change.objects.owned_by(caller.owner).filter(
        credential=credential, at__gte=since
    )
    if before is not None:
        changes = changes.filter(seq__lt=before)
    grouped = changes.order_by().values("batch")
    counted = grouped.annotate(last=Max("seq"), count=Count("pk")).order_by("-last")
    return list(counted.values_list("batch", "last", "count")[: BATCHES_MAX + 1])


def _undo_one(caller: Caller, batch: UUID, done: UndoneSince) -> None:
    try:
        undone = undo(caller, batch_id=batch, into=done.batch)
    except (UndoConflict, CannotBeUndone, UndoTooLarge) as refusal:
        if not is_undone(owner=caller.owner, batch_id=batch):
            done.refusals.append(refusal)
        return
    if undone.count:
        done.batch = undone.batch
        done.count += undone.count
