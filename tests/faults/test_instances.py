"""Two instances on one PostgreSQL, asked for the same at the same moment."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import served
from tests.faults import accounts, judgement
from tests.faults.client import IN_USE, ask
from tests.faults.drill import Readiness

pytestmark = pytest.mark.faults

PART = "two instances"
KEYS = 50
TIMES = 4


@pytest.fixture(scope="module")
def instances(start, prepared):
    with start(count=2, workers=1, **prepared) as running:
        yield running


def test_a_key_is_used_on_both_at_once(fault, instances):
    account = accounts.register(instances.ports[0])
    name = f"{KEYS} keys, each sent {TIMES} times to both at once"
    with (
        fault(name, instances, readiness=Readiness.READY),
        ThreadPoolExecutor(8) as pool,
    ):
        answers = list(
            pool.map(
                lambda sent: _create(instances.ports[sent % 2], account, sent // TIMES),
                range(KEYS * TIMES),
            )
        )
    titles = Counter(judgement.titles_of(instances.ports[1], account))
    refused = [answer.body["code"] for answer in answers if answer.status != 201]

    assert titles == {f"Key {number}": 1 for number in range(KEYS)}
    assert set(refused) <= {IN_USE}


def _create(port, account, number):
    headers = account.headers | {"Idempotency-Key": f"same-{number}"}
    return ask(port, "POST", "/api/v1/tasks", headers, {"title": f"Key {number}"})


def test_a_token_is_refreshed_on_both_at_once(fault, instances):
    body = {"email": "two-instances@example.com", "password": served.PASSWORD}
    pair = ask(instances.ports[0], "POST", "/api/v1/auth/register", body=body).body
    refresh = {"refresh": pair["refresh"]}
    name = "16 refreshes of one token on both at once"
    with (
        fault(name, instances, readiness=Readiness.READY),
        ThreadPoolExecutor(16) as pool,
    ):
        answers = list(
            pool.map(
                lambda sent: ask(
                    instances.ports[sent % 2],
                    "POST",
                    "/api/v1/auth/token/refresh",
                    body=refresh,
                ),
                range(16),
            )
        )

    assert Counter(answer.status for answer in answers) == {200: 16}


def test_one_dies(fault, instances):
    port = instances.ports[1]
    name = "one killed (SIGKILL), and started again"
    with fault(name, instances, readiness=Readiness.EITHER, breaks_connections=True):
        instances.kill(port)
        instances.start(port)
