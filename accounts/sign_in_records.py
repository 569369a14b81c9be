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


def proof_time(record: SignInRecord) -> float | None:
    """Return when the user proved who they are, None if the record doesn't say.

    A `code` was mailed to their verified address. A sign-in at an issuer counts from
    when the user gave their password there. Following the link of a reset is no proof.
    """
    if record["method"] == BY_ISSUER:
        return record.get("auth_time")
    return record["at"] if record["method"] in {"password", "code"} else None
