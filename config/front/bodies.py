"""How much of a request's body is read, when, and how long that may take.

A body is complete before its request takes a thread, so a slow sender costs a
connection and nothing else. Only a large upload is read later, by the view that takes
it, once the view knows who sends it: `settings.UPLOADS` has the paths and limits.
"""

import asyncio
import io
import threading
from contextlib import suppress
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError

from config.api.problems import PayloadTooLarge, RequestTimeout, Unavailable
from config.front.rsgi import HTTPProtocol

# So much of each body always has room. The rest of them all shares a bound.
SMALL = 64 * 1024  # bytes
SHARED = 64 * 1024 * 1024  # bytes of a process
# Threads of a process that may wait for the rest of an upload.
WAITING_UPLOADS = 1
# What still comes after a refusal is thrown away for a while: to close at once would
# make the sender's system drop the answer before the sender has read it.
LINGER_BYTES = 32 * 1024 * 1024
LINGER_SECONDS = 10
LINGER_IDLE_SECONDS = 1  # without a byte


class EndedEarly(ParseError):
    """400: the sender has gone in the middle; most likely nobody reads this."""

    default_detail = "The body ended early."


class Share:
    """What one body takes of the memory that long bodies share.

    Only the event loop takes and gives back.
    """

    free = SHARED  # bytes, of all together

    def __init__(self) -> None:
        self._taken = 0  # bytes

    def grow_to(self, size: int) -> None:
        """Take what a body of `size` bytes needs.

        Raises:
            Unavailable: there is no more.
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
    """The body of one request, as far as it is there when the thread begins.

    With a `refusal` the request is not to be served. While `is_unread`, something may
    still come, and the connection can't carry another request.
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
        """Give back what the body took. On the event loop, after the thread."""
        self.stream.close()
        if self._share:
            self._share.release()


class Upload(Body):
    """A large body that its view reads, in its thread."""

    def __init__(self, protocol: HTTPProtocol, length: int) -> None:
        self._pieces = _Pieces(protocol, length)
        super().__init__(io.BufferedReader(self._pieces, SMALL), length)

    @property
    def is_unread(self) -> bool:
        return not self._pieces.are_complete


class _Pieces(io.RawIOBase):
    """The pieces of an upload as they arrive, for one reader that waits."""

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

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with what has arrived; wait if nothing has.

        Raises:
            Unavailable: this process waits for another upload.
            RequestTimeout: it takes too long.
            EndedEarly: the sender has gone.
        """
        if not self._rest and not self.are_complete:
            self._take_slot()
            coming = asyncio.run_coroutine_threadsafe(self._next(), self._loop)
            self._rest = coming.result()
            self._received += len(self._rest)
        taken = min(len(buffer), len(self._rest))
        buffer[:taken], self._rest = self._rest[:taken], self._rest[taken:]
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
        # A refusal may be kept for a while with all that it was raised through. The
        # connection can't close while somebody holds the protocol.
        self._protocol = None
        if self._holds_slot:
            self._holds_slot = False
            self._slots.release()
        super().close()


def body_limit(path: str) -> int:
    """Return how many bytes the body of a request to `path` may have."""
    limit: int = settings.UPLOADS.get(
        path.removesuffix("/"), settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    )
    return limit


def too_large(path: str) -> PayloadTooLarge:
    """Return the refusal of a body over the limit of `path`."""
    return PayloadTooLarge(f"The body is too large: {body_limit(path)} bytes at most.")


def seconds_for(length: int) -> float:
    """Return how long a body of `length` bytes may take to arrive."""
    seconds: float = settings.BODY_SECONDS + length / settings.BODY_BYTES_PER_SECOND
    return seconds


async def receive(protocol: HTTPProtocol, path: str, length: int | None) -> Body:
    """Read a body, as far as it is read before the thread begins.

    `length` is None for one in chunks (RFC 9112 section 7.1), which tells only by its
    end how long it is. Large uploads are not taken in that form.
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
        # What it was raised through holds the protocol, and so the connection.
        refusal.__traceback__ = refusal.__context__ = refusal.__cause__ = None
    else:
        return Body(stream, len(stream.getbuffer()), share=share)
    share.release()
    return Body(refusal=refusal)


async def _whole(
    protocol: HTTPProtocol, path: str, length: int | None, share: Share
) -> io.BytesIO:
    """Return a body that is read to its end."""
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
    # An empty piece is the end. Where the sender has gone, there are two.
    if ends != 1 or stream.tell() != (length or stream.tell()):
        raise EndedEarly
    stream.seek(0)
    return stream


async def linger(protocol: HTTPProtocol) -> None:
    """Throw away what still comes of a body, for a while."""
    left, until = LINGER_BYTES, asyncio.get_running_loop().time() + LINGER_SECONDS
    with suppress(RuntimeError):  # the reading has begun
        aiter(protocol)
    with suppress(TimeoutError, StopAsyncIteration):
        while left > 0:
            idle = asyncio.get_running_loop().time() + LINGER_IDLE_SECONDS
            async with asyncio.timeout_at(min(idle, until)):
                piece = await protocol.__anext__()
            if not piece:
                return
            left -= len(piece)
