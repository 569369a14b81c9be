"""The link between a user and an external issuer."""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7

from accounts.models.user import User


class LinkedIdentity(models.Model):
    """A person at an outside issuer, bound to exactly one account here."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    known_as = models.CharField(
        max_length=254,
        blank=True,
        help_text="The address that the issuer named first; proves nothing.",
    )
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()
    suspended_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=(
            "The password was reset by mail: it opens nothing until its user keeps it."
        ),
    )

    class Meta:
        verbose_name_plural = "linked identities"
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "subject"], name="accounts_identity_once"
            ),
        ]

    def __str__(self) -> str:
        return f"identity {self.pk}"
