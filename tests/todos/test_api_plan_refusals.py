"""Access to the routes of the plan, and isolation of the users."""

from uuid import uuid4

import pytest
from django.urls import Resolver404, resolve, reverse

from accounts.credentials import Credential
from tests.factories import TaskFactory, TaskListFactory
from tests.tables import as_one_test
from todos.models import Change, Task

# (method, route, body, status for the owner)
CALLS = [
    ("get", "list", None, 200),
    ("get", "search", None, 200),
    ("post", "list", {"title": "Buy milk"}, 201),
    ("get", "detail", None, 200),
    ("put", "detail", {"title": "Buy bread"}, 200),
    ("patch", "detail", {"title": "Buy bread"}, 200),
    ("delete", "detail", None, 204),
    ("patch", "complete", None, 200),
    ("patch", "complete", {"completed": True}, 200),
    ("patch", "toggle", None, 200),
    ("patch", "status", {"status": "completed"}, 200),
]
ON_A_LIST = {"list", "search"}
ON_A_TASK = [call for call in CALLS if call[1] not in ON_A_LIST]
METHODS = {
    "search": {"get", "head", "options"},
    "list": {"get", "head", "post", "options"},
    "detail": {"get", "head", "put", "patch", "delete", "options"},
    "complete": {"patch", "options"},
    "toggle": {"patch", "options"},
    "status": {"patch", "options"},
}
WRONG_METHODS = [
    (method, route)
    for route, allowed in METHODS.items()
    for method in ("get", "post", "put", "patch", "delete", "trace")
    if method not in allowed
]
SLASHES = pytest.mark.parametrize("slash", ["", "/"])


# The routes with the id of the user, and the one without.
NAMING = ["plan-task", "plan-user-task"]
NAMELESS = "plan-own-task"
EVERY_PREFIX = pytest.mark.parametrize("prefix", [*NAMING, NAMELESS])
NAMING_PREFIX = pytest.mark.parametrize("prefix", NAMING)


def path_of(route, user_id, task_id, *, prefix):
    kwargs = {} if prefix == NAMELESS else {"user_id": str(user_id)}
    if route not in ON_A_LIST:
        kwargs["task_id"] = str(task_id)
    return reverse(f"api:{prefix}-{route}", kwargs=kwargs)


def everything():
    """Return everything that a refusal must not change."""
    return list(Task.objects.order_by("pk").values()), Change.objects.count()


@pytest.fixture
def task(alice):
    return TaskFactory(owner=alice, title="Alice's secret")


@as_one_test
@SLASHES
@EVERY_PREFIX
@pytest.mark.parametrize("names", ["id", "me"])
@pytest.mark.parametrize(("method", "route", "body", "status"), CALLS)
def test_works_for_the_owner_in_both_slash_forms(
    api_as, alice, task, method, route, body, status, names, slash, prefix
):
    user_id = "me" if names == "me" else alice.pk
    url = path_of(route, user_id, task.pk, prefix=prefix) + slash

    response = getattr(api_as(alice), method)(url, body)

    assert response.status_code == status
    if status in {200, 201} and (route not in ON_A_LIST or method == "post"):
        assert response.json()["user_id"] == str(alice.pk)


@as_one_test
@SLASHES
@EVERY_PREFIX
@pytest.mark.parametrize(("method", "route", "body", "status"), CALLS)
def test_answers_401_without_a_credential(
    api, alice, task, method, route, body, status, slash, prefix
):
    before = everything()
    url = path_of(route, alice.pk, task.pk, prefix=prefix) + slash

    response = getattr(api, method)(url, body)

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response.json()["error"]["code"] == "token_not_valid"
    assert isinstance(response.json()["detail"], str)
    assert everything() == before


@as_one_test
@SLASHES
@NAMING_PREFIX
@pytest.mark.parametrize(("method", "route", "body", "status"), CALLS)
def test_answers_403_if_the_route_names_another_user(
    api_as, alice, bob, task, method, route, body, status, slash, prefix
):
    before = everything()
    url = path_of(route, alice.pk, task.pk, prefix=prefix) + slash

    response = getattr(api_as(bob), method)(url, body)

    assert response.status_code == 403
    assert response.json() == {
        "detail": "This user id is not yours. Use `me`.",
        "error": {
            "code": "wrong_user",
            "message": "This user id is not yours. Use `me`.",
            "details": {},
        },
    }
    assert "secret" not in response.text
    assert everything() == before


@as_one_test
@NAMING_PREFIX
@pytest.mark.parametrize(("method", "route", "body", "status"), CALLS)
def test_answers_403_before_any_query(
    api_as,
    alice,
    bob,
    task,
    django_assert_num_queries,
    method,
    route,
    body,
    status,
    prefix,
):
    client = api_as(bob)
    answers = set()

    for user_id in (alice.pk, uuid4(), "x", "MeE", "0", str(bob.pk).upper() + "0"):
        for task_id in (task.pk, uuid4(), "not-a-uuid"):
            with django_assert_num_queries(1):  # the caller
                response = getattr(client, method)(
                    path_of(route, user_id, task_id, prefix=prefix), body
                )
            answers.add((response.status_code, response.content))

    assert {status for status, _ in answers} == {403}
    assert len(answers) == 1


