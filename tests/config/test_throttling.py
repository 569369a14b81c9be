"""Rate limits that hold across processes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from config.api.throttling import count_request, take_request_back
from config.models import RateCount


@pytest.fixture(autouse=True)
def limit(settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"test": (3, 60)}


def test_allows_the_limit_and_then_names_the_wait(db):
    waits = [count_request("test", "alice", now=1_000_010.0).wait for _ in range(5)]

    # The window of a minute began at 1,000,000 - 40 and ends 10 seconds later.
    assert waits == [None, None, None, 10.0, 10.0]


def test_a_new_window_starts_at_zero(db):
    for _ in range(4):
        count_request("test", "alice", now=1_000_010.0)

    assert count_request("test", "alice", now=1_000_020.0).wait is None


def test_callers_are_counted_separately(db):
    for _ in range(4):
        count_request("test", "alice", now=0.0)

    assert count_request("test", "bob", now=0.0).wait is None


def test_a_request_that_was_taken_back_is_not_counted(db):
    for _ in range(3):
        count_request("test", "alice", now=0.0)

    take_request_back("test", "alice", now=0.0)

    assert count_request("test", "alice", now=0.0).wait is None
    assert count_request("test", "alice", now=0.0).wait is not None


def test_taking_back_an_uncounted_request_has_no_effect(db):
    take_request_back("test", "alice", now=0.0)

    assert count_request("test", "alice", now=0.0).count == 1


def test_addresses_and_names_are_not_stored(db):
    count_request("test", "alice@example.com", now=0.0)

    assert "alice" not in str(RateCount.objects.values())


@pytest.mark.parametrize("caller", ["\ud800", "\x00", "a" * 100_000, ""])
def test_any_name_can_be_counted(db, caller):
    assert count_request("test", caller, now=0.0).wait is None


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_are_all_counted():
    def count(_):
        try:
            return count_request("test", "alice", now=0.0).wait
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        waits = list(pool.map(count, range(8)))

    assert waits.count(None) == 3


def test_a_missing_client_address_is_not_an_error(client, db):
    response = client.post(
        "/api/v1/auth/token", content_type="application/json", REMOTE_ADDR=None
    )

    assert response.status_code == 400
    assert response["RateLimit"].startswith('"sign-in-address";r=59;')
