"""The process that runs the servers: `with Host() as host: server = host.start()`."""

import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from tests.better_auth_server.client import BetterAuthServer
from tests.better_auth_server.configuration import Configuration
from tests.patience import PATIENCE

FOLDER = Path(__file__).parent


class HostError(Exception):
    """The process did not start, died, or refused a command; the text says why."""


class Host:
    """One process of Node.js, and the Better Auth servers in it.

    Every server has a loopback port, a database and keys of its own. The process ends
    with its standard input, so it can't outlive the one who started it.
    """

    def __init__(self) -> None:
        node = _node()
        self._names = map(str, itertools.count(1))
        self._turn = threading.Lock()
        # Appending, because reading it here moves the place where Node.js would write.
        self._log = tempfile.TemporaryFile("a+", encoding="utf-8")  # noqa: SIM115 - until close
        self._process = subprocess.Popen(
            [node, "server.mjs"],
            cwd=FOLDER,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
        )

    def start(self, **configuration: Any) -> BetterAuthServer:
        """Start a server with these fields of `Configuration`."""
        return BetterAuthServer(self, next(self._names), Configuration(**configuration))

    def command(self, command: str, **arguments: Any) -> Any:
        """Send one command to the process, see `commands` in server.mjs.

        Raises:
            HostError: it could not; the text is what Node.js said.
        """
        with self._turn:
            answer = self._ask(json.dumps({"command": command, **arguments}))
        if "error" in answer:
            raise HostError(answer["error"])
        return answer["result"]

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise HostError(self._last_words()) from error
        if not select.select([self._process.stdout], [], [], PATIENCE)[0]:
            raise HostError(f"No answer within {PATIENCE} s.{self._last_words()}")
        if answer := self._process.stdout.readline():
            return json.loads(answer)
        raise HostError(self._last_words())

    def _last_words(self) -> str:
        self._log.seek(0)
        return f"The Better Auth servers said:\n{self._log.read()[-4000:]}"

    def close(self) -> None:
        """End the process and all its servers."""
        assert self._process.stdin and self._process.stdout
        with suppress(BrokenPipeError):  # it has died already
            self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _node() -> str:
    """Return the path of Node.js if it and the packages are installed."""
    node = shutil.which("node")
    if node is None:
        raise HostError("The tests of the Better Auth bridge need Node.js 20 or newer.")
    if not (FOLDER / "node_modules" / "better-auth").is_dir():
        raise HostError(
            "Better Auth is not installed. `make test` does it, or by hand: "
            "`npm ci` in tests/better_auth_server."
        )
    return node


def _environment() -> dict[str, str]:
    """Return only what Node.js needs, because Better Auth reads variables."""
    kept = ("PATH", "HOME", "TMPDIR", "SYSTEMROOT")
    return {name: os.environ[name] for name in kept if name in os.environ}
