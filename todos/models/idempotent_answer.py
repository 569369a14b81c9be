"""Stored responses to requests with an `Idempotency-Key`."""

from __future__ import annotations

from django.db import models

from accounts.models import User
from todos.models.owned import OwnedModel, OwnedQuerySet


class IdempotentAnswer(OwnedModel):
    """The response to a request with an `Idempotency-Key`, to be sent again.

    `request_digest` detects a different request under the same key.
    """

    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    key = models.CharField(max_length=255)
    request_digest = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    created_at = models.DateTimeField()

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "key"], name="todos_idempotentanswer_once"
            ),
        ]
        indexes = [models.Index("created_at", name="todos_idempotentanswer_age")]

    def __str__(self) -> str:
        return f"answer {self.pk} for user {self.owner_id}"
