"""PostgreSQL is away behind PgBouncer in transaction mode."""

from urllib.parse import urlsplit

import pytest

from tests import pgbouncer

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not pgbouncer.find(), reason="PgBouncer is not installed"),
]

PART = "PgBouncer"


@pytest.fixture(scope="module")
def pooler(prepared, postgresql, tmp_path_factory):
    """The addresses of the database, that of the service through PgBouncer."""
    url = urlsplit(prepared["DATABASE_URL"])
    database = {
        "NAME": url.path.strip("/"),
        "HOST": url.hostname,
        "PORT": url.port,
        "USER": url.username,
        "PASSWORD": url.password,
    }
    folder = tmp_path_factory.mktemp("pgbouncer")
    more = "query_wait_timeout = 5"
    with pgbouncer.running(folder, database, more=more) as port:
        through = url._replace(netloc=url.netloc.replace(f":{url.port}", f":{port}"))
        yield prepared | {"DATABASE_URL": through.geturl(), "DATABASE_POOLED": "true"}


@pytest.fixture(scope="module")
def instances(start, pooler):
    with start(**pooler) as running:
        running.wait_for_workers(running.ports[0])
        yield running


def test_postgresql_is_stopped(fault, instances, postgresql):
    with fault("PostgreSQL stopped for 10 s behind it", instances) as load:
        postgresql.stop()
        load.wait_for_requests(200)
        postgresql.start()


def test_postgresql_is_killed(fault, instances, postgresql):
    with fault("PostgreSQL killed (SIGKILL) behind it", instances) as load:
        postgresql.kill()
        load.wait_for_requests(60)
        postgresql.start()
