"""One user takes what all share: the others must not notice."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest

from tests import forging
from tests.faults import accounts, credentials
from tests.faults.client import ask
from tests.faults.drill import Readiness
from tests.key_server import KeyServer

pytestmark = pytest.mark.faults

PART = "one user"
REQUESTS = 30
SOON = 3  # seconds that the others may wait on a busy machine


@pytest.fixture(scope="module")
def issuer():
    with KeyServer() as server:
        server.publish(forging.jwk(forging.key_of("EdDSA")))
        yield server


@pytest.fixture(scope="module")
def instances(start, prepared, issuer):
    with start(**prepared, BETTER_AUTH_URL=issuer.url) as running:
        running.wait_for_workers(running.ports[0])
        yield running


def better_auth(issuer):
    """Return the headers of several tokens of a new user."""
    subject, now = secrets.token_hex(8), datetime.now(UTC)
    key = forging.key_of("EdDSA")
    claims = forging.better_auth_claims(issuer.url, subject, now)
    tokens = [
        forging.sign(claims | {"jti": str(number)}, key)
        for number in range(REQUESTS + 1)
    ]
    return [{"Authorization": f"Bearer {token}"} for token in tokens]


def others_noticed(load):
    """Return what users of the load got late, or not at all."""
    return [
        f"{one}, after {one.seconds:.1f} s"
        for one in load.answers
        if not one.is_good or one.seconds > SOON
    ]


@pytest.mark.parametrize("kind", [*credentials.KINDS, "Better Auth token"])
def test_each_request_brings_a_new_credential(
    fault, instances, postgresql, issuer, kind
):
    (port,) = instances.ports

    def write(headers):
        return ask(port, "POST", "/api/v1/tasks", headers, {"title": "Mine"})

    if kind == "Better Auth token":
        *sent, first = better_auth(issuer)
        me = ask(port, "GET", "/api/v1/users/me", first).body["id"]
    else:
        user = accounts.register(port)
        first, me = user.headers, user.id
        sent = credentials.made(instances.environment, kind, me, REQUESTS)
    assert write(first).status == 201
    name = f"writes to a locked ledger, each with a new {kind}"
    with (
        fault(name, instances, readiness=Readiness.READY) as load,
        psycopg.connect(postgresql.url, autocommit=True) as admin,
        ThreadPoolExecutor(REQUESTS) as pool,
        admin.transaction(),
    ):
        ledger = "SELECT 1 FROM todos_ledger WHERE owner_id = %s FOR UPDATE"
        assert admin.execute(ledger, [me]).fetchall()
        answers = list(pool.map(write, sent))

    assert [str(one) for one in answers if not one.asks_to_repeat] == []
    assert others_noticed(load) == []
