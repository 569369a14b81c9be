"""The request limit of a user: exact if small, cheap if large."""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.conf import settings as configured
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config import counters
from config.api import throttling
from config.api.throttling import ProcessCounter
from config.front.callers import ADMISSION
from config.models import RateCount
from tests.environment import environment_of_tests
from tests.factories import PASSWORD, TaskFactory, UserFactory
from tests.patience import PATIENCE
from todos.models import Task

pytestmark = pytest.mark.slow

# One window that doesn't end during a test.
FOREVER = 10**10


@pytest.fixture
def limit(settings):
    """Set the limit of one user's requests."""

    def set_limit(number, seconds=FOREVER):
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"user": (number, seconds)}

    return set_limit


def counts(counter, times, *, caller="alice", now=1_000_010.0):
    return [counter.count(caller, now=now).wait for _ in range(times)]


# --- Counting -----------------------------------------------------------------


def test_a_small_limit_is_exact_across_processes(db, limit):
    limit(10, 60)
    # Each counter represents a process. They share only the cache.
    processes = [ProcessCounter("user") for _ in range(3)]

    waits = [
        processes[turn % 3].count("alice", now=1_000_010.0).wait for turn in range(20)
    ]

    assert waits == [None] * 10 + [10.0] * 10


def test_a_single_process_allows_exactly_the_limit(db, limit):
    limit(120, 60)

    waits = counts(ProcessCounter("user"), 130)

    assert waits == [None] * 120 + [10.0] * 10


def test_each_further_process_may_allow_one_step_more(db, limit):
    limit(500, 60)  # a step is 10
    processes = [ProcessCounter("user") for _ in range(4)]

    passed = 0
    for turn in range(4 * 600):
        passed += processes[turn % 4].count("alice", now=0.0).wait is None

    assert 500 <= passed <= 500 + 3 * 10


def test_most_requests_do_not_use_the_cache(db, limit, django_assert_num_queries):
    limit(1200, 60)
    counter = ProcessCounter("user")

    with django_assert_num_queries(0):
        counts(counter, 23)
    counts(counter, 1)

    assert [row.key.partition(":")[0] for row in RateCount.objects.all()] == ["user"]


def test_requests_beyond_the_limit_do_not_use_the_cache(
    db, limit, django_assert_num_queries
):
    limit(5, 60)
    counter = ProcessCounter("user")
    counts(counter, 6)

    with django_assert_num_queries(0):
        assert counts(counter, 100) == [10.0] * 100


def test_a_new_window_starts_at_zero(db, limit):
    limit(3, 60)
    counter = ProcessCounter("user")
    counts(counter, 5)

    assert counter.count("alice", now=1_000_020.0).wait is None


def test_a_late_request_does_not_reopen_an_old_window(db, limit):
    limit(3, 60)
    counter = ProcessCounter("user")
    counts(counter, 5, now=1_000_020.0)

    assert counter.count("alice", now=1_000_019.9).wait is not None


def test_a_clock_that_is_set_back_keeps_nobody_refused(db, limit):
    limit(3, 60)
    counter = ProcessCounter("user")
    counts(counter, 5, now=1_007_220.0)

    assert counter.count("alice", now=1_000_020.0).wait is None


def test_users_are_counted_separately(db, limit):
    limit(3, 60)
    counter = ProcessCounter("user")
    counts(counter, 5)

    assert counts(counter, 3, caller="bob") == [None] * 3


def test_the_number_of_users_in_memory_is_limited(db, limit, monkeypatch):
    limit(1200, 60)
    monkeypatch.setattr(throttling, "CALLERS_MAX", 3)
    counter = ProcessCounter("user")

    for caller in "abcdef":
        counts(counter, 2, caller=caller)

    assert list(counter._counts) == ["d", "e", "f"]


def test_old_windows_are_forgotten(db, limit):
    limit(1200, 60)
    counter = ProcessCounter("user")
    counts(counter, 2, caller="alice", now=0.0)
    counts(counter, 2, caller="bob", now=60.0)

    assert list(counter._counts) == ["bob"]


def test_the_process_counts_alone_while_the_cache_is_unavailable(
    db, limit, monkeypatch
):
    limit(10, 60)
    asked = []

    def away(*args, **kwargs):
        asked.append(args)
        raise DatabaseError("the cache is away")

    monkeypatch.setattr(counters.table, "add", away)

    assert counts(ProcessCounter("user"), 12) == [None] * 10 + [10.0] * 2
    assert asked


def test_an_unavailable_cache_is_tried_once_per_step(db, limit, monkeypatch):
    limit(500, 60)
    asked = []

    def away(*args, **kwargs):
        asked.append(args)
        raise ConnectionError

    monkeypatch.setattr(counters.table, "add", away)

    counts(ProcessCounter("user"), 100)

    assert len(asked) == 10


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [10, 24], ids=lambda number: f"limit-{number}")
def test_sixteen_concurrent_requests_are_all_counted(limit, number):
    limit(number)
    processes = [ProcessCounter("user") for _ in range(4)]
    start = Barrier(16)

    def count(turn):
        start.wait(PATIENCE)
        try:
            return [
                processes[turn % 4].count("alice", now=0.0).wait is None
                for _ in range(2)
            ]
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        passed = [each for pair in pool.map(count, range(16)) for each in pair]

    assert passed.count(True) == number


COUNT_IN_ANOTHER_PROCESS = """
import sys, django
django.setup()
from django.conf import settings
from config.api.throttling import users
settings.RATE_LIMITS = {"user": (10, 10**10)}
print([users.count("alice", now=0.0).wait is None for _ in range(4)].count(True))
"""


