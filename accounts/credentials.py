"""What speaks for a user, and how all of it ends."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts import events
from accounts.models import RefreshFamily, SecurityEvent, User


@dataclass(frozen=True, slots=True)
class Credential:
    """The credential a request came with, as the ledger remembers it.

    `kind` is `session`, `token`, `better-auth` or `command`; `key` tells one of a kind
    from another without being secret (for a token its refresh family, for Better Auth
    the linked identity). `subject` is the caller's name at an outside issuer.
    """

    kind: str
    key: str = ""
    subject: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}" if self.key else self.kind


DELETION_GRACE = timedelta(days=7)

SESSION = Credential("session")
COMMAND = Credential("command")


@transaction.atomic
def change_password(
    *, user: User, password: str, at: datetime, keep: Credential | None = None
) -> None:
    """Store a new password and end every credential made under the old one.

    The sign-in by token named by `keep` goes on: its refresh token stays good, its
    access token doesn't. `user` is brought up to date, so that the caller may make a
    new session of it.
    """
    locked = User.objects.select_for_update().get(pk=user.pk)
    locked.set_password(password)
    locked.credentials_ended_at = at
    locked.save(
        update_fields=[
            "password",
            "credential_epoch",
            "credentials_ended_at",
            "updated_at",
        ]
    )
    user.password = locked.password
    user.credential_epoch = locked.credential_epoch
    if keep is not None and keep.kind == "token":
        RefreshFamily.objects.filter(user=user, pk=keep.key).update(
            epoch=locked.credential_epoch
        )
    events.record(user, SecurityEvent.Kind.PASSWORD_CHANGED, at=at)


@transaction.atomic
def sign_out_everywhere(*, user: User, at: datetime, by: User | None = None) -> None:
    """End every session and every token of the user, and leave the password."""
    _raise_epoch(user.pk, at=at)
    user.refresh_from_db(fields=["credential_epoch", "credentials_ended_at"])
    events.record(user, SecurityEvent.Kind.SIGNED_OUT_EVERYWHERE, at=at, by=by)


@transaction.atomic
def deactivate(*, user: User, at: datetime, by: User | None = None) -> None:
    """Lock the account and end every credential; nothing of it is deleted."""
    User.objects.filter(pk=user.pk).update(is_active=False, updated_at=at)
    _raise_epoch(user.pk, at=at)
    user.refresh_from_db(
        fields=["is_active", "credential_epoch", "credentials_ended_at"]
    )
    events.record(user, SecurityEvent.Kind.DEACTIVATED, at=at, by=by)


@transaction.atomic
def reactivate(*, user: User, at: datetime, by: User | None = None) -> None:
    """Let the person sign in again; what was ended stays ended."""
    User.objects.filter(pk=user.pk).update(
        is_active=True, delete_after=None, updated_at=at
    )
    user.refresh_from_db(fields=["is_active", "delete_after"])
    events.record(user, SecurityEvent.Kind.REACTIVATED, at=at, by=by)


@transaction.atomic
def request_deletion(*, user: User, at: datetime) -> None:
    """Lock the account at once, and let `purge_accounts` delete it a week later."""
    User.objects.filter(pk=user.pk).update(delete_after=at + DELETION_GRACE)
    events.record(user, SecurityEvent.Kind.DELETION_REQUESTED, at=at)
    deactivate(user=user, at=at)


def _raise_epoch(user_id: UUID, *, at: datetime) -> None:
    User.objects.filter(pk=user_id).update(
        credential_epoch=F("credential_epoch") + 1, credentials_ended_at=at
    )


def live_sign_ins(user: User, *, at: datetime) -> int:
    """Count the sign-ins by token that can still be refreshed."""
    return (
        RefreshFamily.objects.filter(user=user).live(at=at).of_current_epoch().count()
    )
