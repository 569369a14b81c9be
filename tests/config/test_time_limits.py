"""No request waits without end for PostgreSQL, and no dead process keeps a lock."""

import socket
import time
from contextlib import ExitStack

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.core.management.commands import migrate
from django.db import (
    DatabaseError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)
from psycopg import errors

from config import databases
from config.outages import Cause, outages, part_of
from config.readiness import readiness
from tests.factories import UserFactory
from tests.patience import PATIENCE
from tests.signing_in import program_of
from tests.tcp_proxy import TcpProxy

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only"),
    pytest.mark.django_db(transaction=True),
]

LIMITS = {
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
}


def shown():
    """Return the limits that the server applies now."""
    found = {}
    with connection.cursor() as cursor:
        for name in LIMITS:
            cursor.execute(f"SHOW {name}")
            found[name] = cursor.fetchone()[0]
    return found


@pytest.fixture(autouse=True)
def _new_connection():
    connection.close()
    yield
    connection.close()


@pytest.fixture
def changed(monkeypatch):
    """Change settings of the database, for connections that are opened from now on."""

    def change(**settings):
        connection.close()
        for name, value in settings.items():
            monkeypatch.setitem(connection.settings_dict, name, value)

    return change


def test_the_server_applies_the_limits():
    assert shown() == LIMITS


def test_what_the_url_has_in_options_counts(changed):
    options = connection.settings_dict["OPTIONS"]
    changed(OPTIONS=options | {"options": "-c lock_timeout=1000"})

    assert shown() == LIMITS | {"lock_timeout": "1s"}


def test_dead_peers_are_found():
    connection.ensure_connection()
    number = connection.connection.pgconn.socket

    with socket.socket(fileno=socket.dup(number)) as opened:

        def option(level, name):
            return opened.getsockopt(level, getattr(socket, name))

        assert option(socket.SOL_SOCKET, "SO_KEEPALIVE") == 1
        assert option(socket.IPPROTO_TCP, "TCP_USER_TIMEOUT") == 5_000
        assert option(socket.IPPROTO_TCP, "TCP_KEEPIDLE") == 5
        assert option(socket.IPPROTO_TCP, "TCP_KEEPINTVL") == 2
        assert option(socket.IPPROTO_TCP, "TCP_KEEPCNT") == 2


def test_all_waits_of_a_transaction_end_together_if_the_role_says_so(changed):
    """`lock_timeout` and `statement_timeout` begin again with each of them."""
    connection.ensure_connection()
    if connection.pg_version < 170_000:
        pytest.skip("PostgreSQL has transaction_timeout since 17")
    options = connection.settings_dict["OPTIONS"]
    changed(OPTIONS=options | {"options": "-c transaction_timeout=200"})

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        while True:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.05)")

    assert caught.value.__cause__.sqlstate == "25P04"
    assert part_of(caught.value) == "database"  # which is a 503


# --- A pooler ---------------------------------------------------------------------


@pytest.fixture
def pooled(changed):
    """Connect as behind a pooler, with nothing set at the start of the session."""
    options = connection.settings_dict["OPTIONS"]
    changed(POOLED=True, OPTIONS=options | {"prepare_threshold": None})


def test_behind_a_pooler_the_limits_are_those_of_a_transaction(pooled):
    outside = shown()
    with transaction.atomic():
        inside = shown()
    with psycopg.connect(**connection.get_connection_params()) as other:
        ((session,),) = other.execute("SHOW statement_timeout").fetchall()

    assert outside == inside == LIMITS
    assert session == "0"


@pytest.mark.parametrize("is_atomic", [True, False])
def test_behind_a_pooler_a_statement_ends(pooled, changed, is_atomic):
    changed(LIMITS=connection.settings_dict["LIMITS"] | {"statement_timeout": 100})

    with (
        pytest.raises(OperationalError) as caught,
        ExitStack() as stack,
    ):
        if is_atomic:
            stack.enter_context(transaction.atomic())
        stack.enter_context(connection.cursor()).execute("SELECT pg_sleep(60)")

    assert isinstance(caught.value.__cause__, errors.QueryCanceled)


def test_behind_a_pooler_the_limits_take_no_round_trip(pooled, monkeypatch):
    connection.ensure_connection()
    waits = []
    wait = connection.connection.wait
    monkeypatch.setattr(
        connection.connection, "wait", lambda *given: waits.append(1) or wait(*given)
    )

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        in_transaction = len(waits)
    waits.clear()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")

    assert in_transaction == len(waits) == 1


# --- Migrations -------------------------------------------------------------------


def test_migrations_have_limits_of_their_own(monkeypatch):
    found = {}
    monkeypatch.setattr(
        migrate.Command, "handle", lambda *a, **o: found.update(shown())
    )

    call_command("migrate")

    assert found == {
        "statement_timeout": "0",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "0",
    }
    assert shown() == LIMITS


def test_a_migration_that_waits_for_a_lock_says_so(monkeypatch):
    limits = databases.MIGRATION_LIMITS | {"lock_timeout": 50}
    monkeypatch.setattr("config.postgresql.roles.MIGRATION_LIMITS", limits)

    def change_a_table(*args, **options):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE accounts_user IN ACCESS EXCLUSIVE MODE")

    monkeypatch.setattr(migrate.Command, "handle", change_a_table)
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT 1 FROM accounts_user")
        with pytest.raises(CommandError, match="Run migrate again"):
            call_command("migrate")


# --- A server that stops answering ------------------------------------------------


@pytest.fixture
def proxy(changed):
    """Connect through a proxy, and give up after a second without an answer."""
    chosen = connection.settings_dict
    between = TcpProxy(chosen["HOST"] or "127.0.0.1", int(chosen["PORT"] or 5432))
    changed(HOST="127.0.0.1", PORT=between.port)
    yield between
    connection.close()
    between.close()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_server_that_stops_answering_is_given_up(proxy, method):
    client = program_of(UserFactory())
    client.raise_request_exception = False
    assert client.get("/api/v1/labels").status_code == 200
    connection.connection.answer_seconds = 1.0

    proxy.freeze()
    started = time.monotonic()
    refused = getattr(client, method)("/api/v1/labels", {"name": "home"})
    seconds = time.monotonic() - started
    close_old_connections()  # which the test client skips
    served = client.get("/api/v1/labels").status_code

    assert refused.status_code == 503
    assert int(refused["Retry-After"]) > 0
    assert 1.0 <= seconds < PATIENCE
    assert served == 200
    assert Cause("database", "NoAnswer") in outages._open


@pytest.mark.slow
def test_readiness_does_not_wait_as_long_as_a_request(proxy, client, monkeypatch):
    readiness.forget()
    before = client.get("/readyz").status_code
    usual = connection.connection.answer_seconds

    proxy.freeze()
    readiness.forget()
    with monkeypatch.context() as patch:
        patch.setattr("config.readiness.ANSWERS_WITHIN", 0.2)
        during = client.get("/readyz").status_code
    close_old_connections()  # which the test client skips
    readiness.forget()
    after = client.get("/readyz").status_code

    assert (before, during, after) == (200, 503, 200)
    assert connection.connection.answer_seconds == usual == 15.0 + 5.0


def test_a_statement_that_takes_long_is_not_given_up_before_its_limit():
    connection.ensure_connection()

    assert connection.connection.answer_seconds == 15.0 + 5.0
