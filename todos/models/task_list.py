"""Lists of tasks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Self
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import F, OuterRef, Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import User
from todos.limits import LIST_NAME_MAX_LENGTH
from todos.models.expressions import CountOf
from todos.models.owned import Colour, OwnedModel, OwnedQuerySet, position_now


class TaskListQuerySet(OwnedQuerySet["TaskList"]):
    def in_lists(self, lists: Collection[UUID]) -> Self:
        return self.filter(pk__in=lists)

    def live(self) -> Self:
        """Without what is in the trash."""
        return self.filter(trashed_at=None)

    def active(self) -> Self:
        """Neither archived nor in the trash."""
        return self.live().filter(archived_at=None)

    def archived(self) -> Self:
        """Archived and not in the trash."""
        return self.live().filter(archived_at__isnull=False)

    def trashed(self) -> Self:
        """In the trash."""
        return self.filter(trashed_at__isnull=False)

    def in_order(self) -> Self:
        """The inbox first, then by position."""
        return self.order_by(F("is_inbox").desc(), "position", "id")

    def with_open_counts(self, *, at_most: int | None = None) -> Self:
        """With `open_count`, the number of open tasks without their steps."""
        tasks = apps.get_model("todos", "Task").objects  # its module imports this one
        of_list = tasks.filter(owner=OuterRef("owner"), list=OuterRef("pk"))
        # The index `todos_task_open_in_list` contains all that is read.
        counted = of_list.open().top_level().values("list")[:at_most]
        return self.annotate(open_count=CountOf(counted))


class TaskList(OwnedModel):
    """A list of tasks. Every user has one inbox, which can't be renamed or deleted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="task_lists", db_index=False
    )
    name = models.CharField(max_length=LIST_NAME_MAX_LENGTH)
    colour = models.CharField(
        max_length=16, choices=Colour.choices, default=Colour.GREY
    )
    position = models.BigIntegerField(default=position_now)
    is_inbox = models.BooleanField(default=False, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True)
    trashed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = TaskListQuerySet.as_manager()

    class Meta:
        constraints = [
            # The target of the composite foreign keys; also the index by owner.
            models.UniqueConstraint(
                fields=["owner", "id"], name="todos_tasklist_owner_id"
            ),
            models.UniqueConstraint(
                fields=["owner"],
                condition=Q(is_inbox=True),
                name="todos_tasklist_one_inbox",
            ),
            models.CheckConstraint(
                condition=~Q(name=""), name="todos_tasklist_name_not_blank"
            ),
            models.CheckConstraint(
                condition=Q(is_inbox=False) | Q(trashed_at=None, archived_at=None),
                name="todos_tasklist_inbox_stays",
            ),
        ]

    def __str__(self) -> str:
        return f"list {self.pk}"
