"""The environment of a measurement: a filled database, and the server commands."""

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from config import server
from tests import postgres
from tests.benchmarks.calls import Caller
from tests.benchmarks.processes import parent_of


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
    directory: Path, environment: dict[str, str], *, tasks: int, users: int
) -> list[Caller]:
    """Fill the database and return some of its users."""
    callers = directory / "callers.json"
    numbers = [f"--tasks={tasks}", f"--users={users}"]
    program = [sys.executable, "-m", "tests.benchmarks.filling"]
    subprocess.run([*program, *numbers, str(callers)], env=environment, check=True)
    found: list[Caller] = json.loads(callers.read_text())
    return found


def command(name: str, port: int, workers: int) -> list[str]:
    """Return the command line of `make run`, for Ownlist itself or for the limit."""
    os.environ |= {"HOST": "127.0.0.1", "PORT": str(port), "WORKERS": str(workers)}
    *options, application = server.options()
    if name == "limit":
        application = "tests.benchmarks.limit:application"
    return [sys.executable, "-m", "granian", *options, application]
