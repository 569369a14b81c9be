"""Browsers that skip the second step."""

from django.db import models
from uuid_utils.compat import uuid7

from accounts.devices import MAX_DEVICE_LENGTH, MAX_NETWORK_LENGTH
from accounts.models.user import User


class TrustedBrowser(models.Model):
    """A browser in which its user needn't repeat the second step for a while.

    Its cookie has a secret with 192 random bits, of which only a digest is stored.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="trusted_browsers"
    )
    digest = models.CharField(
        max_length=64, unique=True, help_text="SHA-256 of the secret in its cookie."
    )
    fingerprint = models.CharField(
        max_length=64,
        help_text="Of the factors and the credential epoch of the user at that time.",
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    last_used_at = models.DateTimeField(
        null=True, blank=True, help_text="When it last skipped the second step."
    )
    device = models.CharField(max_length=MAX_DEVICE_LENGTH, blank=True)
    network = models.CharField(max_length=MAX_NETWORK_LENGTH, blank=True)

    def __str__(self) -> str:
        return f"trusted browser {self.pk}"
