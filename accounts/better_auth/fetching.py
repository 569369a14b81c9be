"""HTTP requests to an issuer, with a limit on everything.

There are no redirects, so that a trusted URL can't lead elsewhere, and neither a proxy
nor a password from the environment. There is a limit on bytes, and one deadline for the
whole exchange: resolving the host, connecting, TLS, headers and body.
"""

import http.client
import io
import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from config.metrics.registry import registry

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_BYTES = 256 * 1024  # of a body
MAX_HEAD_BYTES = 64 * 1024  # of the status line and the headers
TIMEOUT = 3.0  # seconds, for all of it
PORTS = {"https": 443, "http": 80}

# Family, type, protocol, canonical name and address, as `socket.getaddrinfo` has them.
AddressInfo = tuple[
    socket.AddressFamily,
    socket.SocketKind,
    int,
    str,
    tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes],
]


class FetchFailed(Exception):
    """There was no usable response; the text says why, and never contains a body."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The response of an issuer, of any status except redirects."""

    status: int
    headers: Message
    body: bytes = field(repr=False)


def fetch_json(
    url: str, *, headers: Mapping[str, str] | None = None, timeout: float = TIMEOUT
) -> Any:
    """GET `url` and return the JSON of a 200 response.

    Raises:
        FetchFailed: there is no such response, whatever the reason.
    """
    answer = fetch(url, headers=headers, timeout=timeout)
    if answer.status != http.client.OK:
        raise FetchFailed(f"status {answer.status}")
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as exc:
        raise FetchFailed(type(exc).__name__) from exc


def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = TIMEOUT,
) -> Answer:
    """Send one request and return its complete response, within `timeout` seconds.

    Raises:
        FetchFailed: the response is late, incomplete, too large or a redirect.
    """
    deadline = _Deadline(timeout)
    try:
        parts = urlsplit(url)
        with _connected(parts.scheme, parts.hostname or "", parts.port, deadline) as it:
            answer = _exchange(_Socket(it, deadline), method, url, headers or {}, body)
    except (OSError, http.client.HTTPException, ValueError) as exc:
        registry.count("issuer_fetches", "failed")
        raise FetchFailed(type(exc).__name__) from exc
    except FetchFailed:
        registry.count("issuer_fetches", "failed")
        raise
    registry.count("issuer_fetches", "answered")
    return answer


class _Deadline:
    """The end of one exchange, from which every step gets the remaining time."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Return the remaining seconds, more than 0.

        Raises:
            TimeoutError: no time remains.
        """
        seconds = self._at - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


# --- Connecting ----------------------------------------------------------------


def _connected(
    scheme: str, host: str, port: int | None, deadline: _Deadline
) -> socket.socket:
    """Return a connection to the first address of the host that responds."""
    addresses = _addresses(host, port or PORTS[scheme], deadline)
    failure: OSError = OSError("the host has no address")
    for number, address in enumerate(addresses):
        # An address that drops packets leaves time for the others.
        share = deadline.left() / (len(addresses) - number)
        try:
            connection = _connected_to(address, share)
        except OSError as exc:
            failure = exc
            continue
        if scheme == "http":
            return connection
        return _over_tls(connection, host, deadline)
    raise failure


def _connected_to(found: AddressInfo, seconds: float) -> socket.socket:
    family, kind, protocol, _, address = found
    connection = socket.socket(family, kind, protocol)
    try:
        connection.settimeout(seconds)
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


def _over_tls(
    connection: socket.socket, host: str, deadline: _Deadline
) -> socket.socket:
    try:
        connection.settimeout(deadline.left())  # for the whole handshake
        context = ssl.create_default_context()
        return context.wrap_socket(connection, server_hostname=host)
    except OSError:
        connection.close()
        raise


class _Lookup(threading.Thread):
    """One request to the resolver, which has no deadline.

    A lookup that is given up continues in the background. Others for the same host wait
    for it, so there is never more than one for each host.
    """

    running: dict[tuple[str, int], "_Lookup"] = {}  # noqa: RUF012 - shared intentionally
    lock = threading.Lock()

    def __init__(self, host: str, port: int) -> None:
        super().__init__(daemon=True, name="better-auth-lookup")
        self.host, self.port = host, port
        self.addresses: Sequence[AddressInfo] = []

    @classmethod
    def of(cls, host: str, port: int) -> "_Lookup":
        """Return the running lookup of this host, or a new one."""
        with cls.lock:
            lookup = cls.running.get((host, port))
            if lookup is None:
                lookup = cls.running[host, port] = cls(host, port)
                lookup.start()
            return lookup

    def run(self) -> None:
        try:
            self.addresses = socket.getaddrinfo(
                self.host, self.port, type=socket.SOCK_STREAM
            )
        except (OSError, UnicodeError):
            pass  # the caller reports that there is no address
        finally:
            with self.lock:
                del self.running[self.host, self.port]


def _addresses(host: str, port: int, deadline: _Deadline) -> Sequence[AddressInfo]:
    lookup = _Lookup.of(host, port)
    lookup.join(deadline.left())
    deadline.left()
    return lookup.addresses


# --- Exchanging ----------------------------------------------------------------


class _Socket:
    """The part of a socket that `http.client` needs, with each step in the deadline.

    The caller closes the connection itself.
    """

    def __init__(self, connection: socket.socket, deadline: _Deadline) -> None:
        self.connection = connection
        self.deadline = deadline

    def sendall(self, octets: bytes) -> None:
        self.connection.settimeout(self.deadline.left())
        self.connection.sendall(octets)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Received(self.connection, self.deadline))

    def close(self) -> None:
        """Keep it open: `http.client` closes it before it has read the body."""


class _Received(io.RawIOBase):
    """The bytes of one response."""

    def __init__(self, connection: socket.socket, deadline: _Deadline) -> None:
        self.connection = connection
        self.deadline = deadline
        self.left = MAX_HEAD_BYTES + MAX_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        self.connection.settimeout(self.deadline.left())
        received = self.connection.recv_into(buffer)
        self.left -= received
        if self.left < 0:
            raise FetchFailed("too large")
        return received


def _exchange(
    connection: _Socket,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
) -> Answer:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {"Accept": "application/json", "User-Agent": "ownlist", **headers}
    client = http.client.HTTPConnection(parts.netloc)
    client.sock = connection
    client.request(method, target, body=body, headers=sent)
    response = client.getresponse()
    if 300 <= response.status < 400:
        raise FetchFailed(f"status {response.status}")
    received = response.read(MAX_BYTES + 1)
    if len(received) > MAX_BYTES:
        raise FetchFailed("too large")
    if response.length:
        raise FetchFailed("cut short")
    return Answer(response.status, response.headers, received)
