"""Rate limits that hold across processes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache
from django.db import connection

from config.api.throttling import count_request


@pytest.fixture(autouse=True)
def limit(settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"test": (3, 60)}


def test_lets_the_limit_through_and_names_the_wait(db):
    waits = [count_request("test", "alice", now=1_000_010.0).wait for _ in range(5)]

    # The window of a minute began at 1,000,000 - 40 and ends 10 seconds later.
    assert waits == [None, None, None, 10.0, 10.0]


def test_a_new_window_begins_at_zero(db):
    for _ in range(4):
        count_request("test", "alice", now=1_000_010.0)

    assert count_request("test", "alice", now=1_000_020.0).wait is None


def test_callers_are_counted_apart(db):
    for _ in range(4):
        count_request("test", "alice", now=0.0)

    assert count_request("test", "bob", now=0.0).wait is None


def test_neither_address_nor_name_reaches_the_cache(db):
    count_request("test", "alice@example.com", now=0.0)

    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key, value FROM ownlist_cache")
        assert "alice" not in str(cursor.fetchall())


@pytest.mark.parametrize("caller", ["\ud800", "\x00", "a" * 100_000, ""])
def test_any_name_can_be_counted(db, caller):
    assert count_request("test", caller, now=0.0).wait is None


@pytest.mark.django_db(transaction=True)
def test_requests_at_once_are_counted_each():
    def count(_):
        try:
            return count_request("test", "alice", now=0.0).wait
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        waits = list(pool.map(count, range(8)))

    assert waits.count(None) == 3


def test_a_count_keeps_the_expiry_of_its_window(db):
    cache.set("counted", 1, timeout=1000)
    with connection.cursor() as cursor:
        cursor.execute("SELECT expires FROM ownlist_cache")
        before = cursor.fetchall()

    assert cache.incr("counted", 2) == 3

    with connection.cursor() as cursor:
        cursor.execute("SELECT expires FROM ownlist_cache")
        assert cursor.fetchall() == before
    assert cache.get("counted") == 3


def test_what_is_not_there_can_not_be_counted(db):
    with pytest.raises(ValueError, match="not found"):
        cache.incr("nothing")


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite locks no rows")
@pytest.mark.django_db(transaction=True)
def test_an_entry_added_while_its_lock_was_sought_is_not_counted_unlocked():
    def add_elsewhere():
        try:
            cache.add("counted", 0)
        finally:
            connection.close()

    def add_after_lock(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if "FOR UPDATE" in sql:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(add_elsewhere).result()
        return result

    with connection.execute_wrapper(add_after_lock), pytest.raises(ValueError):
        cache.incr("counted")

    assert cache.get("counted") == 0


def test_a_server_that_tells_no_address_is_no_error(client, db):
    response = client.post(
        "/api/v1/auth/token", content_type="application/json", REMOTE_ADDR=None
    )

    assert response.status_code == 400
    assert response["RateLimit"].startswith('"token-address";r=29;')
