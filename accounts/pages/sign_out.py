"""Signing out here, and at Better Auth if its session signed the user in."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account import views as allauth
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework.exceptions import Throttled

from accounts.better_auth import sessions
from accounts.better_auth.issuers import Issuer, session_issuer
from accounts.middleware import session_token_of
from config.api.throttling import count_request
from config.client_address import address_key
from config.errors import answer


def clear_browser(response: HttpResponse) -> HttpResponse:
    """Let the browser forget what it stored: pages, and tasks kept for offline use.

    Cookies stay: the session has ended on the server, and the other cookies contain
    nothing about tasks.
    """
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


class SignOutView(allauth.LogoutView):
    """End the session of this browser.

    If Better Auth's cookie signs the browser in, the session there is ended as well:
    otherwise the next page would be signed in again. If that server can't be reached,
    the session is refused here from now on.
    """

    def get(self, *args: object, **kwargs: object) -> HttpResponse:
        response: HttpResponse
        if session_token_of(self.request) is not None:
            response = self.render_to_response(self.get_context_data())
        else:
            response = super().get(*args, **kwargs)
        return response

    def get_context_data(self, **kwargs: object) -> dict[str, Any]:
        issuer = session_issuer() if session_token_of(self.request) else None
        context: dict[str, Any]
        context = super().get_context_data(**kwargs)  # type: ignore[no-untyped-call]
        return context | {"outside": _named(issuer) if issuer else None}

    def post(self, *args: object, **kwargs: object) -> HttpResponse:
        request: HttpRequest = self.request
        token, issuer = session_token_of(request), session_issuer()
        response: HttpResponse
        if token is None or issuer is None:
            return clear_browser(super().post(*args, **kwargs))
        now = timezone.now()
        ended_there = sessions.end(token, issuer, now=now.timestamp())
        if not ended_there:
            reading = count_request(
                "session-ended-here", address_key(request), now=now.timestamp()
            )
            if reading.wait is not None:
                return answer(request, Throttled(reading.wait))
            sessions.end_here(token, at=now)
        response = super().post(*args, **kwargs)
        if ended_there:
            messages.success(request, f"You have also signed out of {_named(issuer)}.")
        else:
            messages.warning(
                request,
                f"{_named(issuer)} can't be reached. You have signed out here, but you"
                " may still be signed in there.",
            )
        return clear_browser(response)


def _named(issuer: Issuer) -> str:
    return urlsplit(issuer.url).hostname or issuer.issuer
