"""Requests that are too large are refused before they are read."""

import os
import socket

import pytest

from tests.patience import PATIENCE, until

MIB = 1024 * 1024
TOO_MUCH = 300 * MIB
FORM = "multipart/form-data; boundary=x"
FILE = (
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="tasks.csv"\r\n'
    b"Content-Type: text/csv\r\n\r\n%b\r\n"
)
FIELD = b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
END = b"--x--\r\n"


def form(content, **fields):
    """Return the bytes of a form with a file."""
    parts = [FIELD % (k.encode(), v.encode()) for k, v in fields.items()]
    return b"".join([*parts, FILE % content, END])


def ask(connection, path, body=b"", headers=None, *, method="POST"):
    connection.request(method, path, body, {"Content-Type": FORM} | (headers or {}))
    answer = connection.getresponse()
    answer.body = answer.read()
    return answer


def refused_by_length(server, path, length=TOO_MUCH, headers=()):
    """Announce a body without sending it, and return head and body of the response."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *headers]
    lines += [f"Content-Length: {length}", "", ""]
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as wire:
        wire.sendall("\r\n".join(lines).encode())
        with wire.makefile("rb") as stream:
            head, _, body = stream.read().partition(b"\r\n\r\n")
    return head.decode().lower(), body


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/tasks",
        "/api/v1/auth/token",
        "/api/v1/import",
        "/api/me/tasks",
        "/accounts/login/",
        "/reminders/x/",
        "/admin/login/",
        "/healthz",
        "/static/css/base.css",
        "/no/such/page/",
    ],
)
def test_a_body_that_is_too_large_is_refused_by_its_length(server, path):
    head, body = refused_by_length(server, path, headers=[f"Content-Type: {FORM}"])

    assert head.startswith("http/1.1 413 ")
    assert "\r\nconnection: close" in head
    if path.startswith("/api/"):
        assert b'"payload_too_large"' in body
    else:
        assert b"Request too large" in body


def test_a_client_that_sends_everything_first_still_gets_the_refusal(server):
    with server.connected() as connection:
        answer = ask(connection, "/api/v1/import", b"x" * 25 * MIB)

    assert answer.status == 413
    assert answer.getheader("Connection") == "close"


def test_chunks_are_limited_while_they_are_read(server):
    chunks = (b"x" * 100_000 for _ in range(30))
    with server.connected() as connection:
        connection.request("POST", "/api/v1/tasks", chunks, encode_chunked=True)
        answer = connection.getresponse()
        body = answer.read()

    assert answer.status == 413
    assert answer.getheader("Connection") == "close"
    assert b'"payload_too_large"' in body


def test_a_large_import_is_not_read_before_authentication(server):
    head, body = refused_by_length(server, "/api/v1/import", 5 * MIB)

    assert head.startswith("http/1.1 401 ")
    assert "\r\nconnection: close" in head
    assert b'"token_not_valid"' in body


def test_a_large_import_is_read_and_the_connection_is_reused(server, token):
    table = b"title,notes\n" + b"Buy milk,%b\n" % (b"x" * 10_000) * 300
    before = files_written(server)
    with server.connected() as connection:
        answer = ask(
            connection,
            "/api/v1/import",
            form(table, format="csv", dry_run="true"),
            token,
        )
        following = ask(connection, "/healthz", method="GET")

    assert (answer.status, following.status) == (200, 200)
    assert b'"created":300' in answer.body
    # This is how the next test detects it.
    assert files_written(server) != before


def files_written(server):
    """Return a number that changes when a file is created or removed there.

    The file of an earlier request is removed a little after its answer.
    """
    until(lambda: not os.listdir(server.uploads))
    return os.stat(server.uploads).st_mtime_ns


@pytest.mark.parametrize("size", [10, 900_000, 3 * MIB])
@pytest.mark.parametrize(
    "path",
    [
        "/reminders/x/",
        "/accounts/login/",
        "/accounts/signup/",
        "/admin/login/",
        "/api/v1/auth/token",
        "/api/v1/tasks",
        "/api/v1/import",
        "/",
    ],
)
def test_no_file_of_a_visitor_is_written_to_disk(server, path, size):
    before = files_written(server)
    with server.connected() as connection:
        connection.request("GET", "/accounts/login/")
        page = connection.getresponse()
        page.read()
        cookie = page.getheader("Set-Cookie").partition(";")[0]

        answer = ask(
            connection,
            path,
            form(b"x" * size, csrfmiddlewaretoken=cookie.partition("=")[2]),
            {"Cookie": cookie},
        )

    assert 300 < answer.status < 500
    assert files_written(server) == before


# --- Heads ------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/v1/tasks", "/accounts/login/", "/healthz"])
@pytest.mark.parametrize("size", [33_000, 50_000])
def test_a_head_that_is_too_large_is_refused(server, path, size):
    with server.connected() as connection:
        answer = ask(connection, path, headers={"X-Large": "x" * size}, method="GET")

    assert answer.status == 431
    assert answer.getheader("Connection") == "close"
    assert answer.getheader("X-Frame-Options") == "DENY"
    if path.startswith("/api/"):
        assert b'"headers_too_large"' in answer.body


def test_headers_and_path_share_one_limit(server):
    headers = {f"X-{number}": "x" * 300 for number in range(60)}
    with server.connected() as connection:
        answer = ask(connection, f"/?q={'x' * 15_000}", headers=headers, method="GET")

    assert answer.status == 431


def test_headers_of_common_size_are_accepted(server):
    with server.connected() as connection:
        answer = ask(
            connection, "/healthz", headers={"Cookie": "x" * 30_000}, method="GET"
        )

    assert answer.status == 200


@pytest.mark.parametrize("size", [70_000, 430_000])
def test_the_server_itself_refuses_even_larger_heads(server, size):
    with server.connected() as connection:
        answer = ask(
            connection, "/healthz", headers={"X-Large": "x" * size}, method="GET"
        )

    assert answer.status == 431
