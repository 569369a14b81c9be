"""Browser sessions that another server's word begins: for whom, and until when.

One rule for every way in. Such a session is never one of staff: the admin opens to a
sign-in here alone, with our own password and limits. And it lasts only while the linked
identity that began it is connected and not suspended.
"""

from collections.abc import Iterator

from django.http import HttpRequest

from accounts.better_auth import identities
from accounts.better_auth.verifier import VerifiedToken
from accounts.models import LinkedIdentity, User
from accounts.sign_in_records import BY_ISSUER, records_of

STAFF = "staff"

# What a user can do about it, where they can do something.
ADVICE = {
    STAFF: "Staff must sign in here with an e-mail address and a password.",
    identities.SUSPENDED: (
        "This sign-in is paused because the password of your account was reset."
        " Sign in with your e-mail address and password, then keep or disconnect it."
    ),
    identities.ENDED: (
        "Your sign-in at the other service has expired. Sign in there again."
    ),
}


def refusal(identity: LinkedIdentity, token: VerifiedToken) -> str | None:
    """Return why the token opens no page for its user, None if it does.

    The reasons are those of `identities.refusal`, and `STAFF`.
    """
    if reason := identities.refusal(identity, token):
        return reason
    return STAFF if identity.user.is_staff else None


def is_valid(request: HttpRequest, user: User) -> bool:
    """Tell whether the session of this request may go on for `user`, whoever began it.

    allauth's record of a sign-in from outside names the identity, see `outside`.
    """
    begun_by = set(_linked_identities(request, user))
    if not begun_by:
        return True
    if user.is_staff or "" in begun_by:
        return False
    live = user.identities.filter(pk__in=begun_by, suspended_at=None)
    return live.count() == len(begun_by)


def _linked_identities(request: HttpRequest, user: User) -> Iterator[str]:
    """Yield the identity of each sign-in from outside that this session holds.

    An empty text stands for one of which it was not written down.
    """
    for record in records_of(request, user):
        if record["method"] == BY_ISSUER:
            yield record.get("identity", "")
