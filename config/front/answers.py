"""Running a request in a thread and sending its response."""

import asyncio
import logging
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from rest_framework.exceptions import APIException

from config.api.problems import Unavailable
from config.front.bodies import SMALL, Body
from config.front.callers import ADMISSION, CREDENTIALS, caller_of, credentials_in
from config.front.heads import Head
from config.front.rsgi import HTTPProtocol

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

logger = logging.getLogger(__name__)

PIECE = 64 * 1024  # bytes that are sent at once
# A response stays in memory until the client has received it. The large ones of a
# process share a limit. One over the limit is sent when no other is in memory.
LARGE = 256 * 1024  # bytes
SHARED = 64 * 1024 * 1024  # bytes
# Of a limit, one caller may use a half, or more for a single response.
PART_OF_ONE_CALLER = 2
SAFE = {"GET", "HEAD", "OPTIONS"}  # methods that write nothing (RFC 9110 section 9.2.1)
# The key in the WSGI environment with the refusal of a request.
REFUSAL = "ownlist.refusal"

Application = Callable[["WSGIEnvironment", Any], Iterable[bytes]]


class Memory:
    """What the large responses of a process share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.size = 0  # bytes, of all responses
        self._size_by_caller: Counter[Hashable] = Counter()

    def hold(self, size: int, caller: Hashable) -> bool:
        """Reserve `size` bytes; return False if a limit would be exceeded."""
        with self._lock:
            if self.size and self.size + size > SHARED:
                return False
            held = self._size_by_caller[caller]
            if held and held + size > SHARED // PART_OF_ONE_CALLER:
                return False
            self.size += size
            self._size_by_caller[caller] += size
        return True

    def release(self, size: int, caller: Hashable) -> None:
        with self._lock:
            self.size -= size
            self._size_by_caller[caller] -= size
            if not self._size_by_caller[caller]:
                del self._size_by_caller[caller]


memory = Memory()
# What is refused for its response was done before. So the responses to writes that do
# not fit have as much again, and those of one user can't fill what reads need.
memory_of_writes = Memory()


class Outgoing:
    """The memory of one large response while the client receives it."""

    def __init__(self) -> None:
        self._release: Callable[[], None] | None = None

    def hold(self, size: int, *, caller: Hashable, is_safe: bool) -> bool:
        """Reserve `size` bytes; return False if a limit would be exceeded."""
        if size <= LARGE:
            return True
        for one in (memory,) if is_safe else (memory, memory_of_writes):
            if one.hold(size, caller):
                self._release = partial(one.release, size, caller)
                return True
        return False

    async def release(self, protocol: HTTPProtocol) -> None:
        """Wait until the client has received the response, and free the memory."""
        if self._release is not None:
            await protocol.client_disconnect()
            self._release()


class Job:
    """A received request, since `received_at`. Created on the event loop."""

    def __init__(
        self, head: Head, body: Body, protocol: HTTPProtocol, *, received_at: float
    ) -> None:
        self.path = head.path
        self.credentials = credentials_in(head.environ)
        self.caller = caller_of(self.credentials)
        head.environ[CREDENTIALS] = self.credentials
        self.received_at = received_at
        # Whether it waits, or waited, for others of its caller and not for a thread.
        self.is_held_back = False
        self._environ = head.environ
        self._body = body
        self._protocol = protocol
        self.done = asyncio.get_running_loop().create_future()
        # Whether the event loop must know of its end at once: to read the rest of the
        # body, to free much memory, or because the connection can't close before.
        self.is_urgent = (
            body.is_unread or body.length > SMALL or not _is_kept(head.environ)
        )
        self.outgoing = Outgoing()
        self._is_taken = threading.Lock()
        self._environ["wsgi.input"] = body.stream
        self._environ["wsgi.file_wrapper"] = File
        self._environ["CONTENT_LENGTH"] = str(body.length)
        if body.refusal is not None:
            self._environ[REFUSAL] = body.refusal

    def take(self) -> bool:
        """Return whether the caller is the first, who answers the request."""
        return self._is_taken.acquire(blocking=False)

    def ask_when_user_is_known(self, admit: Callable[["Job", Hashable], bool]) -> None:
        """Let `admit` say whether it goes on, once it is known whose it is."""
        # The connection can't close while a reference to its request exists.
        this = weakref.ref(self)
        self._environ[ADMISSION] = lambda user: (
            (job := this()) is None or admit(job, user)
        )

    def refuse(self, refusal: APIException) -> None:
        """Let Django answer with this refusal, unless there is one already."""
        self._environ.setdefault(REFUSAL, refusal)

    def run(self, application: Application) -> None:
        """Run the request and send the response. Called in a thread."""
        try:
            self._run(application)
        except BaseException:
            # Django responds to its own errors. This one happened outside Django.
            logger.exception("server error")
            self._protocol.response_empty(500, [])

    def _run(self, application: Application) -> None:
        start = _StartResponse()
        pieces = application(self._environ, start)
        try:
            if self._body.is_unread:
                start.headers.append(("Connection", "close"))
            if not getattr(pieces, "streaming", False):
                content = b"".join(pieces)
                if len(content) <= LARGE or REFUSAL in self._environ:
                    self._protocol.response_bytes(start.status, start.headers, content)
                    return
                size, parts = len(content), _parts(content)
            else:
                size, parts = start.length, iter(pieces)
            self.is_urgent = True
            is_safe = self._environ["REQUEST_METHOD"] in SAFE
            # Who has no user shares with all others: credentials are easy to make up.
            caller = "" if self.caller in self.credentials else self.caller
            if self.outgoing.hold(size, caller=caller, is_safe=is_safe):
                self._stream(start, parts)
                return
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
        self._environ[REFUSAL] = Unavailable()
        self._run(application)

    def _stream(self, start: "_StartResponse", pieces: Iterable[bytes]) -> None:
        transport = self._protocol.response_stream(start.status, start.headers)
        with suppress(RuntimeError):  # the client has disconnected
            for piece in pieces:
                transport.send_bytes(piece)

    def end(self) -> None:
        """Note that it has ended. Called on the event loop."""
        if not self.done.done():  # the server may have cancelled it
            self.done.set_result(None)


def _parts(content: bytes) -> Iterator[bytes]:
    return (content[at : at + PIECE] for at in range(0, len(content), PIECE))


def _is_kept(environ: "WSGIEnvironment") -> bool:
    """Whether the client keeps the connection (RFC 9112 section 9.3)."""
    options = environ.get("HTTP_CONNECTION", "keep-alive").lower()
    return environ["SERVER_PROTOCOL"] == "HTTP/1.1" and "close" not in options


class _StartResponse:
    """The status and headers of a response, collected by WSGI's `start_response`."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[str, str]] = []

    def __call__(self, status: str, headers: list[tuple[str, str]], *_: object) -> None:
        self.status, self.headers = int(status[:3]), headers

    @property
    def length(self) -> int:
        """The length of the response in bytes, or 0 if it is not declared."""
        return int(dict(self.headers).get("Content-Length", 0))


class File:
    """A file as a response (PEP 3333, "Optional Platform-Specific File Handling")."""

    streaming = True

    def __init__(self, file: IO[bytes], size: int = PIECE) -> None:
        self._file = file
        self.close = file.close

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self._file.read(PIECE), b"")
