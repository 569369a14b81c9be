"""What allauth records in a browser session about the sign-ins of its user.

This is the only module that knows the session keys of allauth. It writes one record for
each time a user proved who they are: the method, and when.
"""

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict, cast

from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY,
    AUTHENTICATION_METHODS_SESSION_KEY,
    get_authentication_records,
    record_authentication,
)
from allauth.account.internal.flows.reauthenticate_by_code import (
    REAUTHENTICATION_CODE_SESSION_KEY,
)
from allauth.account.internal.userkit import user_id_to_str
from allauth.socialaccount.internal.statekit import STATES_SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from accounts.models import User

BY_ISSUER = "socialaccount"  # allauth's name for a sign-in by OpenID Connect
BY_FACTOR = "mfa"  # and for a second step, or a passkey alone

# The keys under which allauth keeps the records, and the flows of OpenID Connect that
# have begun in this session.
RECORD_KEYS = frozenset(
    {AUTHENTICATION_METHODS_SESSION_KEY, _AUTHENTICATION_METHODS_USER_SESSION_KEY}
)
OPENID_STATES_KEY: str = STATES_SESSION_KEY


class SignInRecord(TypedDict):
    """One proof of who the user is. Times are seconds since the epoch.

    `identity` and `auth_time` are ours: the linked identity that signed in, and when
    the user signed in at its issuer, None if the issuer doesn't say.
    """

    method: str
    at: float
    identity: NotRequired[str]
    auth_time: NotRequired[int | None]


def records_of(request: HttpRequest, user: User | AnonymousUser) -> list[SignInRecord]:
    """Return the user's records of this session, oldest first."""
    found = get_authentication_records(request, cast("User", user))
    return cast("list[SignInRecord]", found)


def record_factor(request: HttpRequest, user: User, kind: str) -> None:
    """Record that the user has used a second factor."""
    record_authentication(request, user, method=BY_FACTOR, type=kind)


def has_used_factor(request: HttpRequest, user: User | AnonymousUser) -> bool:
    """Tell whether the user has used a second factor in this session.

    It must have been after the last sign-out everywhere: the session of a cookie of
    another service outlives that.
    """
    ended_at = getattr(user, "credentials_ended_at", None)
    return any(
        record["method"] == BY_FACTOR
        and (ended_at is None or record["at"] > ended_at.timestamp())
        for record in records_of(request, user)
    )


def record_password(request: HttpRequest, user: User) -> None:
    """Record that the user has given their password."""
    record_authentication(request, user, method="password")


def complete_last_record(
    request: HttpRequest, facts: Mapping[Literal["identity", "auth_time"], object]
) -> None:
    """Add to the last record which identity signed in, and when at its issuer."""
    records = request.session[AUTHENTICATION_METHODS_SESSION_KEY]
    records[-1] |= facts
    request.session.modified = True


def discard_code_of_another_user(request: HttpRequest, user: User) -> None:
    """Forget a code that another user of this session has asked for.

    allauth would accept it from whoever is signed in when it is given.
    """
    requested = request.session.get(REAUTHENTICATION_CODE_SESSION_KEY)
    if requested and requested.get("user_id") != user_id_to_str(user):
        del request.session[REAUTHENTICATION_CODE_SESSION_KEY]


def proof_time(record: SignInRecord, *, needs_factor: bool) -> float | None:
    """Return when the user proved who they are, None if the record doesn't say.

    If the user has a second factor, nothing counts without it.

    A `code` was mailed to their verified address. A sign-in at an issuer counts from
    when the user gave their password there. Following the link of a reset is no proof.
    """
    if record["method"] == BY_FACTOR:
        return record["at"]
    if needs_factor:
        return None
    if record["method"] == BY_ISSUER:
        return record.get("auth_time")
    return record["at"] if record["method"] in {"password", "code"} else None
