"""The doctor's checks of the database, its role, a pooler and the migrations."""

from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from config.doctor import database, role
from config.doctor.clock import compare
from config.doctor.database import cause, check_connection, check_migrations
from config.doctor.findings import Level
from config.doctor.role import check_pooler, check_role
from config.postgresql.roles import as_owner
from config.row_security import rows_of
from tests.runtime_role import cursor_of_the_owner


@pytest.fixture
def postgresql(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no roles")


def problems(findings):
    return [finding for finding in findings if finding.level != Level.OK]


def only(findings):
    (finding,) = problems(findings)
    return finding


# --- The connection -----------------------------------------------------------------


def test_names_the_database_and_its_version(transactional_db):
    found = list(check_connection())

    name = "PostgreSQL" if connection.vendor == "postgresql" else "SQLite"
    assert found[0].text.startswith(name)
    assert " answered in " in found[0].text
    assert problems(found) == []


def test_an_old_server_is_an_error(postgresql, monkeypatch):
    monkeypatch.setattr(database, "OLDEST_POSTGRESQL", 990_000)

    assert "too old" in only(check_connection()).text


def test_a_connection_over_a_network_must_be_encrypted(postgresql, monkeypatch):
    monkeypatch.setattr(database, "_is_elsewhere", lambda: True)

    finding = only(check_connection())

    assert finding.level == Level.WARNING
    assert "sslmode=verify-full" in finding.hint


def test_a_read_only_server_is_an_error(postgresql):
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        finding = only(check_connection())
    finally:
        connection.close()

    assert "read-only" in finding.text
    assert "target_session_attrs" in finding.hint


def test_a_broken_connection_is_an_error_without_its_text(monkeypatch):
    def fail():
        raise OperationalError("could not translate host name “hunter2@db”")

    broken = SimpleNamespace(vendor="postgresql", cursor=fail)
    monkeypatch.setattr(database, "connection", broken)

    finding = only(check_connection())

    assert finding.level == Level.ERROR
    assert "percent-encoded" in finding.hint
    assert "hunter2" not in repr(finding)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('FATAL:  password authentication failed for user "x"', "password"),
        ('FATAL:  database "x" does not exist', "Create the database"),
        ("Connection refused\n\tIs the server running on", "Nothing listens"),
        ("[Errno -2] Name or service not known: failed to resolve host 'x'", "host"),
        ("connection timeout expired", "in time"),
        ('root certificate file "/x/root.crt" does not exist', "sslrootcert"),
        ("server does not support SSL, but SSL was required", "no TLS"),
        ("FATAL:  unsupported startup parameter: options", "DATABASE_POOLED=true"),
        ("FATAL:  sorry, too many clients already", "max_connections"),
        ("something new", "psql"),
    ],
)
def test_explains_the_error(text, says):
    assert says in cause(OperationalError(text))


@pytest.mark.parametrize(
    ("seconds", "level"),
    [(0, Level.OK), (4, Level.OK), (-20, Level.WARNING), (61, Level.ERROR)],
)
def test_judges_the_difference_of_two_clocks(seconds, level):
    finding = compare("the database", theirs=1_000_000 + seconds, ours=1_000_000)

    assert finding.level == level
    assert f"{abs(seconds):.1f} s" in finding.text


# --- Migrations -------------------------------------------------------------------


def test_all_migrations_are_applied(db):
    assert problems(check_migrations()) == []


def test_a_missing_migration_is_an_error(db):
    MigrationRecorder(connection).record_unapplied("config", "0003_command_run_done")

    finding = only(check_migrations())

    assert finding.level == Level.ERROR
    assert "1 migration not applied" in finding.text
    assert "config.0003_command_run_done" in finding.text


def test_a_migration_of_a_newer_version_is_a_warning(db):
    MigrationRecorder(connection).record_applied("todos", "9999_from_the_future")

    finding = only(check_migrations())

    assert finding.level == Level.WARNING
    assert "todos.9999_from_the_future" in finding.text


# --- The role ----------------------------------------------------------------------


def test_the_role_of_a_deployment_is_fine(postgresql, monkeypatch):
    monkeypatch.setenv("WORKERS", "1")

    assert problems(check_role()) == []


def test_the_owner_of_the_tables_gets_a_warning(postgresql, monkeypatch):
    monkeypatch.setenv("WORKERS", "1")

    with rows_of(None), as_owner():
        finding = only(check_role())

    assert "owns tables" in finding.text
    assert "create_runtime_role" in finding.hint


def test_a_missing_right_is_an_error(postgresql, monkeypatch):
    monkeypatch.setenv("WORKERS", "1")
    name = connection.settings_dict["USER"]
    with cursor_of_the_owner() as cursor:
        cursor.execute(f"REVOKE UPDATE ON config_commandrun FROM {name}")
    try:
        finding = only(check_role())
    finally:
        with cursor_of_the_owner() as cursor:
            cursor.execute(f"GRANT UPDATE ON config_commandrun TO {name}")

    assert finding.level == Level.ERROR
    assert "config_commandrun" in finding.text


def test_tables_of_later_migrations_must_be_included(postgresql, monkeypatch):
    monkeypatch.setenv("WORKERS", "1")
    name = connection.settings_dict["USER"]
    change = "ALTER DEFAULT PRIVILEGES IN SCHEMA public"
    with cursor_of_the_owner() as cursor:
        cursor.execute(f"{change} REVOKE UPDATE ON TABLES FROM {name}")
    try:
        finding = only(check_role())
    finally:
        with cursor_of_the_owner() as cursor:
            cursor.execute(f"{change} GRANT UPDATE ON TABLES TO {name}")

    assert finding.level == Level.ERROR
    assert "later migrations" in finding.text
    assert "create_runtime_role" in finding.hint


@pytest.mark.parametrize("limit", role.LIMITS)
def test_a_role_without_a_time_limit_gets_a_warning(postgresql, monkeypatch, limit):
    monkeypatch.setenv("WORKERS", "1")
    with connection.cursor() as cursor:
        cursor.execute(f"SET {limit} = 0")
    try:
        finding = only(check_role())
    finally:
        connection.close()

    assert limit in finding.text
    assert "ALTER ROLE" in finding.hint


def test_more_workers_than_connections_are_a_warning(postgresql, monkeypatch):
    monkeypatch.setenv("WORKERS", "1000")

    assert "5000 connections" in only(check_role()).text


def test_the_connections_are_those_of_one_instance_and_one_sender(
    postgresql, monkeypatch
):
    monkeypatch.setenv("WORKERS", "1")

    texts = [finding.text for finding in check_role()]

    (text,) = (text for text in texts if "connections" in text)
    assert text.startswith(
        "An instance with 1 worker opens up to 5 connections and the sender of"
        " reminders 1;"
    )


# --- A pooler ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("is_set", "is_there", "level"),
    [
        (False, False, Level.OK),
        (True, True, Level.OK),
        (False, True, Level.ERROR),
        (True, False, Level.WARNING),
    ],
)
def test_the_setting_must_fit_the_pooler(
    postgresql, settings, monkeypatch, is_set, is_there, level
):
    settings.DATABASE_POOLED = is_set
    if is_there:
        name = "is_behind_pooler" if is_set else "lends_sessions"
        monkeypatch.setattr(role, name, lambda _: True)

    (finding,) = check_pooler()

    assert finding.level == level
    assert "DATABASE_POOLED" in finding.text


def test_sqlite_has_neither_role_nor_pooler(db):
    if connection.vendor == "postgresql":
        pytest.skip("SQLite only")

    assert problems([*check_role(), *check_pooler()]) == []
