"""The response for an object of another user is identical to that for a random id."""

from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts import tokens
from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from tests.tables import as_one_test
from tests.test_access_matrix import API, PAGES
from todos import actions
from todos.api.bulk import ACTIONS as BULK_ACTIONS
from todos.models import Change

pytestmark = pytest.mark.unmeasured

# Headers that differ between any two responses.
OF_THE_MOMENT = {"X-Request-ID", "Date", "Expires", "RateLimit"}

HIDDEN = [row for row in API + PAGES if row.stranger == 404 and "<" in row.route]
NAMING = [row for row in API if row.stranger == 403]


class Stranger:
    """Bob, who knows the ids of Alice's objects."""

    def __init__(self, user):
        pair = tokens.start_family(user=user, at=timezone.now())
        self.program = Client(headers={"Authorization": f"Bearer {pair.access}"})
        self.browser = Client()
        self.browser.force_login(
            user, backend="allauth.account.auth_backends.AuthenticationBackend"
        )

    def answer(self, row, path):
        """Return the whole response: status, headers and body."""
        is_api = path.startswith("/api/")
        client = self.program if is_api else self.browser
        as_json = {"content_type": "application/json"} if is_api else {}
        response = getattr(client, row.method.lower())(path, row.body, **as_json)
        return essence(response)


def essence(response, *ids):
    """Return the response, with `ids` replaced where they are echoed."""
    headers = {
        name: value
        for name, value in response.headers.items()
        if name not in OF_THE_MOMENT
    }
    body = response.content
    for one in ids:
        body = body.replace(str(one).encode(), b"ID")
    return response.status_code, headers, body


def path_of(route, *, task, list_, label, user="me"):
    return "/" + (
        route.replace("<uuid:task_id>", str(task))
        .replace("<str:task_id>", str(task))
        .replace("<uuid:list_id>", str(list_))
        .replace("<uuid:label_id>", str(label))
        .replace("tasks/<uuid:pk>", f"tasks/{task}")
        .replace("lists/<uuid:pk>", f"lists/{list_}")
        .replace("labels/<uuid:pk>", f"labels/{label}")
        .replace("<str:user_id>", str(user))
        .replace("<user_id:user_id>", str(user))
    )


@pytest.fixture
def hers(alice):
    return {
        "task": TaskFactory(owner=alice).pk,
        "list_": TaskListFactory(owner=alice).pk,
        "label": actions.create_label(caller_of(alice), name="hers").pk,
    }


@pytest.fixture
def never():
    return {"task": uuid4(), "list_": uuid4(), "label": uuid4()}


def _name(row):
    return f"{row.method} {row.route}"


@as_one_test
@pytest.mark.parametrize("row", HIDDEN, ids=_name)
def test_her_object_gets_the_same_response_as_a_random_id(bob, hers, never, row):
    stranger = Stranger(bob)
    before = Change.objects.count()

    foreign = stranger.answer(row, path_of(row.route, **hers))
    absent = stranger.answer(row, path_of(row.route, **never))

    assert foreign[0] == 404
    assert foreign == absent
    assert Change.objects.count() == before


@as_one_test
@pytest.mark.parametrize(
    "row", [row for row in NAMING if "task_id>" in row.route], ids=_name
)
def test_his_own_route_does_not_find_her_object(bob, hers, never, row):
    stranger = Stranger(bob)

    foreign = stranger.answer(row, path_of(row.route, **hers))
    absent = stranger.answer(row, path_of(row.route, **never))

    assert foreign[0] == 404
    assert foreign == absent


@as_one_test
@pytest.mark.parametrize("row", NAMING, ids=_name)
def test_her_route_gets_the_same_response_as_that_of_an_unknown_user(
    alice, bob, hers, never, row
):
    stranger = Stranger(bob)

    known = stranger.answer(row, path_of(row.route, user=alice.pk, **hers))
    unknown = stranger.answer(row, path_of(row.route, user=uuid4(), **never))

    assert known[0] == 403
    assert known == unknown


# --- Ids in bodies and queries ----------------------------------------------------


@pytest.mark.parametrize("field", ["list", "parent"])
def test_her_list_or_task_in_a_body_is_refused_like_a_random_id(
    api_as, bob, hers, never, field
):
    mine = TaskFactory(owner=bob)
    client = api_as(bob)
    name = "list_" if field == "list" else "task"
    before = Change.objects.count()

    def answers(ids):
        body = {"title": "Buy milk", field: str(ids[name])}
        detail = f"/api/v1/tasks/{mine.pk}"
        return [
            essence(client.post("/api/v1/tasks", body)),
            essence(client.put(detail, body)),
            essence(client.patch(detail, {field: str(ids[name])})),
        ]

    foreign = answers(hers)

    assert [status for status, *_ in foreign] == [400, 400, 400]
    assert foreign == answers(never)
    assert Change.objects.count() == before


