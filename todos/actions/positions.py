"""The positions of tasks and lists in the order that their owner chose.

Positions are integers with wide gaps, so a row is put between two others by giving it
the mean of their positions. If no integer is left between them, the rows around get new
positions. These rows are recorded as moved in the same batch, because clients order
their copies by position, and undo compares each position with the recorded one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Max, Q

from todos.ledger import Batch, Snapshot, snapshot
from todos.models import OwnedQuerySet, Task, TaskList

GAP = 1_000_000  # one second: a new row gets the current time in microseconds
GAP_MIN = 1_000  # between rows with new positions
REACH = 16  # rows on each side that get new positions, in the first attempt

_Positioned = TypeVar("_Positioned", Task, TaskList)


def place_beside(
    row: _Positioned,
    neighbour: _Positioned,
    siblings: OwnedQuerySet[_Positioned],
    *,
    side: str,
    at: datetime,
) -> list[tuple[_Positioned, Snapshot]]:
    """Give `row` a position directly before or after its neighbour among the siblings.

    Returns:
        The other rows that got new positions, each with its snapshot from before.
    """
    others = siblings.exclude(pk=row.pk)
    earlier, later = _around(neighbour, others, side=side, reach=1)
    low = earlier[0].position if earlier else None
    high = later[0].position if later else None
    for position in (row.position, _between(low, high, at=at)):
        if (low is None or low < position) and (high is None or position < high):
            row.position = position
            return []
    return _renumber(row, neighbour, others, side=side)


def _around(
    neighbour: _Positioned, others: OwnedQuerySet[_Positioned], *, side: str, reach: int
) -> tuple[list[_Positioned], list[_Positioned]]:
    """Return up to `reach` rows before the new place and after it, nearest first."""
    earlier = _beyond(neighbour, others, side="before")
    later = _beyond(neighbour, others, side="after")
    if side == "before":
        return list(earlier[:reach]), [neighbour] + list(later[: reach - 1])
    return [neighbour] + list(earlier[: reach - 1]), list(later[:reach])


def _beyond(
    row: _Positioned, others: OwnedQuerySet[_Positioned], *, side: str
) -> OwnedQuerySet[_Positioned]:
    """Return the rows before or after `row`, nearest first."""
    position, key = row.position, row.pk
    if side == "before":
        below = Q(position__lt=position) | Q(position=position, id__lt=key)
        return others.filter(below).order_by("-position", "-id")
    above = Q(position__gt=position) | Q(position=position, id__gt=key)
    return others.filter(above).order_by("position", "id")


def neighbour_of(
    row: _Positioned,
    siblings: OwnedQuerySet[_Positioned],
    *,
    side: str,
    is_nearest: bool = True,
) -> UUID | None:
    """Return the id of the nearest or the last sibling on this side, or None."""
    beyond = _beyond(row, siblings, side=side)
    ordered = beyond if is_nearest else beyond.reverse()
    return ordered.values_list("pk", flat=True).first()


def _between(low: int | None, high: int | None, *, at: datetime) -> int:
    """Return a position between two others, one of which may be missing."""
    if low is not None and high is not None:
        return (low + high) // 2
    if low is not None:
        # Rows that are created later come after it.
        return max(_position_at(at), low + 1)
    assert high is not None
    return high - GAP


def _renumber(
    row: _Positioned,
    neighbour: _Positioned,
    others: OwnedQuerySet[_Positioned],
    *,
    side: str,
    reach: int = REACH,
) -> list[tuple[_Positioned, Snapshot]]:
    """Give new positions to `row` and to the rows around its new place."""
    earlier, later = _around(neighbour, others, side=side, reach=reach + 1)
    before = earlier[:reach][::-1]
    after = later[:reach]
    positions = _spread(
        [one.position for one in before + after],
        low=earlier[reach].position if len(earlier) > reach else None,
        high=later[reach].position if len(later) > reach else None,
    )
    if positions is None:
        return _renumber(row, neighbour, others, side=side, reach=reach * 8)
    row.position = positions.pop(len(before))
    stretch = [one.pk for one in before + after]
    changed = [(one, snapshot(one)) for one in before + after]
    new = dict(zip(stretch, positions, strict=True))
    for one, _ in changed:
        one.position = new[one.pk]
    return changed


def _spread(
    present: Sequence[int], *, low: int | None, high: int | None
) -> list[int] | None:
    """Return new positions, in order, for rows at the positions `present` and one more.

    They lie between `low` and `high`; a missing bound is infinitely far. Returns None
    if the gaps would be too narrow.
    """
    count = len(present) + 1
    width = GAP_MIN * (count + 1)
    if high is None:
        high = max(present[-1] + 1, (present[0] if low is None else low) + width)
    if low is None:
        low = min(present[0] - 1, high - width)
    gap = (high - low) // (count + 1)
    if gap < GAP_MIN:
        return None
    return [low + gap * number for number in range(1, count + 1)]


def _position_at(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def positions_at_end(list_id: UUID, batch: Batch, *, count: int) -> list[int]:
    """Return positions after all tasks of a list, and not after now if there is room.

    So tasks that are created later come after them.
    """
    tasks = Task.objects.owned_by(batch.owner).filter(list=list_id, parent=None)
    last = tasks.aggregate(last=Max("position"))["last"] or 0
    now = _position_at(batch.at)
    gap = min(GAP, (now - last) // count)
    if gap < 1:
        return [last + number for number in range(1, count + 1)]
    return [now - gap * number for number in reversed(range(count))]
