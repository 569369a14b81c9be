"""Turns at the write lock of SQLite, for tasks of many transactions.

There is one lock, and whoever waits for it looks every 100 ms whether it is free, for
five seconds. A task that begins its next transaction at once holds it at nearly every
look, so all others would give up.
"""

from time import monotonic, sleep

from django.db import connection

WORK = 0.5  # seconds, after which the task pauses
PAUSE = 0.11  # longer than the time between two looks


class Turns:
    """One task, which calls `take` between its transactions."""

    def __init__(self) -> None:
        self._since = monotonic()

    def take(self) -> None:
        """Let others write, if the task has been writing for a while."""
        if connection.vendor == "sqlite" and monotonic() - self._since >= WORK:
            sleep(PAUSE)
            self._since = monotonic()
