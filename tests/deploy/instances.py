"""Instances of Ownlist on one database, by default two as behind a proxy."""

import itertools
import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path

from tests import served
from tests.benchmarks import processes, services
from tests.patience import until

HOST = "lists.example.com"


class Instances:
    """Instances that are started, stopped and restarted one by one.

    `environ` replaces what they have in common: another database, more workers.
    """

    def __init__(self, directory: Path, *, count: int = 2, **environ: str) -> None:
        self.directory = directory
        self.ports = [processes.free_port() for _ in range(count)]
        self.database = directory / "ownlist.sqlite3"
        url = f"sqlite:///{self.database}"
        self.environment = services.environment(directory, url, 0) | {
            "DJANGO_SETTINGS_MODULE": "tests.served_settings",
            "BASE_URL": f"https://{HOST}",
            "ALLOWED_HOSTS": f"{HOST},127.0.0.1",  # the tests ask without the proxy too
            "PROXY_COUNT": "1",
            "HOST": "127.0.0.1",
            "WORKERS": "1",
            **environ,
        }
        self.environment |= {
            k: v for k, v in os.environ.items() if k.startswith("COVERAGE_")
        }
        self.prefix: list[str] = []  # of the command line
        self._numbers = itertools.count()
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
            [*self.prefix, sys.executable, "-m", "config.server"],
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

    def kill_worker(self, port: int) -> None:
        """Kill a worker process, and wait until another one listens in its place."""
        victim = min(self.workers_of(port))
        os.kill(victim, signal.SIGKILL)
        until(lambda: victim not in self.workers_of(port))
        self.wait_for_workers(port)

    def workers_of(self, port: int) -> set[int]:
        """Return the worker processes of an instance."""
        pid, _ = self._running[port]
        return processes.children_of(pid)

    def wait_for_workers(self, port: int) -> None:
        """Wait until all workers of an instance listen."""
        expected = int(self.environment["WORKERS"])
        until(lambda: processes.listening_sockets(port) in {expected, None})

    def replace_processes(self, port: int) -> None:
        """Send SIGHUP to an instance, and wait until it has another process."""
        pid, _ = self._running[port]
        before = processes.children_of(pid)
        os.kill(pid, signal.SIGHUP)
        until(lambda: processes.children_of(pid).isdisjoint(before))
        until(lambda: processes.children_of(pid))
