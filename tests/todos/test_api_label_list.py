import pytest

from tests.factories import TaskFactory
from todos.actions import labels as label_actions
from todos.models import Change, Label

URL = "/api/v1/labels"


def test_shows_the_callers_labels_by_name(api_as, alice, bob):
    TaskFactory(owner=alice, labels=["zoo", "Home", "garden"])
    TaskFactory(owner=bob, labels=["secret"])

    body = api_as(alice).get(URL).json()

    assert [row["name"] for row in body["results"]] == ["garden", "Home", "zoo"]
    assert body["results"][0].keys() == {"id", "name", "colour"}
    assert (body["next"], body["previous"]) == (None, None)


def test_always_takes_two_queries(api_as, alice, django_assert_num_queries):
    TaskFactory(owner=alice, labels=[f"label {number}" for number in range(20)])
    client = api_as(alice)

    with django_assert_num_queries(2):
        response = client.get(URL)

    assert len(response.json()["results"]) == 20


def test_creates_a_label(api_as, alice):
    response = api_as(alice).post(URL, {"name": " Home ", "colour": "teal"})

    assert response.status_code == 201
    assert response["ETag"] == '"v1"'
    assert (response.json()["name"], response.json()["colour"]) == ("Home", "teal")
    change = alice.changes.get()
    assert (change.kind, change.entity) == ("created", "label")
    assert change.after == {"name": "Home", "colour": "teal"}


def test_a_task_gets_the_existing_label(api_as, alice):
    client = api_as(alice)
    made = client.post(URL, {"name": "Home"}).json()

    task = client.post("/api/v1/tasks", {"title": "Tidy", "labels": ["HOME"]}).json()

    assert task["labels"] == ["Home"]
    assert str(alice.labels.get().pk) == made["id"]


@pytest.mark.parametrize("name", ["home", "HOME", " hOmE "])
def test_refuses_a_name_that_a_label_has(api_as, alice, name):
    client = api_as(alice)
    client.post(URL, {"name": "Home"})
    before = Change.objects.count()

    response = client.post(URL, {"name": name})

    assert response.status_code == 400
    assert response.json()["errors"] == {
        "name": ["A label with this name already exists."]
    }
    assert Change.objects.count() == before


def test_another_user_can_have_a_label_of_the_same_name(api_as, alice, bob):
    api_as(alice).post(URL, {"name": "Home"})

    assert api_as(bob).post(URL, {"name": "home"}).status_code == 201
    assert Label.objects.count() == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": None}, "name"),
        ({"name": " "}, "name"),
        ({"name": 7}, "name"),
        ({"name": "a" * 51}, "name"),
        ({"name": "\u0390" * 50}, "name"),
        ({"name": "nul \x00"}, "name"),
        ({"name": "Home", "colour": "ultraviolet"}, "colour"),
        ({"name": "Home", "colour": None}, "colour"),
    ],
    ids=repr,
)
def test_names_the_field_that_is_wrong(api_as, alice, body, field):
    response = api_as(alice).post(URL, body)

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]
    assert not Label.objects.exists()
    assert not Change.objects.exists()


def test_accepts_the_longest_name(api_as, alice):
    assert api_as(alice).post(URL, {"name": "ä" * 50}).status_code == 201


def test_rejects_one_more_than_allowed(api_as, alice, monkeypatch):
    monkeypatch.setattr(label_actions, "LABELS_PER_USER_MAX", 2)
    client = api_as(alice)
    client.post(URL, {"name": "one"})
    client.post("/api/v1/tasks", {"title": "Tidy", "labels": ["two"]})

    refused = client.post(URL, {"name": "three"})
    by_task = client.post("/api/v1/tasks", {"title": "Tidy", "labels": ["three"]})

    text = "You can have at most 2 labels. Delete one first."
    assert refused.json()["errors"] == {"name": [text]}
    assert by_task.json()["errors"] == {"labels": [text]}


def test_requires_a_credential(api, db):
    for response in (api.get(URL), api.post(URL, {"name": "Home"})):
        assert response.status_code == 401


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_rejects_other_methods(api_as, alice, method):
    assert getattr(api_as(alice), method)(URL).status_code == 405
