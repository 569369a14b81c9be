"""Verified claims in, a local user out: find, provision, link, unlink.

Identity is (issuer, subject), and nothing else. No account is found by an e-mail
address in a token, and none gets one from there: the address may be unproven, and even
one that the issuer calls verified was measured to belong to somebody else than the
holder of the token (the owner of the mailbox clicked a link in an unexpected mail). A
person who wants an address here proves it to us.
"""

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import events
from accounts.better_auth.verifier import VerifiedToken
from accounts.models import REQUEST_FIELDS, LinkedIdentity, SecurityEvent, User
from config.statements import Statement, instance
from config.text import clean_text

# How often the last use is written down: not with every request.
USE_NOTED_EVERY = timedelta(hours=1)

_OF_USER = "user__"
_IDENTITY = Statement(
    (
        "id",
        "user_id",
        "issuer",
        "subject",
        "last_used_at",
        *(_OF_USER + name for name in REQUEST_FIELDS),
    ),
    lambda issuer, subject: LinkedIdentity.objects.filter(
        issuer=issuer, subject=subject
    ),
)


class IdentityTaken(Exception):
    """The identity is bound to another account already."""


class LastWayIn(Exception):
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
    """
    issuer, subject = token.issuer.issuer, token.subject
    known = find(issuer=issuer, subject=subject)
    if known is None:
        try:
            return _provision(token, at=at)
        except IntegrityError:
            known = find(issuer=issuer, subject=subject)
            if known is None:
                raise
    if at - known.last_used_at > USE_NOTED_EVERY:
        LinkedIdentity.objects.filter(pk=known.pk).update(last_used_at=at)
    return known


def is_current(identity: LinkedIdentity, token: VerifiedToken) -> bool:
    """Tell whether the token came after the person last ended every credential."""
    ended_at = identity.user.credentials_ended_at
    return ended_at is None or token.issued_at > int(ended_at.timestamp())


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

    Linking what is linked to the same account changes nothing.

    Raises:
        IdentityTaken: it is bound to another account.
    """
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
def unlink(*, identity: LinkedIdentity, at: datetime) -> None:
    """Take an identity off its account; what it signed in ends with it.

    Raises:
        LastWayIn: the account has no password and no other identity.
    """
    user = User.objects.select_for_update().get(pk=identity.user_id)
    others = LinkedIdentity.objects.filter(user=user).exclude(pk=identity.pk)
    if not (user.email and user.has_usable_password()) and not others.exists():
        raise LastWayIn
    identity.delete()
    events.record(user, SecurityEvent.Kind.IDENTITY_UNLINKED, at=at)
