"""A small steady load through a proxy, without repeating what was refused."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from tests.deploy.proxies import Proxy
from tests.patience import until

PAUSE = 0.02  # seconds between two requests of one client
CLIENTS = 4


@dataclass(slots=True)
class Outcome:
    """The status of every request; 0 where the connection broke."""

    statuses: list[int] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Go on after the block until the clients have asked several times."""
        enough = len(self.statuses) + 4 * CLIENTS
        yield
        until(lambda: len(self.statuses) >= enough)

    @property
    def bad(self) -> list[int]:
        """Every status that is not of success."""
        return [status for status in self.statuses if not 200 <= status < 300]


@contextmanager
def steady(proxy: Proxy, token: dict[str, str]) -> Iterator[Outcome]:
    """Read and write from several clients during the block."""
    outcome, ended, numbers = Outcome(), threading.Event(), count()

    def run() -> None:
        while not ended.wait(PAUSE):
            with proxy.connected() as connection:
                _write(connection, f"Load {next(numbers)}", token, outcome)
                outcome.statuses.append(_send(connection, "GET", None, token)[0])

    clients = [threading.Thread(target=run) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield outcome
    finally:
        ended.set()
        for client in clients:
            client.join()


def _write(
    connection: http.client.HTTPConnection,
    title: str,
    token: dict[str, str],
    outcome: Outcome,
) -> None:
    body = json.dumps({"title": title}).encode()
    status, _ = _send(connection, "POST", body, token)
    outcome.statuses.append(status)
    if status == 201:
        outcome.stored.append(title)


def _send(
    connection: http.client.HTTPConnection,
    method: str,
    body: bytes | None,
    token: dict[str, str],
) -> tuple[int, bytes]:
    try:
        connection.request(method, "/api/v1/tasks", body, token)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
