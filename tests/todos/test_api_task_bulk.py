from uuid import uuid4

import pytest

from tests.factories import TaskFactory, TaskListFactory
from todos.models import Change

URL = "/api/v1/tasks/bulk"


@pytest.fixture
def tasks(alice):
    return TaskFactory.create_batch(3, owner=alice)


def ids_of(tasks):
    return [str(task.pk) for task in tasks]


def body_of(tasks, action, **values):
    return {"ids": ids_of(tasks), "action": action, **values}


@pytest.mark.parametrize(
    ("action", "values", "expected"),
    [
        ("due", {"due_date": "2027-03-01"}, {"due_date": "2027-03-01"}),
        (
            "due",
            {"due_date": "2027-03-01", "due_time": "09:00", "due_tz": "Asia/Tokyo"},
            {"due_time": "09:00", "due_tz": "Asia/Tokyo"},
        ),
        ("priority", {"priority": 1}, {"priority": 1}),
        ("label", {"label": " home "}, {"labels": ["home"]}),
    ],
)
def test_changes_tasks_and_shows_them(api_as, alice, tasks, action, values, expected):
    response = api_as(alice).post(URL, body_of(tasks, action, **values))

    assert response.status_code == 200
    body = response.json()
    assert [task["id"] for task in body["tasks"]] == ids_of(tasks)
    for task in body["tasks"]:
        assert expected.items() <= task.items()
        assert task["version"] == 2
        assert "next" not in task
    assert alice.changes.filter(batch=body["batch"], entity="task").count() == 3


def test_completes_and_shows_the_next_occurrence(api_as, alice, tasks):
    repeat = TaskFactory(owner=alice, due_date="2999-01-01", rrule="FREQ=DAILY")

    body = api_as(alice).post(URL, body_of([*tasks, repeat], "complete")).json()

    *plain, repeated = body["tasks"]
    assert all(task["completed_at"] for task in body["tasks"])
    assert [task["next"] for task in plain] == [None] * 3
    assert repeated["next"]["due_date"] == "2999-01-02"


def test_moves_removes_labels_reopens_trashes_and_restores(api_as, alice, tasks):
    client = api_as(alice)
    own = TaskListFactory(owner=alice)
    client.post(URL, body_of(tasks, "label", label="home"))
    client.post(URL, body_of(tasks, "complete"))

    for body in [
        body_of(tasks, "move", list=str(own.pk)),
        body_of(tasks, "unlabel", label="HOME"),
        body_of(tasks, "reopen"),
        body_of(tasks, "trash"),
    ]:
        assert client.post(URL, body).status_code == 200
    trashed = client.get("/api/v1/tasks", {"view": "trash"}).json()["results"]
    client.post(URL, body_of(tasks, "restore"))
    shown = client.get("/api/v1/tasks", {"list": str(own.pk)}).json()["results"]

    assert len(trashed) == 3
    assert [task["id"] for task in shown] == ids_of(tasks)
    assert [task["labels"] for task in shown] == [[]] * 3


def test_without_changes_there_is_no_batch(api_as, alice, tasks):
    before = Change.objects.count()

    body = api_as(alice).post(URL, body_of(tasks, "reopen")).json()

    assert body["batch"] is None
    assert [task["version"] for task in body["tasks"]] == [1, 1, 1]
    assert Change.objects.count() == before


def test_one_undo_reverts_the_batch(api_as, alice, tasks):
    client = api_as(alice)
    batch = client.post(URL, body_of(tasks, "trash")).json()["batch"]

    client.post("/api/v1/undo", {"batch": batch})

    assert alice.tasks.live().count() == 3


def test_accepts_five_hundred_tasks(api_as, alice):
    tasks = TaskFactory.create_batch(500, owner=alice)

    response = api_as(alice).post(URL, body_of(tasks, "priority", priority=2))

    assert response.status_code == 200
    assert [task["id"] for task in response.json()["tasks"]] == ids_of(tasks)
    assert alice.tasks.filter(priority=2, version=2).count() == 500
    assert alice.changes.filter(kind="updated").count() == 500


def test_is_served_under_the_users_id(api_as, alice, tasks):
    response = api_as(alice).post(
        "/api/v1/users/me/tasks/bulk/", body_of(tasks, "complete")
    )

    assert response.status_code == 200
    assert not alice.tasks.open().exists()


def test_requires_a_credential(api, tasks):
    assert api.post(URL, body_of(tasks, "complete")).status_code == 401


