"""A cache server that fails is left alone for a moment, and asked by one thread."""

import threading
from contextlib import suppress

import pytest
from django.core.cache.backends.redis import RedisCache
from redis import ConnectionPool
from redis.exceptions import (
    ConnectionError,
    MaxConnectionsError,
    ResponseError,
    TimeoutError,
)

from config import cache_server
from config.cache_server import PAUSE, Guard, GuardedRedis
from config.setting_urls import CACHE_LIMITS, cache_settings
from tests.patience import PATIENCE


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
            may_end.wait(PATIENCE)

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        assert asks.wait(PATIENCE)
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


def test_our_own_limit_does_not_close_it(server):
    fail(server, MaxConnectionsError("Too many connections"))

    assert server.ask() == "answer"


def test_our_own_limit_does_not_open_it(server):
    fail(server, TimeoutError("frozen"))
    server.now += PAUSE
    fail(server, MaxConnectionsError("Too many connections"))

    fail(server, TimeoutError("still frozen"))

    assert server.asked == 3
    with pytest.raises(TimeoutError, match="still frozen"):
        server.ask()


# --- The cache --------------------------------------------------------------------

CALLS = {
    "add": ("key", 1),
    "clear": (),
    "delete": ("key",),
    "delete_many": (["key"],),
    "get": ("key",),
    "get_many": (["key"],),
    "has_key": ("key",),
    "incr": ("key",),
    "set": ("key", 1),
    "set_many": ({"key": 1},),
    "touch": ("key",),
}


@pytest.fixture
def asked(monkeypatch):
    """The ports of the servers that were asked. None of them can be reached."""
    ports = []

    def fail_to_connect(pool):
        ports.append(pool.connection_kwargs["port"])
        raise ConnectionError("refused")

    monkeypatch.setattr(cache_server, "guards", {})
    monkeypatch.setattr(ConnectionPool, "get_connection", fail_to_connect)
    return ports


def cache_at(*ports):
    return GuardedRedis([f"redis://127.0.0.1:{port}/0" for port in ports], {})


def call(cache, name):
    with pytest.raises(ConnectionError, match="refused"):
        getattr(cache, name)(*CALLS[name])


@pytest.mark.parametrize("name", CALLS)
def test_no_method_asks_a_server_that_failed_a_moment_ago(asked, name):
    call(cache_at(1), name)
    call(cache_at(1), name)  # as another thread has it

    assert asked == [1]


def test_every_method_that_asks_is_tried_here():
    asks = {
        name
        for name, method in vars(RedisCache).items()
        if callable(method) and not name.startswith("_")
    }

    assert asks - {"get_backend_timeout"} == set(CALLS)


def test_a_replica_that_fails_does_not_close_the_primary(asked):
    cache = cache_at(1, 2)

    for name in ("get", "incr", "get", "incr"):
        call(cache, name)

    assert asked == [2, 1]


def test_no_call_waits_long():
    settings = cache_settings("rediscache://127.0.0.1:6379/1?socket_timeout=3")

    assert settings["BACKEND"] == "config.cache_server.GuardedRedis"
    assert settings["OPTIONS"] == CACHE_LIMITS | {"socket_timeout": 3}
