"""Clients that send slowly don't block others, and are timed out."""

import json
import socket
from contextlib import ExitStack

import pytest

from tests import served
from tests.patience import PATIENCE

HALVES = 12  # three for each thread
JSON = "Content-Type: application/json"


def send_half(server, stack, path="/api/v1/auth/token", length=1000, *, lines=(JSON,)):
    """Start a request, send one byte of its body, and return the open connection."""
    connection = stack.enter_context(
        socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    )
    head = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *lines]
    head.append(f"Content-Length: {length}")
    connection.sendall("\r\n".join([*head, "", "{"]).encode())
    return connection


def everything_from(connection):
    """Return everything that the server sends until it closes the connection."""
    with connection.makefile("rb") as stream:
        head, _, body = stream.read().partition(b"\r\n\r\n")
    return head.decode().lower(), json.loads(body)


def statuses(server, *requests):
    """Return the status of each (method, path, body), requested one after another."""
    found = []
    for method, path, body in requests:
        with server.connected() as connection:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            found.append(connection.getresponse().status)
    return found


def test_half_sent_requests_do_not_block_others(tmp_path):
    with served.serving(tmp_path, BODY_SECONDS="600") as server, ExitStack() as stack:
        halves = [send_half(server, stack) for _ in range(HALVES)]

        found = statuses(
            server,
            ("GET", "/healthz", None),
            ("GET", "/accounts/login/", None),
            ("POST", "/api/v1/tasks", b"{}"),
            ("GET", "/static/css/base.css", None),
        )

        # None of the half-sent requests has timed out meanwhile.
        for half in halves:
            half.setblocking(False)
            with pytest.raises(BlockingIOError):
                half.recv(1)
    assert found == [200, 200, 401, 200]


def test_a_stalled_body_gets_a_response_and_the_connection_is_closed(server):
    with ExitStack() as stack:
        halves = [
            send_half(server, stack, "/api/v1/auth/token", 1000),
            send_half(server, stack, "/api/v1/auth/token", 100_000),
            send_half(server, stack, "/api/v1/tasks", 1000),
        ]

        for half in halves:
            head, problem = everything_from(half)

            assert head.startswith("http/1.1 408 ")
            assert "\r\nconnection: close" in head
            assert problem["code"] == "request_timeout"


def test_a_stalled_chunked_body_gets_a_response(server):
    with ExitStack() as stack:
        half = stack.enter_context(
            socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        )
        half.sendall(
            b"POST /api/v1/tasks HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b'Transfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n'
        )

        head, problem = everything_from(half)

    assert head.startswith("http/1.1 408 ")
    assert problem["code"] == "request_timeout"


def test_slow_uploads_do_not_block_other_requests(server, token):
    upload = [
        f"Authorization: {token['Authorization']}",
        "Content-Type: multipart/form-data; boundary=x",
    ]
    with ExitStack() as stack:
        halves = [
            # The first one times out long after the last one was refused.
            send_half(server, stack, "/api/v1/import", 5_000_000, lines=upload)
            for _ in range(HALVES)
        ]

        found = statuses(server, ("GET", "/healthz", None), ("POST", "/x/", b"{}"))
        answers = [everything_from(half) for half in halves]

    assert found == [200, 404]
    # One upload may wait. The others get a 503.
    codes = sorted(problem["code"] for _, problem in answers)
    assert codes == ["request_timeout"] + ["unavailable"] * (HALVES - 1)
    assert all("\r\nconnection: close" in head for head, _ in answers)
    assert all("retry-after" in head for head, p in answers if p["status"] == 503)
