from uuid import uuid4

import pytest

from tests.changes import last_change
from tests.factories import TaskListFactory
from todos.models import Change


@pytest.fixture
def lists(alice):
    return TaskListFactory.create_batch(3, owner=alice)


def url_of(row):
    return f"/api/v1/lists/{row.pk}/move"


def inbox_of(user):
    return user.task_lists.get(is_inbox=True)


def shown(client):
    return [row["id"] for row in client.get("/api/v1/lists").json()["results"]]


def ids_of(*rows):
    return [str(row.pk) for row in rows]


@pytest.mark.parametrize(
    ("side", "expected"), [("before", [2, 0, 1]), ("after", [0, 2, 1])]
)
def test_moves_a_list_next_to_another(api_as, alice, lists, side, expected):
    client = api_as(alice)

    response = client.post(url_of(lists[2]), {side: str(lists[0].pk)})

    assert response.status_code == 200
    assert response["ETag"] == '"v2"'
    assert response.json()["id"] == str(lists[2].pk)
    ordered = [lists[number] for number in expected]
    assert shown(client) == ids_of(inbox_of(alice), *ordered)
    change = last_change(alice)
    assert (change.entity, change.kind) == ("list", "moved")


def test_after_the_inbox_it_is_the_first_of_the_others(api_as, alice, lists):
    client = api_as(alice)
    inbox = inbox_of(alice)

    client.post(url_of(lists[2]), {"after": str(inbox.pk)})

    assert shown(client) == ids_of(inbox, lists[2], lists[0], lists[1])


def test_one_undo_reverts_a_move(api_as, alice, lists):
    client = api_as(alice)
    client.post(url_of(lists[2]), {"before": str(lists[0].pk)})

    client.post("/api/v1/undo")

    assert shown(client) == ids_of(inbox_of(alice), *lists)


def test_the_inbox_stays_first(api_as, alice, lists):
    client = api_as(alice)
    inbox = inbox_of(alice)
    before = Change.objects.count()

    answers = [
        client.post(url_of(inbox), {"after": str(lists[0].pk)}),
        client.post(url_of(lists[0]), {"before": str(inbox.pk)}),
    ]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert {answer.json()["code"] for answer in answers} == {"inbox"}
    assert Change.objects.count() == before


def test_requires_a_credential(api, lists):
    assert api.post(url_of(lists[0]), {"after": str(lists[1].pk)}).status_code == 401


def test_hides_another_users_list(api_as, bob, lists):
    own = TaskListFactory(owner=bob)

    response = api_as(bob).post(url_of(lists[0]), {"after": str(own.pk)})

    assert response.status_code == 404


@pytest.mark.parametrize("side", ["before", "after"])
def test_rejects_a_list_of_another_user_as_neighbour_like_an_unknown_one(
    api_as, bob, lists, side
):
    own = TaskListFactory(owner=bob)
    client = api_as(bob)

    foreign, never = (
        client.post(url_of(own), {side: str(key)}) for key in (lists[0].pk, uuid4())
    )

    assert foreign.status_code == 400
    assert foreign.json()["errors"] == {side: ["There is no such list."]}
    assert foreign.content == never.content


@pytest.mark.parametrize(
    "body", [{}, {"before": "x"}, {"after": None}, {"list": "{0}"}, {"after": "{0}"}]
)
def test_rejects_an_invalid_position(api_as, alice, lists, body):
    values = {
        name: str(lists[0].pk) if value == "{0}" else value
        for name, value in body.items()
    }

    response = api_as(alice).post(url_of(lists[0]), values)

    assert response.status_code == 400
    assert response.json()["code"] == "invalid"


def test_a_list_in_the_trash_is_not_found(api_as, alice, lists):
    client = api_as(alice)
    client.delete(f"/api/v1/lists/{lists[0].pk}")

    moved = client.post(url_of(lists[0]), {"after": str(lists[1].pk)})
    beside = client.post(url_of(lists[1]), {"after": str(lists[0].pk)})

    assert moved.status_code == 404
    assert beside.json()["errors"] == {"after": ["There is no such list."]}


def test_a_move_of_an_unseen_version_is_refused(api_as, alice, lists):
    response = api_as(alice).post(
        url_of(lists[0]), {"after": str(lists[1].pk)}, headers={"If-Match": '"v7"'}
    )

    assert response.status_code == 412


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_rejects_other_methods(api_as, alice, lists, method):
    assert getattr(api_as(alice), method)(url_of(lists[0])).status_code == 405
