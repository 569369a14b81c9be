"""`/readyz` is 200 only where requests would be served."""

import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from psycopg.errors import DiskFull

from config import readiness as module
from config.connection_failures import FAILURES
from config.outages import QUIET, Cause, Outages, note_failure, outages
from config.readiness import (
    CODES,
    KEPT_FOR,
    LATER,
    MISSING,
    NO_SPACE,
    SERVER_DISK_FULL,
    NotReady,
    Readiness,
    migrations,
    readiness,
)
from tests.environment import environment_of_tests
from tests.runtime_role import cursor_of_the_owner

on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite only")
on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has no standby"
)


@pytest.fixture
def reasons(caplog):
    """Why the process was not ready, as logged."""
    caplog.set_level("ERROR", "config.outages")
    name = "config.outages"
    return lambda: [one.code for one in caplog.records if one.name == name]


def ready(client):
    """Ask, without what the process remembers."""
    readiness.forget()
    return client.get("/readyz").status_code == 200


def test_the_page_of_outages_names_every_code():
    page = (settings.BASE_DIR / "docs" / "operations.md").read_text("utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith("| `code` | where")]

    codes = {*CODES, *(failure.words for failure in FAILURES)}
    assert [code for code in sorted(codes) if f"`{code}`" not in row] == []


# --- The result is kept -----------------------------------------------------------


class Examination:
    """Counts how often the database is examined, and fails as told."""

    def __init__(self):
        self.count = 0
        self.error = None

    def __call__(self):
        self.count += 1
        if self.error:
            raise self.error


@pytest.mark.parametrize("error", [None, NotReady("no"), OperationalError()])
def test_the_database_is_not_asked_each_time(error):
    examination = Examination()
    examination.error = error
    known = Readiness(examination)

    answers = [known.is_ready(now=100.0 + second / 10) for second in range(20)]

    assert answers == [error is None] * 20
    assert examination.count == 1


@pytest.mark.parametrize("error", [NotReady("no"), OperationalError()])
def test_a_change_is_noticed_within_seconds(error):
    examination = Examination()
    known = Readiness(examination)

    before = known.is_ready(now=100.0)
    examination.error = error
    during = known.is_ready(now=100.0 + KEPT_FOR)
    examination.error = None
    after = known.is_ready(now=100.0 + 2 * KEPT_FOR)

    assert (before, during, after) == (True, False, True)


def test_the_answer_does_not_say_why(client, monkeypatch, reasons):
    examination = Examination()
    examination.error = NotReady("the server only reads")
    monkeypatch.setattr(module, "readiness", Readiness(examination))

    response = client.get("/readyz")

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert response.json() == {"status": "unavailable"}
    assert reasons() == ["the server only reads"]


# --- Migrations -------------------------------------------------------------------


def test_is_not_ready_while_a_migration_is_missing(client, db, reasons):
    before = ready(client)
    MigrationRecorder(connection).record_unapplied("todos", "0001_initial")

    assert before
    assert not ready(client)
    assert reasons() == ["migrations are missing"]


@pytest.mark.parametrize("migration", sorted(LATER))
def test_is_ready_before_a_migration_that_follows_the_restart(client, db, migration):
    recorder = MigrationRecorder(connection)
    assert migration in recorder.applied_migrations()

    recorder.record_unapplied(*migration)

    assert ready(client)


def printed_by_check(capsys):
    """Return the exit code of `migrate --check`, and what it prints."""
    try:
        call_command("migrate", check_unapplied=True)
    except SystemExit as end:
        return end.code, capsys.readouterr().out
    return 0, capsys.readouterr().out


@pytest.fixture
def recorded_as_missing(transactional_db):
    """Record migrations as missing, until the end of the test."""
    recorder, names = MigrationRecorder(connection), []

    def record(name):
        recorder.record_unapplied(*name)
        names.append(name)

    yield record
    for name in names:
        recorder.record_applied(*name)


def test_migrate_check_lets_a_unit_start_where_readyz_is_200(
    recorded_as_missing, capsys
):
    assert printed_by_check(capsys) == (0, "")

    recorded_as_missing(max(LATER))
    code, printed = printed_by_check(capsys)

    assert code == 0
    assert "After the restart" in printed
    assert ".".join(max(LATER)) in printed

    recorded_as_missing(MigrationLoader(None).graph.leaf_nodes("accounts")[0])
    assert printed_by_check(capsys)[0] == 1


# --- Requests without a migration ---------------------------------------------------


@contextmanager
def without(table):
    """Do without a table, as an unmigrated database does."""
    migrations.forget()
    with cursor_of_the_owner() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO moved_away")
    try:
        yield
    finally:
        with cursor_of_the_owner() as cursor:
            cursor.execute(f"ALTER TABLE moved_away RENAME TO {table}")
        migrations.forget()
        outages.forget()


@pytest.fixture
def last_migration(transactional_db):
    """Record the last migration as missing, which readiness does not ask for."""
    migration = sorted(LATER)[-1]
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied(*migration)
    yield migration
    recorder.record_applied(*migration)


@on_postgresql
@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_missing_table_is_an_outage_while_a_migration_is_missing(
    last_migration, api_as, alice, client, reasons
):
    program = api_as(alice)
    program.raise_request_exception = client.raise_request_exception = False

    with without("todos_task"):
        call = program.get("/api/v1/tasks")
        again = program.get("/api/v1/tasks")
    with without("accounts_user"):
        page = client.post(
            "/accounts/login/", {"login": "a@b.example", "password": "x"}
        )

    for response in (call, again, page):
        assert response.status_code == 503
        assert int(response["Retry-After"]) > 0
    assert call.json()["code"] == "unavailable"
    assert set(reasons()) == {MISSING}


@on_postgresql
@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_missing_table_is_a_bug_while_all_migrations_are_applied(api_as, alice):
    program = api_as(alice)
    program.raise_request_exception = False

    with without("todos_task"):
        response = program.get("/api/v1/tasks")

    assert response.status_code == 500
    assert response.json()["code"] == "internal_error"


# --- A database that only reads ---------------------------------------------------


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_is_not_ready_while_postgresql_only_reads(client, reasons):
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")

    assert not ready(client)
    connection.close_if_unusable_or_obsolete()
    assert ready(client)
    assert reasons()[0] == "the server only reads"


@pytest.fixture
def at(monkeypatch):
    """Let the connection open another file or URI."""

    def use(name):
        connection.close()
        monkeypatch.setitem(connection.settings_dict, "NAME", str(name))

    yield use
    connection.close()


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_is_not_ready_while_sqlite_only_reads(client, at, reasons):
    at(f"file:{connection.settings_dict['NAME']}?mode=ro")

    assert not ready(client)
    assert reasons() == ["SQLITE_READONLY"]


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_is_ready_while_another_process_writes(client):
    path = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        assert ready(client)

        other.execute("ROLLBACK")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        assert cursor.fetchone() == (5000,)


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_is_not_ready_while_the_disk_is_full(client, monkeypatch, reasons):
    monkeypatch.setattr(module, "DISK_MIN", 2**60)

    assert not ready(client)
    assert reasons() == ["the disk of the SQLite file is full"]


# --- A missing SQLite file --------------------------------------------------------


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_no_request_makes_a_missing_file(client, api, at, tmp_path, reasons):
    path = tmp_path / "lists.sqlite3"
    at(path)
    api.raise_request_exception = False

    is_ready = ready(client)
    status = api.post("/api/v1/auth/token", {"email": "a@example.com", "password": "x"})

    assert not is_ready
    assert status.status_code == 503
    assert reasons()[0] == "no SQLite file"
    assert not path.exists()


@on_sqlite
@pytest.mark.django_db(transaction=True)
def test_is_not_ready_after_the_file_was_deleted(client, at, tmp_path):
    path = tmp_path / "lists.sqlite3"
    at(path)
    call_command("migrate", verbosity=0)
    before = ready(client)

    path.unlink()

    assert before
    assert not ready(client)
    assert not path.exists()


@on_sqlite
def test_a_command_other_than_migrate_makes_no_file(tmp_path):
    path = tmp_path / "lists.sqlite3"
    environment = environment_of_tests() | {"TEST_DATABASE_URL": f"sqlite:///{path}"}

    done = {
        command: subprocess.run(
            [sys.executable, "manage.py", command],
            cwd=settings.BASE_DIR,
            env=environment,
            capture_output=True,
            check=False,
        ).returncode
        for command in ("check", "purge_trash")
    }

    assert done == {"check": 0, "purge_trash": 1}
    assert not path.exists()


# --- The disk of PostgreSQL -------------------------------------------------------

FULL = (
    "CREATE TEMPORARY TABLE written_by_readyz (number int)",
    "DO $$ BEGIN RAISE 'no space' USING ERRCODE = '53100'; END $$",
)


def find_no_space():
    error = OperationalError()
    error.__cause__ = DiskFull()
    note_failure(error)


@pytest.fixture
def no_outage():
    outages.forget()
    yield
    outages.forget()
    readiness.forget()


@on_postgresql
@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_query_without_space_does_not_take_the_instance_out(client, no_outage):
    """For example in shared memory, or in a tablespace for temporary files."""
    find_no_space()

    assert ready(client)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('written_by_readyz')")
        assert cursor.fetchone() == (None,)


@on_postgresql
@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_full_disk_counts_until_a_write_succeeds(no_outage, monkeypatch, reasons):
    before = readiness.is_ready(now=100.0)
    find_no_space()
    with monkeypatch.context() as patch:
        patch.setattr(module, "WRITE", FULL)
        during = []
        for now in (110.0, 120.0, 130.0):  # seldom, while requests go on to read
            during.append(readiness.is_ready(now=now))
            outages.forget()
    after = readiness.is_ready(now=140.0)

    assert (before, during, after) == (True, [False] * 3, True)
    assert reasons() == [NO_SPACE, *[SERVER_DISK_FULL] * 3]


@on_postgresql
@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_without_temporary_tables_a_failure_counts_for_a_moment(client, no_outage):
    with cursor_of_the_owner() as cursor:
        name = connection.ops.quote_name(connection.settings_dict["NAME"])
        cursor.execute(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
        try:
            before = ready(client)
            find_no_space()
            during = ready(client)
            outages.forget()
            after = ready(client)
        finally:
            cursor.execute(f"GRANT TEMPORARY ON DATABASE {name} TO PUBLIC")

    assert (before, during, after) == (True, False, True)


def test_a_failure_is_known_for_a_moment():
    known = Outages()
    known.failed(Cause("database", "DiskFull", NO_SPACE), now=100.0)

    assert known.is_failing("database", NO_SPACE, now=100.0 + QUIET - 0.1)
    assert not known.is_failing("database", NO_SPACE, now=100.0 + QUIET)
    assert not known.is_failing("database", "55P03", now=100.0)
    assert not known.is_failing("cache", NO_SPACE, now=100.0)
