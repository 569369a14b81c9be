from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from todos import actions

URL = "/api/v1/lists"


def test_shows_the_callers_lists_the_inbox_first(api_as, alice, bob):
    TaskListFactory(owner=alice, name="Errands")
    TaskListFactory(owner=bob, name="Bob's")

    body = api_as(alice).get(URL).json()

    assert [row["name"] for row in body["results"]] == ["Inbox", "Errands"]
    assert body["results"][0].keys() == {
        "id",
        "name",
        "colour",
        "position",
        "archived_at",
        "is_inbox",
        "open_count",
    }
    assert (body["next"], body["previous"]) == (None, None)


def test_counts_open_tasks_without_their_steps(api_as, alice):
    own = TaskListFactory(owner=alice)
    task = TaskFactory(owner=alice, list_id=own.pk)
    TaskFactory(owner=alice, parent_id=task.pk)
    done = TaskFactory(owner=alice, list_id=own.pk)
    actions.complete_task(caller_of(alice), task_id=done.pk)

    rows = api_as(alice).get(URL).json()["results"]

    assert [row["open_count"] for row in rows] == [0, 1]


def test_always_takes_two_queries(api_as, alice, django_assert_num_queries):
    TaskListFactory.create_batch(20, owner=alice)
    client = api_as(alice)

    with django_assert_num_queries(2):
        response = client.get(URL)

    assert len(response.json()["results"]) == 21


def test_creates_a_list(api_as, alice):
    response = api_as(alice).post(URL, {"name": " Errands ", "colour": "teal"})

    assert response.status_code == 201
    assert response["ETag"] == '"v1"'
    body = response.json()
    assert (body["name"], body["colour"]) == ("Errands", "teal")
    assert (body["is_inbox"], body["open_count"]) == (False, 0)
    change = alice.changes.get()
    assert (change.kind, change.entity) == ("created", "list")


def test_creates_no_second_inbox(api_as, alice):
    body = api_as(alice).post(URL, {"name": "Inbox", "is_inbox": True}).json()

    assert body["is_inbox"] is False


def test_requires_a_credential(api, db):
    for response in (api.get(URL), api.post(URL, {"name": "Errands"})):
        assert response.status_code == 401
        assert response["WWW-Authenticate"] == "Bearer"


def test_rejects_other_methods(api_as, alice):
    client = api_as(alice)

    statuses = {client.put(URL).status_code, client.delete(URL).status_code}

    assert statuses == {405}
