"""A POST with an Idempotency-Key is carried out once, however often it is sent."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from threading import Barrier

import psycopg
import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from config.api.views import Endpoint
from tests.factories import TaskFactory
from tests.patience import PATIENCE
from todos import idempotency
from todos.api import tasks as task_views
from todos.models import Change, IdempotentAnswer, Task, TaskList

URL = "/api/v1/tasks"
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


def post(client, body=None, *, key=KEY, path=URL, **headers):
    return client.post(
        path,
        {"title": "Buy milk"} if body is None else body,
        headers={"Idempotency-Key": key} | headers,
    )


def titles(user):
    tasks = Task.objects.owned_by(user).order_by("id")
    return list(tasks.values_list("title", flat=True))


# --- Repetition ---------------------------------------------------------------


def test_the_second_request_gets_the_first_answer(api_as, alice):
    client = api_as(alice)

    first, second = post(client), post(client)

    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first["Content-Type"] == second["Content-Type"]
    assert first["ETag"] == second["ETag"] == '"v1"'
    assert titles(alice) == ["Buy milk"]
    assert Change.objects.owned_by(alice).count() == 1


def test_only_the_repetition_is_marked_as_one(api_as, alice):
    client = api_as(alice)

    first, second = post(client), post(client)

    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"


def test_the_first_answer_is_repeated_after_the_task_has_changed(api_as, alice):
    client = api_as(alice)
    first = post(client)
    client.patch(f"{URL}/{first.json()['id']}", {"title": "Buy oat milk"})

    assert post(client).content == first.content

    assert titles(alice) == ["Buy oat milk"]


def test_without_a_key_each_request_runs(api_as, alice):
    client = api_as(alice)

    for _ in range(2):
        assert client.post(URL, {"title": "Buy milk"}).status_code == 201

    assert len(titles(alice)) == 2
    assert not IdempotentAnswer.objects.exists()


def test_another_key_is_another_request(api_as, alice):
    client = api_as(alice)

    post(client, key="one")
    post(client, key="two")

    assert len(titles(alice)) == 2


def test_the_spelling_of_the_body_does_not_matter(api_as, alice):
    client = api_as(alice)
    bodies = ['{"title":"A","priority":1}', '{ "priority": 1, "title": "\\u0041" }']

    statuses = [
        client.generic(
            "POST",
            URL,
            body,
            content_type="application/json",
            headers={"Idempotency-Key": KEY},
        ).status_code
        for body in bodies
    ]

    assert statuses == [201, 201]
    assert titles(alice) == ["A"]


def test_both_slash_forms_are_one_route(api_as, alice):
    client = api_as(alice)

    first, second = post(client), post(client, path=f"{URL}/")

    assert second.content == first.content
    assert titles(alice) == ["Buy milk"]


@pytest.mark.parametrize("what", ["complete", "reopen", "restore"])
def test_a_request_without_a_body_can_be_repeated(api_as, alice, what):
    client = api_as(alice)
    task = TaskFactory(owner=alice)
    path = f"{URL}/{task.pk}/{what}"

    first = client.post(path, headers={"Idempotency-Key": KEY})
    second = client.post(path, headers={"Idempotency-Key": KEY})

    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert second["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/lists", {"name": "Errands"}),
        ("/api/v1/users/me/tasks", {"title": "Buy milk"}),
        ("/api/me/tasks", {"title": "Buy milk"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_post_for_owned_objects_can_be_repeated(api_as, alice, path, body):
    client = api_as(alice)
    lists = TaskList.objects.owned_by(alice).count()

    first, second = (post(client, body, path=path) for _ in range(2))

    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert second["Idempotency-Replayed"] == "true"
    made = TaskList.objects.owned_by(alice).count() - lists + len(titles(alice))
    assert made == 1


def test_a_repeated_request_in_the_browsable_api_gets_a_page(page_as, alice):
    client = page_as(alice)
    headers = {"Idempotency-Key": KEY, "Accept": "text/html"}

    pages = [
        client.post(
            URL, {"title": "Milk"}, content_type="application/json", headers=headers
        )
        for _ in range(2)
    ]

    assert [page.status_code for page in pages] == [201, 201]
    assert all(page["Content-Type"].startswith("text/html") for page in pages)
    assert titles(alice) == ["Milk"]


# --- What is not a repetition -------------------------------------------------


def test_another_body_under_the_same_key_is_refused(api_as, alice):
    client = api_as(alice)
    post(client)

    refused = post(client, {"title": "Buy beer"})

    assert refused.status_code == 422
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "idempotency_key_reused"
    assert titles(alice) == ["Buy milk"]


@pytest.mark.parametrize("path", ["/api/v1/lists", "/api/v1/tasks?a=b"])
def test_another_route_under_the_same_key_is_refused(api_as, alice, path):
    client = api_as(alice)
    body = {"title": "Buy milk", "name": "Errands"}
    post(client, body)

    refused = post(client, body, path=path)

    assert refused.status_code == 422
    assert refused.json()["code"] == "idempotency_key_reused"


def test_the_plans_routes_answer_errors_in_their_format(api_as, alice):
    client = api_as(alice)
    post(client, path="/api/me/tasks")

    refused = post(client, {"title": "Buy beer"}, path="/api/me/tasks")

    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "idempotency_key_reused"


def test_the_same_key_of_another_user_is_another_key(api_as, alice, bob):
    first, other = post(api_as(alice)), post(api_as(bob))

    assert first.json()["id"] != other.json()["id"]
    assert titles(alice) == titles(bob) == ["Buy milk"]
    assert "Idempotency-Replayed" not in other


def test_a_refused_body_may_be_corrected_under_its_key(api_as, alice):
    client = api_as(alice)

    refused = post(client, {"title": ""})
    accepted = post(client)

    assert refused.status_code == 400
    assert accepted.status_code == 201
    assert titles(alice) == ["Buy milk"]


def test_a_day_later_the_key_is_free_again(api_as, alice):
    client = api_as(alice)
    post(client)
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=24))

    again = post(client, {"title": "Buy more milk"})

    assert again.status_code == 201
    assert titles(alice) == ["Buy milk", "Buy more milk"]
    assert IdempotentAnswer.objects.count() == 1


def test_before_a_day_has_passed_the_key_is_not_free(api_as, alice):
    client = api_as(alice)
    post(client)
    nearly = timezone.now() - timedelta(hours=23, minutes=59)
    IdempotentAnswer.objects.update(created_at=nearly)

    assert post(client)["Idempotency-Replayed"] == "true"


def test_only_answers_older_than_a_day_are_deleted(api_as, alice):
    client = api_as(alice)
    for key in ("old", "new"):
        post(client, key=key)
    now = timezone.now()
    old = IdempotentAnswer.objects.owned_by(alice).filter(key="old")
    old.update(created_at=now - timedelta(hours=24))

    assert idempotency.delete_expired_answers(alice, at=now) == 1

    assert [answer.key for answer in IdempotentAnswer.objects.all()] == ["new"]


@pytest.mark.parametrize("method", ["patch", "put"])
def test_other_methods_ignore_the_key(api_as, alice, method):
    client = api_as(alice)
    task = TaskFactory(owner=alice)

    for _ in range(2):
        response = getattr(client, method)(
            f"{URL}/{task.pk}", {"title": "Changed"}, headers={"Idempotency-Key": KEY}
        )
        assert response.status_code == 200

    assert not IdempotentAnswer.objects.exists()


def test_no_response_of_a_sign_in_is_stored(api, alice):
    for path in ("/api/v1/auth/token", "/api/v1/auth/register"):
        body = {"email": "alice@example.com", "password": "a long phrase of words"}
        post(api, body, path=path)

    assert not IdempotentAnswer.objects.exists()


# --- Keys ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    ["", " ", "a b", "ä", "x" * 256, '""', '"', '"a"b"', '"a b"', r'"a\b"', "\x7f"],
)
def test_an_invalid_key_is_named(api_as, alice, key):
    refused = post(api_as(alice), key=key)

    assert refused.status_code == 400
    assert list(refused.json()["errors"]) == ["Idempotency-Key"]
    assert titles(alice) == []


@pytest.mark.parametrize(
    "key", ["x", "x" * 255, '"quoted"', 'a"b', "a,b;c=d", r'"a\"b\\c"'], ids=repr
)
def test_any_visible_text_is_a_key(api_as, alice, key):
    client = api_as(alice)

    assert post(client, key=key).status_code == 201
    assert post(client, key=key)["Idempotency-Replayed"] == "true"


def test_quotes_around_a_key_do_not_matter(api_as, alice):
    client = api_as(alice)
    first = post(client, key='"with-quotes"')

    assert post(client, key="with-quotes").content == first.content


# --- All or nothing -----------------------------------------------------------


@pytest.fixture
def tolerant(api_as, alice):
    """A client that gets a 500 when the code fails, as in production."""
    client = api_as(alice)
    client.raise_request_exception = False
    return client


@pytest.mark.django_db(transaction=True)
def test_a_failure_after_the_task_stores_neither_task_nor_answer(
    tolerant, alice, monkeypatch
):
    def fail(*args, **kwargs):
        raise RuntimeError("after the task, before the answer")

    with monkeypatch.context() as patch:
        patch.setattr(task_views.TaskEndpoint, "answer", fail)
        failed = post(tolerant)

    assert failed.status_code == 500
    assert titles(alice) == []
    assert not IdempotentAnswer.objects.exists()
    assert not Change.objects.owned_by(alice).exists()
    assert post(tolerant).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_a_failure_to_store_the_answer_stores_no_task(tolerant, alice, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("while the answer is kept")

    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "store_answer", fail)
        failed = post(tolerant)

    assert failed.status_code == 500
    assert titles(alice) == []
    assert not Change.objects.owned_by(alice).exists()
    assert post(tolerant).status_code == 201


def test_a_limit_counts_repetitions_too(api_as, alice):
    client = api_as(alice)

    left = [post(client)["RateLimit"].split(";")[1] for _ in range(2)]

    assert left == ["r=1199", "r=1198"]


@pytest.mark.django_db(transaction=True)
def test_sixteen_requests_at_once_make_one_task(api_as, alice):
    client = api_as(alice)
    credential = client._credentials
    start = Barrier(16)

    def send(_):
        one = APIClient()
        one.credentials(**credential)
        start.wait(PATIENCE)
        try:
            response = post(one)
            return response.status_code, response.content
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        got = list(pool.map(send, range(16)))

    assert titles(alice) == ["Buy milk"]
    bodies = {body for status, body in got if status == 201}
    assert len(bodies) == 1
    refused = {json.loads(body)["code"] for status, body in got if status != 201}
    assert refused <= {"idempotency_key_in_use"}
    if connection.vendor == "sqlite":  # there each waits for its turn
        assert refused == set()


@pytest.mark.needs_postgresql
@pytest.mark.django_db(transaction=True)
def test_while_the_first_request_runs_the_second_is_rejected(api_as, alice):
    client = api_as(alice)
    number = idempotency.lock_number(owner=alice, key=KEY)
    chosen = connection.get_connection_params()
    dsn = {name: chosen[name] for name in ("host", "port", "user", "password")}

    with closing(psycopg.connect(dbname=chosen["dbname"], **dsn)) as first:
        first.execute("SELECT pg_advisory_xact_lock(%s)", [number])
        refused = post(client)
        other_key = post(client, {"title": "Other"}, key="other")
        first.commit()
        accepted = post(client)

    assert refused.status_code == 409
    assert refused.json()["code"] == "idempotency_key_in_use"
    assert refused["Retry-After"] == "1"
    assert other_key.status_code == accepted.status_code == 201
    assert titles(alice) == ["Other", "Buy milk"]


def test_the_lock_distinguishes_users_and_keys(alice, bob):
    numbers = {
        idempotency.lock_number(owner=owner, key=key)
        for owner in (alice, bob)
        for key in ("one", "two")
    }

    assert len(numbers) == 4
    assert all(-(2**63) <= number < 2**63 for number in numbers)


def test_every_view_checks_the_permission_first(api_as, alice, bob):
    """A kept answer is for the caller whom the route names."""
    client = api_as(alice)
    post(client, path=f"/api/v1/users/{alice.pk}/tasks")

    assert post(client, path=f"/api/v1/users/{bob.pk}/tasks").status_code == 403
    assert issubclass(task_views.TaskEndpoint, Endpoint)
