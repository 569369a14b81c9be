"""Receiving request bodies, with limits of size and time.

A body is received completely before its request gets a thread, so a slow client only
occupies a connection. Only a large upload is read later, by its view, after the user
has been authenticated. `settings.UPLOADS` holds the paths and limits of uploads.
"""

import asyncio
import io
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError

from config.api.problems import PayloadTooLarge, RequestTimeout, Unavailable
from config.front.rsgi import HTTPProtocol

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# This much of each body is always accepted. The rest of all bodies shares a limit.
SMALL = 64 * 1024  # bytes
SHARED = 64 * 1024 * 1024  # bytes per process
# How many threads of a process may wait for the rest of an upload.
WAITING_UPLOADS = 1
# After a refusal, the rest of the body is received and discarded for a while. Closing
# the connection at once would make the client's system drop the unread response.
LINGER_BYTES = 32 * 1024 * 1024
LINGER_SECONDS = 10
LINGER_IDLE_SECONDS = 1  # without receiving a byte


class EndedEarly(ParseError):
    """400: the client disconnected before the end of the body."""

    default_detail = "The body ended early."


class Share:
    """The part of the shared memory that one long body uses.

    Only the event loop changes it, so it needs no lock.
    """

    free = SHARED  # bytes, for all bodies of the process

    def __init__(self) -> None:
        self._taken = 0  # bytes

    def grow_to(self, size: int) -> None:
        """Reserve the memory for a body of `size` bytes.

        Raises:
            Unavailable: not enough shared memory is left.
        """
        more = max(0, size - SMALL) - self._taken
        if more > Share.free:
            raise Unavailable
        Share.free -= more
        self._taken += more

    def release(self) -> None:
        Share.free += self._taken
        self._taken = 0


class Body:
    """The body of one request, as far as it was received before the thread runs.

    A request with a `refusal` must not be served. While `is_unread`, more of the body
    may arrive, and the connection can't be used for another request.
    """

    def __init__(
        self,
        stream: IO[bytes] | None = None,
        length: int = 0,
        *,
        refusal: APIException | None = None,
        share: Share | None = None,
    ) -> None:
        self.stream = stream or io.BytesIO()
        self.length = length  # bytes
        self.refusal = refusal
        self._share = share

    @property
    def is_unread(self) -> bool:
        return self.refusal is not None

    def release(self) -> None:
        """Free the memory of the body. Called on the event loop, after the thread."""
        self.stream.close()
        if self._share:
            self._share.release()


class Upload(Body):
    """A large body that the view reads in its thread."""

    def __init__(self, protocol: HTTPProtocol, length: int) -> None:
        self._pieces = _Pieces(protocol, length)
        super().__init__(io.BufferedReader(self._pieces, SMALL), length)

    @property
    def is_unread(self) -> bool:
        return not self._pieces.are_complete


