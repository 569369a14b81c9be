"""PostgreSQL is killed, stopped, frozen, locked and out of connections."""

import signal
from contextlib import ExitStack, contextmanager

import psycopg
import pytest

from tests.faults.drill import Readiness
from tests.tcp_proxy import TcpProxy

pytestmark = pytest.mark.faults

PART = "PostgreSQL"


@pytest.fixture(scope="module")
def instances(start, prepared):
    with start(**prepared) as running:
        running.wait_for_workers(running.ports[0])
        yield running


@contextmanager
def superuser(postgresql):
    """Yield a connection that no limit of the service concerns."""
    with psycopg.connect(postgresql.url, autocommit=True) as connection:
        yield connection


def test_killed(fault, instances, postgresql):
    with fault("killed (SIGKILL), up again after 3 s", instances) as load:
        postgresql.kill()
        load.wait_for_requests(60)
        postgresql.start()


@pytest.mark.parametrize(
    ("how", "name"), [(signal.SIGINT, "fast"), (signal.SIGQUIT, "immediate")]
)
def test_restarted(fault, instances, postgresql, how, name):
    with fault(f"restarted ({name})", instances, readiness=Readiness.EITHER):
        postgresql.stop(how)
        postgresql.start()


def test_stopped(fault, instances, postgresql):
    with fault("stopped for 10 s", instances) as load:
        postgresql.stop()
        load.wait_for_requests(200)
        postgresql.start()


def test_every_session_is_terminated(fault, instances, postgresql):
    name = "all sessions terminated five times, each second"
    with fault(name, instances, readiness=Readiness.EITHER) as load:
        for _ in range(5):
            with superuser(postgresql) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = 'ownlist_app'"
                )
            load.wait_for_requests(20)


def test_no_connection_is_free(fault, instances, postgresql):
    with fault("no connection free for 5 s", instances) as load, ExitStack() as stack:
        admin = stack.enter_context(superuser(postgresql))
        admin.execute("ALTER ROLE ownlist_app CONNECTION LIMIT 0")
        stack.callback(admin.execute, "ALTER ROLE ownlist_app CONNECTION LIMIT -1")
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = 'ownlist_app'"
        )
        load.wait_for_requests(100)


def test_frozen(fault, instances, postgresql):
    with fault("frozen (SIGSTOP) for 10 s", instances) as load:
        postgresql.signal_all(signal.SIGSTOP)
        try:
            load.wait_for_requests(200)
        finally:
            postgresql.signal_all(signal.SIGCONT)


def test_the_ledger_of_one_user_is_locked(fault, instances, postgresql):
    name = "the row of one user locked for 10 s"
    with (
        fault(name, instances, readiness=Readiness.READY) as load,
        superuser(postgresql) as connection,
        connection.transaction(),
    ):
        ledger = "SELECT 1 FROM todos_ledger WHERE owner_id = %s FOR UPDATE"
        assert connection.execute(ledger, [load.accounts[0].id]).fetchall()
        load.wait_for_requests(200)
    concerned = load.accounts[0].headers["Authorization"]
    others = [one for one in load.answers if one.credential != concerned]

    assert [str(one) for one in others if not one.is_good] == []
    assert max(one.seconds for one in others) < 3


def test_a_table_is_locked(fault, instances, postgresql):
    name = "the table of tasks locked exclusively for 10 s"
    with (
        fault(name, instances, readiness=Readiness.EITHER) as load,
        superuser(postgresql) as connection,
        connection.transaction(),
    ):
        connection.execute("LOCK TABLE todos_task IN ACCESS EXCLUSIVE MODE")
        load.wait_for_requests(200)


def test_it_only_reads(fault, instances, postgresql):
    with fault("only reads for 5 s", instances) as load, ExitStack() as stack:
        admin = stack.enter_context(superuser(postgresql))
        stack.callback(_only_read, admin, value="off")
        _only_read(admin, value="on")
        load.wait_for_requests(100)


def _only_read(admin, *, value):
    admin.execute("SET default_transaction_read_only = off")
    admin.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
    admin.execute("SELECT pg_reload_conf()")


@pytest.fixture
def distant(start, prepared, postgresql):
    """An instance with a network between itself and PostgreSQL, and that network."""
    network = TcpProxy("127.0.0.1", postgresql.port)
    addresses = {
        name: url.replace(f":{postgresql.port}/", f":{network.port}/")
        for name, url in prepared.items()
    }
    with start(**addresses) as running:
        yield running, network
    network.close()


def test_the_network_loses_everything(fault, distant):
    instances, network = distant
    name = "a proxy before it loses everything for 15 s"
    with fault(name, instances) as load, network.cut():
        load.wait_for_requests(300)
