"""Better Auth's opaque session tokens, checked with the server that gave them.

For those who need a sign-out or a ban there to act here at once. Each request asks the
server, with its cookie cache and its prolonging of sessions switched off, so nothing
is remembered and nothing is changed. Only one issuer may be set up for it: the token
doesn't say whose it is.
"""

import re
import threading
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from accounts.better_auth.exceptions import KeysUnavailable, TokenRejected
from accounts.better_auth.fetching import FetchFailed, fetch_json
from accounts.better_auth.issuers import Issuer
from accounts.better_auth.verifier import VerifiedToken

COOKIES = ("__Secure-better-auth.session_token", "better-auth.session_token")
# 32 letters and digits, and the signature that the server may ask for.
FORM = re.compile(r"[A-Za-z0-9]{32}(?:\.[A-Za-z0-9+/]{43}=)?")
QUERY = "?disableCookieCache=true&disableRefresh=true"
RETRY_AFTER = 2  # seconds

# As many requests of this process may wait for the server at once; the other threads
# stay free.
_waiting = threading.Semaphore(2)


def is_session_token(text: str) -> bool:
    """Tell whether `text` has the form of a session token, raw or signed."""
    return FORM.fullmatch(text) is not None


def from_cookie(value: str) -> str | None:
    """Return the signed session token of the cookie's value, `None` for other text."""
    token = unquote(value)
    return token if is_session_token(token) and "." in token else None


def check(token: str, issuer: Issuer, *, now: float) -> VerifiedToken:
    """Ask the issuer whose session this is; `now` is in seconds since the epoch.

    `issued_at` of the answer is when the session began, which is when its user proved
    who they are; unless somebody of the issuer's staff began it in their place.

    Raises:
        TokenRejected: the session has ended, or its user is banned.
        KeysUnavailable: the issuer doesn't answer as it should, so nobody knows.
    """
    if not is_session_token(token):
        raise TokenRejected("malformed")
    answer = _ask(issuer, token)
    if answer is None:
        raise TokenRejected("session_ended")
    try:
        user, session = answer["user"], answer["session"]
        subject, ended = user["id"], _timestamp(session["expiresAt"])
        began = _timestamp(session["createdAt"])
    except (KeyError, TypeError, ValueError) as exc:
        raise KeysUnavailable(RETRY_AFTER) from exc
    if not isinstance(subject, str) or session.get("userId") != subject:
        raise KeysUnavailable(RETRY_AFTER)
    if user.get("banned") is True:
        raise TokenRejected("banned")
    if ended <= now:
        raise TokenRejected("expired")
    proved = None if session.get("impersonatedBy") else began
    return VerifiedToken(issuer, subject, began, ended, user, authenticated_at=proved)


def _ask(issuer: Issuer, token: str) -> Any:
    if not _waiting.acquire(blocking=False):
        raise KeysUnavailable(RETRY_AFTER)
    try:
        return fetch_json(
            issuer.session_url + QUERY, headers={"Authorization": f"Bearer {token}"}
        )
    except FetchFailed as exc:
        raise KeysUnavailable(RETRY_AFTER) from exc
    finally:
        _waiting.release()


def _timestamp(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())
