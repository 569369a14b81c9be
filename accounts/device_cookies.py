"""Device cookies: which accounts a browser has signed in to before.

The cookie is signed, and authenticates nobody. Sign-ins from such a browser are only
counted apart, so that an attacker who guesses passwords can't lock out the owner there
(OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

MAX_AGE = timedelta(days=180)
MAX_ACCOUNTS = 5  # of one browser; the oldest is dropped first
MAX_LENGTH = 500  # characters of the cookie

SALT = "accounts.known_browsers"


def device_id(request: HttpRequest, email: str) -> str | None:
    """Return the id of the browser if it has signed in to this account, else None."""
    device, accounts = _read(request)
    return device if _digest(email) in accounts else None


def set_cookie(request: HttpRequest, response: HttpResponse, email: str) -> None:
    """Record in the cookie that the browser has signed in to this account."""
    _, accounts = _read(request)
    account = _digest(email)
    others = [other for other in accounts if other != account][: MAX_ACCOUNTS - 1]
    # A new id each time, so that a stolen copy of an earlier cookie can't use up the
    # attempts of this browser.
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
    device, *accounts = str(value).split(".")
    return device, accounts


def _digest(email: str) -> str:
    return salted_hmac(SALT, email, algorithm="sha256").hexdigest()[:32]
