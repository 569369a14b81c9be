"""The cache is away: those who are signed in go on, others are told to come back."""

import psycopg
import pytest

from tests import served
from tests.faults.client import ask
from tests.faults.drill import Readiness

pytestmark = pytest.mark.faults

PART = "cache"
# With the status of a sign-in: it needs the count of attempts.
TABLES = {"ownlist_cache": 200, "config_ratecount": 503}


@pytest.fixture(scope="module")
def instances(start, prepared):
    with start(**prepared) as running:
        running.wait_for_workers(running.ports[0])
        yield running


@pytest.mark.parametrize(("table", "status"), TABLES.items())
def test_a_table_is_away(fault, instances, postgresql, table, status):
    (port,) = instances.ports
    name = f"the table {table} is away for 5 s"
    body = {"email": f"{table}@example.com", "password": served.PASSWORD}
    assert ask(port, "POST", "/api/v1/auth/register", body=body).status == 201
    with (
        fault(name, instances, readiness=Readiness.EITHER) as load,
        psycopg.connect(postgresql.url, autocommit=True) as admin,
    ):
        admin.execute(f"ALTER TABLE {table} RENAME TO away")
        try:
            during = ask(port, "POST", "/api/v1/auth/token", body=body)
            load.wait_for_requests(100)
        finally:
            admin.execute(f"ALTER TABLE away RENAME TO {table}")
    after = ask(port, "POST", "/api/v1/auth/token", body=body)

    assert during.status == status, during
    assert during.is_good or during.asks_to_repeat
    assert after.status == 200
