"""Receiving bodies, on an event loop of the test."""

import asyncio
import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.api.problems import PayloadTooLarge, RequestTimeout, Unavailable
from config.front import bodies
from config.front.bodies import EndedEarly, Share, Upload, linger, receive

KIB = 1024
MIB = 1024 * KIB
PAGE = "/accounts/login/"
IMPORT = "/api/v1/import"


class Sent:
    """A fake request of granian: pieces, then the end, a disconnect, or silence."""

    GONE = (b"", b"")
    END = (b"",)
    SILENCE = ()

    def __init__(self, *pieces, then=END):
        self._pieces = [*pieces, *then]
        self._is_whole = then == self.END
        self._is_silent = then == self.SILENCE
        self._is_begun = False
        self.taken = 0

    async def __call__(self):
        if self._is_silent:
            await asyncio.Event().wait()
        if not self._is_whole:
            raise RuntimeError("closed")
        return b"".join(self._pieces)

    def __aiter__(self):
        if self._is_begun:
            raise RuntimeError("begun")
        self._is_begun = True
        return self

    async def __anext__(self):
        if not self._pieces:
            if self._is_silent:
                await asyncio.Event().wait()
            raise StopAsyncIteration
        piece = self._pieces.pop(0)
        self.taken += len(piece)
        return piece


@pytest.fixture(autouse=True)
def no_patience(settings):
    """Time out at once when the client stops sending."""
    settings.BODY_SECONDS = 0
    settings.BODY_BYTES_PER_SECOND = 10**9


