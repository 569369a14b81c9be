"""One request on a connection of its own, and how it ended."""

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

TIMEOUT = 60  # seconds, more than any request may take
IN_USE = "idempotency_key_in_use"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer; `status` is 0 if there was none, and `failure` then says why.

    `at` is the moment of its end, by the monotonic clock.
    """

    method: str
    path: str
    status: int
    at: float
    seconds: float
    credential: str = ""
    failure: str = ""
    headers: Message = field(default_factory=Message)
    body: Any = None

    @property
    def is_good(self) -> bool:
        """Whether the request was carried out."""
        return 200 <= self.status < 300

    @property
    def asks_to_repeat(self) -> bool:
        """Whether a client may send the same again, as the answer says itself."""
        is_running = self.status == 409 and self.body["code"] == IN_USE
        return is_running or (self.status == 503 and "Retry-After" in self.headers)

    def __str__(self) -> str:
        detail = self.failure or self.body
        return f"{self.method} {self.path}: {self.status} {detail}"


def ask(
    port: int,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    body: object = None,
    *,
    timeout: float = TIMEOUT,
) -> Answer:
    """Send a request, and return its answer or failure."""
    sent = {"Content-Type": "application/json", **(headers or {})}
    content = body if isinstance(body, bytes | None) else json.dumps(body)
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    failure, status, found, received = "", 0, Message(), b""
    try:
        connection.request(method, path, content, sent)
        answer = connection.getresponse()
        received = answer.read()
        status, found = answer.status, answer.headers
    except ConnectionRefusedError:
        failure = "refused"
    except TimeoutError:
        failure = "no answer"
    except (OSError, http.client.HTTPException):
        failure = "cut"
    finally:
        connection.close()
    now = time.monotonic()
    parsed = _parsed(received, found)
    credential = sent.get("Authorization", "")
    return Answer(
        method, path, status, now, now - started, credential, failure, found, parsed
    )


def _parsed(received: bytes, headers: Message) -> Any:
    if "json" in headers.get("Content-Type", ""):
        return json.loads(received)
    return received.decode(errors="replace")
