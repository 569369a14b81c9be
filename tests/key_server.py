"""A local server of public keys whose responses are controlled by tests.

For behaviour that a Better Auth server doesn't have: forged keys, and delayed
responses.
"""

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.patience import PATIENCE

JWKS_PATH = "/api/auth/jwks"
ELSEWHERE = "/elsewhere"
MEGABYTE = 1024 * 1024
DRIP_SECONDS = 0.05


class KeyServer:
    """The keys of one issuer, whose name is `url`.

    with KeyServer() as server:
        server.publish(forging.jwk(key))
        server.mode("unavailable")
        assert server.fetches == 0
    """

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.requests: list[dict[str, str]] = []
        """The headers of each fetch, their names in lower case."""
        self.redirects_followed = 0
        self._mode: Callable[[_Handler], None] = self._normal
        self._news = threading.Condition()
        self._released = threading.Event()
        self._closed = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self._http.keys = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        return self._http.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def jwks_url(self) -> str:
        return self.url + JWKS_PATH

    @property
    def fetches(self) -> int:
        return len(self.requests)

    def publish(self, *keys: Any) -> None:
        """Publish only these keys from now on."""
        self.keys = list(keys)

    def mode(self, mode: str, **settings: Any) -> None:
        """Answer in this way from now on.

        normal; hold (until `release`, then normal); hang; drip (a byte now and then,
        for ever); slow (seconds=…); unavailable (status=503); drop; html; cut;
        wrong_type; empty; redirect (location=…, else to the real keys); huge
        (megabytes=32); body (body=…, status=200, headers={…}).
        """
        self._released.clear()
        answer = getattr(self, f"_{mode.replace('-', '_')}")
        self._mode = lambda handler: answer(handler, **settings)

    def release(self) -> None:
        """Answer the delayed fetches, and delay no others."""
        self._released.set()

    def wait_for_fetches(self, count: int) -> None:
        """Wait until this number of fetches has arrived, answered or not."""
        with self._news:
            came = self._news.wait_for(lambda: self.fetches >= count, PATIENCE)
        assert came, f"{self.fetches} of {count} fetches came in {PATIENCE} s."

    def close(self) -> None:
        """Refuse connections from now on."""
        self._closed.set()
        self._released.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- Called by the handler ------------------------------------------------

    def answer(self, handler: "_Handler") -> None:
        """Respond to a request."""
        if handler.path == ELSEWHERE:
            self.redirects_followed += 1
            self._normal(handler)
        elif handler.path == JWKS_PATH:
            with self._news:
                self.requests.append({k.lower(): v for k, v in handler.headers.items()})
                self._news.notify_all()
            self._mode(handler)
        else:
            handler.reply(404, b"")

    def _key_set(self) -> bytes:
        return json.dumps({"keys": self.keys}).encode()

    # --- The modes ------------------------------------------------------------

    def _normal(self, handler: "_Handler") -> None:
        handler.reply(200, self._key_set())

    def _hold(self, handler: "_Handler") -> None:
        self._released.wait(PATIENCE)
        self._normal(handler)

    def _hang(self, _handler: "_Handler") -> None:
        self._closed.wait(PATIENCE)

    def _drip(self, handler: "_Handler") -> None:
        handler.begin(200, {"Content-Length": str(MEGABYTE)})
        while not self._closed.wait(DRIP_SECONDS):
            handler.wfile.write(b" ")

    def _slow(self, handler: "_Handler", *, seconds: float) -> None:
        self._closed.wait(seconds)
        self._normal(handler)

    def _unavailable(self, handler: "_Handler", *, status: int = 503) -> None:
        handler.reply(status, b"Service Unavailable", {"Content-Type": "text/plain"})

    def _drop(self, handler: "_Handler") -> None:
        handler.close_connection = True

    def _html(self, handler: "_Handler") -> None:
        handler.reply(200, b"<!doctype html>", {"Content-Type": "text/html"})

    def _cut(self, handler: "_Handler") -> None:
        body = self._key_set()
        handler.reply(200, body[: len(body) // 2])

    def _wrong_type(self, handler: "_Handler") -> None:
        handler.reply(200, b'["keys"]')

    def _empty(self, handler: "_Handler") -> None:
        handler.reply(200, b'{"keys": []}')

    def _redirect(self, handler: "_Handler", *, location: str | None = None) -> None:
        handler.reply(302, b"", {"Location": location or self.url + ELSEWHERE})

    def _huge(self, handler: "_Handler", *, megabytes: int = 32) -> None:
        handler.begin(200, {})
        handler.wfile.write(self._key_set())
        for _ in range(megabytes):
            handler.wfile.write(b" " * MEGABYTE)

    def _body(
        self,
        handler: "_Handler",
        *,
        body: bytes | str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        raw = body.encode() if isinstance(body, str) else body
        handler.reply(status, raw, headers)


class _Handler(BaseHTTPRequestHandler):
    """One request. The connection is closed after the response."""

    def do_GET(self) -> None:
        try:
            self.server.keys.answer(self)  # type: ignore[attr-defined]
        except ConnectionError:
            self.close_connection = True  # the client has disconnected

    def reply(
        self, status: int, body: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send a complete response."""
        self.begin(status, {"Content-Length": str(len(body)), **(headers or {})})
        self.wfile.write(body)

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the head of a response."""
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""
