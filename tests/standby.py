"""A primary and its streaming standby, made from the PostgreSQL of the tests."""

import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests import postgres
from tests.benchmarks.processes import free_port, signal_family
from tests.made_whole import MadeWhole
from tests.patience import PATIENCE, until

NAMES = ("primary", "standby")


class Servers(MadeWhole):
    """Two servers on this machine, each of which can be stopped on its own.

    The standby is a copy of the primary that replays its log. Each logs its statements.
    With `synchronous`, the primary acknowledges what the standby has stored too.
    """

    def __init__(self, *, synchronous: bool = False) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="ownlist-standby-"))
        self.ports = {name: free_port() for name in NAMES}
        self._password = secrets.token_urlsafe(16)
        self._synchronous = synchronous
        self._programs, self._identity = postgres._programs(self.directory)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def _remove(self) -> None:
        for process in self._processes.values():
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGQUIT)
            process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _create(self) -> None:
        postgres._initialise(
            self._programs, self._identity, self._data("primary"), self._password
        )
        self.start("primary")
        with closing(self._connect("primary", "postgres")) as connection:
            connection.execute(f"CREATE DATABASE {postgres.NAME}")
        self._copy()
        self.start("standby")
        if self._synchronous:
            self.run("primary", "ALTER SYSTEM SET synchronous_standby_names = '*'")
            self.run("primary", "SELECT pg_reload_conf()")

    def _copy(self) -> None:
        """Make the standby, as its documentation in PostgreSQL says."""
        source = f"postgres://{postgres.NAME}:{self._password}@127.0.0.1"
        subprocess.run(
            [
                self._programs / "pg_basebackup",
                f"--pgdata={self._data('standby')}",
                f"--dbname={source}:{self.ports['primary']}/postgres",
                *("--write-recovery-conf", "--checkpoint=fast", "--no-sync"),
            ],
            cwd=self.directory,
            env=postgres._environment(),
            check=True,
            capture_output=True,
            **self._identity,
        )

    def _data(self, name: str) -> Path:
        return self.directory / name

    def log(self, name: str) -> str:
        """Return what a server has logged, with all of its statements."""
        return self._data(f"{name}.log").read_text(errors="replace")

    def start(self, name: str) -> None:
        """Start a server, and wait until it answers."""
        settings = (
            "fsync=off",  # no test cuts the power
            "full_page_writes=off",
            "listen_addresses=127.0.0.1",
            f"port={self.ports[name]}",
            "unix_socket_directories=",
            "log_statement=all",
            "wal_receiver_timeout=5s",
            "wal_retrieve_retry_interval=200ms",
        )
        with self._data(f"{name}.log").open("ab") as stream:
            self._processes[name] = subprocess.Popen(
                [
                    self._programs / "postgres",
                    *("-D", self._data(name)),
                    *(word for setting in settings for word in ("-c", setting)),
                ],
                cwd=self.directory,
                env=postgres._environment(),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
                **self._identity,
            )
        until(lambda: self._accepts(name), lambda: self.log(name))

    def _accepts(self, name: str) -> bool:
        if self._processes[name].poll() is not None:
            raise postgres.StartError(self.log(name))
        try:
            self._connect(name, "postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self, name: str) -> None:
        """Stop a server at once, as an operator may."""
        self._end(name, signal.SIGINT)

    def kill(self, name: str) -> None:
        """Kill a server, which has no time to close anything."""
        self._end(name, signal.SIGKILL)

    def _end(self, name: str, number: int) -> None:
        process = self._processes.pop(name)
        process.send_signal(number)
        process.wait()

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Freeze all processes of a server: connections stay open, nothing answers."""
        pid = self._processes[name].pid
        signal_family(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            signal_family(pid, signal.SIGCONT)

    def promote(self) -> None:
        """Make the standby a primary."""
        self.run("standby", "SELECT pg_promote()")

    def run(self, name: str, statement: str) -> Any:
        """Run a statement on one server; return its first value, if it has one."""
        with closing(self._connect(name, postgres.NAME)) as connection:
            cursor = connection.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return row and row[0]

    def _connect(self, name: str, database: str) -> psycopg.Connection[Any]:
        url = self.url(name).rpartition("/")[0]
        return psycopg.connect(
            f"{url}/{database}", autocommit=True, connect_timeout=PATIENCE
        )

    def url(self, name: str) -> str:
        """Return the address of one server, as the superuser."""
        credentials = f"{postgres.NAME}:{self._password}"
        return f"postgres://{credentials}@127.0.0.1:{self.ports[name]}/{postgres.NAME}"

    def address_of_both(self, url: str) -> str:
        """Return a URL of the primary as one of both, for whichever takes writes."""
        hosts = ",".join(f"127.0.0.1:{self.ports[name]}" for name in NAMES)
        url = url.replace(f"127.0.0.1:{self.ports['primary']}", hosts)
        return f"{url}?target_session_attrs=read-write"

    def wait_for_replay(self) -> None:
        """Wait until the standby has replayed all that the primary has logged."""
        position = self.run("primary", "SELECT pg_current_wal_lsn()")
        replayed = f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn"
        until(lambda: self.run("standby", replayed))
