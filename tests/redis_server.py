"""A Redis for the tests that can be killed and frozen; see `tests.deploy.programs`."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.benchmarks import processes
from tests.deploy import programs
from tests.patience import ATTEMPT, until


class RedisServer:
    """A Redis on a free port. It keeps nothing when it ends."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self.port = processes.free_port()
        self.url = f"rediscache://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        assert self._process is None
        program = [str(programs.find("redis-server")), "--bind", "127.0.0.1"]
        options = ["--port", str(self.port), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [*program, *options],
            cwd=self._directory,
            env=programs.environment(),
            stdout=subprocess.DEVNULL,
        )
        until(self._answers)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "Redis has ended"
        try:
            with redis.Redis(port=self.port, socket_timeout=ATTEMPT) as client:
                return bool(client.ping())
        except redis.exceptions.RedisError:
            return False

    def kill(self) -> None:
        """Kill it as if its machine had failed."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it accept connections and answer nothing during the block."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)
