"""POST undo: the last batch, a named change, a named batch."""

import uuid

import pytest
from django.urls import reverse

from tests.changes import last_change
from tests.factories import TaskFactory
from todos.models import Task


@pytest.fixture
def post(api_as, alice):
    client = api_as(alice)

    def request(body=None):
        return client.post(reverse("api:undo"), body, format="json")

    return request


def test_undoes_the_last_batch(post, api_as, alice):
    task = TaskFactory(owner=alice, title="Before")
    address = reverse("api:task-detail", args=[task.pk])
    api_as(alice).patch(address, {"title": "After", "priority": 1})

    answer = post()

    assert answer.status_code == 200
    change = last_change(alice)
    assert answer.json() == {
        "batch": str(change.batch),
        "changes": [
            {
                "id": str(change.pk),
                "at": answer.json()["changes"][0]["at"],
                "entity": "task",
                "entity_id": str(task.pk),
                "kind": "updated",
                "before": {"title": "After", "priority": 1},
                "after": {"title": "Before", "priority": 3},
                "batch": str(change.batch),
            }
        ],
    }
    assert Task.objects.get(pk=task.pk).title == "Before"


@pytest.mark.parametrize("name", ["change", "batch"])
def test_undoes_the_named_batch_or_change(post, alice, name):
    task = TaskFactory(owner=alice)
    made = last_change(alice)
    TaskFactory(owner=alice)

    answer = post({name: str(made.pk if name == "change" else made.batch)})

    assert answer.status_code == 200
    assert not Task.objects.filter(pk=task.pk).exists()
    assert Task.objects.owned_by(alice).count() == 1


def test_anonymous_is_refused(api):
    assert api.post(reverse("api:undo")).status_code == 401


@pytest.mark.parametrize("name", ["change", "batch"])
def test_a_change_of_another_user_is_not_found(post, alice, bob, name):
    TaskFactory(owner=bob)
    theirs = last_change(bob)
    theirs_id = str(theirs.pk if name == "change" else theirs.batch)

    foreign = post({name: theirs_id})
    unknown = post({name: str(uuid.uuid4())})

    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content
    assert Task.objects.owned_by(bob).exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"change": "one"}, "change"),
        ({"batch": "7"}, "batch"),
        ({"change": None}, "change"),
        ({"change": str(uuid.UUID(int=1)), "batch": str(uuid.UUID(int=1))}, "batch"),
        ([], "non_field_errors"),
    ],
)
def test_bad_input_names_the_field(post, alice, body, field):
    TaskFactory(owner=alice)

    answer = post(body)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert Task.objects.owned_by(alice).exists()


def test_a_conflict_names_the_conflicting_changes(post, api_as, alice):
    task = TaskFactory(owner=alice)
    made = last_change(alice)
    address = reverse("api:task-detail", args=[task.pk])
    api_as(alice).patch(address, {"title": "Mine"})

    answer = post({"change": str(made.pk)})

    assert answer.status_code == 409
    assert answer.json()["code"] == "undo_conflict"
    assert answer.json()["changes"] == [str(last_change(alice).pk)]
    assert Task.objects.get(pk=task.pk).title == "Mine"


def test_nothing_to_undo_is_a_conflict(post):
    answer = post()

    assert answer.status_code == 409
    assert answer.json()["code"] == "nothing_to_undo"
