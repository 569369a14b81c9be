"""Access to the routes of the plan, and isolation of the users."""

from uuid import uuid4

import pytest
from django.urls import reverse

from tests.factories import TaskFactory, TaskListFactory
from todos.models import Change, Task

# (method, route, body, status for the owner)
CALLS = [
    ("get", "plan-task-list", None, 200),
    ("post", "plan-task-list", {"title": "Buy milk"}, 201),
    ("get", "plan-task-detail", None, 200),
    ("put", "plan-task-detail", {"title": "Buy bread"}, 200),
    ("patch", "plan-task-detail", {"title": "Buy bread"}, 200),
    ("delete", "plan-task-detail", None, 204),
    ("patch", "plan-task-complete", None, 200),
    ("patch", "plan-task-complete", {"completed": True}, 200),
    ("patch", "plan-task-toggle", None, 200),
    ("patch", "plan-task-status", {"status": "completed"}, 200),
]
ON_A_TASK = [call for call in CALLS if call[1] != "plan-task-list"]
METHODS = {
    "plan-task-list": {"get", "head", "post", "options"},
    "plan-task-detail": {"get", "head", "put", "patch", "delete", "options"},
    "plan-task-complete": {"patch", "options"},
    "plan-task-toggle": {"patch", "options"},
    "plan-task-status": {"patch", "options"},
}
WRONG_METHODS = [
    (method, route)
    for route, allowed in METHODS.items()
    for method in ("get", "post", "put", "patch", "delete", "trace")
    if method not in allowed
]
SLASHES = pytest.mark.parametrize("slash", ["", "/"])


def path_of(route, user_id, task_id):
    kwargs = {"user_id": str(user_id)}
    if route != "plan-task-list":
        kwargs["task_id"] = str(task_id)
    return reverse(f"api:{route}", kwargs=kwargs)


def everything():
    """Return everything that a refusal must not change."""
    return list(Task.objects.order_by("pk").values()), Change.objects.count()


@pytest.fixture
def task(alice):
    return TaskFactory(owner=alice, title="Alice's secret")


@SLASHES
@pytest.mark.parametrize("names", ["id", "me"])
@pytest.mark.parametrize(("method", "route", "body", "status"), CALLS)
def test_works_for_the_owner_in_both_slash_forms(
    api_as, alice, task, method, route, body, status, names, slash
):
    user_id = "me" if names == "me" else alice.pk
    url = path_of(route, user_id, task.pk) + slash

    response = getattr(api_as(alice), method)(url, body)

    assert response.status_code == status
    if status in {200, 201} and route != "plan-task-list":
        assert response.json()["user_id"] == str(alice.pk)


@SLASHES
@pytest.mark.parametrize(("method", "route", "body", "status"), CALLS)
def test_answers_401_without_a_credential(
    api, alice, task, method, route, body, status, slash
):
    before = everything()

    response = getattr(api, method)(path_of(route, alice.pk, task.pk) + slash, body)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response.json()["error"]["code"] == "token_not_valid"
    assert isinstance(response.json()["detail"], str)
    assert everything() == before


@SLASHES
@pytest.mark.parametrize(("method", "route", "body", "status"), CALLS)
def test_answers_403_if_the_route_names_another_user(
    api_as, alice, bob, task, method, route, body, status, slash
):
    before = everything()

    response = getattr(api_as(bob), method)(
        path_of(route, alice.pk, task.pk) + slash, body
    )

    assert response.status_code == 403
    assert response.json() == {
        "detail": "The user id in the route is not yours. Use `me`.",
        "error": {
            "code": "wrong_user",
            "message": "The user id in the route is not yours. Use `me`.",
            "details": {},
        },
    }
    assert "secret" not in response.text
    assert everything() == before