class _Pieces(io.RawIOBase):
    """The pieces of an upload as they arrive. Reading waits for the next piece."""

    _slots = threading.BoundedSemaphore(WAITING_UPLOADS)

    def __init__(self, protocol: HTTPProtocol, length: int) -> None:
        super().__init__()
        self._protocol: HTTPProtocol | None = protocol
        self._length = length
        self._loop = asyncio.get_running_loop()
        self._deadline: float | None = None
        self._rest = b""
        self._received = 0
        self._holds_slot = False

    @property
    def are_complete(self) -> bool:
        return self._received == self._length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Copy received data to `buffer`, and wait if there is none.

        Raises:
            Unavailable: this process is waiting for another upload.
            RequestTimeout: the upload takes too long.
            EndedEarly: the client disconnected.
        """
        if not self._rest and not self.are_complete:
            self._take_slot()
            coming = asyncio.run_coroutine_threadsafe(self._next(), self._loop)
            self._rest = coming.result()
            self._received += len(self._rest)
        with memoryview(buffer) as target:
            taken = min(len(target), len(self._rest))
            target[:taken], self._rest = self._rest[:taken], self._rest[taken:]
        return taken

    def _take_slot(self) -> None:
        if not self._holds_slot and not self._slots.acquire(blocking=False):
            raise Unavailable
        self._holds_slot = True

    async def _next(self) -> bytes:
        assert self._protocol is not None
        if self._deadline is None:
            self._deadline = self._loop.time() + seconds_for(self._length)
            aiter(self._protocol)
        try:
            async with asyncio.timeout_at(self._deadline):
                piece: bytes = await self._protocol.__anext__()
        except TimeoutError as exc:
            raise RequestTimeout from exc
        if not piece:
            raise EndedEarly
        return piece

    def close(self) -> None:
        # The traceback of a refusal can keep this object alive for a while, and the
        # connection can't close while a reference to the protocol exists.
        self._protocol = None
        if self._holds_slot:
            self._holds_slot = False
            self._slots.release()
        super().close()


def body_limit(path: str) -> int:
    """Return the maximum size in bytes of a request body for `path`."""
    limit: int = settings.UPLOADS.get(
        path.removesuffix("/"), settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    )
    return limit


def too_large(path: str) -> PayloadTooLarge:
    """Return the refusal of a body that exceeds the limit of `path`."""
    return PayloadTooLarge(f"The body is too large: {body_limit(path)} bytes at most.")


def seconds_for(length: int) -> float:
    """Return the time limit for receiving a body of `length` bytes."""
    seconds: float = settings.BODY_SECONDS + length / settings.BODY_BYTES_PER_SECOND
    return seconds


async def receive(protocol: HTTPProtocol, path: str, length: int | None) -> Body:
    """Receive a body, as far as it is received before the thread runs.

    `length` is None for a chunked body (RFC 9112 section 7.1), whose length is unknown
    until its end. Large uploads are not accepted in that form.
    """
    if length == 0:
        return Body()
    if length is not None and length > body_limit(path):
        return Body(refusal=too_large(path))
    if length is not None and length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        return Upload(protocol, length)
    share = Share()
    try:
        async with asyncio.timeout(seconds_for(length or 0)):
            stream = await _whole(protocol, path, length, share)
    except TimeoutError:
        refusal: APIException = RequestTimeout()
    except APIException as exc:
        refusal = exc
        # The traceback refers to the protocol and would keep the connection open.
        refusal.__traceback__ = refusal.__context__ = refusal.__cause__ = None
    else:
        return Body(stream, len(stream.getbuffer()), share=share)
    share.release()
    return Body(refusal=refusal)


async def _whole(
    protocol: HTTPProtocol, path: str, length: int | None, share: Share
) -> io.BytesIO:
    """Return a completely received body."""
    if length is not None and length <= SMALL:
        try:
            return io.BytesIO(await protocol())
        except RuntimeError as exc:
            raise EndedEarly from exc
    stream, ends = io.BytesIO(), 0
    async for piece in protocol:
        stream.write(piece)
        ends += not piece
        if stream.tell() > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise too_large(path)
        share.grow_to(stream.tell())
    # An empty piece marks the end. If the client disconnected, there are two.
    if ends != 1 or stream.tell() != (length or stream.tell()):
        raise EndedEarly
    stream.seek(0)
    return stream


async def linger(protocol: HTTPProtocol) -> None:
    """Receive and discard the rest of a body for a while."""
    left, until = LINGER_BYTES, asyncio.get_running_loop().time() + LINGER_SECONDS
    with suppress(RuntimeError):  # iteration has already started
        aiter(protocol)
    with suppress(TimeoutError, StopAsyncIteration):
        while left > 0:
            idle = asyncio.get_running_loop().time() + LINGER_IDLE_SECONDS
            async with asyncio.timeout_at(min(idle, until)):
                piece = await protocol.__anext__()
            if not piece:
                return
            left -= len(piece)
