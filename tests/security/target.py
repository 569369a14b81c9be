"""The attacked server, and everything that was said to it."""

import http.client
import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tests import forging, served
from tests.key_server import KeyServer
from tests.patience import PATIENCE, until
from tests.security.cast import SECRET_TITLE

# After its answer the server ends the connection, so all answers were received.
LAST = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
CSRF = "c" * 32
ME = "/api/v1/users/me"


class Answer(NamedTuple):
    """A response."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        return json.loads(self.body)


class Target:
    """A client of the server that remembers each secret it sent or received.

    No answer may be a server error, and none for anyone but Alice may contain the title
    of her tasks. Both are checked at every request.
    """

    def __init__(self, server: served.Served, cast: dict[str, Any], key: str) -> None:
        self.server = server
        self.cast = cast
        self.users: dict[str, dict[str, str]] = cast["users"]
        self.signing_key = forging.Key("HS256", key.encode())
        self.origin = f"http://127.0.0.1:{server.port}"
        self.sent = 0
        self.secrets: set[str] = set()
        for user in self.users.values():
            self.secrets |= {user[x] for x in ("email", "access", "refresh")}
            self.secrets.add(user["session"])
        self.secrets |= set(cast["tokens"].values())
        for user in cast["factors"].values():
            self.secrets |= {user["email"], user["secret"], *user["codes"]}
        self._connection = self._connect()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(
            "127.0.0.1", self.server.port, timeout=PATIENCE
        )

    def close(self) -> None:
        self._connection.close()

    def end_connection(self) -> None:
        """End the kept connection as the server does when it was idle for long."""
        if self._connection.sock:
            self._connection.sock.shutdown(socket.SHUT_RDWR)

    # --- Requests ---------------------------------------------------------------

    def api(
        self, method: str, path: str, body: Any = None, *, by: str | None = None, **more
    ) -> Answer:
        """Send JSON, or bytes as they are, with the access token of `by`."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if by:
            headers["Authorization"] = f"Bearer {self.users[by]['access']}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return self.send(method, path, body, headers | more.pop("headers", {}), by=by)

    def page(
        self,
        method: str,
        path: str,
        form: Mapping[str, Any] | None = None,
        *,
        by: str | None = None,
        origin: str | None = "",
        csrf: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a form with the session of `by`, as a browser does."""
        cookies = {}
        if by:
            cookies["ownlist_session"] = self.users[by]["session"]
        if csrf:
            cookies["ownlist_csrf"] = CSRF
        all_headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}
        body = None
        if method == "POST":
            form = dict(form or {}) | ({"csrfmiddlewaretoken": CSRF} if csrf else {})
            body = urlencode(form, doseq=True).encode()
            all_headers["Content-Type"] = "application/x-www-form-urlencoded"
            if origin is not None:
                all_headers["Origin"] = origin or self.origin
        return self.send(method, path, body, all_headers | dict(headers or {}), by=by)

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        by: str | None = None,
    ) -> Answer:
        """Send a request as it is, and check its answer."""
        headers = dict(headers or {})
        for name in ("Authorization", "Cookie"):
            self.secrets |= set(_secrets_in(headers.get(name, "")))
        answer = self._answer(method, path, body, headers)
        self.sent += 1
        assert answer.status < 500, f"{method} {path[:200]}: {answer.text[:500]}"
        if by != "alice":
            assert SECRET_TITLE not in answer.text, f"{method} {path} shows her task"
        return answer

    def _answer(self, method, path, body, headers) -> Answer:
        """Send it, once more on a new connection if this one was closed."""
        try:
            return self._exchange(method, path, body, headers)
        except (http.client.HTTPException, ConnectionError):
            # It closed the idle connection, or refused the request without reading it.
            self._connection.close()
            self._connection = self._connect()
            return self._exchange(method, path, body, headers)

    def _exchange(self, method, path, body, headers) -> Answer:
        self._connection.putrequest(
            method, path, skip_host="Host" in headers, skip_accept_encoding=True
        )
        if body is not None:
            headers = {"Content-Length": str(len(body))} | headers
        for name, value in headers.items():
            self._connection.putheader(name, value)
        with suppress(ConnectionError):  # it may answer before it read everything
            self._connection.endheaders(body)
        response = self._connection.getresponse()
        found = Answer(response.status, response.headers, response.read())
        if response.will_close:
            self._connection.close()
        return found

    def raw(self, request: bytes) -> bytes:
        """Send bytes and a last request; return all that comes back until the end."""
        self.sent += 1
        received = b""
        with (
            socket.create_connection(
                ("127.0.0.1", self.server.port), timeout=PATIENCE
            ) as connection,
            suppress(ConnectionError),
        ):
            connection.sendall(request + LAST)
            while part := connection.recv(65536):
                received += part
        return received

    def wait_for_keys(self, token: str) -> None:
        """Send a token of Better Auth until the keys that it needs were fetched.

        Until then the right answer is 503. A token with an unknown key id makes the
        server fetch again, which takes long on a busy machine: a test that expects 401
        for one calls this before.
        """
        headers = {"Authorization": f"Bearer {token}"}
        until(lambda: self._answer("GET", ME, None, headers).status != 503)

    # --- Afterwards -------------------------------------------------------------

    def everything_of_alice(self) -> tuple[Any, ...]:
        """Return what must be the same before and after all attacks."""
        export = self.api("GET", "/api/v1/export", by="alice").json()
        export.pop("exported_at", None)
        me = self.api("GET", "/api/v1/users/me", by="alice").json()
        history = self.api("GET", "/api/v1/changes", by="alice").json()
        page = self.page("GET", "/inbox/", by="alice").status
        return json.dumps(export, sort_keys=True), me, history, page

    def log(self) -> str:
        """Return what the server wrote."""
        return (self.server.directory / "server.log").read_text("utf-8", "replace")

    def leaks(self) -> list[str]:
        """Return the secrets that are in the log, shortened."""
        return leaked(self.log(), self.secrets)


def leaked(log: str, secrets: set[str]) -> list[str]:
    """Return the secrets that `log` contains, or the end of which it contains."""
    ends = {s: s.rpartition(".")[2] for s in secrets if len(s) >= MIN_SECRET}
    return sorted(
        secret[:40]
        for secret, end in ends.items()
        if secret in log or (len(end) >= 20 and end in log)
    )


MIN_SECRET = 8  # characters


def _secrets_in(header: str) -> Iterator[str]:
    for part in header.split(";"):
        yield part.strip().removeprefix("Bearer ").partition("=")[2] or part.strip()
        yield part.strip().removeprefix("Bearer ")


@contextmanager
def attacked(directory: Path, issuer: KeyServer, database: str) -> Iterator[Target]:
    """Run the server with its cast, and check afterwards that no attack succeeded."""
    environ = {
        "DJANGO_SETTINGS_MODULE": "tests.security.settings",
        "EMAIL_URL": f"filemail:///{directory}/mails",  # else they are in the log
        "BETTER_AUTH_ISSUERS": json.dumps([{"url": issuer.url}]),
        **({"DATABASE_URL": database} if database else {}),
    }
    with served.serving(directory, **environ) as server:
        done = subprocess.run(
            [sys.executable, "-m", "tests.security.cast", issuer.url],
            env=server.environment,
            capture_output=True,
            check=True,
        )
        key = server.environment["JWT_SIGNING_KEY"]
        target = Target(server, json.loads(done.stdout.splitlines()[-1]), key)
        with closing(target):
            yield target
