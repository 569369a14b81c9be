"""The database backend for PostgreSQL, and test runs on it."""

import os
import subprocess
import sys
import time
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections, transaction

from config.postgresql.base import HEALTH_CHECK_INTERVAL


@pytest.fixture
def postgresql(transactional_db):
    """The connection to PostgreSQL at the start of a request."""
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL only")
    connection.ensure_connection()
    connection.close_if_unusable_or_obsolete()
    return connection


def test_a_transaction_is_not_interrupted_by_a_health_check(postgresql):
    with transaction.atomic(), postgresql.cursor() as cursor:
        cursor.execute("SELECT 1")
        postgresql._alive_at -= HEALTH_CHECK_INTERVAL

    assert postgresql.get_autocommit()


def test_a_broken_idle_connection_is_replaced(postgresql):
    backend = postgresql.connection.info.backend_pid
    postgresql.connection.close()
    postgresql._alive_at -= HEALTH_CHECK_INTERVAL

    with postgresql.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone()[0] != backend


def test_connects_on_a_machine_that_has_just_started(postgresql, monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: 1.0)
    new = connections.create_connection("default")
    new.health_check_done = False  # a request begins

    try:
        assert new.fetch("SELECT 1", []) == [(1,)]
    finally:
        new.close()


def test_a_session_that_the_server_has_just_ended_is_replaced(postgresql):
    backend = postgresql.connection.info.backend_pid
    with postgresql.cursor() as cursor:
        cursor.execute("SELECT 1")
    with psycopg.connect(
        postgresql.connection.info.dsn,
        autocommit=True,
        password=postgresql.settings_dict["PASSWORD"],
    ) as other:
        other.execute("SELECT pg_terminate_backend(%s, 30000)", [backend])
    postgresql.close_if_unusable_or_obsolete()  # a request begins

    with postgresql.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone()[0] != backend


def test_a_session_that_is_left_open_does_not_fail_a_test_run(postgresql):
    # A database name of its own, because a run creates and drops `test_<name>`.
    url = urlsplit(os.environ["TEST_DATABASE_URL"])
    name = f"/{postgresql.settings_dict['NAME']}_leaves"
    environment = os.environ | {"TEST_DATABASE_URL": url._replace(path=name).geturl()}
    file = "tests/config/leaves_session_open.py"

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", file],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout[-2_000:]
    assert "1 passed" in run.stdout
