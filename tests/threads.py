"""Helpers for tests with several threads or processes."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from tests.patience import PATIENCE, until


def in_a_thread(pool, call, *args, **kwargs):
    """Run a call in a pool with its own database connection, and return the future.

    It waits for locks as long as tests wait. The limits of the product are seconds, in
    which a busy machine may not reach the end of the transaction that has the lock.
    """

    def run():
        try:
            _wait_for_locks()
            return call(*args, **kwargs)
        finally:
            connection.close()

    return pool.submit(run)


def _wait_for_locks():
    milliseconds = PATIENCE * 1000
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"SET lock_timeout = {milliseconds}")
            cursor.execute(f"SET statement_timeout = {milliseconds}")
        else:
            cursor.execute(f"PRAGMA busy_timeout = {milliseconds}")


def run_async(coroutine):
    """Return the result of a coroutine.

    It runs in a thread of its own: in that of the tests, Playwright keeps an event loop
    running until the end.
    """
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def wait_for_a_blocked_statement():
    """Return when a statement waits for a lock; on SQLite return immediately."""
    if connection.vendor != "postgresql":
        return
    until(_waits_for_a_lock)


def _waits_for_a_lock():
    with connection.cursor() as cursor:
        # Within a transaction the statistics are cached.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone() != (0,)
