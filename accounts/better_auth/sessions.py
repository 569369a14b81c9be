"""Better Auth's opaque session tokens, checked with the server that issued them.

They are for deployments where a sign-out or a ban there must take effect here at once.
Each request asks the server, with its cookie cache and session renewal switched off: no
valid response is cached, and nothing changes there. Only one issuer can be configured,
because the token doesn't name its issuer.

Anyone can invent a token, and only the server can tell. So unknown tokens may use only
one of the concurrent requests, and tokens that were valid recently keep the other.
"""

import hashlib
import http.client
import json
import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

from django.core.cache import cache

from accounts.better_auth import sender_limits
from accounts.better_auth.exceptions import KeysUnavailable, TokenRejected
from accounts.better_auth.fetching import FetchFailed, fetch, fetch_json
from accounts.better_auth.issuers import Issuer
from accounts.better_auth.shared_cache import best_effort
from accounts.better_auth.verifier import VerifiedToken, is_subject
from accounts.models import EndedSession

logger = logging.getLogger(__name__)

COOKIES = ("__Secure-better-auth.session_token", "better-auth.session_token")
# 32 letters and digits, and optionally a signature, which the server may require.
TOKEN_PATTERN = re.compile(r"[A-Za-z0-9]{32}(?:\.[A-Za-z0-9+/]{43}=)?")
QUERY = "?disableCookieCache=true&disableRefresh=true"
RETRY_AFTER = 2  # seconds

KNOWN_SECONDS = 5 * 60.0  # for which a token counts as known after it was valid
REFUSED_SECONDS = 30.0  # for which a refusal is remembered
MAX_REMEMBERED = 10_000  # tokens of either kind, per process
MAX_WAIT = 0.5  # seconds that a request waits for its turn to ask
# A session lasts for 7 days there, and longer while it is in use.
ENDED_FOR = timedelta(days=30)


def is_session_token(text: str) -> bool:
    """Tell whether `text` has the syntax of a session token, raw or signed."""
    return TOKEN_PATTERN.fullmatch(text) is not None


def from_cookie(value: str) -> str | None:
    """Return the signed session token in the value of a cookie, None for other text."""
    token = unquote(value)
    return token if is_session_token(token) and "." in token else None


# --- Asking --------------------------------------------------------------------


def check(token: str, issuer: Issuer, *, now: float, sender: str = "") -> VerifiedToken:
    """Ask the issuer whose session this is; `now` is in seconds since the epoch.

    The returned `issued_at` is when the session began. That is also when the user
    proved who they are, unless the issuer's staff impersonates them. `sender` is the
    key of the network address that presents the token; if it is empty, invalid tokens
    are not counted.

    Raises:
        TokenRejected: the session has ended, or its user is banned.
        TooManyRefused: the token is unknown, and too many of this sender were invalid.
        KeysUnavailable: the issuer doesn't respond as it should, or there are too many
            concurrent requests to it.
    """
    if not is_session_token(token):
        raise TokenRejected("malformed")
    digest = _digest(token)
    if _refused.holds(digest, now) or _ended_here(digest, now):
        raise TokenRejected("session_ended")
    known = _is_known(digest, now)
    if sender and not known:
        sender_limits.check(sender, now=now)
    with _slot(known=known):
        answer = _ask(issuer, token)
    if answer is None:
        if known:
            _forget(digest)
        _refused.add(digest, until=now + REFUSED_SECONDS)
        if sender:
            sender_limits.count(sender, now=now)
        raise TokenRejected("session_ended")
    verified = _verified(answer, issuer, now=now)
    _remember(digest, now)
    return verified


def _ask(issuer: Issuer, token: str) -> Any:
    try:
        return fetch_json(
            issuer.session_url + QUERY, headers={"Authorization": f"Bearer {token}"}
        )
    except FetchFailed as exc:
        raise KeysUnavailable(RETRY_AFTER) from exc


def _verified(answer: Any, issuer: Issuer, *, now: float) -> VerifiedToken:
    try:
        user, session = answer["user"], answer["session"]
        subject, ended = user["id"], _timestamp(session["expiresAt"])
        began = _timestamp(session["createdAt"])
    except (KeyError, TypeError, ValueError) as exc:
        raise KeysUnavailable(RETRY_AFTER) from exc
    if not isinstance(subject, str) or session.get("userId") != subject:
        raise KeysUnavailable(RETRY_AFTER)
    if not is_subject(subject):
        raise TokenRejected("subject")
    if user.get("banned") is True:
        raise TokenRejected("banned")
    if ended <= now:
        raise TokenRejected("expired")
    proved = None if session.get("impersonatedBy") else began
    return VerifiedToken(issuer, subject, began, ended, user, authenticated_at=proved)


