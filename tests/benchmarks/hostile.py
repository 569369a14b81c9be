"""The cost of the worst requests: `python -m tests.benchmarks.hostile`.

Starts Ownlist as `make run` does, with one worker, and sends the bodies, files, forms,
queries, headers and cookies that cost most to read, with half the accepted size and all
of it. None may cost more than half a second of processor time, and twice the size at
most twice as much.

Measures the processor time of the server instead of the response time, so that the
figures are valid on a busy machine too.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import secrets
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path

from tests import postgres
from tests.benchmarks import services
from tests.benchmarks.filling import TASKS_EACH
from tests.benchmarks.hostile_requests import FORM, JSON, KINDS, Kind, Request
from tests.benchmarks.processes import StartError, cpu_seconds, free_port, serving

LIMIT = 0.5  # seconds of processor time
ROWS = 1_000  # imported rows may cost as much; more in proportion
MAY_GROW = 2.6  # at twice the size; the kernel counts in hundredths of a second
TOO_SHORT = 0.2  # seconds; below this, the resolution of the kernel is too coarse
USERS = 40  # in turn, so that the limits of one user don't reduce the work
PASSWORD = "correct horse battery staple"  # noqa: S105 - of an account that is gone soon
TIMEOUT = 900  # seconds for one response


@dataclass(slots=True)
class Target:
    """The running server and its clients."""

    port: int
    pid: int
    tokens: Iterator[str]
    session: str = ""
    _addresses: Iterator[int] = field(default_factory=count)

    def send(self, request: Request) -> tuple[int, str]:
        """Send a request and return its status and headers; 0 without a response."""
        headers = self._headers(request) | request.headers
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            connection.request(request.method, request.path, request.body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status, str(answer.headers)
        except (OSError, http.client.HTTPException):
            return 0, ""  # a refusal that did not wait for the whole body
        finally:
            connection.close()

    def _headers(self, request: Request) -> dict[str, str]:
        number = next(self._addresses)
        secret = secrets.token_hex(16)
        # A new address each time, so that limits by address don't reduce the work.
        headers = {"X-Forwarded-For": f"10.{number >> 8}.{number & 255}.1"}
        if request.sender == "caller":
            return headers | {"Authorization": f"Bearer {next(self.tokens)}"}
        cookies = [f"ownlist_csrf={secret}"]
        if request.sender == "browser":
            cookies.append(self.session)
        return headers | {"Cookie": "; ".join(cookies), "X-CSRFToken": secret}

    def cost(self, request: Request) -> tuple[float, int]:
        """Return the processor time of a request, in seconds, and its status."""
        before = cpu_seconds(self.pid) or 0
        status, _ = self.send(request)
        return (cpu_seconds(self.pid) or 0) - before, status

    def sign_in(self) -> None:
        """Create an account and keep its session for the pages."""
        account = {"email": "hostile@example.com", "password": PASSWORD}
        body = json.dumps(account).encode()
        self.send(Request("POST", "/api/v1/auth/register", body, JSON))
        page = Request(
            "POST",
            "/accounts/login/",
            f"login={account['email']}&password={PASSWORD.replace(' ', '+')}".encode(),
            FORM,
        )
        status, headers = self.send(page)
        cookie = re.search(r"ownlist_session=\w+", headers)
        if cookie is None:
            raise StartError(f"The sign-in was answered with {status}.")
        self.session = cookie[0]


@dataclass(frozen=True, slots=True)
class Figures:
    """The cost of requests of one kind with half the size and the full size."""

    kind: Kind
    status: int
    half: float
    full: float

    @property
    def growth(self) -> float | None:
        """How much more twice the size costs, or None if the cost is too small."""
        return self.full / max(self.half, 0.01) if self.full >= TOO_SHORT else None

    @property
    def limit(self) -> float:
        """The processor time that requests of this kind may cost, in seconds."""
        return LIMIT * self.kind.size / ROWS if self.kind.is_in_rows else LIMIT

    @property
    def is_bad(self) -> bool:
        dearest = max(self.half, self.full)
        return dearest > self.limit or (self.growth or 0) > MAY_GROW

    def row(self) -> str:
        growth = f"{self.growth:.1f}x" if self.growth else ""
        mark = "  TOO MUCH" if self.is_bad else ""
        return (
            f"{self.kind.name:<48}{_size(self.kind):>11}{self.status:>5}"
            f"{self.half:>8.2f}{self.full:>8.2f}{growth:>7}{mark}"
        )


HEADINGS = f"{'':<48}{'size':>11}{'':>5}{'half':>8}{'full':>8}{'growth':>7}"


def _size(kind: Kind) -> str:
    octets = kind.size
    if kind.is_in_rows:
        return f"{octets} rows"
    for unit, factor in (("MiB", 1024 * 1024), ("KiB", 1024)):
        if octets >= factor:
            return f"{octets / factor:.0f} {unit}"
    return f"{octets} B"


def measure(target: Target, kind: Kind, *, rounds: int) -> Figures:
    """Return the lowest cost of requests of a kind over several rounds."""
    full, half = kind.make(kind.size), kind.make(kind.size // 2)
    target.send(kind.make(1))  # loads everything that is loaded once
    halves, _ = min(target.cost(half) for _ in range(rounds))
    fulls, status = min(target.cost(full) for _ in range(rounds))
    return Figures(kind, status, halves, fulls)


def main(arguments: list[str]) -> int:
    """Measure, print, and return 1 if anything cost too much."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.hostile")
    add = parser.add_argument
    add("--database", choices=("sqlite", "postgresql"), default="sqlite")
    add("--only", metavar="WORD", default="", help="kinds with this in their name")
    add("--rounds", type=int, default=2, help="of each size, the cheapest counts (2)")
    options = parser.parse_args(arguments)
    kinds = [kind for kind in KINDS if options.only in kind.name]
    with (
        tempfile.TemporaryDirectory(prefix="ownlist-hostile-") as directory,
        running(options.database, Path(directory)) as target,
    ):
        print(HEADINGS, flush=True)
        bad = 0
        for kind in kinds:
            figures = measure(target, kind, rounds=options.rounds)
            bad += figures.is_bad
            print(figures.row(), flush=True)
    print(
        f"{len(kinds)} kinds of requests, {bad} of them cost more than {LIMIT} s of"
        " processor time (each 1,000 rows of an import), or more than their share at"
        " twice the size."
    )
    return 1 if bad else 0


@contextmanager
def running(database: str, directory: Path) -> Iterator[Target]:
    """Start the database and the server, and stop them after the block."""
    with services.database(database, directory) as (url, _):
        port = free_port()
        environment = services.environment(directory, url, port) | {"PROXY_COUNT": "1"}
        callers = services.fill(
            directory, environment, tasks=USERS * TASKS_EACH, users=USERS
        )
        # The pages use hashed names of static files.
        services.collect_static(environment)
        with serving(
            services.command("ownlist", port, 1),
            port=port,
            environment=environment,
            log=directory / "ownlist.log",
        ) as pid:
            tokens = cycle([caller["token"] for caller in callers])
            target = Target(port=port, pid=pid, tokens=tokens)
            target.sign_in()
            yield target


if __name__ == "__main__":
    # A signal must also stop the server.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except (StartError, postgres.StartError) as error:
        sys.exit(f"A server did not start.\n{error}")
