"""The load: requests over persistent connections, each of them timed."""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

ANSWER_TIMEOUT = 15  # seconds


@dataclass(frozen=True, slots=True)
class Call:
    """The bytes of one request, and the expected status."""

    data: bytes
    expected: int


@dataclass(slots=True)
class Sample:
    """The result of a load. Latencies are those of correct responses, in seconds.

    A refusal is a 503 with `Retry-After`, as an overloaded server should answer.
    """

    latencies: list[float] = field(default_factory=list)
    refusals: int = 0
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Connection(asyncio.Protocol):
    """A persistent connection of HTTP/1.1 with one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[int] | None = None
        self._buffer = b""
        self.asks_to_retry = False

    async def status_of(self, data: bytes, port: int) -> int:
        """Send a request, read the whole response and return its status."""
        loop = asyncio.get_running_loop()
        if self._transport is None or self._transport.is_closing():
            await loop.create_connection(lambda: self, "127.0.0.1", port)
        assert self._transport is not None
        self._buffer = b""
        self._answer = loop.create_future()
        self._transport.write(data)
        return await asyncio.wait_for(self._answer, ANSWER_TIMEOUT)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator or len(body) < _content_length(head):
            return
        self.asks_to_retry = b"\r\nretry-after:" in head.lower()
        if self._answer and not self._answer.done():
            self._answer.set_result(int(head.split(b" ", 2)[1]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer and not self._answer.done():
            self._answer.set_exception(ConnectionError("closed by the server"))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


async def _time_call(
    connection: Connection, call: Call, *, port: int, since: float, sample: Sample
) -> None:
    """Make one call and add it to the sample, timed from `since`."""
    try:
        status = await connection.status_of(call.data, port)
    except (OSError, TimeoutError) as exc:
        connection.close()
        error = f"{type(exc).__name__}: {exc}"
    else:
        if status == call.expected:
            sample.latencies.append(time.perf_counter() - since)
            return
        if status == 503 and connection.asks_to_retry:
            sample.refusals += 1
            return
        error = f"answered {status} instead of {call.expected}"
    sample.errors.append(error)


async def closed_loop(
    calls: Iterator[Call], *, port: int, connections: int, at_most_seconds: float
) -> Sample:
    """Make all calls as fast as possible, one after another on each connection.

    No further call starts after `at_most_seconds`.
    """
    sample = Sample()
    started = time.perf_counter()

    async def work(connection: Connection) -> None:
        for call in calls:
            since = time.perf_counter()
            if since - started > at_most_seconds:
                break
            await _time_call(connection, call, port=port, since=since, sample=sample)

    opened = [Connection() for _ in range(connections)]
    await asyncio.gather(*map(work, opened))
    sample.seconds = time.perf_counter() - started
    for connection in opened:
        connection.close()
    return sample


async def open_loop(
    calls: Iterator[Call], *, port: int, connections: int, rate: float, seconds: float
) -> Sample:
    """Make `rate` calls per second, however fast the responses are.

    Each call uses a random free connection. It is timed from the moment it was due, so
    a stall counts for all the calls that it delayed.
    """
    sample = Sample()
    opened = [Connection() for _ in range(connections)]
    loop = asyncio.get_running_loop()
    for connection in opened:
        await loop.create_connection(lambda c=connection: c, "127.0.0.1", port)  # type: ignore[misc]
    free = asyncio.Queue[Connection]()
    for connection in random.sample(opened, len(opened)):
        free.put_nowait(connection)

    async def make(call: Call, due: float) -> None:
        connection = await free.get()
        await _time_call(connection, call, port=port, since=due, sample=sample)
        free.put_nowait(connection)

    started = time.perf_counter()
    running: set[asyncio.Task[None]] = set()
    for n in range(int(rate * seconds)):
        due = started + n / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        task = asyncio.create_task(make(next(calls), due))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    sample.seconds = time.perf_counter() - started
    for connection in opened:
        connection.close()
    return sample
