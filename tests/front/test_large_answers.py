"""Large answers share memory until their clients have received them."""

import asyncio
from types import SimpleNamespace

import pytest

from config.front import answers
from config.front.answers import REFUSAL, Job, Memory
from config.front.bodies import Body
from config.front.heads import Head
from tests.front.requests import Request
from tests.threads import run_async

SIZE = answers.LARGE + 1


class Reader(Request):
    """A request whose answer is read as soon as `has_read` is set."""

    def __init__(self, method="GET"):
        super().__init__("/")
        self.scope.method = method
        self.has_read = asyncio.Event()
        self.content = b""

    def response_stream(self, status, headers):
        self.status = status
        return SimpleNamespace(send_bytes=self._add)

    def _add(self, piece):
        self.content += piece

    async def client_disconnect(self):
        await self.has_read.wait()


def large(environ, start_response):
    refusal = environ.get(REFUSAL)
    start_response(f"{refusal.status_code if refusal else 200} X", [])
    return [b"no" if refusal else b"x" * SIZE]


def run(reader, caller=""):
    """Answer a request; return its job, which holds memory until `release`."""
    job = Job(Head(reader.scope), Body(), reader, received_at=0.0)
    job.caller = caller
    job.run(large)
    return job


@pytest.fixture
def room_for_one(monkeypatch):
    monkeypatch.setattr(answers, "SHARED", SIZE)
    monkeypatch.setattr(answers, "memory", Memory())
    monkeypatch.setattr(answers, "memory_of_writes", Memory())


def statuses(*methods, callers=None):
    """Return the statuses of requests whose answers nobody reads."""

    async def unread():
        readers = [Reader(method) for method in methods]
        for number, reader in enumerate(readers):
            run(reader, callers[number] if callers else number)
        return [reader.status for reader in readers]

    return run_async(unread())


def test_a_large_answer_is_refused_while_others_use_the_memory(room_for_one):
    assert statuses("GET", "GET") == [200, 503]


def test_the_answer_to_a_write_may_use_more(room_for_one):
    assert statuses("GET", "POST", "POST") == [200, 200, 503]


def test_one_caller_uses_half_of_the_memory_at_most(room_for_one, monkeypatch):
    monkeypatch.setattr(answers, "SHARED", 4 * SIZE)

    found = statuses(*["GET"] * 6, callers=["me", "me", "me", "you", "you", "you"])

    assert found == [200, 200, 503, 200, 200, 503]


def test_one_user_whose_writes_are_not_read_leaves_reads_to_others(
    room_for_one, monkeypatch
):
    monkeypatch.setattr(answers, "SHARED", 2 * SIZE)

    found = statuses(*["POST"] * 3, "GET", callers=["me", "me", "me", "you"])

    assert found == [200, 200, 503, 200]


def test_one_larger_answer_is_allowed(room_for_one, monkeypatch):
    monkeypatch.setattr(answers, "SHARED", SIZE + 1)

    assert statuses("GET", "GET", callers=["me", "me"]) == [200, 503]


def test_a_large_answer_that_was_read_uses_no_memory(room_for_one):
    async def read():
        reader, later = Reader(), Reader()
        job = run(reader)
        held = answers.memory.size
        reader.has_read.set()
        await job.outgoing.release(reader)
        run(later)
        return held, reader.content, later.status

    assert run_async(read()) == (SIZE, b"x" * SIZE, 200)
