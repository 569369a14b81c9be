"""Browser sessions that a sign-in at an external issuer begins: whose, and how long.

The rules are the same for every kind of sign-in. Such a session never belongs to staff:
the admin requires a sign-in here, with our own password and limits. And it lasts only
while the linked identity that began it exists and is not suspended.
"""

from collections.abc import Iterator
from datetime import datetime

from django.http import HttpRequest

from accounts.better_auth import identities
from accounts.better_auth.verifier import VerifiedToken
from accounts.credentials import RECENT, reload_user
from accounts.models import LinkedIdentity, User
from accounts.sign_in_records import BY_ISSUER, records_of

STAFF = "staff"
FACTOR = "second factor missing"

# What users are told, where they can do something about the refusal.
ADVICE = {
    STAFF: "Staff must sign in here with an e-mail address and a password.",
    FACTOR: (
        "Your account requires a second step, which this sign-in doesn't have. Sign in"
        " here. Then you can let it in without a code under Security."
    ),
    identities.SUSPENDED: (
        "This sign-in is paused because the password of your account was reset."
        " Sign in with your e-mail address and password, then keep or disconnect it."
    ),
    identities.ENDED: (
        "Your sign-in at the other service has expired. Sign in there again."
    ),
}


def refusal(identity: LinkedIdentity, token: VerifiedToken) -> str | None:
    """Return why the token can't begin a session for its user, None if it can.

    The reasons are those of `identities.refusal`, and `STAFF`.
    """
    if reason := identities.refusal(identity, token):
        return reason
    return STAFF if identity.user.is_staff else None


def is_leaving(identity: LinkedIdentity, reason: str | None) -> bool:
    """Tell whether the refusal is that the account waits for its deletion."""
    return reason == identities.INACTIVE and reload_user(identity.user).is_leaving


def refusal_to_leave(
    identity: LinkedIdentity, token: VerifiedToken, *, at: datetime
) -> str | None:
    """Return the same for a locked account, whose user may only keep it or leave.

    They can download everything, so the sign-in there must be recent.
    """
    if reason := identities.refusal_of_link(identity, token):
        return reason
    if identity.user.is_staff:
        return STAFF
    return None if _is_recent(token, at=at) else identities.ENDED


def _is_recent(token: VerifiedToken, *, at: datetime) -> bool:
    """Tell whether its user is known to have signed in there within `RECENT`."""
    proved_at = token.authenticated_at
    return proved_at is not None and at.timestamp() - proved_at < RECENT.total_seconds()


def is_valid(request: HttpRequest, user: User) -> bool:
    """Tell whether the session of this request is still valid for `user`.

    Sessions that were not begun at an external issuer always are.
    """
    begun_by = set(_linked_identities(request, user))
    if not begun_by:
        return True
    if user.is_staff or "" in begun_by:
        return False
    live = user.identities.filter(pk__in=begun_by, suspended_at=None)
    return live.count() == len(begun_by)


def _linked_identities(request: HttpRequest, user: User) -> Iterator[str]:
    """Yield the id of the identity of each external sign-in in this session.

    The id is empty for a sign-in from before it was recorded.
    """
    for record in records_of(request, user):
        if record["method"] == BY_ISSUER:
            yield record.get("identity", "")
