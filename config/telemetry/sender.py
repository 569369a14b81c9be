"""Sending to a receiver from a thread of its own, for which no request waits."""

from __future__ import annotations

import atexit
import gzip
import http.client
import os
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from config.outages import Cause, outages

Item = TypeVar("Item")

PART = "telemetry"  # of an outage
TIMEOUT = 5.0  # seconds, for each step of sending
COMPRESSION = 1  # the fastest level, which leaves a tenth of the size
PAUSE = 10.0  # seconds, after a failure
PAUSE_MAX = 300.0  # seconds, if the receiver asks for more
STOP_TIMEOUT = 2.0  # seconds, for which the end of a process waits at most
# These mean: send it again later.
BUSY = frozenset({429, 502, 503, 504})


class NotAccepted(Exception):
    """The receiver answered with a status other than 2xx."""

    def __init__(self, status: int, retry_after: str = "") -> None:
        super().__init__(status)
        self.is_busy = status in BUSY
        self.code = f"status {status}"
        asked = retry_after.isascii() and retry_after.isdigit()
        self.pause = min(max(float(retry_after), PAUSE), PAUSE_MAX) if asked else PAUSE


def post(url: str, headers: Mapping[str, str], body: bytes) -> None:
    """Send a body, compressed, and read the status of the answer.

    It follows no redirect, so nothing reaches a host that the setting does not name.

    Raises:
        OSError, http.client.HTTPException: the receiver can't be reached.
        NotAccepted: it did not answer with 2xx.
    """
    parts = urlsplit(url)
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            parts.netloc, timeout=TIMEOUT, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT)
    sent = {"Content-Encoding": "gzip", "User-Agent": "ownlist", **headers}
    with closing(connection):
        connection.request(
            "POST", parts.path, gzip.compress(body, COMPRESSION, mtime=0), sent
        )
        answer = connection.getresponse()
        if not 200 <= answer.status < 300:
            raise NotAccepted(answer.status, answer.headers.get("Retry-After", ""))


class Sender(Generic[Item]):
    """A bounded queue, and a thread that sends what is in it.

    `encode` makes one body of up to `batch` items, in the thread, which waits `linger`
    seconds for as many. While the receiver fails, `capacity` items are kept, and later
    ones are dropped. The thread starts with the first item, so each process that is
    forked has its own.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        encode: Callable[[list[Item]], bytes],
        *,
        capacity: int,
        batch: int = 1,
        linger: float = 0.0,
    ) -> None:
        self._url = url
        self._headers = headers
        self._encode = encode
        self._capacity = capacity
        self._batch = batch
        self._linger = linger
        self._begin()
        os.register_at_fork(after_in_child=self._begin)
        _senders.append(self)

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[Item] = deque()
        self._thread: threading.Thread | None = None
        self._is_ending = False

    def put(self, item: Item) -> None:
        """Let the thread send the item. Returns at once."""
        with self._changed:
            if len(self._waiting) >= self._capacity or self._is_ending:
                return
            self._waiting.append(item)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name=PART, daemon=True
                )
                self._thread.start()
            # It waits for the first item, and then for a batch.
            if len(self._waiting) in {1, self._batch}:
                self._changed.notify()

    def end(self) -> None:
        """Send what is waiting, and accept no more."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()

    def join(self, timeout: float) -> None:
        """Wait for the end, `timeout` seconds at most."""
        if self._thread is not None:
            self._thread.join(max(0.0, timeout))

    def _work(self) -> None:
        while items := self._next():
            try:
                post(self._url, self._headers, self._encode(items))
            except NotAccepted as error:
                self._failed(error, error.code)
                self._pause(error.pause, items if error.is_busy else [])
            except Exception as error:
                self._failed(error)
                is_away = isinstance(error, OSError | http.client.HTTPException)
                self._pause(PAUSE, items if is_away else [])
            else:
                outages.worked(PART, now=time.monotonic())

    def _next(self) -> list[Item]:
        """Wait for the next items to send; return none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_ending)
            self._changed.wait_for(
                lambda: len(self._waiting) >= self._batch or self._is_ending,
                self._linger,
            )
            count = min(self._batch, len(self._waiting))
            return [self._waiting.popleft() for _ in range(count)]

    def _failed(self, error: Exception, code: str = "") -> None:
        outages.failed(Cause(PART, type(error).__name__, code), now=time.monotonic())

    def _pause(self, seconds: float, unsent: list[Item]) -> None:
        """Keep what was not sent, and wait. A process that ends sends no more."""
        with self._changed:
            self._waiting.extendleft(reversed(unsent))
            self._changed.wait_for(lambda: self._is_ending, seconds)
            if self._is_ending:
                self._waiting.clear()


_senders: list[Sender[Any]] = []


@atexit.register
def stop() -> None:
    """Send what is waiting in all queues, for as long as the end may take."""
    deadline = time.monotonic() + STOP_TIMEOUT
    for sender in _senders:
        sender.end()
    for sender in _senders:
        sender.join(deadline - time.monotonic())