@pytest.mark.parametrize(("method", "route", "body", "status"), CALLS)
def test_answers_403_before_any_query(
    api_as, alice, bob, task, django_assert_num_queries, method, route, body, status
):
    client = api_as(bob)
    answers = set()

    for user_id in (alice.pk, uuid4(), "x", "MeE", "0", str(bob.pk).upper() + "0"):
        for task_id in (task.pk, uuid4(), "not-a-uuid"):
            with django_assert_num_queries(1):  # the caller
                response = getattr(client, method)(
                    path_of(route, user_id, task_id), body
                )
            answers.add((response.status_code, response.content))

    assert {status for status, _ in answers} == {403}
    assert len(answers) == 1


@pytest.mark.parametrize(("method", "route", "body", "status"), ON_A_TASK)
def test_answers_404_with_the_same_bytes_for_foreign_absent_and_invalid_ids(
    api_as, alice, bob, task, method, route, body, status
):
    client = api_as(bob)
    trashed = TaskFactory(owner=bob)
    client.delete(path_of("plan-task-detail", "me", trashed.pk))
    before = everything()

    answers = [
        getattr(client, method)(path_of(route, bob.pk, task_id), body)
        for task_id in (task.pk, uuid4(), trashed.pk, "7", "not-a-uuid", "0" * 33, "é")
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["error"]["code"] == "not_found"
    assert everything() == before


def test_a_task_cannot_be_in_a_list_of_another_user(api_as, alice, bob):
    theirs = TaskListFactory(owner=alice)

    response = api_as(bob).post(
        "/api/me/tasks", {"title": "Buy milk", "list": str(theirs.pk)}
    )

    assert response.status_code == 201
    assert Task.objects.get().list.is_inbox


@SLASHES
@pytest.mark.parametrize(("method", "route"), WRONG_METHODS)
def test_answers_405_for_a_method_it_does_not_have(
    api_as, alice, task, method, route, slash
):
    before = everything()

    response = api_as(alice).generic(
        method.upper(), path_of(route, "me", task.pk) + slash
    )

    assert response.status_code == 405
    assert {name.strip().lower() for name in response["Allow"].split(",")} == (
        METHODS[route]
    )
    assert response.json()["error"]["code"] == "method_not_allowed"
    assert everything() == before


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        ('{"title": "Buy milk"', "application/json", 400),
        ('{"title": "a", "title": "b"}', "application/json", 400),
        ('{"priority": NaN}', "application/json", 400),
        (b'{"title": "\xff"}', "application/json", 400),
        ("[" * 9_000, "application/json", 400),
        ("[" * 100_000, "application/json", 413),
        ("title=Buy+milk", "application/x-www-form-urlencoded", 415),
        ("title: Buy milk", "text/plain", 415),
        ('{"title": "%s"}' % ("x" * 1024 * 1024), "application/json", 413),
    ],
    ids=lambda value: str(value)[:20],
)
@pytest.mark.parametrize(
    ("method", "route", "no_body", "success"),
    [call for call in CALLS if call[2] and call[1] != "plan-task-toggle"],
)
def test_rejects_a_body_that_cannot_be_parsed(
    api_as, alice, task, method, route, no_body, success, body, media_type, status
):
    before = everything()

    response = api_as(alice).generic(
        method.upper(), path_of(route, "me", task.pk), body, content_type=media_type
    )

    assert response.status_code == status
    assert isinstance(response.json()["detail"], str)
    assert response.json()["error"]["message"] == response.json()["detail"]
    assert everything() == before


def test_v1_is_not_a_user_id(api_as, alice):
    client = api_as(alice)

    assert "results" in client.get("/api/v1/tasks").json()
    assert client.get("/api/v1/tasks/not-a-uuid").status_code == 404
    assert client.get("/api/v10/tasks").status_code == 403


def test_a_session_needs_the_csrf_token(page_as, alice, task):
    browser = page_as(alice)
    browser.handler.enforce_csrf_checks = True
    before = everything()

    read = browser.get("/api/me/tasks")
    written = browser.post(
        "/api/me/tasks", {"title": "Forged"}, content_type="application/json"
    )

    assert read.status_code == 200
    assert written.status_code == 403
    assert isinstance(written.json()["detail"], str)
    assert everything() == before