def finished(work):
    """Run a coroutine in another thread, because this one may have an event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def received(sent, *, path=PAGE, length=None):
    return finished(receive(sent, path, length))


def test_a_missing_body_is_not_read():
    sent = Sent(b"x")

    body = received(sent, length=0)

    assert (body.stream.read(), body.length, body.is_unread) == (b"", 0, False)
    assert sent.taken == 0


@pytest.mark.parametrize("length", [1, 64 * KIB, 64 * KIB + 1, MIB])
def test_a_body_is_received_completely(length):
    pieces = [b"x" * (length // 2), b"y" * (length - length // 2)]

    body = received(Sent(*pieces), length=length)

    assert body.refusal is None
    assert body.length == length
    assert body.stream.read() == b"".join(pieces)
    assert not body.is_unread


def test_a_chunked_body_is_received_completely_with_its_length():
    body = received(Sent(b"abc", b"de"))

    assert (body.stream.read(), body.length) == (b"abcde", 5)


@pytest.mark.parametrize("path", [PAGE, IMPORT])
def test_chunks_beyond_the_limit_are_refused(path):
    sent = Sent(*[b"x" * 100 * KIB] * 100)

    body = received(sent, path=path)

    assert isinstance(body.refusal, PayloadTooLarge)
    assert body.is_unread
    assert sent.taken <= MIB + 100 * KIB


@pytest.mark.parametrize(
    ("path", "length"), [(PAGE, MIB + 1), (IMPORT, 20 * MIB + 64 * KIB + 1)]
)
def test_a_body_announced_as_too_large_is_not_read(path, length):
    sent = Sent(b"x" * 100)

    body = received(sent, path=path, length=length)

    assert isinstance(body.refusal, PayloadTooLarge)
    assert sent.taken == 0


@pytest.mark.parametrize("length", [100, 100_000, None])
def test_a_stalled_body_is_refused(length):
    body = received(Sent(b"x", then=Sent.SILENCE), length=length)

    assert isinstance(body.refusal, RequestTimeout)
    assert body.is_unread


@pytest.mark.parametrize("length", [100, 100_000, None])
def test_an_incomplete_body_is_refused(length):
    body = received(Sent(b"x", then=Sent.GONE), length=length)

    assert isinstance(body.refusal, EndedEarly)


# --- The shared memory of long bodies ---------------------------------------------


@pytest.fixture
def room(monkeypatch):
    """Shared memory for one and a half long bodies."""
    monkeypatch.setattr(Share, "free", MIB * 3 // 2)


def test_long_bodies_share_a_limit_and_release_their_share(room):
    one = received(Sent(b"x" * MIB), length=MIB)

    refused = received(Sent(b"x" * MIB), length=MIB)
    one.release()
    two = received(Sent(b"x" * MIB), length=MIB)

    assert isinstance(refused.refusal, Unavailable)
    assert one.refusal is two.refusal is None


def test_short_bodies_are_always_accepted(room):
    received(Sent(b"x" * MIB), length=MIB)

    bodies = [received(Sent(b"x" * 64 * KIB)) for _ in range(50)]

    assert {body.refusal for body in bodies} == {None}


@pytest.mark.parametrize("then", [Sent.SILENCE, Sent.GONE])
def test_a_refused_body_uses_no_share(room, then):
    before = Share.free

    received(Sent(b"x" * 900 * KIB, then=then), length=MIB)

    assert Share.free == before


# --- Uploads ----------------------------------------------------------------------


def in_thread(sent, length, work):
    """Receive an upload, run `work` with its stream in a thread, and return both."""

    async def main():
        body = await receive(sent, IMPORT, length)
        assert isinstance(body, Upload)
        try:
            result = await asyncio.to_thread(work, body.stream)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            result = error
        is_unread = body.is_unread
        body.release()
        return result, is_unread

    return finished(main())


def test_the_view_reads_an_upload():
    pieces = [b"x" * 700 * KIB] * 3

    content, is_unread = in_thread(Sent(*pieces), 2100 * KIB, lambda s: s.read())

    assert content == b"".join(pieces)
    assert not is_unread


def test_an_upload_is_not_read_before_its_view():
    sent = Sent(b"x" * 2 * MIB)

    _, is_unread = in_thread(sent, 2 * MIB, lambda stream: None)

    assert sent.taken == 0
    assert is_unread


@pytest.mark.parametrize(
    ("then", "refusal"), [(Sent.SILENCE, RequestTimeout), (Sent.GONE, EndedEarly)]
)
def test_an_incomplete_upload_is_refused_in_the_view(then, refusal):
    sent = Sent(b"x" * MIB, then=then)

    error, is_unread = in_thread(sent, 2 * MIB, lambda stream: stream.read())

    assert isinstance(error, refusal)
    assert is_unread


def test_only_one_upload_at_a_time_may_wait():
    async def main():
        one = await receive(Sent(b"x" * 2 * MIB), IMPORT, 2 * MIB)
        two = await receive(Sent(b"x" * 2 * MIB), IMPORT, 2 * MIB)
        await asyncio.to_thread(one.stream.read, 10)
        with pytest.raises(Unavailable):
            await asyncio.to_thread(two.stream.read, 10)
        one.release()
        two_then = await asyncio.to_thread(two.stream.read, 10)
        two.release()
        return two_then

    assert finished(main()) == b"x" * 10


# --- References after a refusal ---------------------------------------------------


@pytest.fixture
def no_garbage_collection():
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("then", [Sent.SILENCE, Sent.GONE])
@pytest.mark.parametrize("length", [100, 100_000, None])
def test_a_refusal_keeps_no_connection_open(no_garbage_collection, length, then):
    sent = Sent(b"x", then=then)
    is_held = weakref.ref(sent)

    body = received(sent, length=length)
    del sent

    assert body.refusal is not None
    assert is_held() is None


def test_a_refusal_in_a_view_keeps_no_connection_open(no_garbage_collection):
    sent = Sent(b"x", then=Sent.GONE)
    is_held = weakref.ref(sent)

    def error_of(stream):
        try:
            stream.read()
        except EndedEarly as error:
            return error

    error, _ = in_thread(sent, 2 * MIB, error_of)
    del sent

    assert error.__traceback__ is not None
    assert is_held() is None


# --- After a refusal --------------------------------------------------------------


@pytest.fixture
def short_linger(monkeypatch):
    monkeypatch.setattr(bodies, "LINGER_IDLE_SECONDS", 0)


def test_the_rest_of_a_refused_body_is_discarded(short_linger):
    sent = Sent(b"x" * MIB, b"x" * MIB)

    finished(linger(sent))

    assert sent.taken == 2 * MIB


def test_discarding_has_a_limit(monkeypatch):
    monkeypatch.setattr(bodies, "LINGER_BYTES", 3 * MIB)
    sent = Sent(*[b"x" * MIB] * 100)

    finished(linger(sent))

    assert sent.taken == 3 * MIB


def test_discarding_ends_when_the_client_is_silent(short_linger):
    finished(linger(Sent(b"x", then=Sent.SILENCE)))
