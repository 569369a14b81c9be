"""Browser sessions that depend on a sign-in at Better Auth."""

from collections.abc import Callable
from typing import cast

from allauth.account.authentication import get_authentication_records
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts.authentication import (
    TokenNotValid,
    admit,
    better_auth_credential,
    verified_outside,
)
from accounts.better_auth import sessions
from accounts.better_auth.issuers import session_issuer
from accounts.models import User
from config.api.problems import Unavailable
from config.errors import answer

GetResponse = Callable[[HttpRequest], HttpResponse]


class BetterAuthSessionMiddleware:
    """Take Better Auth's signed session cookie for a sign-in, one request at a time.

    Only where an issuer has `sessions` on, and only for who is not signed in with us.
    The server is asked at each request, so a sign-out or a ban there acts with the
    next one. When it can't be reached, nobody is signed out: the answer is 503.
    Stands after the middleware that sets `request.user`.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = session_token_of(request)
        if token is not None and not request.user.is_authenticated:
            now = timezone.now()
            try:
                verified = verified_outside(token, now=now)
                identity = admit(verified, at=now)
            except TokenNotValid:
                pass  # not signed in, as without the cookie
            except Unavailable as refusal:
                return answer(request, refusal)
            else:
                # Staff sign in here: nobody else's server opens the admin.
                if not identity.user.is_staff:
                    request.user = identity.user
                    request.credential = better_auth_credential(  # type: ignore[attr-defined]
                        identity, verified
                    )
        return self.get_response(request)


class LinkedSessionMiddleware:
    """End a browser session whose user last signed in by an identity now unlinked.

    Asks the database only for such sessions, and only where the user matters. Stands
    after the middleware that sets `request.user`.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        found = request.user
        request.user = cast(
            "User", SimpleLazyObject(lambda: self._user(request, found))
        )
        return self.get_response(request)

    def _user(
        self, request: HttpRequest, found: User | AnonymousUser
    ) -> User | AnonymousUser:
        if not isinstance(found, User):
            return found
        records = get_authentication_records(request, found)
        if records and records[-1]["method"] == "socialaccount":
            identity = records[-1].get("identity")
            if not found.identities.filter(pk=identity).exists():
                request.session.flush()
                return AnonymousUser()
        return found


def session_token_of(request: HttpRequest) -> str | None:
    """Return Better Auth's session token from the cookies, where they may speak.

    A request with an Authorization header speaks by that alone.
    """
    if session_issuer() is None or "HTTP_AUTHORIZATION" in request.META:
        return None
    for name in sessions.COOKIES:
        if value := request.COOKIES.get(name):
            return sessions.from_cookie(value)
    return None
