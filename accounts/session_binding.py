"""Bind the browser session to one user where Better Auth's cookie signs in.

That cookie can change from one user to another, or disappear, while our own session
cookie stays. The content of a session (a requested code, messages, proofs) belongs to
one user. So the session names that user, and is emptied before it serves another one.
"""

from typing import TypedDict

from django.contrib import auth
from django.http import HttpRequest

from accounts import leaving
from accounts.models import User
from accounts.sign_in_records import OPENID_STATES_KEY, RECORD_KEYS
from config import drafts
from config.counters import digest_of

KEY = "accounts.session_owner"
# Kept for any user: drafts name their own, and a sign-in at an issuer that was begun
# here ends with whoever comes back from there.
KEPT = {drafts.SESSION_KEY, OPENID_STATES_KEY}
# What a sign-in here has just written for its own user.
WRITTEN_AT_SIGN_IN = {
    auth.SESSION_KEY,
    auth.BACKEND_SESSION_KEY,
    auth.HASH_SESSION_KEY,
    *RECORD_KEYS,
}


class Binding(TypedDict):
    """The id of the user, and the digest of the token last used with the session."""

    user: str
    token: str


def bind(request: HttpRequest, user: User) -> None:
    """Use this session for `user` from now on, without the data of anyone else.

    The data of a session that names no user is discarded as well.
    """
    bound = _binding(request)
    if bound is None or bound["user"] != str(user.pk):
        _empty(request)
        drafts.claim(request=request, user=user)


def record_user(request: HttpRequest, user: User, token: str) -> None:
    """Record the user in the session, unless it is empty."""
    binding = Binding(user=str(user.pk), token=digest_of(token))
    session = request.session
    if session.is_empty() or auth.SESSION_KEY in session:  # a sign-in here names them
        return
    if session.get(KEY) != binding:
        session[KEY] = binding


def unbind(request: HttpRequest, *, unless_by: str | None = None) -> None:
    """Empty a session that is bound to a user.

    `unless_by` is a token that was not verified now. If it is the one last used with
    the session, the session stays as it is.
    """
    session = getattr(request, "session", None)
    if session is None or not session.session_key:
        return
    bound = _binding(request)
    if bound is None or (unless_by and bound["token"] == digest_of(unless_by)):
        return
    _empty(request)
    if not session.is_empty():
        session.set_expiry(drafts.KEPT_FOR)


def bind_at_sign_in(*, request: HttpRequest, user: User, **kwargs: object) -> None:
    """Remove the data of another user from a session that `user` signed in to here."""
    session = getattr(request, "session", None)
    if session is None:
        return
    session.set_expiry(None)  # a sign-in at an issuer sets a shorter one
    session.pop(leaving.KEY, None)
    bound: Binding | None = session.pop(KEY, None)
    if bound is not None and bound["user"] != str(user.pk):
        for key in set(session.keys()) - WRITTEN_AT_SIGN_IN - KEPT:
            del session[key]


def _binding(request: HttpRequest) -> Binding | None:
    binding: Binding | None = request.session.get(KEY)
    return binding


def _empty(request: HttpRequest) -> None:
    session = request.session
    if set(session.keys()) <= KEPT:
        return
    kept = {key: session[key] for key in KEPT if key in session}
    session.flush()
    session.update(kept)
