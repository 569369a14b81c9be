"""The positions of tasks and lists in the order of their owner.

Positions are whole numbers with wide gaps, so a row comes between two others by the
mean of theirs. Where no number is left between them, the rows around the place get new
ones. Those are recorded as moved in the same batch: a client that keeps a copy orders
it by position, and undo has to find each number as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Max, Q

from todos.ledger import Batch, Snapshot, snapshot
from todos.models import OwnedQuerySet, Task, TaskList

GAP = 1_000_000  # between rows without a place of their own: a second, as positions go
NARROWEST = 1_000  # a gap that is left again between rows with new numbers
REACH = 16  # rows on each side that get new numbers, at first

_Row = TypeVar("_Row", Task, TaskList)


def place_beside(
    row: _Row,
    neighbour: _Row,
    siblings: OwnedQuerySet[_Row],
    *,
    side: str,
    at: datetime,
) -> list[tuple[_Row, Snapshot]]:
    """Give `row` a position right before or after its neighbour among its siblings.

    Returns:
        The other rows that had to get new positions, each with what it was before.
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
    neighbour: _Row, others: OwnedQuerySet[_Row], *, side: str, reach: int
) -> tuple[list[_Row], list[_Row]]:
    """Return up to `reach` rows before the place and after it, the nearest first."""
    place, key = neighbour.position, neighbour.pk
    below = others.filter(Q(position__lt=place) | Q(position=place, id__lt=key))
    above = others.filter(Q(position__gt=place) | Q(position=place, id__gt=key))
    earlier = below.order_by("-position", "-id")
    later = above.order_by("position", "id")
    if side == "before":
        return list(earlier[:reach]), [neighbour] + list(later[: reach - 1])
    return [neighbour] + list(earlier[: reach - 1]), list(later[:reach])


def _between(low: int | None, high: int | None, *, at: datetime) -> int:
    """Return a position between two, where one of them may be missing."""
    if low is not None and high is not None:
        return (low + high) // 2
    if low is not None:
        # What is made later gets a later number still.
        return max(_position_at(at), low + 1)
    assert high is not None
    return high - GAP


def _renumber(
    row: _Row,
    neighbour: _Row,
    others: OwnedQuerySet[_Row],
    *,
    side: str,
    reach: int = REACH,
) -> list[tuple[_Row, Snapshot]]:
    """Number the rows around the place anew, `row` among them."""
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
    """Return positions for the rows `present`, in order, and for one more among them.

    They lie between `low` and `high`; where one is missing, there is room without end.
    None where the gaps would be too narrow.
    """
    count = len(present) + 1
    width = NARROWEST * (count + 1)
    if high is None:
        high = max(present[-1] + 1, (present[0] if low is None else low) + width)
    if low is None:
        low = min(present[0] - 1, high - width)
    gap = (high - low) // (count + 1)
    if gap < NARROWEST:
        return None
    return [low + gap * number for number in range(1, count + 1)]


def _position_at(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def positions_at_end(list_id: UUID, batch: Batch, *, count: int) -> list[int]:
    """Return positions after all tasks of a list, and, if there is room, not after now.

    What is made later gets a later number still.
    """
    tasks = Task.objects.owned_by(batch.owner).filter(list=list_id, parent=None)
    last = tasks.aggregate(last=Max("position"))["last"] or 0
    now = _position_at(batch.at)
    gap = min(GAP, (now - last) // count)
    if gap < 1:
        return [last + number for number in range(1, count + 1)]
    return [now - gap * number for number in reversed(range(count))]
