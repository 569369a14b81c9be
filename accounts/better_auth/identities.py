"""Verified claims in, a local user out: find, provision, link, unlink.

Identity is (issuer, subject), and nothing else. No account is found by an e-mail
address in a token, and none gets one from there: the address may be unproven, and even
one that the issuer calls verified was measured to belong to somebody else than the
holder of the token (the owner of the mailbox clicked a link in an unexpected mail). A
person who wants an address here proves it to us.
"""

import math
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import events
from accounts.better_auth.verifier import VerifiedToken
from accounts.credentials import lock_if_current
from accounts.models import REQUEST_FIELDS, LinkedIdentity, SecurityEvent, User
from config.api.throttling import count_request
from config.compiled_queries import CompiledQuery, instance
from config.text import clean_text

# How often the last use is written down: not with every request.
LAST_USE_PRECISION = timedelta(hours=1)

# Why an identity doesn't speak for its user: for the log, the doctor and the pages.
INACTIVE = "no active user"
SUSPENDED = "suspended"
ENDED = "ended by its user"

_OF_USER = "user__"
_IDENTITY = CompiledQuery(
    (
        "id",
        "user_id",
        "issuer",
        "subject",
        "last_used_at",
        "suspended_at",
        *(_OF_USER + name for name in REQUEST_FIELDS),
    ),
    lambda issuer, subject: LinkedIdentity.objects.filter(
        issuer=issuer, subject=subject
    ),
)


class TooManyNewUsers(Exception):
    """An issuer may not bring so many new users at once.

    `retry_after` is when to come back, in seconds.
    """

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__("too many first sights")


class IdentityTaken(Exception):
    """The identity is bound to another account already."""


class LastSignInMethod(Exception):
    """Without this identity the person could not sign in any more."""


def find(*, issuer: str, subject: str) -> LinkedIdentity | None:
    """Return the identity with its user, as far as a request needs them."""
    row = _IDENTITY.first(issuer=issuer, subject=subject)
    if row is None:
        return None
    user = {name: row.pop(_OF_USER + name) for name in REQUEST_FIELDS}
    identity = instance(LinkedIdentity, row)
    identity.user = instance(User, user)
    return identity


def find_or_provision(token: VerifiedToken, *, at: datetime) -> LinkedIdentity:
    """Return the identity of the token; at first sight, with a new account.

    First requests that race end in one account: who comes second finds the first's.

    Raises:
        TooManyNewUsers: its issuer has brought too many new users this minute.
    """
    issuer, subject = token.issuer.issuer, token.subject
    known = find(issuer=issuer, subject=subject)
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
    """Return why the token doesn't speak for the identity's user, None if it does."""
    if not identity.user.is_active:
        return INACTIVE
    if identity.suspended_at is not None:
        return SUSPENDED
    if not is_current(identity, token):
        return ENDED
    return None


def is_current(identity: LinkedIdentity, token: VerifiedToken) -> bool:
    """Tell whether the token came after the person last ended every credential."""
    ended_at = identity.user.credentials_ended_at
    return ended_at is None or token.issued_at > int(ended_at.timestamp())


def _count_new_user(issuer: str, *, at: datetime) -> None:
    """Bound what an issuer can store here whose key is in the wrong hands."""
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


def _text(claim: Any, most: int) -> str:
    """Return a claim as a short plain text, empty where it can't be one."""
    if not isinstance(claim, str):
        return ""
    try:
        return clean_text(claim[:most], most=most)
    except ValidationError:
        return ""


@transaction.atomic
def link(*, user: User, token: VerifiedToken, at: datetime) -> LinkedIdentity:
    """Bind the token's identity to an account, by the act of its signed-in owner.

    Linking what is linked to the same account changes nothing. What a reset suspended
    stays suspended: to keep it is an act of its own.

    Raises:
        CredentialEnded: as `lock_if_current` does.
        IdentityTaken: it is bound to another account.
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
    """Take an identity off its account; what it signed in ends with it.

    `user` is its signed-in owner. Doing it twice is no error: tell whether this was
    the time that did it.

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


# --- Suspended by a reset ------------------------------------------------------


def suspend_all(*, user: User, at: datetime) -> int:
    """Suspend every identity of the user until they say which to keep; count them.

    For when nothing but the mailbox has shown who they are. Whoever was in the account
    before may have linked an identity of theirs, so none is taken on trust, whether it
    was linked before the address was verified or after.
    """
    unsuspended = LinkedIdentity.objects.filter(user=user, suspended_at=None)
    return unsuspended.update(suspended_at=at)


@transaction.atomic
def keep(*, user: User, identity: LinkedIdentity, at: datetime) -> None:
    """Let a suspended identity speak for its user again, by their own act.

    `user` is its signed-in owner. Doing it twice is no error. What the identity was
    issued before the suspension stays ended, with every other credential of that time.

    Raises:
        CredentialEnded: as `lock_if_current` does.
    """
    lock_if_current(user)
    suspended = LinkedIdentity.objects.filter(
        pk=identity.pk, user=user, suspended_at__isnull=False
    )
    if suspended.update(suspended_at=None):
        events.record(user, SecurityEvent.Kind.IDENTITY_KEPT, at=at)
