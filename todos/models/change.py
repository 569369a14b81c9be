"""Changes: the entries of the ledger."""

from __future__ import annotations

from typing import Self
from uuid import UUID

from django.db import models
from uuid_utils.compat import uuid7

from accounts.models import User
from todos.models.owned import OwnedModel, OwnedQuerySet


class ChangeQuerySet(OwnedQuerySet["Change"]):
    def of(self, entity: str, entity_id: UUID) -> Self:
        """Return the history of one object, oldest change first."""
        return self.filter(entity=entity, entity_id=entity_id).order_by("seq")


class Change(OwnedModel):
    """One entry of the ledger: a change of one object.

    `before` and `after` hold the changed columns as JSON. `before` is null if the
    object was created, `after` if it was removed.
    """

    class Entity(models.TextChoices):
        TASK = "task"
        LIST = "list"
        LABEL = "label"

    class Kind(models.TextChoices):
        CREATED = "created"
        UPDATED = "updated"
        COMPLETED = "completed"
        REOPENED = "reopened"
        MOVED = "moved"
        TRASHED = "trashed"
        RESTORED = "restored"
        REMOVED = "removed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="changes", db_index=False
    )
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    entity = models.CharField(max_length=8, choices=Entity.choices)
    entity_id = models.UUIDField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    credential = models.CharField(max_length=80)
    batch = models.UUIDField()

    objects = ChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "seq"], name="todos_change_owner_seq"
            ),
        ]
        indexes = [
            models.Index("owner", "entity_id", "seq", name="todos_change_of_entity"),
            models.Index("owner", "batch", name="todos_change_of_batch"),
            models.Index("at", name="todos_change_at"),
        ]

    def __str__(self) -> str:
        return f"change {self.seq} of user {self.owner_id}"
