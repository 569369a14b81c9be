"""How many session tokens that are none one sender may present.

Anybody can make one up, and only the issuer can tell, so each costs a question. Those
who present too many are told to wait, without one; sessions that are known to be good
go on.
"""

import math
import threading
from collections import OrderedDict

from accounts.better_auth.exceptions import TooManyRefused
from config.api.throttling import count_request

SCOPE = "session-failed"
MAX_REMEMBERED = 10_000  # senders, per process


class _Stopped:
    """Until when which senders are told to wait, as far as this process knows."""

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
    """Let the sender present a token that nobody knows.

    Raises:
        TooManyRefused: too many of theirs were none.
    """
    wait = _stopped.wait(sender, now)
    if wait > 0:
        raise TooManyRefused(math.ceil(wait))


def count(sender: str, *, now: float) -> None:
    """Count a token that was none."""
    reading = count_request(SCOPE, sender, now=now)
    if reading.count >= reading.limit:
        _stopped.add(sender, now + reading.reset)


def clear() -> None:
    """Stop nobody, as a new process does."""
    _stopped.clear()
