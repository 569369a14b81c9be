"""One request on its way through a thread, and its answer on the way back."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import IO, Any

from config.api.problems import Unavailable
from config.front.bodies import Body
from config.front.heads import Head
from config.front.rsgi import HTTPProtocol

logger = logging.getLogger(__name__)

PIECE = 64 * 1024  # bytes of a file that are sent at once
# A file waits in memory until its reader has taken it. The large ones of a process
# share a bound; one that is over it alone may go alone.
LARGE = 1024 * 1024  # bytes
SHARED = 64 * 1024 * 1024  # bytes
# Where in the environment Django finds why a request must not be served.
REFUSAL = "ownlist.refusal"

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Outgoing:
    """The large answers of this process that wait for their readers."""

    _lock = threading.Lock()
    size = 0  # bytes of all together

    def __init__(self) -> None:
        self._size = 0  # bytes

    def hold(self, size: int) -> bool:
        """Count an answer of `size` bytes; False if there is no room for it."""
        if size <= LARGE:
            return True
        with Outgoing._lock:
            if Outgoing.size and Outgoing.size + size > SHARED:
                return False
            Outgoing.size += size
        self._size = size
        return True

    async def leave(self, protocol: HTTPProtocol) -> None:
        """Wait for the reader, and give back the room."""
        if self._size:
            await protocol.client_disconnect()
            with Outgoing._lock:
                Outgoing.size -= self._size


class Job:
    """A request whose head and body are there. Made on the event loop."""

    def __init__(self, head: Head, body: Body, protocol: HTTPProtocol) -> None:
        self._environ = head.environ
        self._body = body
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self.done = self._loop.create_future()
        self.outgoing = Outgoing()
        self._environ["wsgi.input"] = body.stream
        self._environ["wsgi.file_wrapper"] = File
        self._environ["CONTENT_LENGTH"] = str(body.length)
        if body.refusal is not None:
            self._environ[REFUSAL] = body.refusal

    def run(self, application: Application) -> None:
        """Have the request answered and send the answer. In a thread."""
        try:
            self._run(application)
        except BaseException:
            # Django answers failures of its own. This one is around it.
            logger.exception("server error")
            self._protocol.response_empty(500, [])
        finally:
            self._loop.call_soon_threadsafe(self._end)

    def _run(self, application: Application) -> None:
        begun = _Beginning()
        pieces = application(self._environ, begun)
        try:
            if self._body.is_unread:
                begun.headers.append(("Connection", "close"))
            if not getattr(pieces, "streaming", False):
                content = b"".join(pieces)
                self._protocol.response_bytes(begun.status, begun.headers, content)
                return
            if self.outgoing.hold(begun.length):
                self._stream(begun, pieces)
                return
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
        self._environ[REFUSAL] = Unavailable()
        self._run(application)

    def _stream(self, begun: "_Beginning", pieces: Iterable[bytes]) -> None:
        transport = self._protocol.response_stream(begun.status, begun.headers)
        with suppress(RuntimeError):  # the reader has gone
            for piece in pieces:
                transport.send_bytes(piece)

    def _end(self) -> None:
        if not self.done.done():  # the server may have cancelled it
            self.done.set_result(None)


class _Beginning:
    """The status and headers of an answer: WSGI's `start_response`."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[str, str]] = []

    def __call__(self, status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        self.status, self.headers = int(status[:3]), headers

    @property
    def length(self) -> int:
        """How many bytes the answer has, or 0 where it doesn't say."""
        return int(dict(self.headers).get("Content-Length", 0))


class File:
    """A file as an answer (PEP 3333, "Optional Platform-Specific File Handling")."""

    streaming = True

    def __init__(self, file: IO[bytes], size: int = PIECE) -> None:
        self._file = file
        self.close = file.close

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self._file.read(PIECE), b"")