def _timestamp(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


# --- What is remembered about tokens ---------------------------------------------


class _Memory:
    """Digests of tokens with an expiry time; of too many, the oldest are dropped.

    Nothing is remembered for longer than `seconds`, also if the clock is set back.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def holds(self, digest: str, now: float) -> bool:
        return 0 < self._until.get(digest, 0) - now < self._seconds + 1

    def add(self, digest: str, *, until: float) -> None:
        with self._lock:
            self._until[digest] = until
            self._until.move_to_end(digest)
            while len(self._until) > MAX_REMEMBERED:
                self._until.popitem(last=False)

    def forget(self, digest: str) -> None:
        with self._lock:
            self._until.pop(digest, None)

    def clear(self) -> None:
        with self._lock:
            self._until.clear()


_known = _Memory(KNOWN_SECONDS)
_refused = _Memory(REFUSED_SECONDS)


def forget_sessions() -> None:
    """Drop what this process remembers about tokens."""
    _known.clear()
    _refused.clear()
    sender_limits.clear()


def _digest(token: str) -> str:
    """Return the digest of the token without its signature."""
    return hashlib.sha256(token.partition(".")[0].encode()).hexdigest()


def _cache_key(digest: str) -> str:
    return f"better-auth:session:{digest}"


def _is_known(digest: str, now: float) -> bool:
    """Tell whether any process found this session valid within the last minutes."""
    if _known.holds(digest, now):
        return True
    until = best_effort(lambda: cache.get(_cache_key(digest)))
    if until is None or until <= now:
        return False
    _known.add(digest, until=until)
    return True


def _remember(digest: str, now: float) -> None:
    """Remember the token; the shared cache is written only now and then."""
    if not _is_known(digest, now + KNOWN_SECONDS / 2):
        until = now + KNOWN_SECONDS
        _known.add(digest, until=until)
        key = _cache_key(digest)
        best_effort(lambda: cache.set(key, until, timeout=int(KNOWN_SECONDS)))


def _forget(digest: str) -> None:
    _known.forget(digest)
    best_effort(lambda: cache.delete(_cache_key(digest)))


# --- Limits on concurrent requests ------------------------------------------------


class ConcurrencyLimit:
    """Allows `number` concurrent requests of this process, and `waiting` more to wait.

    `acquire` raises `KeysUnavailable` if its turn doesn't come within `MAX_WAIT`.
    """

    def __init__(self, number: int, *, waiting: int) -> None:
        self._free = threading.Semaphore(number)
        self._waiting = threading.Semaphore(waiting)

    @contextmanager
    def acquire(self) -> Iterator[None]:
        if not self._free.acquire(blocking=False):
            self._wait()
        try:
            yield
        finally:
            self._free.release()

    def _wait(self) -> None:
        if not self._waiting.acquire(blocking=False):
            raise KeysUnavailable(RETRY_AFTER)
        try:
            if not self._free.acquire(timeout=MAX_WAIT):
                raise KeysUnavailable(RETRY_AFTER)
        finally:
            self._waiting.release()


# The other threads of the process stay free for requests without a session token.
_limit = ConcurrencyLimit(2, waiting=2)
_limit_for_unknown = ConcurrencyLimit(1, waiting=1)


@contextmanager
def _slot(*, known: bool) -> Iterator[None]:
    """Wait for a turn to ask. Unknown tokens may use only one of the two.

    Raises:
        KeysUnavailable: the turn doesn't come within `MAX_WAIT`.
    """
    if known:
        with _limit.acquire():
            yield
    else:
        with _limit_for_unknown.acquire(), _limit.acquire():
            yield


# --- Signing out ----------------------------------------------------------------


def end(token: str, issuer: Issuer, *, now: float) -> bool:
    """End the session at its server; tell whether the server confirmed it."""
    digest = _digest(token)
    try:
        with _slot(known=_is_known(digest, now)):
            answer = fetch(
                f"{issuer.url}/api/auth/sign-out",
                method="POST",
                headers={
                    "Authorization": f"Bearer {token}",
                    "Content-Type": "application/json",
                    "Origin": issuer.url,
                },
                body=b"{}",
            )
    except (FetchFailed, KeysUnavailable) as exc:
        logger.warning("session not ended at its issuer", extra={"reason": str(exc)})
        return False
    _forget(digest)
    return answer.status == http.client.OK and _says_success(answer.body)


def _says_success(body: bytes) -> bool:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(answer, dict) and answer.get("success") is True


def end_here(token: str, *, at: datetime) -> None:
    """Refuse the session in all processes, whatever its server says."""
    EndedSession.objects.update_or_create(
        digest=_digest(token), defaults={"until": at + ENDED_FOR}
    )


def _ended_here(digest: str, now: float) -> bool:
    at = datetime.fromtimestamp(now, UTC)
    return EndedSession.objects.filter(pk=digest, until__gt=at).exists()
