"""Behind the real PgBouncer: with DATABASE_POOLED all is well, without it no start."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import close_old_connections, connection, transaction

from config.doctor.findings import Level
from config.doctor.role import check_pooler
from config.postgresql import pooling
from config.postgresql.pooling import lends_sessions, refuse_unknown_pooler
from tests import pgbouncer
from tests.environment import environment_of_tests
from tests.factories import UserFactory
from tests.signing_in import program_of
from todos.models import Task

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only"),
    pytest.mark.django_db(transaction=True),
]
needs_pgbouncer = pytest.mark.skipif(
    pgbouncer.find() is None,
    reason="there is no PgBouncer (Debian: apt-get install pgbouncer)",
)
LENIENT = "ignore_startup_parameters = options,extra_float_digits"


@pytest.fixture
def behind(tmp_path, monkeypatch):
    """Connect through a PgBouncer of this mode, and return its port."""
    opened = []

    def connect(*, pooled=False, mode="transaction", more=LENIENT):
        running = pgbouncer.running(
            tmp_path, connection.settings_dict, mode=mode, more=more
        )
        port = running.__enter__()
        opened.append(running)
        connection.close()
        options = connection.settings_dict["OPTIONS"]
        changes = {"HOST": "127.0.0.1", "PORT": port, "POOLED": pooled}
        if pooled:
            changes["OPTIONS"] = options | {"prepare_threshold": None}
            changes["CONN_MAX_AGE"] = 0
        for name, value in changes.items():
            monkeypatch.setitem(connection.settings_dict, name, value)
        monkeypatch.setattr(settings, "DATABASE_POOLED", pooled)
        return port

    yield connect
    connection.close()
    for running in opened:
        running.__exit__(None, None, None)


def test_starts_without_a_pooler():
    assert not lends_sessions(connection)
    refuse_unknown_pooler()


@needs_pgbouncer
@pytest.mark.parametrize("more", [LENIENT, ""])
def test_refuses_to_start_behind_a_pooler_that_it_does_not_know(behind, more):
    """Also where the pooler refuses the start-up options of a connection."""
    behind(more=more)

    with pytest.raises(SystemExit) as refused:
        refuse_unknown_pooler()

    assert "Set DATABASE_POOLED=true" in str(refused.value)


@needs_pgbouncer
@pytest.mark.parametrize("more", [LENIENT, f"{LENIENT}\ndefault_pool_size = 1"])
def test_starts_behind_a_pooler_of_sessions(behind, more, monkeypatch):
    monkeypatch.setattr(pooling, "LONGEST_WAIT", 0.3)
    behind(mode="session", more=more)

    assert not lends_sessions(connection)


@needs_pgbouncer
def test_starts_behind_a_pooler_that_it_knows(behind):
    behind(pooled=True, more="")

    refuse_unknown_pooler()


@needs_pgbouncer
def test_the_server_does_not_start_and_says_what_to_set(behind):
    behind()
    environment = environment_of_tests() | {"DATABASE_POOLED": "false"}

    done = subprocess.run(
        [sys.executable, "-m", "config.server"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.splitlines()[-2].startswith("Set DATABASE_POOLED=true")


@needs_pgbouncer
def test_limits_hold_behind_a_pooler(behind):
    behind(pooled=True, more="")

    def limit():
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            return cursor.fetchone()[0]

    with transaction.atomic():
        inside = limit()

    assert (inside, limit()) == ("15s", "15s")


@needs_pgbouncer
def test_many_clients_share_few_sessions_without_mixing_them_up(behind):
    users = [UserFactory() for _ in range(8)]
    clients = [program_of(user) for user in users]
    behind(pooled=True, more="")

    def work(number):
        client = clients[number % 8]
        created = client.post(
            "/api/v1/tasks", {"title": f"Task {number}", "labels": ["home"]}
        )
        listed = client.get("/api/v1/tasks", {"view": "all"})
        close_old_connections()  # which the test client skips
        return created.status_code, listed.status_code

    def close(_):
        connection.close()

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(work, range(80)))
        list(pool.map(close, range(8)))

    assert statuses == {(201, 200)}
    for number, user in enumerate(users):
        titles = Task.objects.owned_by(user).values_list("title", flat=True)
        assert sorted(titles) == sorted(f"Task {n}" for n in range(number, 80, 8))


@needs_pgbouncer
@pytest.mark.parametrize(("pooled", "level"), [(False, Level.ERROR), (True, Level.OK)])
def test_the_doctor_sees_the_pooler(behind, pooled, level):
    behind(pooled=pooled)

    (finding,) = check_pooler()

    assert finding.level == level
