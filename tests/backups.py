"""A deployment with data, for tests of backup and restore on both kinds of database."""

import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests import postgres, served
from tests.benchmarks import services

# What a server has in common with the commands. BASE_URL is the issuer of tokens.
SERVED = (
    "SECRET_KEY",
    "JWT_SIGNING_KEY",
    "FACTOR_ENCRYPTION_KEY",
    "BASE_URL",
    "DATABASE_URL",
    "MIGRATION_DATABASE_URL",
)


@dataclass(frozen=True, slots=True)
class Deployment:
    """A database with the demo account; `admin` is the URL of a superuser there."""

    kind: str
    directory: Path
    environment: dict[str, str]
    admin: str

    def manage(self, *arguments, file_size=None, **environ):
        """Run a command and return its exit status and all that it printed.

        No file that it writes can get larger than `file_size` bytes.
        """

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))

        environment = self.environment | environ
        if file_size:  # for the figures of coverage as well
            environment = {
                k: v for k, v in environment.items() if not k.startswith("COVERAGE_")
            }
        done = subprocess.run(
            [sys.executable, "manage.py", *map(str, arguments)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=limit if file_size else None,  # noqa: PLW1509
        )
        return done.returncode, done.stdout

    def backup(self, name):
        """Back up into a new file and return its path."""
        path = self.directory / name
        status, printed = self.manage("backup", path)
        assert status == 0, printed
        return path

    @contextmanager
    def serving(self, directory):
        """Serve the database with the same keys, and yield the server."""
        directory.mkdir()
        kept = {k: v for k, v in self.environment.items() if k in SERVED}
        with served.serving(directory, **kept) as server:
            yield server

    @property
    def database(self):
        """The path of the SQLite database."""
        return self.directory / "ownlist.sqlite3"

    @contextmanager
    def connected(self, name=None):
        """Yield what runs a query and returns all rows, whoever owns them.

        In the database of the deployment, or the one with this name or path.
        """
        if self.kind == "sqlite":
            with closing(sqlite3.connect(name or self.database)) as database:
                yield lambda query: database.execute(query).fetchall()
            return
        with psycopg.connect(self.named(name) if name else self.admin) as database:
            yield lambda query: database.execute(query).fetchall()

    def change(self, statement):
        """Run a statement that changes rows."""
        if self.kind == "sqlite":
            with closing(sqlite3.connect(self.database)) as database, database:
                database.execute(statement)
        else:
            with psycopg.connect(self.admin) as database:
                database.execute(statement)

    def named(self, name):
        """Return the URL of a superuser in another database."""
        return urlsplit(self.admin)._replace(path=f"/{name}").geturl()

    def state(self):
        """Return what a refused command must not change."""
        if self.kind == "sqlite":
            others = sorted(
                path.name
                for path in self.directory.iterdir()
                if not path.name.endswith((".lock", "-wal", "-shm"))
            )
        else:
            with self.connected("postgres") as rows:
                others = rows("SELECT datname FROM pg_database ORDER BY 1")
            others += sorted(path.name for path in self.directory.iterdir())
        with self.connected() as rows:
            tasks = rows("SELECT id, title, version FROM todos_task ORDER BY id")
        return others, tasks


@contextmanager
def deployed(kind: str, directory: Path) -> Iterator[Deployment]:
    """Migrate an empty database as its owner; the service has a role of its own."""
    if kind == "sqlite":
        yield _prepared(kind, directory, f"sqlite:///{directory / 'ownlist.sqlite3'}")
        return
    with postgres.server() as admin:
        yield _prepared(kind, directory, postgres.owned(admin), admin)


def _prepared(kind: str, directory: Path, url: str, admin: str = "") -> Deployment:
    environment = services.environment(directory, url, 8000)
    (directory / "uploads").mkdir()  # which the settings name
    # Coverage also measures the commands of a test run.
    environment |= {k: v for k, v in os.environ.items() if k.startswith("COVERAGE_")}
    environment["DJANGO_SETTINGS_MODULE"] = "tests.served_settings"
    deployment = Deployment(kind, directory, environment, admin)
    for command in ("migrate", "demo"):
        status, printed = deployment.manage(command, "--verbosity=0")
        assert status == 0, printed
    if kind == "postgresql":
        environment |= services.as_service(environment)
        environment["MIGRATION_DATABASE_URL"] = url
    return deployment
