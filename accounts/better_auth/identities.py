"""Find, provision, link and unlink the user of verified claims.

An identity is the pair of issuer and subject. No account is found by an e-mail address
in a token, and none gets its address from there: the address may be unverified. Even
one that the issuer calls verified can belong to another user than the holder of the
token, as measured: the owner of the mailbox had followed a link in an unexpected mail.
To use an address here, users verify it here.
"""

import math
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import events
from accounts.better_auth.verifier import VerifiedToken
from accounts.credentials import lock_if_current
from accounts.models import REQUEST_FIELDS, LinkedIdentity, SecurityEvent, User
from config.api.throttling import count_request
from config.compiled_queries import ColumnsOf, CompiledQuery, RowValues
from config.text import clean_text

# The last use is recorded this precisely, and not with every request.
LAST_USE_PRECISION = timedelta(hours=1)

# Why an identity can't authenticate its user: for the log, the doctor and the pages.
INACTIVE = "no active user"
SUSPENDED = "suspended"
ENDED = "ended by its user"

# What a request needs of an identity, beside its user.
IDENTITY_FIELDS = (
    "id",
    "user_id",
    "issuer",
    "subject",
    "last_used_at",
    "suspended_at",
    "skips_factor",
)
_USER = LinkedIdentity._meta.get_field("user")


class IdentityColumns:
    """An identity and its user in rows whose columns have these prefixes."""

    def __init__(self, *, user: str, identity: str = "") -> None:
        self._identity = ColumnsOf(LinkedIdentity, IDENTITY_FIELDS, prefix=identity)
        self._user = ColumnsOf(User, REQUEST_FIELDS, prefix=user)

    def instance(self, row: RowValues) -> LinkedIdentity:
        """Return the identity, with its user."""
        found = self._identity.instance(row)
        _USER.set_cached_value(found, self._user.instance(row))
        return found


_OF_USER = "user__"
_COLUMNS = IdentityColumns(user=_OF_USER)
_IDENTITY = CompiledQuery(
    (*IDENTITY_FIELDS, *(_OF_USER + name for name in REQUEST_FIELDS)),
    lambda issuer, subject: LinkedIdentity.objects.filter(
        issuer=issuer, subject=subject
    ),
)


class TooManyNewUsers(Exception):
    """An issuer has had too many new users within a minute.

    `retry_after` is in seconds.
    """

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__("too many new users")


class IdentityTaken(Exception):
    """The identity is linked to another account already."""


class LastSignInMethod(Exception):
    """Without this identity the user could not sign in any more."""


def find(*, issuer: str, subject: str) -> LinkedIdentity | None:
    """Return the identity and its user, with the columns that a request needs."""
    row = _IDENTITY.first(issuer=issuer, subject=subject)
    return _COLUMNS.instance(row) if row else None


def find_or_provision(
    token: VerifiedToken, *, at: datetime, known: LinkedIdentity | None = None
) -> LinkedIdentity:
    """Return the identity of the token; on first use, create it with a new account.

    Concurrent first requests end in one account: the second finds that of the first.
    `known` is the identity if it was read already.

    Raises:
        TooManyNewUsers: its issuer has had too many new users this minute.
    """
    issuer, subject = token.issuer.issuer, token.subject
    known = known or find(issuer=issuer, subject=subject)
    if known is None:
        _count_new_user(issuer, at=at)
        try:
            return _provision(token, at=at)
        except IntegrityError:
            known = find(issuer=issuer, subject=subject)
            if known is None:
                raise
    if at - known.last_used_at > LAST_USE_PRECISION:
        LinkedIdentity.objects.filter(pk=known.pk).update(last_used_at=at)
    return known


def refusal(identity: LinkedIdentity, token: VerifiedToken) -> str | None:
    """Return why the token can't authenticate the user, None if it can."""
    return INACTIVE if not identity.user.is_active else refusal_of_link(identity, token)


def refusal_of_link(identity: LinkedIdentity, token: VerifiedToken) -> str | None:
    """Return why the token is not valid for its user, whatever the account's state."""
    if identity.suspended_at is not None:
        return SUSPENDED
    if not is_current(identity, token):
        return ENDED
    return None


def is_current(identity: LinkedIdentity, token: VerifiedToken) -> bool:
    """Tell whether the token is newer than the user's last sign-out everywhere."""
    ended_at = identity.user.credentials_ended_at
    return ended_at is None or token.issued_at > int(ended_at.timestamp())


def lacks_factor(identity: LinkedIdentity) -> bool:
    """Tell whether its user has a second factor that a token of it does not show."""
    return identity.user.has_factor and not identity.skips_factor


def skips_factor(identity_id: UUID) -> bool:
    """Tell whether the user has let this identity in without a second factor."""
    return LinkedIdentity.objects.filter(pk=identity_id, skips_factor=True).exists()


