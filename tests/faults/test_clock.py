"""The clock of the machine of Ownlist jumps, as after a wrong start or a correction.

The database is on another machine, whose clock is right.
"""

from datetime import timedelta

import psycopg
import pytest

from tests.faults import accounts
from tests.faults.client import ask
from tests.faults.clock import COMPILER, Clock
from tests.faults.drill import Readiness

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not COMPILER, reason="there is no C compiler (cc)"),
]

PART = "clock"
HOURS = timedelta(hours=2)
# Less than a token may have been issued in the future, and than it is valid.
LITTLE = timedelta(seconds=30)
GAPS = """
    SELECT count(*) FROM (
        SELECT 1 FROM todos_change GROUP BY owner_id
        HAVING max(seq) - min(seq) + 1 <> count(DISTINCT seq)
    ) AS gaps
"""


@pytest.fixture(scope="module")
def clock(tmp_path_factory):
    return Clock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def instances(start, prepared, clock):
    with start(**prepared, **clock.environment) as running:
        running.wait_for_workers(running.ports[0])
        yield running


def assert_ledgers_have_no_gaps(postgresql):
    with psycopg.connect(postgresql.url) as admin:
        assert admin.execute(GAPS).fetchone() == (0,)


@pytest.mark.parametrize(
    ("difference", "name"),
    [(HOURS, "2 h fast for 5 s, then right"), (-HOURS, "2 h slow for 5 s, then right")],
    ids=["fast", "slow"],
)
def test_it_is_far_off(fault, instances, postgresql, clock, difference, name):
    (port,) = instances.ports
    user = accounts.register(port)
    before = user.headers

    def is_accepted(headers):
        answer = ask(port, "GET", "/api/v1/users/me", headers)
        assert answer.status in {200, 401}, answer
        return answer.is_good

    with fault(name, instances, readiness=Readiness.READY, ends_tokens=True) as load:
        clock.set(difference)
        try:
            accepted = [is_accepted(before), user.sign_in(port)]
            then = user.headers
            accepted.append(is_accepted(then))
            load.wait_for_requests(100)
        finally:
            clock.set(timedelta())
        accepted += [is_accepted(then), user.sign_in(port), is_accepted(user.headers)]
    refused = [one for one in load.answers if one.status == 401]

    # One of before has ended, or is not valid yet; one of then likewise.
    assert accepted == [False, True, True, False, True, True]
    assert refused
    assert_ledgers_have_no_gaps(postgresql)


@pytest.mark.parametrize(
    ("difference", "name"),
    [(LITTLE, "30 s fast for 5 s, then right"), (-LITTLE, "30 s slow for 5 s")],
    ids=["fast", "slow"],
)
def test_it_is_a_little_off(fault, instances, postgresql, clock, difference, name):
    with fault(name, instances, readiness=Readiness.READY) as load:
        clock.set(difference)
        try:
            load.wait_for_requests(100)
        finally:
            clock.set(timedelta())
        load.wait_for_requests(20)

    assert load.refused == 0
    assert_ledgers_have_no_gaps(postgresql)
