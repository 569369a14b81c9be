"""What happened to an account."""

from __future__ import annotations

from django.db import models
from django.db.models import F
from uuid_utils.compat import uuid7

from accounts.models.user import User


class Chain(models.TextChoices):
    """The two chains of events that each user has.

    What strangers try with an account has a chain of its own: its events are deleted
    after a while, and recording them locks nothing that the user's own events need.
    """

    ACCOUNT = "account"
    ATTEMPTS = "attempts"


class SecurityEvent(models.Model):
    """Something that concerns the security of an account, without any user text.

    The events of a user are chained: `digest` covers the whole event and the digest of
    the one before (`accounts.event_chains`).
    """

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
        IDENTITY_TRUSTED = "identity_trusted", "Sign-in let in without a code"
        IDENTITY_DISTRUSTED = "identity_distrusted", "Sign-in asked for a code again"
        SIGNED_OUT_EVERYWHERE = "signed_out_everywhere", "Signed out everywhere"
        DEACTIVATED = "deactivated", "Deactivated"
        DELETION_REQUESTED = "deletion_requested", "Deletion requested"
        REACTIVATED = "reactivated", "Reactivated"
        DELETION_CANCELLED = "deletion_cancelled", "Deletion cancelled"
        FACTOR_ADDED = "factor_added", "Second step added"
        FACTOR_REMOVED = "factor_removed", "Second step removed"
        FACTOR_FAILED = "factor_failed", "Wrong code or passkey"
        CODES_CREATED = "codes_created", "Recovery codes created"
        CODE_USED = "code_used", "Recovery code used"
        BROWSER_TRUSTED = "browser_trusted", "Browser trusted"
        TOKEN_CREATED = "token_created", "Access token created"  # noqa: S105
        TOKEN_NARROWED = "token_narrowed", "Rights taken from an access token"  # noqa: S105
        CREDENTIAL_ENDED = "credential_ended", "Access ended"
        EXPORTED = "exported", "Data exported"
        STAFF_CHANGED = "staff_changed", "Rights as staff changed"
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
    by_digest = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="Digest of this id and that of `by`, which stays when `by` is gone.",
    )
    about = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="What it concerns: a kind of credential, or an id. Never a text.",
    )
    request_id = models.CharField(max_length=64, blank=True)
    chain = models.CharField(
        max_length=8,
        choices=Chain.choices,
        default=Chain.ACCOUNT,
        db_default=Chain.ACCOUNT,
    )
    number = models.PositiveBigIntegerField(
        null=True,
        help_text="1, 2, 3 … in its chain; empty if an older version recorded it.",
    )
    digest = models.CharField(max_length=64, default="", db_default="")

    class Meta:
        indexes = [models.Index("user", F("at").desc(), name="accounts_event_by_user")]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "chain", "number"], name="accounts_event_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of user {self.user_id}"


class EventChain(models.Model):
    """Where a chain of events ends, and where it begins once old events are deleted.

    Whoever adds an event locks this row first, so that a chain never forks.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="event_chains"
    )
    chain = models.CharField(max_length=8, choices=Chain.choices)
    number = models.PositiveBigIntegerField(help_text="Of the last event.")
    digest = models.CharField(max_length=64, help_text="Of the last event.")
    deleted_number = models.PositiveBigIntegerField(
        default=0, help_text="Of the last event that was deleted for its age."
    )
    deleted_digest = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "chain"], name="accounts_eventchain_one"
            )
        ]

    def __str__(self) -> str:
        return f"chain {self.chain} of user {self.user_id}"
