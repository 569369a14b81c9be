"""One attacked server for a run, and what must hold after all attacks."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql

from tests import forging
from tests.key_server import KeyServer
from tests.security.target import attacked


def pytest_itemcollected(item):
    """Run the attacks on PostgreSQL as well, and leave them out of `make check`."""
    if "target" in item.fixturenames:
        item.add_marker("database")
        item.add_marker("slow")


@pytest.fixture(scope="session")
def issuer():
    """The Better Auth server that is trusted, which also publishes unfit keys."""
    with KeyServer() as server:
        kinds = [*forging.ALGORITHMS, *forging.UNFIT_KEYS, "HS256"]
        server.publish(*(forging.jwk(forging.key_of(kind)) for kind in kinds))
        yield server


@pytest.fixture(scope="session")
def trap():
    """A server that nothing may ever call."""
    with KeyServer() as server:
        server.publish(forging.jwk(forging.key_of("EdDSA")))
        yield server
        assert server.fetches == 0, "the server called an address of the attacker"


@pytest.fixture(scope="session")
def target(tmp_path_factory, issuer):
    """The server. Afterwards Alice's account is as before, and the log is clean."""
    folder = tmp_path_factory.mktemp("attacked")
    with _database() as url, attacked(folder, issuer, url) as running:
        claims = forging.better_auth_claims(issuer.url, "user-1", datetime.now(UTC))
        running.wait_for_keys(forging.sign(claims, forging.key_of("EdDSA")))
        before = running.everything_of_alice()
        yield running
        wrong = {
            "her account changed": running.everything_of_alice() != before,
            "secrets in the log": running.leaks(),
            "exceptions in the log": "Traceback" in running.log(),
            "too few lines": len(running.log().splitlines()) < running.sent // 2,
        }
        assert {what: found for what, found in wrong.items() if found} == {}


@contextmanager
def _database() -> Iterator[str]:
    """Yield the URL of an empty database of the run's kind; "" means SQLite."""
    server = os.environ.get("TEST_DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield ""
        return
    name = f"attacked_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield f"{server.rpartition('/')[0]}/{name}"
    with psycopg.connect(server, autocommit=True) as connection:
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
        connection.execute(drop.format(sql.Identifier(name)))