@as_one_test
@EVERY_PREFIX
@pytest.mark.parametrize(("method", "route", "body", "status"), ON_A_TASK)
def test_answers_404_with_the_same_bytes_for_foreign_absent_and_invalid_ids(
    api_as, alice, bob, task, method, route, body, status, prefix
):
    client = api_as(bob)
    trashed = TaskFactory(owner=bob)
    client.delete(path_of("detail", "me", trashed.pk, prefix=prefix))
    before = everything()

    answers = [
        getattr(client, method)(path_of(route, bob.pk, task_id, prefix=prefix), body)
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


@as_one_test
@SLASHES
@EVERY_PREFIX
@pytest.mark.parametrize(("method", "route"), WRONG_METHODS)
def test_answers_405_for_a_method_it_does_not_have(
    api_as, alice, task, method, route, slash, prefix
):
    before = everything()
    url = path_of(route, "me", task.pk, prefix=prefix) + slash

    response = api_as(alice).generic(method.upper(), url)

    assert response.status_code == 405
    assert {name.strip().lower() for name in response["Allow"].split(",")} == (
        METHODS[route]
    )
    assert response.json()["error"]["code"] == "method_not_allowed"
    assert everything() == before


@as_one_test
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
    [call for call in CALLS if call[2] and call[1] != "toggle"],
)
def test_rejects_a_body_that_cannot_be_parsed(
    api_as, alice, task, method, route, no_body, success, body, media_type, status
):
    before = everything()
    url = path_of(route, "me", task.pk, prefix="plan-task")

    response = api_as(alice).generic(method.upper(), url, body, content_type=media_type)

    assert response.status_code == status
    assert isinstance(response.json()["detail"], str)
    assert response.json()["error"]["message"] == response.json()["detail"]
    assert everything() == before


def test_v1_is_not_a_user_id(api_as, alice):
    client = api_as(alice)

    assert "results" in client.get("/api/v1/tasks").json()
    assert client.get("/api/v1/tasks/not-a-uuid").status_code == 404
    assert client.get("/api/v10/tasks").status_code == 403


# --- Ids that are words of routes --------------------------------------------------


@pytest.fixture
def with_subject(api_as, settings):
    """Make a client with a credential of an external issuer that has this subject."""

    def client_for(user, subject):
        client = api_as(user)
        credential = Credential("better-auth", "1", subject=subject)
        client.force_authenticate(user, credential)
        return client

    return client_for


@pytest.mark.parametrize("word", ["tasks", "users", "v1", "me", "search"])
def test_a_user_whose_id_is_a_word_of_a_route_sees_only_own_tasks(
    with_subject, alice, bob, task, word
):
    mine = TaskFactory(owner=bob)
    client = with_subject(bob, word)
    seen = set()

    for path in (f"/api/{word}/tasks", f"/api/users/{word}/tasks", "/api/tasks"):
        for end in ("", f"/{mine.pk}", f"/{task.pk}"):
            for slash in ("", "/"):
                response = client.get(path + end + slash)
                seen.add(response.status_code)
                assert "secret" not in response.text
    named = client.get(f"/api/users/{word}/tasks").json()

    assert seen <= {200, 404}
    assert [task["id"] for task in named] == [str(mine.pk)]


@pytest.mark.parametrize("word", ["tasks", "users", "v1", "search"])
def test_a_word_of_a_route_is_not_the_id_of_another_user(api_as, alice, task, word):
    client = api_as(alice)

    assert client.get(f"/api/users/{word}/tasks").status_code == 403
    assert client.get(f"/api/users/{word}/tasks/{task.pk}").status_code == 403
    # These are routes of their own, or none.
    assert client.get(f"/api/{word}/tasks/{task.pk}").status_code in {200, 403, 404}
    assert client.get("/api/tasks/tasks").status_code == 404
    assert client.get("/api/users/tasks").status_code == 404
    assert client.get("/api/users/tasks/tasks").status_code == 403


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/tasks", "plan-own-task-list"),
        ("/api/tasks/", ""),
        ("/api/tasks/search", "plan-own-task-search"),
        ("/api/tasks/tasks", "plan-own-task-detail"),
        ("/api/tasks/x/complete", "plan-own-task-complete"),
        ("/api/users/tasks/tasks", "plan-user-task-list"),
        ("/api/users/users/tasks", "plan-user-task-list"),
        ("/api/users/v1/tasks/x", "plan-user-task-detail"),
        ("/api/users/x/tasks/tasks", "plan-user-task-detail"),
        ("/api/x/tasks/tasks", "plan-task-detail"),
        ("/api/auth/tasks", "plan-task-list"),
        ("/api/tasksy/tasks", "plan-task-list"),
        ("/api/v1/tasks", "task-list"),
        ("/api/v1/users/me", "me"),
        ("/api/v1/users/x/tasks", "user-task-list"),
        ("/api/schema", "schema"),
        ("/api/docs", "docs"),
    ],
)
def test_the_first_segment_decides_the_route(path, name):
    assert (resolve(path).url_name or "") == name


@pytest.mark.parametrize(
    "path",
    ["/api/users/tasks", "/api/tasks/tasks/x", "/api/v1/tasks/x", "/api/users//tasks"],
)
def test_no_route_is_a_word_with_an_id_behind_it(path):
    with pytest.raises(Resolver404):
        resolve(path)


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
