"""A cache server that fails is left alone for a moment, and asked by one thread."""

import threading
from contextlib import suppress

import pytest
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError, ResponseError, TimeoutError

from config.cache_server import METHODS, PAUSE, Guard, GuardedRedis
from config.setting_urls import CACHE_LIMITS, cache_settings

SECONDS = 30  # longer than anything here takes


class Server:
    """Calls through a guard, with a clock that the test sets."""

    def __init__(self):
        self.now = 0.0
        self.asked = 0
        self.guard = Guard(clock=lambda: self.now)

    def ask(self, error=None):
        with self.guard.call():
            self.asked += 1
            if error is not None:
                raise error
            return "answer"


@pytest.fixture
def server():
    return Server()


def fail(server, error):
    with suppress(type(error)):
        server.ask(error)


@pytest.mark.parametrize("kind", [ConnectionError, TimeoutError])
def test_a_server_that_failed_is_left_alone_for_a_moment(server, kind):
    fail(server, kind("frozen"))
    server.now += PAUSE - 0.01

    with pytest.raises(kind, match="frozen"):
        server.ask()

    assert server.asked == 1


def test_it_is_asked_again_after_that(server):
    fail(server, TimeoutError())
    server.now += PAUSE

    assert server.ask() == "answer"
    assert server.ask() == "answer"


def test_it_is_left_alone_after_each_failure(server):
    for _ in range(3):
        server.now += PAUSE
        fail(server, TimeoutError())
        fail(server, TimeoutError())

    assert server.asked == 3


def test_only_one_thread_asks_a_server_that_failed(server):
    fail(server, TimeoutError())
    server.now += PAUSE
    asks, may_end = threading.Event(), threading.Event()

    def wait():
        with server.guard.call():
            asks.set()
            may_end.wait(SECONDS)

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        assert asks.wait(SECONDS)
        with pytest.raises(TimeoutError):
            server.ask()
    finally:
        may_end.set()
        thread.join()
    assert server.ask() == "answer"


@pytest.mark.parametrize("error", [ResponseError("OOM"), ValueError("no such key")])
def test_an_error_that_is_an_answer_does_not_close_it(server, error):
    fail(server, error)

    assert server.ask() == "answer"


def test_every_method_that_asks_is_guarded():
    asks = {
        name
        for name, method in vars(RedisCache).items()
        if callable(method) and not name.startswith("_")
    }

    assert asks - {"get_backend_timeout"} == set(METHODS)
    assert set(METHODS) <= vars(GuardedRedis).keys()


def test_no_call_waits_long():
    settings = cache_settings("rediscache://127.0.0.1:6379/1?socket_timeout=3")

    assert settings["BACKEND"] == "config.cache_server.GuardedRedis"
    assert settings["OPTIONS"] == CACHE_LIMITS | {"socket_timeout": 3}
