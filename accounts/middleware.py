"""Browser sessions: where they are kept, and when they have ended."""

import logging
from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.functional import SimpleLazyObject
from rest_framework.exceptions import Throttled

from accounts import leaving, linked_sessions, session_binding
from accounts.authentication import (
    SessionAuthentication,
    TokenNotValid,
    better_auth_credential,
    identify,
    verify_external_token,
)
from accounts.better_auth import identities, sessions
from accounts.better_auth.issuers import session_issuer
from accounts.browser_sessions import SessionStore, Use, session_id_of
from accounts.credentials import CredentialEnded
from accounts.devices import client_of
from accounts.models import User
from accounts.sign_in_records import has_used_factor
from config import middleware
from config.api.problems import Unavailable
from config.client_address import address_key
from config.errors import answer
from config.front.callers import remember_user
from config.row_security import show_rows_of

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]


class SessionMiddleware(middleware.SessionMiddleware):
    """Django's sessions, which record when, where and on which device they are used."""

    def process_response(
        self, request: HttpRequest, response: HttpResponse
    ) -> HttpResponse:
        """Save the session if it was changed.

        If the user has ended it meanwhile, it stays ended. What was done before is
        answered as usual, and the next request is not signed in.
        """
        session = request.session
        if not isinstance(session, SessionStore) or response.status_code >= 500:
            return super().process_response(request, response)
        if session.is_empty() and not session.modified:
            return _with_cookie_kept(session, response)
        now = timezone.now()
        is_due = session.is_use_due(at=now)
        if is_due or session.modified:
            session.use = Use(now, client_of(request))
        try:
            answered = super().process_response(request, response)
        except SessionInterrupted:
            return response
        if is_due and not session.modified:
            _record_use(session)
        return answered


def _with_cookie_kept(session: SessionStore, response: HttpResponse) -> HttpResponse:
    """Answer a request whose session had ended before, or that never had one.

    Django would delete the cookie. But a page sends several requests at once: the
    browser may have received a new session by the answer to another one, such as a
    sign-in, and would lose it.
    """
    if session.accessed:
        patch_vary_headers(response, ("Cookie",))
    return response


def _record_use(session: SessionStore) -> None:
    try:
        session.record_use()
    except DatabaseError as exc:
        # The page is complete; the next request will record its own time.
        logger.warning("use not recorded", extra={"reason": type(exc).__name__})


class LinkedSessionMiddleware:
    """End a browser session of an external issuer that is not valid any more.

    That is when its identity was unlinked or suspended, or its user became staff. It
    queries the database for such sessions only, and only when a view reads the user. It
    must come after the middleware that sets `request.user`.
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
        if not linked_sessions.is_valid(request, found):
            request.session.flush()
            return AnonymousUser()
        show_rows_of(found.pk)
        remember_user(request.META, found.pk)
        found.session_id = session_id_of(request)
        return found


class EndedCredentialMiddleware:
    """Ask the user to sign in again if their credential ended during the request."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        if not isinstance(exception, CredentialEnded):
            return None
        request.session.flush()
        request.user = AnonymousUser()
        show_rows_of(None)
        messages.error(
            request,
            "You were signed out meanwhile, so nothing was done. Sign in again.",
        )
        return redirect("account_login")


class BetterAuthSessionMiddleware:
    """Authenticate a request by the signed session cookie of Better Auth.

    This needs an issuer with `sessions` enabled, a visitor who is not signed in here,
    and a view that needs the user. The server is asked with each such request, so a
    sign-out or a ban there takes effect with the next one. If it can't be reached,
    nobody is signed out: the response is 503.

    Our own session is then bound to the cookie's user: see `session_binding`.

    It must come after the middleware that sets `request.user`, and before the one that
    requires a sign-in.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if cookie_sign_in := getattr(request, "cookie_sign_in", None):
            session_binding.record_user(request, *cookie_sign_in)
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        token = session_token_of(request)
        if not _needs_user(view):
            if not hasattr(view, "cls"):  # a page; endpoints like this read no session
                session_binding.unbind(request, unless_by=token)
            return None
        if request.user.is_authenticated:
            return None
        try:
            leaver = self._sign_in(request, token) if token is not None else None
        except TokenNotValid:
            leaver = None  # not signed in, as without the cookie
        except (Unavailable, Throttled) as refusal:
            return answer(request, refusal)
        if leaver is not None and not hasattr(view, "cls"):
            leaving.begin_once(request, leaver, at=timezone.now())
            return redirect(leaving.PAGE)
        if not request.user.is_authenticated:
            session_binding.unbind(request)
        return None

    def _sign_in(self, request: HttpRequest, token: str) -> User | None:
        """Sign the user in; return one who may only keep the account or leave."""
        now = timezone.now()
        verified = verify_external_token(token, now=now, sender=address_key(request))
        identity = identify(verified, at=now)
        reason = linked_sessions.refusal(identity, verified)
        is_leaving = linked_sessions.is_leaving(identity, reason)
        if is_leaving:
            reason = linked_sessions.refusal_to_leave(identity, verified, at=now)
        # The user may have used a factor in the session that belongs to this cookie.
        if (
            reason is None
            and identities.lacks_factor(identity)
            and not has_used_factor(request, identity.user)
        ):
            reason = linked_sessions.FACTOR
        if reason is None and is_leaving:
            return identity.user
        if reason is None:
            session_binding.bind(request, identity.user)
            request.cookie_sign_in = (  # type: ignore[attr-defined]
                identity.user,
                token,
            )
            request.user = identity.user
            show_rows_of(identity.user.pk)
            remember_user(request.META, identity.user.pk)
            request.credential = better_auth_credential(  # type: ignore[attr-defined]
                identity, verified
            )
            return None
        logger.info("credential refused", extra={"reason": f"better auth: {reason}"})
        if reason in linked_sessions.ADVICE and not request.path_info.startswith(
            "/api/"
        ):
            messages.error(request, linked_sessions.ADVICE[reason])
        return None


def _needs_user(view: Any) -> bool:
    """Tell whether the view needs the user: pages do unless they are public."""
    endpoint = getattr(view, "cls", None)
    if endpoint is not None:
        classes = endpoint.authentication_classes
        return any(issubclass(one, SessionAuthentication) for one in classes)
    return bool(getattr(view, "login_required", True))


def session_token_of(request: HttpRequest) -> str | None:
    """Return Better Auth's session token from the cookies, None if they don't count.

    A request with an Authorization header is authenticated by that only.
    """
    if session_issuer() is None or "HTTP_AUTHORIZATION" in request.META:
        return None
    for name in sessions.COOKIES:
        if value := request.COOKIES.get(name):
            return sessions.from_cookie(value)
    return None
