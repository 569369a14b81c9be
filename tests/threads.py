"""What tests of several writers at once share."""

import time

import pytest
from django.db import connection

PATIENCE = 5  # seconds


def in_a_thread(pool, call, *args, **kwargs):
    """Run a call with a database connection of its own; return its future."""

    def run():
        try:
            return call(*args, **kwargs)
        finally:
            connection.close()

    return pool.submit(run)


def until_somebody_waits():
    """Return once a statement waits for a lock, or at once on SQLite."""
    if connection.vendor != "postgresql":
        return
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            # A transaction sees what it saw first, unless told to look again.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone() != (0,):
                return
    pytest.fail("nobody waits for a lock")
