"""Browsers in which the user needn't repeat the second step for two weeks.

A signed cookie holds one entry for each account that trusts the browser. It ends when
the factors or the credentials of its user change: then the fingerprint is another.
"""

import time
from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.factors import fingerprint
from accounts.models import User

SALT = "accounts.trusted_browsers"
MAX_ACCOUNTS = 5  # in one browser; older ones are dropped
MAX_LENGTH = 1000
MAX_AGE = int(settings.TRUSTED_BROWSER_AGE.total_seconds())


def is_trusted(request: HttpRequest, user: User) -> bool:
    """Tell whether the user trusts this browser."""
    entries = list(_entries(request))
    if not entries:
        return False
    mine = _digest(user)
    return any(constant_time_compare(digest, mine) for digest, _ in entries)


def trust(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """Let the browser skip the second step of this user from now on."""
    mine = _digest(user)
    others = [entry for entry in _entries(request) if entry[0] != mine]
    entries = [(mine, int(time.time())), *others[: MAX_ACCOUNTS - 1]]
    response.set_signed_cookie(
        settings.TRUSTED_COOKIE_NAME,
        ".".join(f"{digest}-{at}" for digest, at in entries),
        salt=SALT,
        max_age=MAX_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _entries(request: HttpRequest) -> Iterator[tuple[str, int]]:
    """Yield digest and time of each entry that is not too old."""
    name = settings.TRUSTED_COOKIE_NAME
    if len(request.COOKIES.get(name, "")) > MAX_LENGTH:
        return
    value = request.get_signed_cookie(name, default="", salt=SALT, max_age=MAX_AGE)
    for entry in filter(None, str(value).split(".")):
        digest, _, at = entry.partition("-")
        if int(at) + MAX_AGE > time.time():
            yield digest, int(at)


def _digest(user: User) -> str:
    return salted_hmac(SALT, fingerprint(user), algorithm="sha256").hexdigest()[:40]
