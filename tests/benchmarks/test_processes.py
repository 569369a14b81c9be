"""A port given to a server is given to no other, and a closed one to nobody."""

import secrets
import signal
import socket
import subprocess
import sys

import pytest

from tests.benchmarks import processes

ABOVE_ALL_PIDS = 2**22 + 1  # the limit of Linux is 2**22

FIRST_FREE_OF = """
import secrets, sys
from tests.benchmarks import processes
left = map(int, sys.argv[1:])
secrets.choice = lambda _: next(left)
print(processes.free_port())
"""


@pytest.fixture
def choose(monkeypatch):
    """Let the next choices be these ports."""

    def these(*ports):
        left = iter(ports)
        monkeypatch.setattr(secrets, "choice", lambda _: next(left))

    return these


@pytest.fixture
def unused():
    """Ports that nobody was given and on which nothing listens."""
    found = []
    while len(found) < 2:
        port = secrets.choice(processes.SERVER_PORTS)
        try:
            socket.create_server(("", port)).close()
            processes._keep_from_others(port).close()
        except OSError:
            continue
        found.append(port)
    return found


def test_a_port_on_which_something_listens_is_not_free(choose, unused):
    with socket.create_server(("127.0.0.1", unused[0])):
        choose(*unused)

        assert processes.free_port() == unused[1]


def test_a_port_is_not_given_twice(choose, unused):
    choose(unused[0], *unused)

    assert [processes.free_port() for _ in range(2)] == unused


@pytest.mark.skipif(sys.platform != "linux", reason="needs abstract names of sockets")
def test_a_port_is_not_given_to_another_process_as_well(choose, unused):
    choose(unused[0])
    given = processes.free_port()

    other = subprocess.run(
        [sys.executable, "-c", FIRST_FREE_OF, str(given), str(unused[1])],
        capture_output=True,
        check=True,
        text=True,
    )

    assert int(other.stdout) == unused[1]


def test_a_port_that_is_looked_for_never_listens(monkeypatch, choose, unused):
    choose(*unused)
    monkeypatch.setattr(socket.socket, "listen", None)

    assert processes.free_port() == unused[0]


def test_a_closed_port_refuses_connections_and_servers():
    with processes.closed_port() as port:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        with pytest.raises(OSError, match="in use"):
            socket.create_server(("127.0.0.1", port))


@pytest.mark.parametrize(
    ("outgoing", "expected"),
    [
        ("32768\t60999\n", processes.SERVER_PORTS),
        ("16000\t65535\n", range(10_000, 16_000)),
        ("1024\t65535\n", processes.SERVER_PORTS),  # there is no other
        (None, processes.SERVER_PORTS),
    ],
)
def test_ports_are_not_those_of_outgoing_connections(
    tmp_path, monkeypatch, outgoing, expected
):
    file = tmp_path / "range"
    if outgoing:
        file.write_text(outgoing)
    monkeypatch.setattr(processes, "OUTGOING", file)

    assert processes._server_ports.__wrapped__() == [*expected]


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_signal_reaches_a_process_and_its_children(monkeypatch):
    family_of = processes.family_of
    monkeypatch.setattr(
        processes, "family_of", lambda pid: {ABOVE_ALL_PIDS, *family_of(pid)}
    )
    with subprocess.Popen(
        ["sh", "-c", "sleep 600 & echo begun; wait"], stdout=subprocess.PIPE
    ) as parent:
        parent.stdout.readline()
        (child,) = processes.children_of(parent.pid)

        processes.signal_family(parent.pid, signal.SIGKILL)

        # The pipe ends with the last of the two.
        assert parent.stdout.read() == b""
    assert parent.returncode == -signal.SIGKILL
    assert child not in family_of(parent.pid)
