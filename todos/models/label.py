"""Labels of tasks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import F, OuterRef, Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import User
from todos.limits import LABEL_KEY_MAX_LENGTH, LABEL_MAX_LENGTH
from todos.models.expressions import CountOf, JSONRows, SameOwner
from todos.models.owned import Colour, OwnedModel, OwnedQuerySet

SHOWN = ("id", "name", "colour")


class LabelQuerySet(OwnedQuerySet["Label"]):
    def named(self, names: list[str]) -> Self:
        """Only the labels with these names, regardless of case."""
        return self.filter(key__in=[label_key(name) for name in names])

    def with_open_counts(self) -> Self:
        """With `open_count`, the number of open tasks outside archived lists."""
        task_labels = apps.get_model("todos", "TaskLabel").objects  # it imports this
        counted = task_labels.filter(
            SameOwner(F("owner"), OuterRef("owner")),
            label=OuterRef("pk"),
            task__completed_at=None,
            task__trashed_at=None,
            task__list__archived_at=None,
        )
        return self.annotate(open_count=CountOf(counted.values("pk")))

    def joined(self) -> models.QuerySet[Any, Any]:
        """Select id, name and colour of all of them as one value, for a subquery."""
        rows = self.order_by().values("owner").annotate(rows=JSONRows(*SHOWN))
        return rows.values("rows")


def label_key(name: str) -> str:
    """Return the key of a label: names that differ only in case share it."""
    return name.casefold()


def names_by_key(names: Iterable[str]) -> dict[str, str]:
    """Map the keys of labels to their names; of several spellings, the first counts."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(label_key(name), name)
    return found


class Label(OwnedModel):
    """A word to find tasks by, across lists. Names are unique regardless of case."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="labels", db_index=False
    )
    name = models.CharField(max_length=LABEL_MAX_LENGTH)
    key = models.CharField(max_length=LABEL_KEY_MAX_LENGTH, editable=False)
    colour = models.CharField(
        max_length=16, choices=Colour.choices, default=Colour.GREY
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = LabelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "id"], name="todos_label_owner_id"
            ),
            models.UniqueConstraint(
                fields=["owner", "key"], name="todos_label_owner_key"
            ),
            models.CheckConstraint(
                condition=~Q(name=""), name="todos_label_name_not_blank"
            ),
        ]

    def __str__(self) -> str:
        return f"label {self.pk}"
