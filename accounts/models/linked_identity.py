"""The link between a user and an external issuer."""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7

from accounts.models.user import User


class LinkedIdentity(models.Model):
    """A user of an external issuer, bound to exactly one account here."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    known_as = models.CharField(
        max_length=254,
        blank=True,
        help_text="The address that the issuer gave first; it is not verified.",
    )
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()
    suspended_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text=(
            "Set when the password is reset by mail, until the user keeps the identity."
        ),
    )
    skips_factor = models.BooleanField(
        default=False,
        db_default=False,
        help_text="The user lets it in without a code: it checks a factor of its own.",
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
