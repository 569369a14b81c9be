from uuid import uuid4

import pytest

from tests.changes import last_change
from tests.factories import TaskFactory, TaskListFactory
from todos.models import Change


@pytest.fixture
def tasks(alice):
    return TaskFactory.create_batch(4, owner=alice)


def url_of(task):
    return f"/api/v1/tasks/{task.pk}/move"


def shown(client, **query):
    rows = client.get("/api/v1/tasks", query).json()["results"]
    return [row["id"] for row in rows]


def ids_of(*tasks):
    return [str(task.pk) for task in tasks]


def test_moves_a_task_before_another(api_as, alice, tasks):
    client = api_as(alice)

    response = client.post(url_of(tasks[3]), {"before": str(tasks[1].pk)})

    assert response.status_code == 200
    assert response["ETag"] == '"v2"'
    body = response.json()
    assert (body["id"], body["version"]) == (str(tasks[3].pk), 2)
    assert shown(client) == ids_of(tasks[0], tasks[3], tasks[1], tasks[2])
    change = last_change(alice)
    assert (change.kind, change.after) == ("moved", {"position": body["position"]})


def test_moves_a_task_after_another(api_as, alice, tasks):
    client = api_as(alice)

    client.post(url_of(tasks[0]), {"after": str(tasks[2].pk)})

    assert shown(client) == ids_of(tasks[1], tasks[2], tasks[0], tasks[3])


def test_moves_a_task_with_its_steps_to_the_end_of_a_list(api_as, alice, tasks):
    client = api_as(alice)
    own = TaskListFactory(owner=alice)
    there = TaskFactory(owner=alice, list_id=own.pk)
    step = TaskFactory(owner=alice, parent_id=tasks[0].pk)

    body = client.post(url_of(tasks[0]), {"list": str(own.pk)}).json()

    assert (body["list"], body["parent"], body["steps_total"]) == (
        str(own.pk),
        None,
        1,
    )
    assert shown(client, list=str(own.pk)) == ids_of(there, tasks[0])
    step.refresh_from_db()
    assert step.list_id == own.pk


def test_a_task_moved_next_to_a_step_becomes_a_step(api_as, alice, tasks):
    client = api_as(alice)
    step = TaskFactory(owner=alice, parent_id=tasks[0].pk)

    body = client.post(url_of(tasks[1]), {"before": str(step.pk)}).json()

    assert body["parent"] == str(tasks[0].pk)
    assert shown(client, parent=str(tasks[0].pk)) == ids_of(tasks[1], step)


def test_turns_a_step_into_a_task(api_as, alice, tasks):
    client = api_as(alice)
    step = TaskFactory(owner=alice, parent_id=tasks[0].pk)

    body = client.post(url_of(step), {"list": str(step.list_id)}).json()

    assert body["parent"] is None
    assert shown(client) == ids_of(*tasks, step)


def test_one_undo_reverts_a_move(api_as, alice, tasks):
    client = api_as(alice)
    client.post(url_of(tasks[3]), {"before": str(tasks[0].pk)})

    client.post("/api/v1/undo")

    assert shown(client) == ids_of(*tasks)


def test_is_served_under_the_users_id(api_as, alice, tasks):
    client = api_as(alice)
    address = f"/api/v1/users/me/tasks/{tasks[3].pk}/move/"

    response = client.post(address, {"before": str(tasks[0].pk)})

    assert response.status_code == 200
    assert shown(client) == ids_of(tasks[3], *tasks[:3])


def test_requires_a_credential(api, tasks):
    response = api.post(url_of(tasks[0]), {"after": str(tasks[1].pk)})

    assert response.status_code == 401


def test_hides_another_users_task(api_as, bob, tasks):
    own = TaskFactory(owner=bob)

    response = api_as(bob).post(url_of(tasks[0]), {"after": str(own.pk)})

    assert response.status_code == 404
    tasks[0].refresh_from_db()
    assert tasks[0].version == 1


