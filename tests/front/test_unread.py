"""The connection whose client receives nothing is found among the others."""

import errno
import os
import select
import socket
import sys
from contextlib import suppress

import pytest

from config.front import unread
from tests.served import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@pytest.fixture
def looking():
    return unread.Unread()


@pytest.fixture(params=["127.0.0.1", "::1"])
def connection(request):
    """A connection with a client that receives little at once, seen from both sides."""
    host = request.param
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with listener, socket.socket(family) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, unread.LEAST // 4)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1200)
        client.connect(listener.getsockname()[:2])
        ours, _ = listener.accept()
        with ours:
            ours.setblocking(False)
            yield ours, client


def fill(ours):
    """Send until no more can wait to be received; return how many bytes."""
    sent = 0
    with suppress(BlockingIOError):
        while True:
            sent += ours.send(b"x" * 1024)
    return sent


def receive(ours, client, size):
    """Let the client receive so many bytes more than before."""
    wanted = unread._bytes_received(ours) + size

    def has_received():
        client.recv(4096)
        return unread._bytes_received(ours) >= wanted

    until(has_received)


def receive_all(ours, client):
    """Let the client receive what waits."""

    def has_received():
        with suppress(BlockingIOError):
            while client.recv(65536, socket.MSG_DONTWAIT):
                pass
        return not unread._bytes_waiting(ours)

    until(has_received)


def is_open(connection):
    """Tell whether neither side has shut the connection down."""
    polled = select.poll()
    polled.register(connection, 0)
    return not polled.poll(0)


def test_a_client_that_receives_nothing_is_ended_after_two_looks(connection, looking):
    ours, _ = connection
    fill(ours)

    looking.look()
    assert is_open(ours)
    looking.look()

    assert not is_open(ours)


def test_a_client_that_receives_little_is_ended(connection, looking):
    ours, client = connection
    assert fill(ours) > 2 * unread.LEAST
    looking.look()
    receive(ours, client, unread.LEAST // 4)

    looking.look()

    assert not is_open(ours)


def test_a_client_that_receives_enough_is_not_ended(connection, looking):
    ours, client = connection
    for _ in range(4):
        fill(ours)
        looking.look()
        receive(ours, client, unread.LEAST)

    looking.look()

    assert is_open(ours)


def test_a_client_that_receives_all_of_little_is_not_ended(connection, looking):
    """Its answers are small, and each look happens while one is on the way."""
    ours, client = connection
    for _ in range(4):
        receive_all(ours, client)
        while not unread._bytes_waiting(ours):
            ours.send(b"x" * 512)
        looking.look()
        assert is_open(ours)


def test_an_idle_client_is_not_ended(connection, looking):
    for _ in range(3):
        looking.look()

    assert is_open(connection[0])


def test_a_connection_to_another_server_is_not_ended(connection, looking):
    _, client = connection
    client.setblocking(False)
    fill(client)

    for _ in range(3):
        looking.look()

    assert is_open(client)


def test_the_socket_of_the_server_does_not_become_a_blocking_one(connection, looking):
    looking.look()

    assert not os.get_blocking(connection[0].fileno())


@pytest.mark.parametrize("call", ["listdir", "dup"])
def test_a_look_without_a_free_descriptor_is_repeated(
    connection, looking, monkeypatch, call
):
    ours, _ = connection
    fill(ours)

    def fail(_):
        raise OSError(errno.EMFILE, "Too many open files")

    looking.look()
    with monkeypatch.context() as patch:
        patch.setattr(unread.os, call, fail)
        with pytest.raises(OSError, match="Too many open files"):
            looking.look()
    assert is_open(ours)
    looking.look()

    assert not is_open(ours)


def test_a_descriptor_that_is_not_a_connection_leaves_no_copy(
    connection, looking, monkeypatch
):
    copies, closed = [], []
    close = os.close

    def fail(fileno):
        copies.append(fileno)
        raise OSError(errno.ENOTSOCK, "Socket operation on non-socket")

    with monkeypatch.context() as patch:
        patch.setattr(unread.socket, "socket", fail)
        patch.setattr(unread.os, "close", lambda one: closed.append(one) or close(one))
        looking.look()

    assert copies
    assert closed == copies


def test_looks_go_on_after_one_without_a_free_descriptor(settings, caplog):
    settings.UNREAD_SECONDS = 0
    looks = []

    class Failing(unread.Unread):
        def look(self):
            looks.append(self)
            if len(looks) == 2:
                self.stop()
            raise OSError(errno.EMFILE, "Too many open files")

    Failing()._work()

    assert len(looks) == 2
    assert "cannot look at the connections" in caplog.text
