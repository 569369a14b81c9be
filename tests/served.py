"""Ownlist as it is deployed, for tests that need the real server."""

import http.client
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import processes, services
from tests.patience import PATIENCE, until

PASSWORD = "ultramarine typewriter 77"


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: its port, main process, directory and environment."""

    port: int
    pid: int
    directory: Path
    environment: dict[str, str]

    @property
    def uploads(self) -> Path:
        """The directory for uploads."""
        return self.directory / "uploads"

    def wait_for_workers(self, count: int) -> None:
        """Wait until `count` workers listen: one of several can respond before that.

        Does nothing without `/proc`.
        """
        until(lambda: processes.listening_sockets(self.port) in {count, None})

    @contextmanager
    def connected(self) -> Iterator[http.client.HTTPConnection]:
        """Yield a connection that never reconnects automatically."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=PATIENCE
        )
        connection.connect()
        connection.auto_open = 0
        with closing(connection):
            yield connection

    def register(self) -> dict[str, str]:
        """Create an account and return an Authorization header for two hours."""
        name = secrets.token_hex(8)
        body = {"email": f"{name}@example.com", "password": PASSWORD}
        with self.connected() as connection:
            connection.request(
                "POST",
                "/api/v1/auth/register",
                json.dumps(body),
                {"Content-Type": "application/json"},
            )
            answer = json.loads(connection.getresponse().read())
        return {"Authorization": f"Bearer {answer['access']}"}


@contextmanager
def serving(directory: Path, *, workers: int = 1, **environ: str) -> Iterator[Served]:
    """Run the server of `config.server` on an empty SQLite database.

    `DJANGO_SETTINGS_MODULE="config.settings"` collects the static files as well.
    """
    port = processes.free_port()
    database = f"sqlite:///{directory / 'ownlist.sqlite3'}"
    environment = services.environment(directory, database, port) | {
        "DJANGO_SETTINGS_MODULE": "tests.served_settings",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WORKERS": str(workers),
        **environ,
    }
    # Coverage also measures the servers of a test run.
    environment |= {k: v for k, v in os.environ.items() if k.startswith("COVERAGE_")}
    (directory / "uploads").mkdir()
    manage("migrate", environment)
    if environment["DJANGO_SETTINGS_MODULE"] == "config.settings":
        manage("collectstatic", environment, "--no-input")
    command = [sys.executable, "-m", "config.server"]
    log = directory / "server.log"
    with processes.serving(command, port=port, environment=environment, log=log) as pid:
        running = Served(port, pid, directory, environment)
        running.wait_for_workers(workers)
        yield running


def manage(command: str, environment: dict[str, str], *options: str) -> None:
    """Run a management command with the environment of a server."""
    program = [sys.executable, "manage.py", command, "--verbosity=0", *options]
    subprocess.run(program, env=environment, check=True)
