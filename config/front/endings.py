"""Telling the event loop which requests have ended, many at a time.

A response is sent from a thread. What is left to do on the event loop can wait a
little, and to wake the loop for each short request costs 4 % of its processor time.
"""

import asyncio
from collections import deque

from config.front.answers import Job

LATEST = 0.05  # seconds after the end


class Endings:
    """The requests of a process that have ended, until the event loop knows of them."""

    def __init__(self) -> None:
        self._ended: deque[Job] = deque()
        self._loop: asyncio.AbstractEventLoop
        self._running = 0  # requests, as far as the event loop knows
        self._has_timer = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def expect_one(self) -> None:
        """Note the ends so far, and expect one more. Called on the event loop."""
        self._note()
        self._running += 1
        self._set_timer()

    def add(self, job: Job) -> None:
        """Add a request that has ended. Called in its thread."""
        self._ended.append(job)
        if job.is_urgent:
            self._loop.call_soon_threadsafe(self._note)

    def _note(self) -> None:
        while self._ended:
            self._ended.popleft().end()
            self._running -= 1

    def _set_timer(self) -> None:
        if self._running and not self._has_timer:
            self._has_timer = True
            self._loop.call_later(LATEST, self._on_timer)

    def _on_timer(self) -> None:
        self._has_timer = False
        self._note()
        self._set_timer()
