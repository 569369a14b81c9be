"""Types for the part of RSGI 1.5 (the interface of granian) that we use."""

from collections.abc import Awaitable
from typing import Protocol


class Headers(Protocol):
    """Names are in lower case. `items` omits values that are not ASCII."""

    def keys(self) -> list[str]: ...

    def items(self) -> list[tuple[str, str]]: ...


class Scope(Protocol):
    """The head of a request. `server` and `client` are addresses with a port."""

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
    """A streamed response. It ends when the last reference to this object is gone."""

    def send_bytes(self, data: bytes) -> object:
        """Queue a piece. The result need not be awaited."""


class HTTPProtocol(Protocol):
    """One request and its response.

    The body is read once, either by a call, or in pieces by iteration. An empty piece
    marks its end. If the client disconnected, there are two of them, and the call
    raises a RuntimeError. The response can be sent from any thread.
    """

    def __call__(self) -> Awaitable[bytes]: ...

    def __aiter__(self) -> "HTTPProtocol":
        """Start to read in pieces. Raises a RuntimeError if reading has started."""

    def __anext__(self) -> Awaitable[bytes]: ...

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None: ...

    def response_bytes(
        self, status: int, headers: list[tuple[str, str]], body: bytes
    ) -> None: ...

    def response_stream(
        self, status: int, headers: list[tuple[str, str]]
    ) -> Transport: ...

    def client_disconnect(self) -> Awaitable[None]:
        """Wait until a streamed response is sent or the client has disconnected."""
