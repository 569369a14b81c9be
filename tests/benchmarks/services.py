"""The environment of a measurement: a filled database, and the server commands."""

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from config import server
from tests import forging, postgres
from tests.benchmarks.calls import Caller
from tests.benchmarks.filling import TOKEN_LIFETIME
from tests.benchmarks.processes import parent_of
from tests.key_server import KeyServer

# `make peers` makes this environment.
PEERS_PYTHON = Path(__file__).parents[2] / "var" / "peers-venv" / "bin" / "python"
PEER_MODULES = {
    "fastapi async": "tests.benchmarks.peers.async_service:app",
    "fastapi sync": "tests.benchmarks.peers.sync_service:app",
}


@contextmanager
def database(name: str, directory: Path) -> Iterator[tuple[str, int | None]]:
    """Yield the URL of an empty database, and the main process of its server."""
    if name == "sqlite":
        yield f"sqlite:///{directory / 'ownlist.sqlite3'}", None
        return
    with postgres.server() as url:
        with psycopg.connect(url) as connection:
            first_process = parent_of(connection.info.backend_pid)
        yield url, first_process


def environment(directory: Path, url: str, port: int) -> dict[str, str]:
    """Return the environment of the programs, without the settings of this process."""
    kept = {k: os.environ[k] for k in ("PATH", "LANG", "TMPDIR") if k in os.environ}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "OWNLIST_ENV_FILE": "",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "JWT_SIGNING_KEY": secrets.token_urlsafe(48),
        "FACTOR_ENCRYPTION_KEY": secrets.token_urlsafe(48),
        "BASE_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": url,
        "VAR_DIR": str(directory),
        "USER_RATE_LIMIT": "1000000",  # one caller, as fast as it can
        # Static files are not requested here, so they are not collected.
        "PYTHONWARNINGS": "ignore:No directory at",
    }


def collect_static(environment: dict[str, str]) -> None:
    """Collect the static files, without which no page is served."""
    collect = [sys.executable, "manage.py", "collectstatic", "--noinput"]
    subprocess.run(collect, env=environment, stdout=subprocess.DEVNULL, check=True)


def as_service(environment: dict[str, str]) -> dict[str, str]:
    """Return the environment with the role of a deployment, which owns nothing."""
    if environment["DATABASE_URL"].startswith("sqlite"):
        return environment
    program = [sys.executable, "manage.py", "create_runtime_role", "ownlist_app"]
    printed = subprocess.run(
        program, env=environment, check=True, capture_output=True, text=True
    ).stdout
    (url,) = re.findall(r"\bDATABASE_URL=(\S+)", printed)
    return environment | {"DATABASE_URL": url}


def fill(
    directory: Path,
    environment: dict[str, str],
    *,
    tasks: int,
    users: int,
    issuer: str = "",
    with_peers: bool = False,
    for_growth: bool = False,
) -> list[Caller]:
    """Fill the database and return some of its users.

    `issuer` is the URL of a Better Auth server whose tokens they get as well.
    `with_peers` copies the tasks to the table of the peers. `for_growth` also fills the
    ledger, and gives the first of the users a session.
    """
    callers = directory / "callers.json"
    options = [f"--tasks={tasks}", f"--users={users}"]
    if issuer:
        options.append(f"--issuer={issuer}")
    if for_growth:
        options += ["--history", "--sessions"]
    program = [sys.executable, "-m", "tests.benchmarks.filling"]
    subprocess.run([*program, *options, str(callers)], env=environment, check=True)
    if with_peers:
        copy = [str(PEERS_PYTHON), "-m", "tests.benchmarks.peers.filling", str(callers)]
        subprocess.run(copy, env=environment, check=True)
    found: list[Caller] = json.loads(callers.read_text())
    if issuer:
        _add_better_auth_tokens(found, issuer)
    return found


def trusting(environment: dict[str, str], issuer: str) -> dict[str, str]:
    """Return the environment in which Ownlist accepts the tokens of `fill`."""
    return environment | {
        "BETTER_AUTH_URL": issuer,
        "BETTER_AUTH_MAX_LIFETIME": str(int(TOKEN_LIFETIME.total_seconds())),
    }


def _add_better_auth_tokens(callers: list[Caller], issuer: str) -> None:
    now = datetime.now(UTC)
    expires_at = int((now + TOKEN_LIFETIME).timestamp())
    for caller in callers:
        claims = forging.better_auth_claims(
            issuer, caller["user_id"], now, exp=expires_at
        )
        caller["better_auth"] = forging.sign(claims, forging.key_of("EdDSA"))


@contextmanager
def better_auth() -> Iterator[str]:
    """Serve the public key of the tokens of `fill`, and yield the URL of the issuer."""
    with KeyServer() as key_server:
        key_server.publish(forging.jwk(forging.key_of("EdDSA")))
        yield key_server.url


def command(name: str, port: int, workers: int) -> list[str]:
    """Return the command line of `make run`, or that of a server to compare with."""
    if name in PEER_MODULES:
        return [
            *(str(PEERS_PYTHON), "-m", "uvicorn", PEER_MODULES[name]),
            *("--host=127.0.0.1", f"--port={port}", f"--workers={workers}"),
            *("--loop=uvloop", "--http=httptools", "--backlog=2048"),
            *("--timeout-keep-alive=75", "--no-access-log", "--log-level=warning"),
        ]
    variables = {"HOST": "127.0.0.1", "PORT": str(port), "WORKERS": str(workers)}
    if name == "ownlist":
        given = [f"{key}={value}" for key, value in variables.items()]
        return ["env", *given, sys.executable, "-m", "config.server"]
    os.environ |= variables
    *options, _ = server.options()
    application = "tests.benchmarks.limit:application"
    return [sys.executable, "-m", "granian", *options, application]
