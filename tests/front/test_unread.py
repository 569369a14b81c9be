"""The connection whose client receives nothing is found among the others."""

import errno
import os
import socket
import sys
from contextlib import ExitStack, closing

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

    def pass_span(self):
        waiting, self.waiting = self.waiting, []
        for function in waiting:
            function()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def watches(clock):
    found = unread.Watches()
    found.start(clock)
    return found


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


def test_a_client_that_receives_nothing_is_ended_after_two_looks(
    connection, watches, clock
):
    _, client, place = connection
    with watches.watching(place):
        clock.pass_span()
        assert is_open(client)
        clock.pass_span()

    assert not is_open(client)
    clock.pass_span()
    assert clock.waiting == []


def test_a_client_that_receives_enough_is_not_ended(connection, watches, clock):
    ours, client, place = connection
    with watches.watching(place):
        for _ in range(4):
            send(ours, client, 2 * unread.LEAST)
            clock.pass_span()

    assert is_open(client)


def test_the_socket_of_the_server_does_not_become_a_blocking_one(
    connection, watches, clock
):
    ours, _, place = connection
    ours.setblocking(False)

    with watches.watching(place):
        clock.pass_span()

    assert not os.get_blocking(ours.fileno())


@pytest.mark.parametrize("call", ["listdir", "dup"])
def test_a_look_without_a_free_descriptor_is_repeated(
    connection, watches, clock, monkeypatch, call
):
    _, client, place = connection

    def fail(_):
        raise OSError(errno.EMFILE, "Too many open files")

    with watches.watching(place):
        clock.pass_span()
        with monkeypatch.context() as patch:
            patch.setattr(unread.os, call, fail)
            clock.pass_span()
        assert is_open(client)
        clock.pass_span()

    assert not is_open(client)


def test_a_descriptor_that_is_not_a_connection_leaves_no_copy(
    connection, watches, clock, monkeypatch
):
    copies, closed = [], []
    close = os.close

    def fail(fileno):
        copies.append(fileno)
        raise OSError(errno.ENOTSOCK, "Socket operation on non-socket")

    with watches.watching(connection[2]), monkeypatch.context() as patch:
        patch.setattr(unread.socket, "socket", fail)
        patch.setattr(unread.os, "close", lambda one: closed.append(one) or close(one))
        clock.pass_span()

    assert copies
    assert closed == copies


def test_all_clients_are_found_in_one_walk(watches, clock, monkeypatch):
    walks = []
    listdir = os.listdir
    monkeypatch.setattr(
        unread.os, "listdir", lambda path: walks.append(path) or listdir(path)
    )

    with ExitStack() as stack:
        for port in range(1, 9):
            stack.enter_context(watches.watching(f"192.0.2.1:{port}"))
        clock.pass_span()

    assert walks == [unread.DESCRIPTORS]


@pytest.mark.parametrize("client", ["", "/run/ownlist.sock", "unix:"])
def test_a_client_without_an_address_is_not_watched(watches, clock, client):
    with watches.watching(client):
        assert clock.waiting == []
