"""Which accounts a browser has signed in to before.

A signed cookie says so. It opens nothing: sign-ins from that browser are only counted
apart, so that a stranger who guesses at the account can't lock its owner out there.
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

MAX_AGE = timedelta(days=180)
MAX_ACCOUNTS = 5  # of one browser; the oldest is forgotten first
MAX_LENGTH = 500  # characters of the cookie

SALT = "accounts.known_browsers"


def device_id(request: HttpRequest, email: str) -> str | None:
    """Return the id of the browser, if it has signed in to this account before."""
    browser, accounts = _read(request)
    return browser if _digest(email) in accounts else None


def set_cookie(request: HttpRequest, response: HttpResponse, email: str) -> None:
    """Let the browser show later that it has signed in to this account."""
    _, accounts = _read(request)
    account = _digest(email)
    others = [other for other in accounts if other != account][: MAX_ACCOUNTS - 1]
    # A new id each time: an old copy of the cookie can't use up the tries of this one.
    response.set_signed_cookie(
        settings.DEVICE_COOKIE_NAME,
        ".".join([secrets.token_urlsafe(12), account, *others]),
        salt=SALT,
        max_age=MAX_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    name = settings.DEVICE_COOKIE_NAME
    if len(request.COOKIES.get(name, "")) > MAX_LENGTH:
        return "", []
    value = request.get_signed_cookie(name, default="", salt=SALT, max_age=MAX_AGE)
    browser, *accounts = str(value).split(".")
    return browser, accounts


def _digest(email: str) -> str:
    return salted_hmac(SALT, email, algorithm="sha256").hexdigest()[:32]