@pytest.mark.parametrize("side", ["before", "after"])
def test_rejects_a_task_of_another_user_as_neighbour_like_an_unknown_one(
    api_as, bob, tasks, side
):
    own = TaskFactory(owner=bob)
    client = api_as(bob)
    before = Change.objects.count()

    foreign, never = (
        client.post(url_of(own), {side: str(key)}) for key in (tasks[0].pk, uuid4())
    )

    assert foreign.status_code == 400
    assert foreign.json()["errors"] == {side: ["There is no such task."]}
    assert foreign.content == never.content
    assert Change.objects.count() == before


@pytest.mark.parametrize("key", ["foreign", "never", "trash"])
def test_rejects_a_list_of_another_user(api_as, alice, bob, tasks, key):
    client = api_as(alice)
    trashed = TaskListFactory(owner=alice)
    client.delete(f"/api/v1/lists/{trashed.pk}")
    keys = {
        "foreign": TaskListFactory(owner=bob).pk,
        "never": uuid4(),
        "trash": trashed.pk,
    }

    response = client.post(url_of(tasks[0]), {"list": str(keys[key])})

    assert response.status_code == 400
    assert response.json()["errors"] == {"list": ["There is no such list."]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "non_field_errors"),
        ({"before": "{0}", "after": "{1}"}, "non_field_errors"),
        ({"before": "{0}", "list": "{list}"}, "non_field_errors"),
        ({"before": None}, "before"),
        ({"after": "x"}, "after"),
        ({"list": 7}, "list"),
        ({"before": "{3}"}, "before"),
    ],
    ids=repr,
)
def test_rejects_an_invalid_position(api_as, alice, tasks, body, field):
    known = {f"{{{number}}}": str(task.pk) for number, task in enumerate(tasks)}
    known["{list}"] = str(tasks[0].list_id)
    before = Change.objects.count()

    response = api_as(alice).post(
        url_of(tasks[3]),
        {name: known.get(value, value) for name, value in body.items()},
    )

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]
    assert Change.objects.count() == before


def test_a_task_with_steps_cannot_become_a_step(api_as, alice, tasks):
    mine = TaskFactory(owner=alice, parent_id=tasks[0].pk)
    TaskFactory(owner=alice, parent_id=tasks[1].pk)
    client = api_as(alice)

    own = client.post(url_of(tasks[0]), {"before": str(mine.pk)})
    others = client.post(url_of(tasks[1]), {"before": str(mine.pk)})

    assert own.status_code == others.status_code == 400
    assert own.json()["errors"] == {"before": ["A step can't have steps of its own."]}


def test_a_task_in_the_trash_must_be_restored_first(api_as, alice, tasks):
    client = api_as(alice)
    client.delete(f"/api/v1/tasks/{tasks[0].pk}")

    response = client.post(url_of(tasks[0]), {"after": str(tasks[1].pk)})

    assert response.status_code == 409
    assert response.json()["code"] == "in_trash"


def test_a_move_of_an_unseen_version_is_refused(api_as, alice, tasks):
    response = api_as(alice).post(
        url_of(tasks[0]), {"after": str(tasks[1].pk)}, headers={"If-Match": '"v7"'}
    )

    assert response.status_code == 412
    assert not alice.changes.filter(kind="moved").exists()


def test_the_number_of_queries_does_not_depend_on_the_length_of_the_list(
    api_as, alice, tasks, django_assert_max_num_queries
):
    TaskFactory.create_batch(30, owner=alice)
    client = api_as(alice)

    # Authentication, the transaction in two, the order, the tasks, the neighbour, the
    # task and its position, the ledger in two, and what the limiter needs.
    with django_assert_max_num_queries(12):
        client.post(url_of(tasks[3]), {"before": str(tasks[1].pk)})


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_rejects_other_methods(api_as, alice, tasks, method):
    assert getattr(api_as(alice), method)(url_of(tasks[0])).status_code == 405
