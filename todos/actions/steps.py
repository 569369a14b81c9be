"""How many steps a task can have."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Count, Q

from accounts.models import User
from todos.limits import STEPS_MAX, STEPS_STORED_MAX
from todos.models import Task

STEPS_TEXT = f"A task can have at most {STEPS_MAX} steps, including the trash."
STEPS_STORED_TEXT = (
    f"A task can have at most {STEPS_STORED_MAX:,} steps, including completed repeats."
    " Delete some of these permanently first."
)


@dataclass(slots=True)
class StepQuota:
    """How many steps a task has, and whether it can have more.

    Steps in the trash count, because they can be restored at any time. Completed
    repeating steps are the past occurrences of a series. They do not count towards
    `STEPS_MAX`, only towards the higher `STEPS_STORED_MAX`, so a series can go on for
    years in a task that has all the other steps it can have.
    """

    stored: int = 0
    past: int = 0  # completed repeating steps among them

    def add(self, step: Task) -> None:
        self.stored += 1
        self.past += _is_past(step)

    @property
    def takes_next(self) -> bool:
        """Whether the next occurrence of a step can be opened in the same task.

        The completed occurrence no longer counts towards `STEPS_MAX`.
        """
        return self.stored < STEPS_STORED_MAX

    def require_room(self, *, field: str, step: Task | None = None) -> None:
        """Require that the task can have another step: `step`, or any open one.

        Raises:
            ValidationError: for `field`.
        """
        if self.stored >= STEPS_STORED_MAX:
            raise ValidationError({field: STEPS_STORED_TEXT})
        is_past = step is not None and _is_past(step)
        if not is_past and self.stored - self.past >= STEPS_MAX:
            raise ValidationError({field: STEPS_TEXT})


def _is_past(step: Task) -> bool:
    return bool(step.rrule) and step.completed_at is not None


def step_quotas(ids: Collection[UUID], *, owner: User) -> dict[UUID, StepQuota]:
    """Count the steps of some tasks, by the id of the task."""
    steps = Task.objects.owned_by(owner).filter(parent__in=ids)
    past = Count("pk", filter=Q(completed_at__isnull=False) & ~Q(rrule=""))
    found = steps.values("parent").annotate(stored=Count("pk"), past=past)
    counts = {task_id: StepQuota() for task_id in ids}
    for task_id, stored, number in found.values_list("parent", "stored", "past"):
        assert task_id is not None
        counts[task_id] = StepQuota(stored, number)
    return counts


def require_step_room(task_id: UUID, *, owner: User, field: str) -> None:
    """Require that the task can have another open step.

    Raises:
        ValidationError: for `field`.
    """
    step_quotas([task_id], owner=owner)[task_id].require_room(field=field)
