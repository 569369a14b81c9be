"""A cache of tokens whose signature and claims were verified.

Verifying the same token again takes a sixth of the time of a short request. Only what
cannot change is kept: whether the user may still use the token is checked each time.
"""

import hashlib
import threading
from collections import OrderedDict
from typing import Generic, TypeVar

from django.utils.functional import cached_property

# For this long, a verified token is accepted again without verifying its signature. It
# bounds how late a withdrawn key is noticed.
SECONDS = 30.0
SIZE = 4096  # tokens, per process


class BearerToken(str):
    """The token of a request, whose digest is computed once."""

    @cached_property
    def digest(self) -> bytes:
        return _sha256(self)


_Verified = TypeVar("_Verified")


class VerifiedTokens(Generic[_Verified]):
    """What verification returned for each token, by the SHA-256 of the whole token."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, tuple[float, _Verified]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, token: str, *, now: float) -> _Verified | None:
        """Return what was verified within `SECONDS`. `now` is a time of the epoch.

        Nothing that was verified later than that: the clock was set back.
        """
        known = self._known.get(_digest(token))
        if known is None or not 0 < known[0] - now < SECONDS + 1:
            return None
        return known[1]

    def add(
        self, token: str, verified: _Verified, *, expires_at: float, now: float
    ) -> None:
        """Keep the result for a token, which must not be older than `expires_at`."""
        until = min(expires_at, now + SECONDS)
        with self._lock:
            self._known[_digest(token)] = (until, verified)
            while len(self._known) > SIZE:
                self._known.popitem(last=False)

    def forget(self) -> None:
        """Empty the cache."""
        with self._lock:
            self._known.clear()


def _digest(token: str) -> bytes:
    return token.digest if isinstance(token, BearerToken) else _sha256(token)


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
