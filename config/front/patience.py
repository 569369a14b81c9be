"""Refusing requests that no thread takes, while all threads wait for a slow part.

A thread refuses what it takes too late. But while PostgreSQL is frozen or a table is
locked, no thread takes anything for up to 20 seconds.
"""

import asyncio
import weakref
from collections import deque
from collections.abc import Callable

from config.front.answers import Job

# A request that waited this long for a thread is refused with 503. Its client has
# probably given up, and the queue of an overloaded process stays this short.
WAIT_MAX = 3.0  # seconds
INTERVAL = 0.25  # seconds


class Patience:
    """The requests of a process, until each is taken or has waited too long.

    `give_up` is called for those of the second kind. All is called on the event loop.
    """

    def __init__(
        self, give_up: Callable[[Job], None], clock: Callable[[], float]
    ) -> None:
        self._give_up = give_up
        self._clock = clock
        # The connection can't close while a reference to its request exists.
        self._waiting: deque[weakref.ref[Job]] = deque()
        self._loop: asyncio.AbstractEventLoop
        self._has_timer = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def add(self, job: Job) -> None:
        """Add a request that was just received."""
        self._waiting.append(weakref.ref(job))
        self._set_timer()

    def look(self) -> None:
        """Give up what has waited too long."""
        while self._waiting:
            job = self._waiting[0]()
            if job and self._clock() - job.received_at <= WAIT_MAX:
                return  # and so did those after it
            self._waiting.popleft()
            if job and job.take():
                self._give_up(job)

    def _set_timer(self) -> None:
        if self._waiting and not self._has_timer:
            self._has_timer = True
            self._loop.call_later(INTERVAL, self._on_timer)

    def _on_timer(self) -> None:
        self._has_timer = False
        self.look()
        self._set_timer()
