"""The limit on invalid session tokens that one sender may present.

Anyone can invent a session token, and only the issuer can tell, so each costs a request
to it. A sender of too many gets 429 without such a request; sessions that are known to
be valid are not affected.
"""

import math
import threading
from collections import OrderedDict

from accounts.better_auth.exceptions import TooManyRefused
from config.api.throttling import count_request

SCOPE = "session-failed"
MAX_REMEMBERED = 10_000  # senders, per process


class _Stopped:
    """The senders over the limit that this process knows, and until when."""

    def __init__(self) -> None:
        self._until: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, sender: str, now: float) -> float:
        return self._until.get(sender, 0) - now

    def add(self, sender: str, until: float) -> None:
        with self._lock:
            self._until[sender] = until
            while len(self._until) > MAX_REMEMBERED:
                self._until.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._until.clear()


_stopped = _Stopped()


def check(sender: str, *, now: float) -> None:
    """Check that the sender may present a token that is not known.

    Raises:
        TooManyRefused: they have presented too many invalid ones.
    """
    wait = _stopped.wait(sender, now)
    if wait > 0:
        raise TooManyRefused(math.ceil(wait))


def count(sender: str, *, now: float) -> None:
    """Count an invalid token of the sender."""
    reading = count_request(SCOPE, sender, now=now)
    if reading.count >= reading.limit:
        _stopped.add(sender, now + reading.reset)


def clear() -> None:
    """Drop what this process knows."""
    _stopped.clear()
