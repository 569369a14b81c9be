"""Giving up on a server that keeps its connection open and sends nothing.

libpq finds peers that no longer acknowledge what was sent. But the system of a machine
acknowledges for a process that is frozen, and a proxy for a server behind it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from psycopg import Connection, OperationalError
from psycopg.abc import PQGen

INTERVAL = 0.1  # seconds, after which a waiting generator is resumed

Result = TypeVar("Result")


class NoAnswer(OperationalError):
    """The server has sent nothing for too long; the connection is closed."""


class ImpatientConnection(Connection[Any]):
    """A connection that fails if nothing comes for `answer_seconds`.

    The time counts from the last data, so a batch of many statements may take longer.
    """

    answer_seconds: float | None = None

    @contextmanager
    def answering_within(self, seconds: float) -> Iterator[None]:
        """Fail sooner, or later, during the block."""
        usual, self.answer_seconds = self.answer_seconds, seconds
        try:
            yield
        finally:
            self.answer_seconds = usual

    def wait(
        self,
        gen: PQGen[Result],
        interval: float = INTERVAL,
        timeout: float | None = None,
    ) -> Result:
        if self.answer_seconds is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(_bounded(gen, self.answer_seconds), interval, timeout)
        except NoAnswer:
            self.close()
            raise


def _bounded(gen: PQGen[Result], seconds: float) -> PQGen[Result]:
    """Pass `gen` on, which is resumed with 0 when an interval passed without data."""
    try:
        wanted = next(gen)
        since = time.monotonic()
        while True:
            ready = yield wanted
            if ready:
                since = time.monotonic()
            elif time.monotonic() - since >= seconds:
                raise NoAnswer("The server does not answer.")
            wanted = gen.send(ready)
    except StopIteration as end:
        result: Result = end.value
        return result
