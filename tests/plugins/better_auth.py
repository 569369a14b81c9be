"""Better Auth servers and servers of forged keys, for the tests of the bridge."""

import secrets
from contextlib import ExitStack
from urllib.parse import quote

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from accounts.better_auth import fetching, keys
from tests.better_auth_server.host import Host
from tests.key_server import KeyServer
from tests.patience import PATIENCE


def pytest_configure(config):
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "needs_postgresql: about what only PostgreSQL has; left out on SQLite",
    )


def pytest_collection_modifyitems(config, items):
    """Leave out what SQLite can't show. The run on PostgreSQL has it all."""
    if connection.vendor == "postgresql":
        return
    left_out = [item for item in items if item.get_closest_marker("needs_postgresql")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def better_auth_host():
    """The one process of Node.js in which all servers of this test process run."""
    with Host() as host:
        yield host


@pytest.fixture
def patient(monkeypatch):
    """Let the bridge wait for servers as long as tests do.

    It gives up after seconds, and in some cases earlier. A server of the tests may need
    more on a busy machine. Of tests about time, each sets its own.
    """
    for function in (fetching.fetch, fetching.fetch_json):
        monkeypatch.setitem(function.__kwdefaults__, "timeout", PATIENCE)
    monkeypatch.setattr(keys, "TIMEOUT", PATIENCE)
    monkeypatch.setattr(keys, "SHORT_WAIT", PATIENCE)


@pytest.fixture
def start_better_auth(better_auth_host, patient):
    """Start one more server: `start_better_auth(algorithm="ES256")`.

    The words are the fields of `Configuration`. It takes milliseconds.
    """
    with ExitStack() as stack:

        def start(**configuration):
            server = better_auth_host.start(**configuration)
            stack.callback(server.end)
            return server

        yield start


@pytest.fixture
def better_auth(start_better_auth):
    """A Better Auth server: EdDSA, in memory, with bearer(), jwt() and admin().

    It is the test's own: an issuer that no test has seen before, without accounts.
    """
    return start_better_auth()


@pytest.fixture
def better_auth_database():
    """The address of an empty PostgreSQL database beside the one of the run.

    For tests that are marked `needs_postgresql`.
    """
    name = f"better_auth_{secrets.token_hex(8)}"
    with psycopg.connect(_address("postgres"), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        yield _address(name)
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _address(name):
    """Return the address of a database on the PostgreSQL of the run, as its owner."""
    of_run = settings.MIGRATION_DATABASE or settings.DATABASES["default"]
    user, password = (quote(of_run[part], safe="") for part in ("USER", "PASSWORD"))
    host = quote(of_run["HOST"] or "localhost", safe="")
    return f"postgresql://{user}:{password}@{host}:{of_run['PORT'] or 5432}/{name}"


@pytest.fixture
def better_auth_on_postgresql(better_auth_database, start_better_auth):
    """A server as `better_auth`, but in `better_auth_database`.

    Its tables are those of Better Auth's own migrations.
    """
    return start_better_auth(database=better_auth_database)


@pytest.fixture
def start_key_server(patient):
    """Start a server of forged keys, one for each issuer: `start_key_server()`."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(KeyServer())


@pytest.fixture
def key_server(start_key_server):
    """One server of forged keys."""
    return start_key_server()
