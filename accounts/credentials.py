"""Credentials: what they say about the sign-in, and how all of a user's end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from rest_framework.exceptions import AuthenticationFailed

from accounts import emails, events
from accounts.models import (
    DELETION_STARTED,
    PersonalAccessToken,
    RefreshFamily,
    SecurityEvent,
    SupportGrant,
    TrustedBrowser,
    User,
)
from accounts.passwords import hashed
from config.api.problems import CREDENTIAL_REFUSED

# How long a sign-in counts as recent, for operations that can't be undone.
RECENT = timedelta(minutes=15)
DELETION_GRACE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Credential:
    """The credential of a request, as the ledger records it.

    `kind` is `session`, `token`, `better-auth`, `personal-token` or `command`. `key`
    identifies one of a kind without being secret: the refresh family of a token, the
    linked identity of a Better Auth token, the row of a personal access token, or what
    a session undoes. `subject` is the user's id at an external issuer.

    `authenticated_at` is when the user last proved who they are, None if unknown. A
    credential that was exchanged for another one inherits it. `pair` tells the token
    pairs of one refresh family apart. `scopes` and `lists` are what a personal access
    token is limited to; None means no limit.
    """

    kind: str
    key: str = ""
    subject: str = ""
    authenticated_at: datetime | None = None
    pair: UUID | None = None
    scopes: frozenset[str] | None = None
    lists: frozenset[UUID] | None = None

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}" if self.key else self.kind

    def may(self, scope: str) -> bool:
        """Tell whether a scope of `config.api.scopes` is not withheld."""
        return self.scopes is None or scope in self.scopes

    def is_recent(self, *, at: datetime) -> bool:
        """Tell whether the user is known to have signed in within `RECENT`."""
        proved_at = self.authenticated_at
        return proved_at is not None and at - proved_at < RECENT


SESSION = Credential("session")
COMMAND = Credential("command")


# --- During a request -------------------------------------------------------------


class CredentialEnded(AuthenticationFailed):
    """401, as for any ended credential: this one ended during the request.

    On the pages the user is asked to sign in again.
    """

    default_detail = CREDENTIAL_REFUSED
    default_code = "token_not_valid"


def lock_if_current(user: User, *, may_be_leaving: bool = False) -> User:
    """Lock the row of the user until the transaction ends, and return it.

    `user` is the instance that the request was authenticated with, or that its link
    was checked against, so it holds the epoch of that moment. The request may have
    waited long since then, for a lock or for a hash. What it stores must not survive a
    reset that came in between. Everything that changes the credentials of an account
    therefore calls this first. A user who is leaving may prove who they are, and no
    more: only `may_be_leaving` lets them.

    Raises:
        CredentialEnded: the epoch was raised since, the account is locked or deleted,
            or the browser session of the request was ended.
    """
    # Without a lock on the key: rows that refer to the user needn't wait.
    locked = User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
    if (
        locked is None
        or not (locked.is_active or (may_be_leaving and locked.is_leaving))
        or locked.credential_epoch != user.credential_epoch
        or not _is_session_live(user)
    ):
        raise CredentialEnded
    return locked


def _is_session_live(user: User) -> bool:
    """Tell whether the browser session that `user` was loaded for still exists."""
    session = user.session_id
    return session is None or user.browser_sessions.filter(public_id=session).exists()


def reload_user(user: User) -> User:
    """Load all columns of a user that a request was authenticated as.

    Raises:
        CredentialEnded: the epoch was raised since, or the account is deleted.
    """
    epoch = user.credential_epoch
    whole = User.objects.filter(pk=user.pk, credential_epoch=epoch).first()
    if whole is None:
        raise CredentialEnded
    whole.session_id = user.session_id
    return whole


# --- Operations that end all credentials -------------------------------------------


def change_password(
    *, user: User, password: str, at: datetime, keep: Credential | None = None
) -> None:
    """Store a new password and end every credential made under the old one.

    The user of the token `keep` has just entered the old password, so its sign-in
    continues with the refresh token of the same pair. Its access token ends, and so
    does every other token of the family. `user` is updated, so that the caller can
    begin a new session for it.

    Raises:
        CredentialEnded: as `lock_if_current` does.
    """
    # Hashed before the transaction, so that no lock is held meanwhile.
    store_password(user=user, password_hash=hashed(password), at=at, keep=keep)


@transaction.atomic
def store_password(
    *,
    user: User,
    password_hash: str,
    at: datetime,
    keep: Credential | None = None,
    by_mail: bool = False,
) -> None:
    """Do the same as `change_password` with a password that is hashed already.

    `by_mail` says that a mailed link was followed, not the old password entered.
    """
    locked = lock_if_current(user)
    is_first = not locked.has_usable_password()
    locked.password = password_hash
    locked.save(update_fields=["password", "updated_at"])
    user.password = password_hash
    end_all(user=user, at=at, keep=keep)
    about = "reset" if by_mail else "first" if is_first else ""
    events.record(user, SecurityEvent.Kind.PASSWORD_CHANGED, at=at, about=about)


@transaction.atomic
def sign_out_everywhere(*, user: User, at: datetime, by: User | None = None) -> None:
    """End every session and every token of the user, and keep the password.

    `by` is the member of staff who does it, None if it is the user.

    Raises:
        CredentialEnded: as `lock_if_current` does, if it is the user.
    """
    if by is None:
        lock_if_current(user)
    end_all(user=user, at=at)
    user.browser_sessions.all().delete()
    events.record(user, SecurityEvent.Kind.SIGNED_OUT_EVERYWHERE, at=at, by=by)


@transaction.atomic
def deactivate(*, user: User, at: datetime, by: User | None = None) -> None:
    """Lock the account and end every credential, without deleting anything.

    A deletion that was requested is cancelled, unless it has begun: who requested it
    may not be who should have. Reactivating the account lets its user request it again.
    """
    waiting = User.objects.filter(pk=user.pk, delete_after__isnull=False)
    stopped = waiting.exclude(delete_after=DELETION_STARTED).update(delete_after=None)
    if stopped:
        user.refresh_from_db(fields=["delete_after"])
    _lock(user, at=at, by=by, about="deletion cancelled" if stopped else "")


def _lock(user: User, *, at: datetime, by: User | None, about: str = "") -> None:
    User.objects.filter(pk=user.pk).update(is_active=False, updated_at=at)
    user.refresh_from_db(fields=["is_active"])
    end_all(user=user, at=at)
    events.record(user, SecurityEvent.Kind.DEACTIVATED, at=at, by=by, about=about)


@transaction.atomic
def reactivate(*, user: User, at: datetime, by: User | None = None) -> None:
    """Let the user sign in again.

    Credentials that were ended stay ended, and tokens that an external issuer issued
    while the account was locked are not valid. An account that is being deleted stays
    locked.
    """
    remaining = User.objects.filter(pk=user.pk).exclude(delete_after=DELETION_STARTED)
    if not remaining.update(is_active=True, delete_after=None, updated_at=at):
        return
    user.refresh_from_db(fields=["is_active", "delete_after"])
    end_all(user=user, at=at)
    events.record(user, SecurityEvent.Kind.REACTIVATED, at=at, by=by)


@transaction.atomic
def request_deletion(*, user: User, at: datetime, by: User | None = None) -> None:
    """Lock the account at once, and let `purge_accounts` delete it a week later.

    `by` is the member of staff who does it, None if it is the user. Either way the user
    can cancel it until then.

    Raises:
        CredentialEnded: as `lock_if_current` does, if it is the user.
    """
    if by is None:
        lock_if_current(user)
    User.objects.filter(pk=user.pk).update(delete_after=at + DELETION_GRACE)
    user.refresh_from_db(fields=["delete_after"])
    events.record(user, SecurityEvent.Kind.DELETION_REQUESTED, at=at, by=by)
    _lock(user, at=at, by=by)


@transaction.atomic
def cancel_deletion(*, user: User, at: datetime) -> None:
    """Let a user who requested deletion keep the account, and sign in again.

    Credentials that ended with the request stay ended.

    Raises:
        CredentialEnded: the account is not being deleted any more, or its deletion has
            begun, or a credential was ended since `user` was loaded.
    """
    locked = User.objects.select_for_update(no_key=True).filter(
        pk=user.pk, credential_epoch=user.credential_epoch
    )
    if not any(one.is_leaving for one in locked):
        raise CredentialEnded
    locked.update(is_active=True, delete_after=None, updated_at=at)
    user.refresh_from_db(fields=["is_active", "delete_after"])
    end_all(user=user, at=at)
    events.record(user, SecurityEvent.Kind.DELETION_CANCELLED, at=at)


# --- How they end -----------------------------------------------------------------


@transaction.atomic
def end_all(*, user: User, at: datetime, keep: Credential | None = None) -> None:
    """End every credential of the user, and every link that would become one.

    Raising the epoch ends what carries it: browser sessions, access tokens, and links
    to reset the password or to verify an address. The time `at` ends what can't carry
    it: older tokens and sessions of external issuers. Personal access tokens and
    refresh families are revoked, except for the family of `keep`, pending addresses and
    trusted browsers are deleted, and support staff may not look any more. `user` is
    updated.
    """
    User.objects.filter(pk=user.pk).update(
        credential_epoch=F("credential_epoch") + 1, credentials_ended_at=at
    )
    end_support_view(user, at=at)
    columns = ["credential_epoch", "credentials_ended_at", "factor_since"]
    user.refresh_from_db(fields=columns)
    families = RefreshFamily.objects.filter(user=user, revoked_at=None)
    if keep is not None and keep.kind == "token":
        kept = families.filter(pk=keep.key)
        # The old password alone is no proof of who a user with a factor is.
        proof = {} if user.has_factor else {"authenticated_at": at}
        kept.update(epoch=user.credential_epoch, kept_pair=keep.pair, **proof)
        families = families.exclude(pk=keep.key)
    families.update(revoked_at=at)
    tokens = PersonalAccessToken.objects.filter(user=user, revoked_at=None)
    tokens.update(revoked_at=at)
    TrustedBrowser.objects.filter(user=user).delete()
    emails.discard_pending_addresses(user)


def end_support_view(user: User, *, at: datetime) -> bool:
    """End the view that the user allows support staff; return whether there was one.

    It is called in a transaction that has locked the row of the user, and may have
    raised the epoch already.
    """
    for granted in SupportGrant.objects.filter(user=user).lasting(at=at):
        granted.ended_at = at
        granted.save(update_fields=["ended_at"])
        events.record(
            user, SecurityEvent.Kind.SUPPORT_ENDED, at=at, about=str(granted.pk)
        )
        return True
    return False


def live_sign_ins(user: User, *, at: datetime) -> int:
    """Count the sign-ins by token that can still be refreshed."""
    return (
        RefreshFamily.objects.filter(user=user).live(at=at).of_current_epoch().count()
    )
