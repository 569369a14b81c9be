"""What happened to an account."""

from __future__ import annotations

from django.db import models
from django.db.models import F
from uuid_utils.compat import uuid7

from accounts.models.user import User


class SecurityEvent(models.Model):
    """Something that concerns the security of an account, without any user text."""

    class Kind(models.TextChoices):
        SIGNED_UP = "signed_up", "Signed up"
        SIGNED_IN = "signed_in", "Signed in"
        SIGN_IN_FAILED = "sign_in_failed", "Sign-in failed"
        SIGNED_OUT = "signed_out", "Signed out"
        PASSWORD_CHANGED = "password_changed", "Password changed"  # noqa: S105
        RESET_REQUESTED = "reset_requested", "Password reset requested"
        EMAIL_CHANGED = "email_changed", "E-mail changed"
        TOKEN_REUSED = "token_reused", "Refresh token used again"  # noqa: S105
        IDENTITY_LINKED = "identity_linked", "Sign-in connected"
        IDENTITY_UNLINKED = "identity_unlinked", "Sign-in disconnected"
        IDENTITY_KEPT = "identity_kept", "Sign-in kept after a reset"
        SIGNED_OUT_EVERYWHERE = "signed_out_everywhere", "Signed out everywhere"
        DEACTIVATED = "deactivated", "Deactivated"
        DELETION_REQUESTED = "deletion_requested", "Deletion requested"
        REACTIVATED = "reactivated", "Reactivated"
        DELETION_CANCELLED = "deletion_cancelled", "Deletion cancelled"
        FACTOR_ADDED = "factor_added", "Second factor added"
        FACTOR_REMOVED = "factor_removed", "Second factor removed"
        FACTOR_FAILED = "factor_failed", "Wrong code or passkey"
        CODES_CREATED = "codes_created", "Recovery codes created"
        CODE_USED = "code_used", "Recovery code used"
        BROWSER_TRUSTED = "browser_trusted", "Browser trusted"
        TOKEN_CREATED = "token_created", "Access token created"  # noqa: S105
        CREDENTIAL_ENDED = "credential_ended", "Credential ended"
        EXPORTED = "exported", "Data exported"
        SUPPORT_GRANTED = "support_granted", "Support may look"
        SUPPORT_LOOKED = "support_looked", "Support has looked"
        SUPPORT_ENDED = "support_ended", "Support may not look any more"

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
        help_text="The member of staff who did it, if it was not the user.",
    )
    about = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="What it concerns: a kind of credential, or an id. Never a text.",
    )
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index("user", F("at").desc(), name="accounts_event_by_user")]

    def __str__(self) -> str:
        return f"{self.kind} of user {self.user_id}"
