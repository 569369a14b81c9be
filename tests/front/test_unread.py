"""The connection whose client receives nothing is found among the others."""

import errno
import logging
import os
import select
import socket
import subprocess
import sys
from contextlib import closing, suppress

import pytest
from django.conf import settings as deployed

from config.front import sockets, unread
from tests.served import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

MIB = 1024 * 1024
SPAN, LEAST = deployed.UNREAD_SECONDS, unread.LEAST
# Clients that read steadily: the bytes that their systems acknowledge at once, which is
# a sixteenth of a buffer or one large segment, and how many they read in a second.
STEADY = {
    "3.3 MB": (3_300_000 // 16, 5_000),
    "6 MiB, the default limit": (6 * MIB // 16, 3_300),
    "128 KiB in one segment": (65_483, 1_200),
}
# Holds all descriptors with clients that receive nothing, and looks twice.
FULL = """
import resource, select, socket
from config.front import sockets, unread

resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
found = sockets.Sockets()
looking = unread.Unread()
with socket.create_server(("127.0.0.1", 0)) as listener:
    polled, kept = select.poll(), []
    try:
        while True:
            kept.append(socket.create_connection(listener.getsockname()))
            ours, _ = listener.accept()
            kept.append(ours)
            ours.setblocking(False)
            polled.register(ours, 0)
            try:
                while True:
                    ours.send(b"x" * 65536)
            except BlockingIOError:
                pass
    except OSError:
        pass
    looking.look(found)
    assert not polled.poll(0)
    looking.look(found)
    print(len(polled.poll(0)))
"""


class Looking(unread.Unread):
    """Looks at the sockets that are given once."""

    def __init__(self, found):
        super().__init__()
        self.found = found

    def look(self):
        super().look(self.found)


@pytest.fixture
def found():
    with closing(sockets.Sockets()) as found:
        yield found


@pytest.fixture
def looking(found):
    return Looking(found)


@pytest.fixture(params=["127.0.0.1", "::1"])
def connection(request, monkeypatch):
    """A connection with a client that receives little at once, seen from both sides."""
    # What the system sends to a small buffer has this size several times.
    monkeypatch.setattr(unread, "LEAST", 16 * 1024)
    host = request.param
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with listener, socket.socket(family) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
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
    wanted = sockets.bytes_received(ours) + size

    def has_received():
        client.recv(4096)
        return sockets.bytes_received(ours) >= wanted

    until(has_received)


def receive_all(ours, client):
    """Let the client receive what waits."""

    def has_received():
        with suppress(BlockingIOError):
            while client.recv(65536, socket.MSG_DONTWAIT):
                pass
        return not sockets.bytes_waiting(ours)

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
        while not sockets.bytes_waiting(ours):
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


@pytest.mark.parametrize("name", STEADY)
@pytest.mark.parametrize("begun", [0, SPAN / 3, SPAN - 1])
def test_a_steady_reader_with_a_large_buffer_is_not_ended(
    connection, looking, monkeypatch, name, begun
):
    at_once, rate = STEADY[name]
    ours, _ = connection
    fill(ours)
    monkeypatch.setattr(unread, "LEAST", LEAST)
    monkeypatch.setattr(sockets, "bytes_waiting", lambda one: 10 * MIB)
    for look in range(10):
        read = int(rate * (begun + look * SPAN))
        received = read // at_once * at_once
        monkeypatch.setattr(sockets, "bytes_received", lambda one, now=received: now)

        looking.look()

        assert is_open(ours), look


def test_clients_that_hold_all_descriptors_are_ended():
    command = [sys.executable, "-c", FULL]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(  # noqa: S603
        command, cwd=deployed.BASE_DIR, env=environment, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10


def test_a_look_opens_no_descriptor(connection, looking):
    before = os.listdir("/proc/self/fd")

    looking.look()

    assert os.listdir("/proc/self/fd") == before


def test_a_connection_with_the_descriptor_of_the_stuck_one_is_not_ended(
    connection, looking, monkeypatch
):
    """The server closed that one after it was looked at."""
    ours, client = connection
    fill(ours)
    looking.look()
    end = sockets.Sockets.end
    mine, peer = socket.socketpair()

    def meanwhile(found, number, one):
        if one.fileno() == ours.fileno():
            os.dup2(mine.fileno(), one.fileno())
        end(found, number, one)

    with mine, peer:
        monkeypatch.setattr(sockets.Sockets, "end", meanwhile)
        looking.look()

        assert is_open(mine)


def test_an_ended_connection_is_not_kept_open(connection, looking):
    ours, client = connection
    fill(ours)
    looking.look()
    looking.look()

    ours.close()

    with pytest.raises(ConnectionResetError):
        while client.recv(65536):
            pass


class Failing(unread.Unread):
    """Fails at each of two looks."""

    def __init__(self, error):
        super().__init__()
        self.error = error
        self.looks = 0

    def look(self, found):
        self.looks += 1
        if self.looks == 2:
            self.stop()
        raise self.error


@pytest.mark.parametrize(
    "error", [OSError(errno.EMFILE, "secret"), ValueError("secret"), MemoryError()]
)
def test_looks_go_on_after_one_that_failed(settings, caplog, error):
    settings.UNREAD_SECONDS = 0
    failing = Failing(error)

    failing._work()

    name = type(error).__name__
    assert failing.looks == 2
    assert caplog.messages == [f"cannot look at the connections: {name}"] * 2
    assert "secret" not in caplog.text


@pytest.mark.parametrize("answer", [bytes(sockets.ACKED.size), bytes(104)])
def test_nothing_is_ended_where_the_system_does_not_tell_what_is_received(
    settings, caplog, monkeypatch, answer
):
    """It leaves out the number, or says 0."""
    settings.UNREAD_SECONDS = 0
    failing = Failing(ValueError())
    getsockopt = socket.socket.getsockopt

    def other(one, level, name, *size):
        if (level, name) == (socket.IPPROTO_TCP, socket.TCP_INFO):
            return answer
        return getsockopt(one, level, name, *size)

    monkeypatch.setattr(socket.socket, "getsockopt", other, raising=False)

    failing._work()

    assert failing.looks == 0
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "does not tell what clients receive" in caplog.text


def test_this_system_tells_what_is_received():
    assert sockets.can_tell_what_is_received()
