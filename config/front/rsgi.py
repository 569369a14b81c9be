"""What `config.front` uses of RSGI 1.5, the interface of granian."""

from collections.abc import Awaitable
from typing import Protocol


class Headers(Protocol):
    """Names are in small letters. `items` leaves out values that are not ASCII."""

    def keys(self) -> list[str]: ...

    def items(self) -> list[tuple[str, str]]: ...


class Scope(Protocol):
    """The head of a request; `server` and `client` are addresses with a port."""

    @property
    def http_version(self) -> str: ...

    @property
    def server(self) -> str: ...

    @property
    def client(self) -> str: ...

    @property
    def scheme(self) -> str: ...

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def query_string(self) -> str: ...

    @property
    def headers(self) -> Headers: ...


class Transport(Protocol):
    """An answer in pieces. It ends when nobody holds the transport any more."""

    def send_bytes(self, data: bytes) -> object:
        """Queue a piece; what comes back need not be awaited."""


class HTTPProtocol(Protocol):
    """One request and its answer.

    The body is read once, either whole, by a call, or in pieces, by iteration. An empty
    piece is its end; where the sender has gone, there are two of them, and the call
    raises a RuntimeError. The answer may be given from any thread.
    """

    def __call__(self) -> Awaitable[bytes]: ...

    def __aiter__(self) -> "HTTPProtocol":
        """Begin to read in pieces; a RuntimeError where reading has begun."""

    def __anext__(self) -> Awaitable[bytes]: ...

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None: ...

    def response_bytes(
        self, status: int, headers: list[tuple[str, str]], body: bytes
    ) -> None: ...

    def response_stream(
        self, status: int, headers: list[tuple[str, str]]
    ) -> Transport: ...

    def client_disconnect(self) -> Awaitable[None]:
        """Wait until an answer in pieces has left, or its reader has."""