def test_the_tasks_of_a_deleted_list_cannot_be_moved_to_her_list(
    api_as, bob, hers, never
):
    mine = TaskListFactory(owner=bob)
    client = api_as(bob)

    foreign, absent = (
        essence(client.delete(f"/api/v1/lists/{mine.pk}?move_to={ids['list_']}"))
        for ids in (hers, never)
    )

    assert foreign[0] == 400
    assert foreign == absent
    mine.refresh_from_db()
    assert mine.trashed_at is None


def test_her_ids_in_a_move_are_refused_like_random_ids(api_as, bob, hers, never):
    task, own = TaskFactory(owner=bob), TaskListFactory(owner=bob)
    client = api_as(bob)
    before = Change.objects.count()

    def answers(ids):
        return [
            essence(client.post(f"/api/v1/{path}", {place: str(ids[name])}))
            for path, place, name in [
                (f"tasks/{task.pk}/move", "before", "task"),
                (f"tasks/{task.pk}/move", "after", "task"),
                (f"tasks/{task.pk}/move", "list", "list_"),
                (f"lists/{own.pk}/move", "before", "list_"),
                (f"lists/{own.pk}/move", "after", "list_"),
            ]
        ]

    foreign = answers(hers)

    assert {status for status, *_ in foreign} == {400}
    assert foreign == answers(never)
    assert Change.objects.count() == before


@pytest.mark.parametrize(
    "action", [name for name in BULK_ACTIONS if name not in {"move", "due"}]
)
def test_her_task_among_his_is_refused_like_a_random_id(
    api_as, bob, hers, never, action
):
    mine = TaskFactory(owner=bob)
    client = api_as(bob)
    before = Change.objects.count()

    def answer(task_id):
        body = {"ids": [str(mine.pk), str(task_id)], "action": action}
        values = {"priority": 1, "label": "home"}
        return essence(client.post("/api/v1/tasks/bulk", body | values))

    foreign = answer(hers["task"])

    assert foreign[0] == 400
    assert foreign == answer(never["task"])
    assert Change.objects.count() == before


def test_his_tasks_cannot_be_added_to_her_list(api_as, bob, hers, never):
    mine = TaskFactory(owner=bob)
    client = api_as(bob)

    foreign, absent = (
        essence(
            client.post(
                "/api/v1/tasks/bulk",
                {"ids": [str(mine.pk)], "action": "move", "list": str(ids["list_"])},
            )
        )
        for ids in (hers, never)
    )

    assert foreign[0] == 400
    assert foreign == absent


@pytest.mark.parametrize("parameter", ["list", "parent"])
@pytest.mark.parametrize("view", ["all", "trash", "open"])
def test_ids_of_another_user_in_a_query_find_nothing(
    api_as, bob, hers, parameter, view
):
    name = "list_" if parameter == "list" else "task"

    response = api_as(bob).get(
        "/api/v1/tasks", {parameter: str(hers[name]), "view": view}
    )

    assert response.json()["results"] == []


def test_her_list_in_a_form_is_refused_like_a_random_id(page_as, bob, hers, never):
    browser = page_as(bob)

    def answer(list_id):
        form = {"text": "Buy milk", "list": str(list_id)}
        return essence(browser.post("/add", form), list_id)

    foreign, absent = answer(hers["list_"]), answer(never["list_"])

    assert foreign[0] == absent[0] == 422
    assert without_tokens(foreign[2]) == without_tokens(absent[2])
    assert not bob.tasks.exists()


def without_tokens(page):
    """Drop the lines of a page with the CSRF token, which differs in each response."""
    return [line for line in page.splitlines() if b"csrfmiddlewaretoken" not in line]


def test_a_label_of_another_user_with_the_same_name_is_not_shared(api_as, alice, bob):
    TaskFactory(owner=alice, labels=["home"])

    response = api_as(bob).post(
        "/api/v1/tasks", {"title": "Buy milk", "labels": ["home"]}
    )

    assert response.json()["labels"] == ["home"]
    assert bob.labels.get().pk != alice.labels.get().pk


def test_his_search_does_not_find_her_tasks(api_as, alice, bob):
    TaskFactory(owner=alice, title="Surprise party", labels=["secret"])

    client = api_as(bob)

    assert client.get("/api/v1/tasks", {"q": "party"}).json()["results"] == []
    assert client.get("/api/v1/tasks", {"label": "secret"}).json()["results"] == []


def test_a_cursor_of_another_user_shows_only_own_rows(api_as, alice, bob):
    TaskFactory.create_batch(3, owner=alice)
    mine = TaskFactory(owner=bob)
    page = api_as(alice).get("/api/v1/tasks", {"page_size": 1}).json()

    response = api_as(bob).get(page["next"])

    assert {row["id"] for row in response.json()["results"]} <= {str(mine.pk)}
