"""The head of a request, converted for Django."""

import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from config.front.rsgi import Scope

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HEAD_BYTES = 32 * 1024  # of path, query string and headers in total

# Short values of these are kept for the refusal of a head that is too large.
ESSENTIAL = {
    "HTTP_ACCEPT",
    "HTTP_HOST",
    "HTTP_ORIGIN",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REQUEST_ID",
}
SHORT = 256  # bytes
NAMES_KEPT = 200
# Headers that CGI, and therefore WSGI, names without `HTTP_`.
PLAIN = {"CONTENT_LENGTH", "CONTENT_TYPE"}

_CONSTANT: "WSGIEnvironment" = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
}


class Head:
    """The head of a request as a WSGI environment (PEP 3333), with its size in bytes.

    `body_length` is None for a chunked body.
    """

    def __init__(self, scope: Scope) -> None:
        # A WSGI string contains the bytes decoded as Latin-1.
        self.path = scope.path.encode().decode("latin-1")
        server, client = scope.server, scope.client
        self.environ = _CONSTANT | {
            "REQUEST_METHOD": scope.method,
            "PATH_INFO": self.path,
            "QUERY_STRING": scope.query_string,
            "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
            "SERVER_NAME": _address(server),
            "SERVER_PORT": server.rpartition(":")[2],
            "REMOTE_ADDR": _address(client),
            "wsgi.url_scheme": scope.scheme,
        }
        fields = scope.headers.items()
        self.size = len(self.path) + len(scope.query_string)
        for name, value in fields:
            self.size += len(name) + len(value)
            self._add(name, value)
        # `items` omits values that are not ASCII. Keep those headers, with no value.
        for name in set(scope.headers.keys()).difference(dict(fields)):
            self._add(name, "")
        self.body_length = self._body_length()

    def _add(self, name: str, value: str) -> None:
        variable = _kept_variable(name) if len(name) <= SHORT else _variable(name)
        if not variable:
            return
        if variable not in self.environ:
            self.environ[variable] = value
        elif variable != "CONTENT_LENGTH":  # the server has checked that they are equal
            self.environ[variable] += ("; " if name == "cookie" else ",") + value

    def _body_length(self) -> int | None:
        # The server rejects requests with both headers, and lengths that are not a
        # number.
        if "HTTP_TRANSFER_ENCODING" in self.environ:
            return None
        return int(self.environ.get("CONTENT_LENGTH") or 0)

    def reduce(self) -> None:
        """Drop everything that a refusal doesn't need."""
        self.path = self.path[:SHORT]
        self.environ = {
            key: value
            for key, value in self.environ.items()
            if not key.startswith(("HTTP_", "CONTENT_"))
            or (key in ESSENTIAL and len(value) <= SHORT)
        } | {"PATH_INFO": self.path, "QUERY_STRING": ""}


def _variable(name: str) -> str:
    """Return the variable of a header, or an empty string for none."""
    if "_" in name:
        # `x_forwarded_for` would be read as `x-forwarded-for`.
        return ""
    variable = name.replace("-", "_").upper()
    return variable if variable in PLAIN else f"HTTP_{variable}"


_kept_variable = lru_cache(NAMES_KEPT)(_variable)


def _address(peer: str) -> str:
    """Return the address of `192.0.2.1:8000` or `[2001:db8::1]:8000`."""
    return peer.rpartition(":")[0].strip("[]")
