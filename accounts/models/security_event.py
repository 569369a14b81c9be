"""What happened to an account."""

from __future__ import annotations

from django.db import models
from django.db.models import F
from uuid_utils.compat import uuid7

from accounts.models.user import User


class SecurityEvent(models.Model):
    """Something that touched an account's safety, without any text people wrote."""

    class Kind(models.TextChoices):
        SIGNED_UP = "signed_up", "Signed up"
        SIGNED_IN = "signed_in", "Signed in"
        SIGN_IN_FAILED = "sign_in_failed", "Sign-in failed"
        SIGNED_OUT = "signed_out", "Signed out"
        PASSWORD_CHANGED = "password_changed", "Password changed"  # noqa: S105
        RESET_REQUESTED = "reset_requested", "Password reset asked for"
        EMAIL_CHANGED = "email_changed", "E-mail changed"
        TOKEN_REUSED = "token_reused", "Spent refresh token presented"  # noqa: S105
        IDENTITY_LINKED = "identity_linked", "Outside sign-in connected"
        IDENTITY_UNLINKED = "identity_unlinked", "Outside sign-in disconnected"
        IDENTITY_KEPT = "identity_kept", "Outside sign-in kept after a reset"
        SIGNED_OUT_EVERYWHERE = "signed_out_everywhere", "Signed out everywhere"
        DEACTIVATED = "deactivated", "Deactivated"
        DELETION_REQUESTED = "deletion_requested", "Deletion asked for"
        REACTIVATED = "reactivated", "Reactivated"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="security_events"
    )
    kind = models.CharField(max_length=32, choices=Kind.choices)
    at = models.DateTimeField()
    by = models.ForeignKey(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The member of staff who did it, if it was not the person.",
    )
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index("user", F("at").desc(), name="accounts_event_by_user")]

    def __str__(self) -> str:
        return f"{self.kind} of user {self.user_id}"
