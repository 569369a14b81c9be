"""Clients that read a response slowly don't block others."""

import http.client
import json
import select
import socket
import sys
from contextlib import ExitStack, closing, contextmanager

import pytest

from config.front.answers import LARGE
from tests import served
from tests.front.test_limits import MIB, ask, form
from tests.patience import PATIENCE, until

READERS = 12  # three for each thread
FITTING = 4  # whose exports fit into the 32 MiB of one user together
EXPORT = "/api/v1/export?format=csv"
SMALLEST = 3 * MIB  # of the answers that are read here
SILENT = 100  # clients
SMALL = "/api/v1/tasks?page_size=12"  # 220 KiB, which uses none of the shared memory


@pytest.fixture
def owner(server, token):
    """The Authorization header of an account whose export has 7 MiB."""
    return with_long_tasks(server, token)


def with_long_tasks(server, token):
    table = b"title,notes\n" + b"Buy milk,%b\n" % (b"x" * 19_000) * 400
    with server.connected() as connection:
        answer = ask(connection, "/api/v1/import", form(table, format="csv"), token)
        assert json.loads(answer.body)["created"] == 400
    return token


def begin_reading(server, stack, owner, path=EXPORT):
    """Request an answer, read its first bytes, and return the open connection."""
    wire = stack.enter_context(
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    )
    # A small receive buffer, so that little of the response is in transit.
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.sendall(
        b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: %b\r\n\r\n"
        % (path.encode(), owner["Authorization"].encode())
    )
    return wire, wire.recv(12)


def export(server, owner, path=EXPORT):
    with server.connected() as connection:
        return ask(connection, path, headers=owner, method="GET")


def test_slow_readers_do_not_block_other_requests(server, owner):
    with ExitStack() as stack:
        readers = [begin_reading(server, stack, owner) for _ in range(READERS)]

        with server.connected() as connection:
            others = [
                ask(connection, "/healthz", method="GET").status,
                ask(connection, "/accounts/login/", method="GET").status,
            ]
        refused = export(server, owner)

    assert others == [200, 200]
    # 32 MiB of responses to one user may be in memory. Further exports are refused.
    begun = [first for _, first in readers]
    assert begun.count(b"HTTP/1.1 200") == FITTING
    assert begun.count(b"HTTP/1.1 503") == READERS - FITTING
    assert refused.status == 503
    assert refused.getheader("Retry-After")
    assert refused.getheader("X-Frame-Options") == "DENY"


@pytest.mark.parametrize("path", [EXPORT, "/api/v1/tasks?page_size=200"])
def test_memory_is_released_when_a_response_was_read(server, owner, path):
    for _ in range(64 * MIB // SMALLEST + 1):
        answer = export(server, owner, path)

        assert answer.status == 200
        assert len(answer.body) > SMALLEST


@contextmanager
def connected_as_from_afar(server):
    """Yield a connection that receives little at a time, as over a network."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    with closing(connection), socket.socket() as wire:
        wire.settimeout(PATIENCE)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1400)
        wire.connect(("127.0.0.1", server.port))
        connection.sock = wire
        yield connection


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are not asked")
def test_who_receives_nothing_is_ended_and_who_receives_slowly_gets_all(tmp_path):
    """One reader goes on, for longer than the others that are ended."""
    with served.serving(tmp_path, UNREAD_SECONDS="5") as server, ExitStack() as stack:
        owner = with_long_tasks(server, server.register())
        silent = [begin_reading(server, stack, owner) for _ in range(FITTING - 1)]
        slow = stack.enter_context(connected_as_from_afar(server))
        slow.request("GET", EXPORT, headers=owner)
        answer = slow.getresponse()
        received = []
        assert export(server, owner).status == 503

        def is_free():
            received.append(answer.read(32 * 1024))
            return export(server, owner).status == 200

        until(is_free)
        received.append(answer.read())
        whole = export(server, owner).body

    assert {begun for _, begun in silent} == {b"HTTP/1.1 200"}
    assert b"".join(received) == whole


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are not asked")
def test_many_who_receive_nothing_of_a_small_answer_are_ended(tmp_path):
    with served.serving(tmp_path, UNREAD_SECONDS="2") as server, ExitStack() as stack:
        owner = with_long_tasks(server, server.register())
        silent = [begin_reading(server, stack, owner, SMALL) for _ in range(SILENT)]
        polled = select.poll()
        for wire, _ in silent:
            polled.register(wire, 0)

        until(lambda: len(polled.poll(0)) == SILENT)
        answer = export(server, owner, SMALL)

    assert {begun for _, begun in silent} == {b"HTTP/1.1 200"}
    assert answer.status == 200
    assert len(answer.body) < LARGE
