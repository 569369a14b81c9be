"""Asking an issuer something over HTTP, with a limit on everything.

No redirects, so that a trusted address can't lead elsewhere; no proxy from the
environment; a limit on bytes, and one deadline for the whole exchange, however slowly
the answer drips.
"""

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

MAX_BYTES = 256 * 1024
TIMEOUT = 3.0  # seconds, for all of it


class FetchFailed(Exception):
    """There was no usable answer; the text names the kind, never a body."""


def fetch_json(
    url: str, *, headers: Mapping[str, str] | None = None, timeout: float = TIMEOUT
) -> Any:
    """GET `url` and return the JSON of a 200 answer.

    Raises:
        FetchFailed: for everything else, whatever went wrong.
    """
    connection = _connection(url, timeout)
    deadline = threading.Timer(timeout, _cut, [connection])
    deadline.daemon = True
    deadline.start()
    try:
        return json.loads(_exchange(connection, url, headers or {}))
    except FetchFailed:
        raise
    except (OSError, http.client.HTTPException, ValueError, RecursionError) as exc:
        raise FetchFailed(type(exc).__name__) from exc
    except AttributeError as exc:  # http.client, when its socket is cut under it
        raise FetchFailed("cut at the deadline") from exc
    finally:
        deadline.cancel()
        connection.close()


def _connection(url: str, timeout: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(
            host, parts.port, timeout=timeout, context=context
        )
    return http.client.HTTPConnection(host, parts.port, timeout=timeout)


def _cut(connection: http.client.HTTPConnection) -> None:
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)


def _exchange(
    connection: http.client.HTTPConnection, url: str, headers: Mapping[str, str]
) -> bytes:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {"Accept": "application/json", "User-Agent": "ownlist", **headers}
    connection.request("GET", target, headers=sent)
    response = connection.getresponse()
    if response.status != http.client.OK:
        raise FetchFailed(f"status {response.status}")
    body = response.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise FetchFailed("too large")
    if response.length:
        raise FetchFailed("cut short")
    return body
