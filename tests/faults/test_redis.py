"""Redis, which counts sign-ins, is away or frozen while many try to sign in."""

from collections import Counter

import pytest

from tests import served
from tests.deploy import programs
from tests.faults import many_clients
from tests.faults.client import ask
from tests.faults.drill import Readiness
from tests.patience import until
from tests.redis_server import RedisServer

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(
        not programs.find("redis-server"),
        reason="there is no Redis: python -m tests.deploy.programs fetches it",
    ),
]

PART = "Redis"
CLIENTS = 20  # that try to sign in, each ten times a second
SOON = 3  # seconds that others may wait on a busy machine


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def instances(start, prepared, redis):
    with start(**prepared, CACHE_URL=redis.url) as running:
        running.wait_for_workers(running.ports[0])
        yield running


@pytest.fixture
def sign_in(instances):
    """Sign a user in, and return the answer."""
    (port,) = instances.ports
    body = {"email": "redis@example.com", "password": served.PASSWORD}
    assert ask(port, "POST", "/api/v1/auth/register", body=body).status in {201, 409}
    return lambda: ask(port, "POST", "/api/v1/auth/token", body=body)


def assert_only_sign_ins_fail(load, answers, sign_in):
    others = [one for one in load.answers if not one.is_good or one.seconds > SOON]
    assert [f"{one}, after {one.seconds:.1f} s" for one in others] == []
    wrong = [one for one in answers if not one.is_good and not one.asks_to_repeat]
    assert Counter(map(str, wrong)) == {}
    assert any(one.status == 503 for one in answers)
    until(lambda: sign_in().is_good)


def test_killed(fault, instances, redis, sign_in):
    name = f"killed (SIGKILL), away for 5 s, while {CLIENTS} clients sign in"
    with fault(name, instances, readiness=Readiness.READY) as load:
        with many_clients.asking(sign_in, count=CLIENTS) as answers:
            redis.kill()
            load.wait_for_requests(100)
        redis.start()

    assert_only_sign_ins_fail(load, answers, sign_in)


def test_frozen(fault, instances, redis, sign_in):
    name = f"frozen (SIGSTOP) for 5 s, while {CLIENTS} clients sign in"
    with (
        fault(name, instances, readiness=Readiness.READY) as load,
        redis.frozen(),
        many_clients.asking(sign_in, count=CLIENTS) as answers,
    ):
        load.wait_for_requests(100)

    assert_only_sign_ins_fail(load, answers, sign_in)
