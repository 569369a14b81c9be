"""Device cookies: which accounts a browser has signed in to before.

The cookie is signed, and authenticates nobody. Sign-ins from such a browser are only
counted apart, so that an attacker who guesses passwords can't lock out the owner there
(OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
"""

import secrets
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from config.cookies import SignedCookie

MAX_ACCOUNTS = 5  # of one browser; the oldest is dropped first

SALT = "accounts.known_browsers"
COOKIE = SignedCookie(
    "DEVICE_COOKIE_NAME",
    salt=SALT,
    max_age=int(timedelta(days=180).total_seconds()),
    max_length=500,
)


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
    COOKIE.write(response, ".".join([secrets.token_urlsafe(12), account, *others]))


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    device, *accounts = COOKIE.read(request).split(".")
    return device, accounts


def _digest(email: str) -> str:
    return salted_hmac(SALT, email, algorithm="sha256").hexdigest()[:32]
