"""One deadline for the whole exchange, and a limit on the response.

The servers here would go on for 20 times as long as the caller waits. What tells that
it gave up is how far they came, not a clock.
"""

import socket
import threading

import pytest

from accounts.better_auth.fetching import (
    MAX_BYTES,
    MAX_HEAD_BYTES,
    FetchFailed,
    fetch,
    fetch_json,
)
from tests.patience import PATIENCE

TIMEOUT = 0.2  # seconds
# For two addresses. The second one answers in milliseconds, or later on a busy machine.
TIMEOUT_OF_TWO = 6
DRIPS = 400
PAUSE = 0.01  # seconds between two parts: 20 times the timeout in total


class Dripping:
    """A server that says `head` at once, and then `drop` again and again."""

    def __init__(self, head, drop=b" ", host="127.0.0.1", port=0):
        self.head, self.drop = head, drop
        self.sent = 0
        self._socket = socket.create_server((host, port))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        try:
            connection, _ = self._socket.accept()
        except OSError:
            return  # no connection
        with connection:
            try:
                connection.sendall(self.head)
                for _ in range(DRIPS):
                    self._pause.wait(PAUSE)
                    connection.sendall(self.drop)
                    self.sent += 1
            except ConnectionError:
                pass  # the client has closed the connection

    _pause = threading.Event()

    def was_left(self):
        """Wait for the end; tell whether the client closed the connection first."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        return self.sent < DRIPS

    def close(self):
        self._socket.close()


@pytest.fixture
def dripping():
    """Start a server that responds slowly."""
    servers = []

    def start(*arguments, **words):
        servers.append(Dripping(*arguments, **words))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b" "),
        (b"HTTP/1.0 200 OK\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["status", "headers", "continue", "length", "close", "1.0", "chunks"],
)
def test_a_slow_response_is_aborted(dripping, head, drop):
    server = dripping(head, drop)

    with pytest.raises(FetchFailed):
        fetch_json(f"http://127.0.0.1:{server.port}/", timeout=TIMEOUT)

    assert server.was_left()


def test_a_slow_handshake_is_aborted(dripping):
    # A record of TLS that announces 16 KiB of a handshake.
    server = dripping(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc", b"\x00")

    with pytest.raises(FetchFailed):
        fetch_json(f"https://127.0.0.1:{server.port}/", timeout=TIMEOUT)

    assert server.was_left()


def test_connecting_counts_towards_the_deadline(dripping, monkeypatch):
    server = dripping(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    with deaf_listener(server.port) as address:
        resolve_to(monkeypatch, address, ("127.0.0.1", server.port))

        with pytest.raises(FetchFailed):
            fetch_json(f"http://issuer.example:{server.port}/", timeout=TIMEOUT)

        assert server.was_left()


def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    key_server, monkeypatch
):
    key_server.publish({"kid": "a"})
    with deaf_listener(key_server.port) as address:
        resolve_to(monkeypatch, address, ("127.0.0.1", key_server.port))
        url = key_server.jwks_url.replace("127.0.0.1", "issuer.example")

        assert fetch_json(url, timeout=TIMEOUT_OF_TWO) == {"keys": [{"kid": "a"}]}


def test_a_hanging_resolver_is_abandoned_and_asked_once(monkeypatch):
    released, asked = threading.Event(), []

    def resolver(*arguments, **words):
        asked.append(arguments)
        released.wait(PATIENCE)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", resolver)

    for _ in range(3):
        with pytest.raises(FetchFailed):
            fetch_json("https://slow-resolver.example/", timeout=TIMEOUT)

    assert len(asked) == 1
    released.set()


@pytest.mark.parametrize("mode", ["unavailable", "drop", "html", "cut", "redirect"])
def test_anything_but_json_with_200_fails(key_server, mode):
    key_server.mode(mode)

    with pytest.raises(FetchFailed):
        fetch_json(key_server.jwks_url)

    assert key_server.redirects_followed == 0


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_closed_port_fails(scheme, closed_port):
    with pytest.raises(FetchFailed):
        fetch_json(f"{scheme}://127.0.0.1:{closed_port}/")


def test_reads_no_more_than_the_limit(key_server):
    key_server.mode("body", body=b"[" + b" " * (MAX_BYTES - 2) + b"]")
    assert fetch_json(key_server.jwks_url) == []

    key_server.mode("body", body=b"[" + b" " * (MAX_BYTES - 1) + b"]")
    with pytest.raises(FetchFailed, match="too large"):
        fetch_json(key_server.jwks_url)


def test_reads_no_more_headers_than_the_limit(dripping):
    server = dripping(
        b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * MAX_HEAD_BYTES
    )

    with pytest.raises(FetchFailed):
        fetch_json(f"http://127.0.0.1:{server.port}/")

    assert server.was_left()


def test_ignores_the_proxies_of_the_environment(key_server, dripping, monkeypatch):
    proxy = dripping(b"HTTP/1.1 200 OK\r\n")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")

    fetch_json(key_server.jwks_url)

    assert key_server.fetches == 1


def test_an_answer_of_another_status_is_an_answer(key_server):
    key_server.mode("unavailable", status=400)

    answer = fetch(key_server.jwks_url)

    assert (answer.status, answer.body) == (400, b"Service Unavailable")


class deaf_listener:  # noqa: N801 - reads as what it is, in a `with`
    """A loopback port with a full queue: connecting to it never ends."""

    def __init__(self, port):
        self.address = ("127.0.0.2", port)

    def __enter__(self):
        self.sockets = [socket.socket()]
        listener = self.sockets[0]
        listener.bind(self.address)
        listener.listen(0)
        for _ in range(8):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(self.address)
            self.sockets.append(waiting)
        return self.address

    def __exit__(self, *_):
        for one in self.sockets:
            one.close()


def resolve_to(monkeypatch, *addresses):
    """Let every host have these addresses."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", one) for one in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
