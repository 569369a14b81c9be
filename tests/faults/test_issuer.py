"""The keys of a Better Auth server are away, slow, garbage or huge.

Users whose key is known go on. Others come with a token of another key, as after a
rotation, or because they invented it.
"""

import secrets
from datetime import UTC, datetime

import pytest

from tests import forging
from tests.faults import many_clients
from tests.faults.accounts import Account
from tests.faults.client import ask
from tests.faults.drill import Readiness
from tests.faults.load import USERS
from tests.key_server import KeyServer
from tests.patience import until

pytestmark = pytest.mark.faults

PART = "issuer"
ME = "/api/v1/users/me"
STRANGERS = 10  # clients at once
SOON = 3  # seconds that others may wait on a busy machine
FAULTS = {
    "unavailable": "its keys answered with 503",
    "hang": "never answers for its keys",
    "html": "garbage in place of its keys",
    "huge": "32 MiB in place of its keys",
}


@pytest.fixture(scope="module")
def key():
    return forging.new_key("EdDSA")


@pytest.fixture(scope="module")
def issuer(key):
    with KeyServer() as server:
        server.publish(forging.jwk(key))
        yield server


@pytest.fixture(scope="module")
def instances(start, prepared, issuer):
    with start(**prepared, BETTER_AUTH_URL=issuer.url) as running:
        running.wait_for_workers(running.ports[0])
        yield running


def headers_of(issuer, key):
    """Return the headers of a new user, with a token that this key signed."""
    now = datetime.now(UTC)
    claims = forging.better_auth_claims(issuer.url, secrets.token_hex(8), now)
    return {"Authorization": f"Bearer {forging.sign(claims, key)}"}


def strangers(port, issuer):
    """Let clients ask with unknown keys; see `many_clients.asking`."""

    def ask_with_new_key():
        headers = headers_of(issuer, forging.new_key("EdDSA"))
        return ask(port, "GET", ME, headers)

    return many_clients.asking(ask_with_new_key, count=STRANGERS)


@pytest.mark.parametrize("mode", FAULTS)
def test_new_keys_can_not_be_fetched(fault, instances, issuer, key, mode):
    (port,) = instances.ports
    members = [Account(headers_of(issuer, key)) for _ in range(USERS)]
    new = forging.new_key("EdDSA")
    rotated = headers_of(issuer, new)
    with fault(
        FAULTS[mode], instances, readiness=Readiness.READY, members=members
    ) as load:
        issuer.mode(mode)
        fetches = issuer.fetches
        with strangers(port, issuer) as answers:
            until(lambda: issuer.fetches > fetches)
            load.wait_for_requests(100)
        issuer.publish(forging.jwk(key), forging.jwk(new))
        issuer.mode("normal")
        until(lambda: ask(port, "GET", ME, rotated).is_good)
    wrong = [one for one in answers if one.status != 401 and not one.asks_to_repeat]
    late = [one for one in load.answers if not one.is_good or one.seconds > SOON]

    assert [str(one) for one in wrong] == []
    assert any(one.asks_to_repeat for one in answers)
    assert [f"{one}, after {one.seconds:.1f} s" for one in late] == []
