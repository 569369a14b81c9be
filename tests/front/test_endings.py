"""When the event loop notes that a request has ended."""

import asyncio
import threading

import pytest

from config.front import Front, endings
from tests.front.requests import Request
from tests.patience import PATIENCE
from tests.threads import run_async


def application(environ, start_response):
    start_response("200 OK", [])
    return [b""]


def run(test):
    """Run a test with a function that begins a request; return what it returns."""

    async def started():
        front = Front(application)
        loop = asyncio.get_running_loop()
        front.__rsgi_init__(loop)
        answered = threading.Semaphore(0)

        async def begin(*arguments, **keywords):
            request = Request(*arguments, **keywords)
            request.answered = answered.release
            task = asyncio.create_task(front.__rsgi__(request.scope, request))
            await loop.run_in_executor(None, answered.acquire)
            return task

        try:
            return await asyncio.wait_for(test(begin), PATIENCE)
        finally:
            front.__rsgi_del__(loop)

    return run_async(started())


@pytest.fixture
def no_timer(monkeypatch):
    monkeypatch.setattr(endings, "LATEST", 3600)


def test_the_end_is_noted_without_another_request():
    async def test(begin):
        await (await begin("/"))

    run(test)


@pytest.mark.usefixtures("no_timer")
def test_the_end_is_noted_with_the_next_request():
    async def test(begin):
        first = await begin("/")
        still_runs = not first.done()
        await begin("/")
        await first
        return still_runs

    assert run(test)


@pytest.mark.usefixtures("no_timer")
@pytest.mark.parametrize(
    "request_",
    [
        {"headers": {"connection": "close"}},
        {"headers": {"connection": "Keep-Alive, Close"}},
        {"http_version": "1.0"},
        {"headers": {"content-length": "2000000"}},
    ],
    ids=["close", "one of two", "HTTP/1.0", "refused unread body"],
)
def test_the_end_is_noted_at_once_where_the_connection_closes(request_):
    async def test(begin):
        await (await begin("/", **request_))

    run(test)
