"""The database backend for PostgreSQL."""

import pytest
from django.db import connection, transaction

from config.postgresql.base import HEALTH_CHECK_INTERVAL


@pytest.fixture
def postgresql(transactional_db):
    """The connection to PostgreSQL, as it is when a request begins."""
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL only")
    connection.ensure_connection()
    connection.close_if_unusable_or_obsolete()
    return connection


def test_a_transaction_may_outlast_the_next_health_check(postgresql):
    with transaction.atomic(), postgresql.cursor() as cursor:
        cursor.execute("SELECT 1")
        postgresql._alive_at -= HEALTH_CHECK_INTERVAL

    assert postgresql.get_autocommit()


def test_an_idle_connection_that_was_cut_is_replaced(postgresql):
    backend = postgresql.connection.info.backend_pid
    postgresql.connection.close()
    postgresql._alive_at -= HEALTH_CHECK_INTERVAL

    with postgresql.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone()[0] != backend