def test_rejects_a_task_of_another_user_like_an_unknown_one(api_as, bob, tasks):
    own = TaskFactory(owner=bob)
    client = api_as(bob)
    before = Change.objects.count()

    foreign, never = (
        client.post(
            URL, {"ids": [str(own.pk), str(key)], "action": "priority", "priority": 1}
        )
        for key in (tasks[0].pk, uuid4())
    )

    assert foreign.status_code == 400
    assert foreign.json()["errors"] == {"ids.1": ["There is no such task."]}
    assert foreign.content == never.content
    assert Change.objects.count() == before
    own.refresh_from_db()
    assert own.version == 1


def test_names_every_unknown_task(api_as, alice, tasks):
    body = body_of(tasks, "complete")
    body["ids"][0] = body["ids"][2] = None
    body["ids"] = [one or str(uuid4()) for one in body["ids"]]

    response = api_as(alice).post(URL, body)

    assert list(response.json()["errors"]) == ["ids.0", "ids.2"]


def test_rejects_a_list_of_another_user(api_as, alice, bob, tasks):
    foreign = TaskListFactory(owner=bob)

    response = api_as(alice).post(URL, body_of(tasks, "move", list=str(foreign.pk)))

    assert response.status_code == 400
    assert response.json()["errors"] == {"list": ["There is no such list."]}


def test_a_task_in_the_trash_must_be_restored_first(api_as, alice, tasks):
    client = api_as(alice)
    client.delete(f"/api/v1/tasks/{tasks[1].pk}")

    response = client.post(URL, body_of(tasks, "complete"))

    assert response.status_code == 409
    assert response.json()["code"] == "in_trash"
    assert response.json()["detail"].startswith("ids.1: ")
    assert alice.tasks.open().count() == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ids": None}, "ids"),
        ({"ids": []}, "ids"),
        ({"ids": "x"}, "ids"),
        ({"ids": ["x"]}, "ids.0"),
        ({"ids": [7]}, "ids.0"),
        ({"ids": {}}, "ids"),
        ({"action": None}, "action"),
        ({"action": "remove"}, "action"),
        ({"action": ["complete"]}, "action"),
        ({"action": "move"}, "list"),
        ({"action": "move", "list": None}, "list"),
        ({"action": "move", "list": "x"}, "list"),
        ({"action": "due"}, "due_date"),
        ({"action": "due", "due_date": "soon"}, "due_date"),
        ({"action": "due", "due_date": "9999-12-31"}, "due_date"),
        ({"action": "due", "due_date": None, "due_time": "09:00"}, "due_time"),
        ({"action": "due", "due_date": "2027-01-01", "due_tz": "UTC"}, "due_tz"),
        (
            {
                "action": "due",
                "due_date": "2027-01-01",
                "due_time": "09:00",
                "due_tz": "Mars/Base",
            },
            "due_tz",
        ),
        ({"action": "priority"}, "priority"),
        ({"action": "priority", "priority": 5}, "priority"),
        ({"action": "priority", "priority": "1"}, "priority"),
        ({"action": "priority", "priority": None}, "priority"),
        ({"action": "label"}, "label"),
        ({"action": "label", "label": ""}, "label"),
        ({"action": "label", "label": "a" * 51}, "label"),
        ({"action": "label", "label": "nul \x00"}, "label"),
        ({"action": "label", "label": "\u0390" * 50}, "label"),
        ({"action": "unlabel"}, "label"),
        ({"action": "unlabel", "label": 7}, "label"),
    ],
    ids=repr,
)
def test_names_the_field_that_is_wrong(api_as, alice, tasks, change, field):
    before = Change.objects.count()

    response = api_as(alice).post(URL, body_of(tasks, "complete") | change)

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]
    assert Change.objects.count() == before


def test_refuses_one_task_more_than_five_hundred(api_as, alice, tasks):
    ids = [str(uuid4()) for _ in range(501)]

    response = api_as(alice).post(URL, {"ids": ids, "action": "complete"})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["ids"]


def test_rejects_duplicate_tasks(api_as, alice, tasks):
    first = str(tasks[0].pk)

    response = api_as(alice).post(
        URL, {"ids": [first, str(tasks[1].pk), first.upper()], "action": "complete"}
    )

    assert response.status_code == 400
    assert response.json()["errors"] == {"ids.2": ["Duplicate id."]}


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_rejects_other_methods(api_as, alice, method):
    assert getattr(api_as(alice), method)(URL).status_code == 405
