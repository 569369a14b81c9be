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
from config.cookies import SignedCookie

SALT = "accounts.trusted_browsers"
MAX_ACCOUNTS = 5  # in one browser; older ones are dropped
MAX_AGE = int(settings.TRUSTED_BROWSER_AGE.total_seconds())
COOKIE = SignedCookie(
    "TRUSTED_COOKIE_NAME", salt=SALT, max_age=MAX_AGE, max_length=1000
)


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
    COOKIE.write(response, ".".join(f"{digest}-{at}" for digest, at in entries))


def _entries(request: HttpRequest) -> Iterator[tuple[str, int]]:
    """Yield digest and time of each entry that is not too old."""
    for entry in filter(None, COOKIE.read(request).split(".")):
        digest, _, at = entry.partition("-")
        if int(at) + MAX_AGE > time.time():
            yield digest, int(at)


def _digest(user: User) -> str:
    return salted_hmac(SALT, fingerprint(user), algorithm="sha256").hexdigest()[:40]
