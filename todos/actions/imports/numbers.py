"""What an import creates, counted by list."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from accounts.models import User
from todos.actions.imports.planning import Plan
from todos.models import TaskList


@dataclass(frozen=True, slots=True, kw_only=True)
class ListNumbers:
    """How many tasks and steps go to one list."""

    id: UUID
    name: str
    is_new: bool
    is_trashed: bool
    tasks: int
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportNumbers:
    """What an import creates. New lists without tasks are in `lists` as well."""

    lists: list[ListNumbers]
    labels: int

    @property
    def tasks(self) -> int:
        return sum(one.tasks for one in self.lists)

    @property
    def steps(self) -> int:
        return sum(one.steps for one in self.lists)


def numbers_of(plan: Plan, owner: User) -> ImportNumbers:
    """Count the rows of a plan: new lists first, then the owner's lists by name."""
    tasks = Counter(task.list_id for task in plan.tasks if task.parent_id is None)
    steps = Counter(task.list_id for task in plan.tasks if task.parent_id is not None)
    known = TaskList.objects.owned_by(owner).filter(pk__in=(tasks | steps).keys())
    new = {row.pk for row in plan.lists}
    return ImportNumbers(
        lists=[
            ListNumbers(
                id=row.pk,
                name=row.name,
                is_new=row.pk in new,
                is_trashed=row.trashed_at is not None,
                tasks=tasks[row.pk],
                steps=steps[row.pk],
            )
            for row in [*plan.lists, *known.order_by("name", "id")]
        ],
        labels=len(plan.labels),
    )
