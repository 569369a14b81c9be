"""Sign-ins by token."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import F
from uuid_utils.compat import uuid7

from accounts.devices import MAX_DEVICE_LENGTH, MAX_NETWORK_LENGTH
from accounts.models.linked_identity import LinkedIdentity
from accounts.models.user import User


class RefreshFamilyQuerySet(models.QuerySet["RefreshFamily"]):
    def live(self, *, at: datetime) -> RefreshFamilyQuerySet:
        """Filter for sign-ins that can still be refreshed."""
        return self.filter(revoked_at=None, expires_at__gt=at)

    def of_current_epoch(self) -> RefreshFamilyQuerySet:
        """Filter for sign-ins that no change of password or sign-out ended."""
        return self.filter(epoch=F("user__credential_epoch"))


class RefreshFamily(models.Model):
    """One sign-in by token: all refresh tokens that came from it by rotation."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="refresh_families"
    )
    identity = models.ForeignKey(
        LinkedIdentity,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="The linked identity whose token was exchanged; it ends with that.",
    )
    epoch = models.PositiveIntegerField()
    authenticated_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the user last proved who they are; empty if unknown.",
    )
    generation = models.PositiveIntegerField(
        default=0,
        help_text="The number of rotations; earlier tokens are used up.",
    )
    kept_pair = models.UUIDField(
        null=True,
        blank=True,
        help_text="The pair that last changed the password: valid in the new epoch.",
    )
    created_at = models.DateTimeField()
    refreshed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    device = models.CharField(
        max_length=MAX_DEVICE_LENGTH,
        blank=True,
        default="",
        db_default="",
        help_text="Of the sign-in or the last refresh, as `network`.",
    )
    network = models.CharField(
        max_length=MAX_NETWORK_LENGTH, blank=True, default="", db_default=""
    )

    objects = RefreshFamilyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "refresh families"

    def __str__(self) -> str:
        return f"refresh family {self.pk}"