def _count_new_user(issuer: str, *, at: datetime) -> None:
    """Limit the new users of an issuer, in case its key is stolen."""
    reading = count_request("first-sight", issuer, now=at.timestamp())
    if reading.wait is not None:
        raise TooManyNewUsers(math.ceil(reading.wait))


@transaction.atomic
def _provision(token: VerifiedToken, *, at: datetime) -> LinkedIdentity:
    user = User.objects.create_user(display_name=_text(token.claims.get("name"), 100))
    identity = _bind(user, token, at=at)
    events.record(user, SecurityEvent.Kind.SIGNED_UP, at=at)
    return identity


def _bind(user: User, token: VerifiedToken, *, at: datetime) -> LinkedIdentity:
    return LinkedIdentity.objects.create(
        user=user,
        issuer=token.issuer.issuer,
        subject=token.subject,
        known_as=_text(token.claims.get("email"), 254),
        created_at=at,
        last_used_at=at,
    )


def _text(claim: object, most: int) -> str:
    """Return a claim as a short plain text, empty if it is not a valid one."""
    if not isinstance(claim, str):
        return ""
    try:
        return clean_text(claim[:most], most=most)
    except ValidationError:
        return ""


@transaction.atomic
def link(*, user: User, token: VerifiedToken, at: datetime) -> LinkedIdentity:
    """Link the token's identity to the account of the signed-in user.

    If it is linked to the account already, nothing changes: a suspended identity stays
    suspended until the user keeps it.

    Raises:
        CredentialEnded: as `lock_if_current` does.
        IdentityTaken: it is linked to another account.
    """
    lock_if_current(user)
    known = find(issuer=token.issuer.issuer, subject=token.subject)
    if known is None:
        try:
            with transaction.atomic():
                identity = _bind(user, token, at=at)
        except IntegrityError as exc:
            raise IdentityTaken from exc
        events.record(user, SecurityEvent.Kind.IDENTITY_LINKED, at=at)
        return identity
    if known.user_id != user.pk:
        raise IdentityTaken
    return known


@transaction.atomic
def unlink(*, user: User, identity: LinkedIdentity, at: datetime) -> bool:
    """Unlink an identity of the signed-in user; the sessions that it began end.

    Returns whether this call unlinked it; a concurrent request may have been first.

    Raises:
        CredentialEnded: as `lock_if_current` does.
        LastSignInMethod: the account has no password and no other linked identity.
    """
    locked = lock_if_current(user)
    others = locked.identities.filter(suspended_at=None).exclude(pk=identity.pk)
    if not (locked.email and locked.has_usable_password()) and not others.exists():
        raise LastSignInMethod
    deleted, _ = LinkedIdentity.objects.filter(pk=identity.pk, user=locked).delete()
    if deleted:
        events.record(user, SecurityEvent.Kind.IDENTITY_UNLINKED, at=at)
    return bool(deleted)


@transaction.atomic
def set_skips_factor(
    *, user: User, identity: LinkedIdentity, skips: bool, at: datetime
) -> None:
    """Let an identity of the signed-in user in without a second step, or no longer.

    Raises:
        CredentialEnded: as `lock_if_current` does.
    """
    lock_if_current(user)
    rows = LinkedIdentity.objects.filter(pk=identity.pk, user=user)
    if rows.exclude(skips_factor=skips).update(skips_factor=skips):
        kind = (
            SecurityEvent.Kind.IDENTITY_TRUSTED
            if skips
            else SecurityEvent.Kind.IDENTITY_DISTRUSTED
        )
        events.record(user, kind, at=at, about=str(identity.pk))


# --- Suspension by a reset -----------------------------------------------------


def suspend_all(*, user: User, at: datetime) -> int:
    """Suspend every identity of the user until they choose which to keep.

    Returns the number of suspended identities. It is for a user who has proved nothing
    but access to the mailbox. An intruder may have linked an identity of their own to
    the account before, so none is trusted, whenever it was linked.
    """
    unsuspended = LinkedIdentity.objects.filter(user=user, suspended_at=None)
    return unsuspended.update(suspended_at=at)


@transaction.atomic
def keep(*, user: User, identity: LinkedIdentity, at: datetime) -> None:
    """End the suspension of an identity of the signed-in user, if it is suspended.

    Tokens that were issued before the suspension stay invalid, like every other
    credential of that time.

    Raises:
        CredentialEnded: as `lock_if_current` does.
    """
    lock_if_current(user)
    suspended = LinkedIdentity.objects.filter(
        pk=identity.pk, user=user, suspended_at__isnull=False
    )
    if suspended.update(suspended_at=None):
        events.record(user, SecurityEvent.Kind.IDENTITY_KEPT, at=at)
