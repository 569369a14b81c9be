"""The order that people give their tasks and lists by hand.

Positions are whole numbers with wide gaps, so a row comes between two others by the
mean of theirs. Where no number is left between them, the rows around the place get new
ones. Those are recorded as moved in the same batch: a client that keeps a copy orders
it by position, and undo has to find each number as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Max, Q

from accounts.models import User
from todos.actions.refusals import InboxProtected
from todos.actions.rows import (
    ExpectedVersion,
    move_steps_along,
    require_live,
    require_step_room,
    require_version,
    store_all,
)
from todos.caller import Caller
from todos.ledger import Batch, Kind, Snapshot, open_batch, snapshot
from todos.models import OwnedQuerySet, Task, TaskList

GAP = 1_000_000  # between rows without a place of their own: a second, as positions go
NARROWEST = 1_000  # a gap that is left again between rows with new numbers
REACH = 16  # rows on each side that get new numbers, at first

_Row = TypeVar("_Row", Task, TaskList)


@dataclass(frozen=True, slots=True)
class Beside:
    """The place right before or right after a row, in the words of the caller."""

    side: str  # "before" or "after"
    id: UUID


def move_task(
    caller: Caller,
    *,
    task_id: UUID,
    to: Beside | UUID,
    version: ExpectedVersion = None,
) -> Task:
    """Move a task beside another, or to the end of a list as a task of its own.

    Beside another it comes into the same list, and under the same parent. Its own
    steps go along.

    Raises:
        Task.DoesNotExist, InTrash, VersionConflict: as `update_task`.
        ValidationError: for `before`, `after` or `list`.
    """
    with open_batch(caller) as batch:
        found = _found_around(caller.owner, task_id, to)
        if task_id not in found:
            raise Task.DoesNotExist
        task = found[task_id]
        require_live(task, version=version)
        before = snapshot(task)
        if not isinstance(to, Beside):
            _move_to_end(task, to, batch)
            return task
        renumbered = _move_beside(task, found.get(to.id), to, batch)
        store_all([(task, before), *renumbered], Kind.MOVED, batch)
        if str(task.list_id) != before["list_id"]:
            move_steps_along(task, batch)
    return task


def _found_around(owner: User, task_id: UUID, to: Beside | UUID) -> dict[UUID, Task]:
    """Return the task and its new neighbour, where they are there, by their ids."""
    ids = [task_id, to.id] if isinstance(to, Beside) else [task_id]
    return Task.objects.owned_by(owner).represented().in_bulk(ids)


def _move_beside(
    task: Task, neighbour: Task | None, to: Beside, batch: Batch
) -> list[tuple[Task, Snapshot]]:
    if neighbour is None or neighbour.trashed_at is not None:
        raise ValidationError({to.side: "There is no such task."})
    if neighbour.pk == task.pk:
        raise ValidationError({to.side: "Name another task."})
    is_step = neighbour.parent_id is not None
    # Also beside one of its own steps: it has steps, then.
    if is_step and task.parent_id is None and task.steps.live().exists():
        raise ValidationError({to.side: "Steps go one level deep."})
    if neighbour.parent_id is not None and neighbour.parent_id != task.parent_id:
        require_step_room(neighbour.parent_id, owner=batch.owner, field=to.side)
    task.parent_id, task.list_id = neighbour.parent_id, neighbour.list_id
    siblings = Task.objects.owned_by(batch.owner).with_labels()
    siblings = siblings.filter(list=neighbour.list_id, parent=neighbour.parent_id)
    return _place_beside(task, neighbour, siblings, side=to.side, at=batch.at)


def _move_to_end(task: Task, list_id: UUID, batch: Batch) -> None:
    require_list(batch.owner, list_id)
    if task.list_id != list_id or task.parent_id is not None:
        move_all([task], list_id, batch)


def require_list(owner: User, list_id: UUID, *, field: str = "list") -> None:
    """Raise a ValidationError for `field` where the owner has no such list."""
    if not TaskList.objects.owned_by(owner).live().filter(pk=list_id).exists():
        raise ValidationError({field: "There is no such list."})


def move_all(tasks: Iterable[Task], list_id: UUID, batch: Batch) -> None:
    """Move tasks to the end of a list, in the order they have.

    There they are tasks of their own; their steps go along.
    """
    rows = sorted(tasks, key=lambda task: (task.position, task.pk))
    if not rows:
        return
    steps = Task.objects.owned_by(batch.owner).live()
    steps = steps.filter(parent__in=[row.pk for row in rows])
    along = list(steps.with_labels().order_by("id"))
    changed = [(row, snapshot(row)) for row in [*rows, *along]]
    places = _places_at_end(list_id, batch, count=len(rows))
    for task, position in zip(rows, places, strict=True):
        task.parent, task.position = None, position
    for row in [*rows, *along]:
        row.list_id = list_id
    store_all(changed, Kind.MOVED, batch)


def _places_at_end(list_id: UUID, batch: Batch, *, count: int) -> list[int]:
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


def move_list(
    caller: Caller,
    *,
    list_id: UUID,
    to: Beside,
    version: ExpectedVersion = None,
) -> TaskList:
    """Move a list right before or after another. The inbox stays first.

    Raises:
        TaskList.DoesNotExist: not a list of the owner.
        InboxProtected: it is the inbox, or would come before it.
        VersionConflict: `version` is given and is not the stored one.
        ValidationError: for `before` or `after`.
    """
    with open_batch(caller) as batch:
        lists = TaskList.objects.owned_by(caller.owner).live()
        found = lists.in_bulk([list_id, to.id])
        if list_id not in found:
            raise TaskList.DoesNotExist
        row, neighbour = found[list_id], found.get(to.id)
        if row.is_inbox:
            raise InboxProtected
        require_version(row, version)
        before = snapshot(row)
        renumbered = _move_list_beside(row, neighbour, to, batch)
        store_all([(row, before), *renumbered], Kind.MOVED, batch)
    return row


def _move_list_beside(
    row: TaskList, neighbour: TaskList | None, to: Beside, batch: Batch
) -> list[tuple[TaskList, Snapshot]]:
    if neighbour is None:
        raise ValidationError({to.side: "There is no such list."})
    if neighbour.pk == row.pk:
        raise ValidationError({to.side: "Name another list."})
    siblings = TaskList.objects.owned_by(batch.owner).filter(is_inbox=False)
    if not neighbour.is_inbox:
        return _place_beside(row, neighbour, siblings, side=to.side, at=batch.at)
    if to.side == "before":
        raise InboxProtected
    first = siblings.order_by("position", "id")[0]
    if first.pk == row.pk:
        return []
    return _place_beside(row, first, siblings, side="before", at=batch.at)


# --- Numbers ----------------------------------------------------------------------


def _place_beside(
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
