"""Two instances of Ownlist on one database, as behind a proxy."""

import os
import signal
import sys
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from tests import served
from tests.benchmarks import processes, services

HOST = "lists.example.com"


class Instances:
    """Instances that are started, stopped and restarted one by one."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ports = [processes.free_port() for _ in range(2)]
        database = f"sqlite:///{directory / 'ownlist.sqlite3'}"
        self.environment = services.environment(directory, database, 0) | {
            "DJANGO_SETTINGS_MODULE": "tests.served_settings",
            "BASE_URL": f"https://{HOST}",
            "ALLOWED_HOSTS": f"{HOST},127.0.0.1",  # the tests ask without the proxy too
            "PROXY_COUNT": "1",
            "HOST": "127.0.0.1",
            "WORKERS": "1",
        }
        self.environment |= {
            k: v for k, v in os.environ.items() if k.startswith("COVERAGE_")
        }
        self._numbers = count()
        self._running: dict[int, tuple[int, ExitStack]] = {}

    def __enter__(self) -> "Instances":
        (self.directory / "uploads").mkdir()
        served.manage("migrate", self.environment)
        for port in self.ports:
            self.start(port)
        return self

    def __exit__(self, *exception: object) -> None:
        for port in list(self._running):
            self.stop(port)

    def environment_of(self, port: int) -> dict[str, str]:
        """Return the environment of one instance."""
        return self.environment | {"PORT": str(port)}

    def start(self, port: int) -> None:
        """Start an instance, and wait until it serves."""
        stack = ExitStack()
        log = self.directory / f"instance-{next(self._numbers)}.log"
        serving = processes.serving(
            [sys.executable, "-m", "config.server"],
            port=port,
            environment=self.environment_of(port),
            log=log,
        )
        self._running[port] = stack.enter_context(serving), stack

    def stop(self, port: int) -> None:
        """Stop an instance by SIGTERM, and wait for its end."""
        _, stack = self._running.pop(port)
        stack.close()

    def kill(self, port: int) -> None:
        """Kill all processes of an instance at once, as if its machine had failed."""
        pid, _ = self._running[port]
        os.killpg(pid, signal.SIGKILL)
        self.stop(port)

    def replace_processes(self, port: int) -> None:
        """Send SIGHUP to an instance, and wait until it has another process."""
        pid, _ = self._running[port]
        before = processes.children_of(pid)
        os.kill(pid, signal.SIGHUP)
        served.until(lambda: processes.children_of(pid).isdisjoint(before))
        served.until(lambda: processes.children_of(pid))
