"""Personal access tokens, for scripts and agents."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models import F
from uuid_utils.compat import uuid7

from accounts.devices import MAX_DEVICE_LENGTH, MAX_NETWORK_LENGTH
from accounts.models.user import User

TOKEN_NAME_MAX_LENGTH = 80


class PersonalAccessTokenQuerySet(models.QuerySet["PersonalAccessToken"]):
    def live(self, *, at: datetime) -> PersonalAccessTokenQuerySet:
        """Filter for tokens that are accepted at this time."""
        return self.filter(
            revoked_at=None, expires_at__gt=at, epoch=F("user__credential_epoch")
        )


class PersonalAccessToken(models.Model):
    """A token that its user made for one purpose, with the few rights it needs.

    Only a digest of its text is stored: the text has 178 random bits, so a fast hash is
    enough.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="personal_tokens"
    )
    name = models.CharField(max_length=TOKEN_NAME_MAX_LENGTH)
    digest = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of its text, in hexadecimal."
    )
    scopes = models.CharField(max_length=100, help_text="Separated by spaces.")
    lists = models.JSONField(
        null=True,
        blank=True,
        help_text="The ids of the lists that it is limited to; null: no limit.",
    )
    epoch = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    device = models.CharField(
        max_length=MAX_DEVICE_LENGTH,
        blank=True,
        default="",
        db_default="",
        help_text="Of the last use that was noted, like the network.",
    )
    network = models.CharField(
        max_length=MAX_NETWORK_LENGTH, blank=True, default="", db_default=""
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = PersonalAccessTokenQuerySet.as_manager()

    def __str__(self) -> str:
        # Not the name: this text reaches logs.
        return f"personal access token {self.pk}"

    @property
    def list_ids(self) -> list[UUID] | None:
        """The ids of its lists, None if it is not limited."""
        return None if self.lists is None else [UUID(key) for key in self.lists]
