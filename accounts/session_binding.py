"""Whose a browser session is that Better Auth's cookie signs in.

The cookie can pass from one user to the next, or be gone, while our own session cookie
stays. What the session holds (a code that was asked for, messages, proofs) is of one
user. So it names that user, and is emptied before anybody else is served by it.
"""

from typing import Any

from django.contrib import auth
from django.http import HttpRequest

from accounts.models import User
from accounts.sign_in_records import OPENID_STATES_KEY, RECORD_KEYS
from config import drafts
from config.counters import digest_of

OWNER = "accounts.session_owner"
# What is safe with anybody: drafts name their user, and a sign-in at another server
# that was begun here ends with whoever comes back from there.
KEPT = {drafts.SESSION_KEY, OPENID_STATES_KEY}
# What a sign-in here has just written, for its own user.
WRITTEN_AT_SIGN_IN = {
    auth.SESSION_KEY,
    auth.BACKEND_SESSION_KEY,
    auth.HASH_SESSION_KEY,
    *RECORD_KEYS,
}


def bind(request: HttpRequest, user: User) -> None:
    """Serve `user` by this session from here on, with nothing of anybody else.

    A session that names nobody counts as somebody else's.
    """
    owner = request.session.get(OWNER)
    if owner is None or owner["user"] != str(user.pk):
        _empty(request)
        drafts.claim(request=request, user=user)


def record_user(request: HttpRequest, user: User, token: str) -> None:
    """Write down whose the session is, if there is anything in it."""
    owner = {"user": str(user.pk), "token": digest_of(token)}
    session = request.session
    if session.is_empty() or auth.SESSION_KEY in session:  # a sign-in here says whose
        return
    if session.get(OWNER) != owner:
        session[OWNER] = owner


def unbind(request: HttpRequest, *, unless_by: str | None = None) -> None:
    """Serve nobody by a session that is a user's: empty it.

    `unless_by` is a token that nobody has checked now. Where it is the one that the
    session was last used with, the session stays.
    """
    session = getattr(request, "session", None)
    if session is None or not session.session_key:
        return
    owner = session.get(OWNER)
    if owner is None or (unless_by and owner["token"] == digest_of(unless_by)):
        return
    _empty(request)
    if not session.is_empty():
        session.set_expiry(drafts.KEPT_FOR)


def bind_at_sign_in(*, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Leave nothing of another user in a session that `user` signed in to here."""
    session = getattr(request, "session", None)
    if session is None:
        return
    session.set_expiry(None)  # a sign-in that is under way lasts for less
    owner = session.pop(OWNER, None)
    if owner is not None and owner["user"] != str(user.pk):
        for key in set(session.keys()) - WRITTEN_AT_SIGN_IN - KEPT:
            del session[key]


def _empty(request: HttpRequest) -> None:
    session = request.session
    if set(session.keys()) <= KEPT:
        return
    kept = {key: session[key] for key in KEPT if key in session}
    session.flush()
    session.update(kept)
