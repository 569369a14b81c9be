"""The sign-ins by a passkey alone that visitors have begun.

A signed cookie holds the state of the ceremony, not the session: the script of the
sign-in page begins one as soon as the page is shown. If it stored a session, that could
replace the session of a sign-in by password which is sent at the same moment. Each is
accepted once.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from accounts.passkeys import SECONDS
from config import counters

SALT = "accounts.begun_sign_ins"
MAX_LENGTH = 1000  # characters of the cookie


def keep(response: HttpResponse, begun: dict[str, Any]) -> None:
    """Store the state from `passkeys.begin_sign_in` in the browser."""
    response.set_cookie(
        settings.PASSKEY_COOKIE_NAME,
        signing.dumps(begun, salt=SALT),
        max_age=SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def take(request: HttpRequest, *, at: datetime) -> dict[str, Any] | None:
    """Return what was kept, or None. It can't be taken a second time."""
    cookie = request.COOKIES.get(settings.PASSKEY_COOKIE_NAME, "")
    if not cookie or len(cookie) > MAX_LENGTH:
        return None
    try:
        begun: dict[str, Any] = signing.loads(cookie, salt=SALT)
    except signing.BadSignature:
        return None
    now = at.timestamp()
    uses = counters.add(
        "passkey",
        begun["state"]["challenge"],
        1,
        expires_at=math.ceil(now) + SECONDS,
        now=now,
    )
    return begun if uses == 1 else None
