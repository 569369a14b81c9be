"""The connection whose client receives nothing is found among the others."""

import os
import socket
import sys
from contextlib import closing

import pytest

from config.front import unread

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


class Clock:
    """An event loop of which only the timer is used."""

    def __init__(self):
        self.waiting = []

    def call_later(self, _, function):
        self.waiting.append(function)
        return self

    def cancel(self):
        self.waiting.clear()

    def pass_span(self):
        waiting, self.waiting = self.waiting, []
        for function in waiting:
            function()


@pytest.fixture(params=["127.0.0.1", "::1"])
def connection(request):
    """A connection with a client, seen from both sides, and the client's place."""
    host = request.param
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with listener, socket.create_connection(listener.getsockname()[:2]) as client:
        ours, _ = listener.accept()
        place = f"[{host}]" if ":" in host else host
        with ours:
            yield ours, client, f"{place}:{client.getsockname()[1]}"


def send(ours, client, size):
    """Send bytes which the client reads, so that they are acknowledged."""
    ours.sendall(b"x" * size)
    with closing(client.makefile("rb")) as file:
        assert len(file.read(size)) == size


def is_open(client):
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


def test_a_client_that_receives_nothing_is_ended_after_two_looks(connection):
    ours, client, place = connection
    clock = Clock()
    unread.Watch(clock, place)

    clock.pass_span()
    assert is_open(client)
    clock.pass_span()

    assert not is_open(client)
    assert clock.waiting == []


def test_a_client_that_receives_enough_is_not_ended(connection):
    ours, client, place = connection
    clock = Clock()
    watch = unread.Watch(clock, place)

    for _ in range(4):
        send(ours, client, 2 * unread.LEAST)
        clock.pass_span()

    assert is_open(client)
    watch.stop()
    assert clock.waiting == []


def test_the_socket_of_the_server_does_not_become_a_blocking_one(connection):
    ours, _, place = connection
    ours.setblocking(False)
    clock = Clock()
    unread.Watch(clock, place)

    clock.pass_span()

    assert not os.get_blocking(ours.fileno())


@pytest.mark.parametrize("client", ["", "/run/ownlist.sock", "unix:"])
def test_a_client_without_an_address_is_not_watched(client):
    clock = Clock()

    unread.Watch(clock, client).stop()

    assert clock.waiting == []


def test_a_connection_that_has_ended_is_not_looked_for_again():
    clock = Clock()
    unread.Watch(clock, "192.0.2.1:9")

    clock.pass_span()

    assert clock.waiting == []
