"""Clients that read a response slowly don't block others."""

import json
import socket
from contextlib import ExitStack

import pytest

from tests.front.test_limits import MIB, ask, form
from tests.patience import PATIENCE

READERS = 12  # three for each thread
EXPORT = "/api/v1/export?format=csv"
SMALLEST = 3 * MIB  # of the answers that are read here


@pytest.fixture
def owner(server, token):
    """The Authorization header of an account whose export has 7 MiB."""
    table = b"title,notes\n" + b"Buy milk,%b\n" % (b"x" * 19_000) * 400
    with server.connected() as connection:
        answer = ask(connection, "/api/v1/import", form(table, format="csv"), token)
        assert json.loads(answer.body)["created"] == 400
    return token


def begin_reading(server, stack, owner):
    """Request an export, read its first byte, and return the open connection."""
    wire = stack.enter_context(
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    )
    # A small receive buffer, so that little of the response is in transit.
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.sendall(
        b"GET /api/v1/export?format=csv HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Authorization: %b\r\n\r\n" % owner["Authorization"].encode()
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
    # 64 MiB of responses may be in memory. Further exports are refused.
    begun = [first for _, first in readers]
    assert begun.count(b"HTTP/1.1 200") == 8
    assert begun.count(b"HTTP/1.1 503") == READERS - 8
    assert refused.status == 503
    assert refused.getheader("Retry-After")
    assert refused.getheader("X-Frame-Options") == "DENY"


@pytest.mark.parametrize("path", [EXPORT, "/api/v1/tasks?page_size=200"])
def test_memory_is_released_when_a_response_was_read(server, owner, path):
    for _ in range(64 * MIB // SMALLEST + 1):
        answer = export(server, owner, path)

        assert answer.status == 200
        assert len(answer.body) > SMALLEST