@pytest.mark.django_db(transaction=True)
def test_real_processes_share_one_count():
    command = [sys.executable, "-c", COUNT_IN_ANOTHER_PROCESS]
    processes = [
        subprocess.Popen(
            command, cwd=configured.BASE_DIR, env=environment_of_tests(), **PIPES
        )
        for _ in range(4)
    ]

    passed = [int(process.communicate()[0]) for process in processes]

    assert sum(passed) == 10


PIPES = {"stdout": subprocess.PIPE, "text": True}


# --- Responses ----------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/api/v1/tasks", "/api/v1/users/me", "/api/me/tasks", "/api/v1/lists/"]
)
def test_every_response_to_a_user_has_the_remaining_requests(
    api_as, alice, limit, path
):
    limit(100)
    client = api_as(alice)

    first, second = client.get(path), client.get(path)

    assert first["RateLimit-Policy"] == '"user";q=100;w=10000000000'
    assert re.fullmatch(r'"user";r=99;t=\d+', first["RateLimit"])
    assert re.fullmatch(r'"user";r=98;t=\d+', second["RateLimit"])


def test_the_remaining_time_is_that_of_the_window(db, limit):
    limit(1200, 60)

    reading = ProcessCounter("user").count("alice", now=1_000_010.5)

    assert throttling.rate_limit_fields([reading]) == {
        "RateLimit-Policy": '"user";q=1200;w=60',
        "RateLimit": '"user";r=1199;t=10',
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/api/v1/tasks/00000000-0000-7000-8000-000000000000", 404),
        ("post", "/api/v1/tasks", 400),
        ("delete", "/api/v1/tasks", 405),
        ("get", "/api/v1/users/somebody/tasks", 403),
    ],
)
def test_a_refused_request_is_counted(api_as, alice, limit, method, path, status):
    limit(100)

    response = getattr(api_as(alice), method)(path)

    assert response.status_code == status
    assert response["RateLimit"].startswith('"user";r=')


def test_beyond_the_limit_the_response_has_retry_after(api_as, alice, limit):
    limit(2)
    TaskFactory(owner=alice)
    client = api_as(alice)

    statuses = [client.get("/api/v1/tasks").status_code for _ in range(2)]
    refused = client.get("/api/v1/tasks")

    assert statuses == [200, 200]
    assert refused.status_code == 429
    assert refused["Content-Type"] == "application/problem+json"
    assert json.loads(refused.content)["code"] == "throttled"
    assert int(refused["Retry-After"]) > 0
    assert refused["RateLimit"].startswith('"user";r=0;t=')


def test_beyond_the_limit_the_plans_routes_use_their_error_format(api_as, alice, limit):
    limit(1)
    client = api_as(alice)
    client.get("/api/me/tasks")

    refused = client.get("/api/me/tasks")

    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "throttled"
    assert refused["Retry-After"]


def test_a_refused_request_reads_no_tasks(api_as, alice, limit):
    limit(1)
    client = api_as(alice)
    client.get("/api/v1/tasks")

    with CaptureQueriesContext(connection) as queries:
        assert client.get("/api/v1/tasks").status_code == 429

    assert not [query for query in queries if "todos_task" in query["sql"]]


def test_a_refused_request_writes_nothing(api_as, alice, limit):
    limit(1)
    client = api_as(alice)
    client.get("/api/v1/tasks")

    assert client.post("/api/v1/tasks", {"title": "Late"}).status_code == 429

    assert not Task.objects.owned_by(alice).exists()


def test_all_credentials_of_a_user_share_one_count(api_as, page_as, alice, limit):
    limit(2)

    statuses = [
        client.get("/api/v1/tasks").status_code
        for client in (api_as(alice), page_as(alice), api_as(alice))
    ]

    assert statuses == [200, 200, 429]


def test_another_user_is_not_limited(api_as, alice, bob, limit):
    limit(1)
    client = api_as(alice)
    client.get("/api/v1/tasks")
    client.get("/api/v1/tasks")

    assert api_as(bob).get("/api/v1/tasks").status_code == 200


def test_a_request_without_a_credential_is_not_counted(api, db):
    response = api.get("/api/v1/tasks")

    assert response.status_code == 401
    assert "RateLimit" not in response


def test_a_sign_in_returns_the_remaining_requests_of_each_limit(api, db):
    UserFactory(email="alice@example.com")

    response = api.post(
        reverse("api:token"), {"email": "alice@example.com", "password": PASSWORD}
    )

    assert response["RateLimit-Policy"] == (
        '"sign-in-address";q=60;w=300, "sign-in";q=10;w=3600,'
        ' "sign-in-account";q=100;w=3600'
    )
    assert re.fullmatch(
        r'"sign-in-address";r=59;t=\d+, "sign-in";r=9;t=\d+,'
        r' "sign-in-account";r=99;t=\d+',
        response["RateLimit"],
    )


def test_other_origins_may_read_the_rate_limit_headers(settings, api_as, alice):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com"]

    response = api_as(alice).get(
        "/api/v1/tasks", headers={"Origin": "https://app.example.com"}
    )

    exposed = {
        name.strip() for name in response["Access-Control-Expose-Headers"].split(",")
    }
    assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= exposed


def test_the_list_with_a_token_runs_two_queries(
    api_as, alice, django_assert_num_queries
):
    client = api_as(alice)

    for _ in range(23):
        with django_assert_num_queries(2):
            client.get("/api/v1/tasks")

    assert cache.get("anything") is None


def test_counts_a_request_that_is_refused_because_others_of_its_user_run(api_as, alice):
    limit, _ = configured.RATE_LIMITS["user"]
    refusing = {ADMISSION: lambda user: False}

    answers = [api_as(alice).get("/api/v1/users/me", **refusing) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert [re.search(r"r=(\d+)", one.headers["RateLimit"])[1] for one in answers] == [
        str(limit - 1),
        str(limit - 2),
    ]
