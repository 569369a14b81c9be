"""The sign-ins by a passkey alone that visitors have begun.

A signed cookie holds the state of the ceremony, not the session: the script of the
sign-in page begins one as soon as the page is shown. If it stored a session, that could
replace the session of a sign-in by password which is sent at the same moment.
"""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from accounts.passkeys import SECONDS
from config.cookies import SignedCookie

COOKIE = SignedCookie(
    "PASSKEY_COOKIE_NAME",
    salt="accounts.begun_sign_ins",
    max_age=SECONDS,
    max_length=1000,
)


def keep(response: HttpResponse, begun: dict[str, Any]) -> None:
    """Store the state from `passkeys.begin_sign_in` in the browser."""
    COOKIE.write(response, urlsafe_base64_encode(json.dumps(begun).encode()))


def take(request: HttpRequest) -> dict[str, Any] | None:
    """Return what was kept, or None. `passkeys.finish_sign_in` accepts it once."""
    kept = COOKIE.read(request)
    if not kept:
        return None
    begun: dict[str, Any] = json.loads(urlsafe_base64_decode(kept))
    return begun
