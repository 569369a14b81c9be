"""The counters of rate limits are exact, expire, and are never evicted."""

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config import counters
from config.api.problems import Unavailable
from config.api.throttling import count_request, take_request_back
from config.models import RateCount
from tests.factories import PASSWORD, UserFactory
from tests.runtime_role import cursor_of_the_owner


@pytest.fixture(autouse=True)
def limit(settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"test": (3, 60), "long": (3, 3600)}


@pytest.fixture
def sweep_always(monkeypatch):
    monkeypatch.setattr(counters, "SWEEP_EVERY", 1)


def count(caller, *, scope="test", now=0.0):
    return count_request(scope, caller, now=now).count


def test_a_count_takes_one_statement(db, django_assert_num_queries):
    count("alice")

    with django_assert_num_queries(1):
        count("alice")


def test_many_other_callers_do_not_reset_a_count(db):
    for _ in range(3):
        count("alice")

    for number in range(10_100):
        counters.table.add("other", str(number), 1, expires_at=61, now=0.0)

    assert count("alice") == 4


def test_expired_rows_are_deleted(db, sweep_always):
    for number in range(5):
        count(f"caller {number}", now=0.0)

    count("alice", now=62.0)

    assert RateCount.objects.count() == 1


def test_live_rows_are_never_deleted(db, sweep_always):
    count("alice", scope="long", now=0.0)

    for minute in range(1, 60):
        count("bob", now=60.0 * minute)

    assert count("alice", scope="long", now=3599.0) == 2


def test_a_sweep_deletes_more_rows_than_were_added_up_to_a_limit(db, sweep_always):
    RateCount.objects.bulk_create(
        RateCount(key=f"old {number}", count=1, expires_at=10) for number in range(450)
    )

    left = []
    for number in range(3):
        count(f"caller {number}", now=100.0)
        left.append(RateCount.objects.filter(expires_at=10).count())

    assert left == [250, 50, 0]


def test_not_every_request_sweeps(db):
    count("alice")

    statements = 0
    for number in range(counters.SWEEP_EVERY):
        with CaptureQueriesContext(connection) as captured:
            count(f"caller {number}")
        statements += len(captured)

    # One sweep: savepoint, find, count, release. It had nothing to delete.
    assert statements <= counters.SWEEP_EVERY + 6


def test_the_table_never_exceeds_its_limit(db, sweep_always, monkeypatch):
    monkeypatch.setattr(counters, "MAX_ROWS", 20)
    monkeypatch.setattr(counters, "SHARED_ROWS", 4)

    for number in range(300):
        count(f"caller {number}")

    assert RateCount.objects.count() <= 20 + 1 + 4


def test_a_caller_keeps_its_row_when_the_table_is_full(db, sweep_always, monkeypatch):
    monkeypatch.setattr(counters, "MAX_ROWS", 20)
    count("alice")
    for number in range(30):
        count(f"caller {number}")

    assert counters.table.is_crowded
    assert [count("alice") for _ in range(2)] == [2, 3]


def test_new_callers_are_never_counted_too_low_when_the_table_is_full(
    db, sweep_always, monkeypatch
):
    monkeypatch.setattr(counters, "MAX_ROWS", 20)
    for number in range(30):
        count(f"caller {number}")

    assert [count("mallory") for _ in range(4)][-1] >= 4


def test_a_request_can_be_taken_back_when_the_table_is_full(
    db, sweep_always, monkeypatch
):
    monkeypatch.setattr(counters, "MAX_ROWS", 0)
    count("somebody")

    before = count("alice")
    take_request_back("test", "alice", now=0.0)

    assert count("alice") == before


def test_callers_get_their_own_rows_again_after_a_sweep(db, sweep_always, monkeypatch):
    monkeypatch.setattr(counters, "MAX_ROWS", 20)
    for number in range(30):
        count(f"caller {number}", now=0.0)

    count("alice", now=100.0)
    count("alice", now=100.0)

    assert not counters.table.is_crowded


def test_a_failed_sweep_does_not_lose_the_count(db, sweep_always, monkeypatch):
    def fail(*args, **kwargs):
        raise OperationalError

    monkeypatch.setattr(type(RateCount.objects.all()), "delete", fail)

    assert count("alice") == 1
    assert count("alice") == 2


# --- Another cache ------------------------------------------------------------------


@pytest.fixture
def in_a_cache(settings):
    settings.RATE_LIMIT_CACHE = "default"
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    }
    cache.clear()


def test_another_cache_counts_without_the_database(in_a_cache):
    counted = [count("alice") for _ in range(2)]
    take_request_back("test", "alice", now=0.0)
    take_request_back("test", "nobody", now=0.0)

    assert counted == [1, 2]
    assert count("alice") == 2


# --- Outages ------------------------------------------------------------------------


@pytest.fixture
def away(monkeypatch):
    """The storage of the counters fails with an error of its backend."""

    def refuse(*args, **kwargs):
        raise ConnectionError("no route")

    monkeypatch.setattr(counters, "add", refuse)
    monkeypatch.setattr(counters, "take_back", refuse)


def test_requests_are_refused_while_nothing_can_be_counted(away):
    with pytest.raises(Unavailable):
        count("alice")


@pytest.mark.parametrize("name", ["token", "register", "token-refresh"])
def test_the_api_returns_503_with_retry_after_while_nothing_can_be_counted(
    api, db, away, name
):
    body = {"email": "alice@example.com", "password": PASSWORD, "refresh": "x"}

    response = api.post(reverse(f"api:{name}"), body)

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert response.json()["code"] == "unavailable"


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("account_login", {"login": "alice@example.com", "password": PASSWORD}),
        ("account_signup", {"email": "a@example.com", "password1": PASSWORD}),
        ("account_reset_password", {"email": "alice@example.com"}),
    ],
)
def test_pages_return_503_with_retry_after_while_nothing_can_be_counted(
    client, db, away, name, form
):
    response = client.post(reverse(name), form)

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0


@pytest.mark.parametrize("name", ["account_login", "api:token"])
def test_an_error_of_redis_anywhere_is_an_outage(db, api, monkeypatch, name):
    """For example where the code of an authenticator app is marked as used."""
    error = type("TimeoutError", (Exception,), {"__module__": "redis.exceptions"})

    def refuse(*args, **kwargs):
        raise error("Timeout reading from 10.0.0.1:6379")

    monkeypatch.setattr("accounts.models.User.check_password", refuse)
    UserFactory(email="alice@example.com")
    client = Client() if name == "account_login" else api
    client.raise_request_exception = False
    form = {"login": "alice@example.com", "email": "alice@example.com"}
    response = client.post(reverse(name), form | {"password": PASSWORD})

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0


@pytest.mark.django_db(transaction=True)
def test_a_missing_table_is_an_outage(api):
    body = {"email": "alice@example.com", "password": PASSWORD}

    _run("ALTER TABLE config_ratecount RENAME TO elsewhere")
    try:
        response = api.post(reverse("api:token"), body)
    finally:
        _run("ALTER TABLE elsewhere RENAME TO config_ratecount")

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0


def _run(statement):
    with cursor_of_the_owner() as cursor:
        cursor.execute(statement)
