"""`users/{user_id}/tasks…`: the same views, with the user id in the route."""

from uuid import uuid4

import pytest

from tests.factories import TaskFactory
from todos.models import Change


@pytest.mark.parametrize("name", ["me", "{id}"])
@pytest.mark.parametrize("suffix", ["", "/"])
def test_serves_a_user_who_is_named_in_the_route(api_as, alice, name, suffix):
    TaskFactory(owner=alice, title="Buy milk")
    address = f"/api/v1/users/{name.format(id=alice.pk)}/tasks{suffix}"
    client = api_as(alice)

    listed = client.get(address)
    made = client.post(address, {"title": "Buy bread"})

    assert [row["title"] for row in listed.json()["results"]] == ["Buy milk"]
    assert made.status_code == 201
    assert alice.tasks.count() == 2


def test_answers_like_the_route_without_a_name(api_as, alice):
    task = TaskFactory(owner=alice)
    client = api_as(alice)

    named = client.get(f"/api/v1/users/me/tasks/{task.pk}")

    assert named.json() == client.get(f"/api/v1/tasks/{task.pk}").json()


def test_requires_a_credential_before_it_compares_the_user(api, alice):
    response = api.get(f"/api/v1/users/{alice.pk}/tasks")

    assert response.status_code == 401


def test_rejects_a_route_of_another_user(api_as, alice, bob):
    task = TaskFactory(owner=alice)
    client = api_as(bob)
    base = f"/api/v1/users/{alice.pk}/tasks"
    before = Change.objects.count()

    answers = [
        client.get(base),
        client.post(base, {"title": "Planted"}),
        client.get(f"{base}/{task.pk}"),
        client.put(f"{base}/{task.pk}", {"title": "Changed"}),
        client.patch(f"{base}/{task.pk}", {"title": "Changed"}),
        client.delete(f"{base}/{task.pk}"),
        client.post(f"{base}/{task.pk}/complete"),
        client.post(f"{base}/{task.pk}/reopen"),
        client.post(f"{base}/{task.pk}/restore"),
    ]

    assert {response.status_code for response in answers} == {403}
    assert {response.json()["code"] for response in answers} == {"wrong_user"}
    assert len({response.content for response in answers}) == 1
    assert Change.objects.count() == before


def test_rejects_before_any_query(api_as, alice, bob, django_assert_num_queries):
    task = TaskFactory(owner=alice)
    client = api_as(bob)

    with django_assert_num_queries(1):  # of authentication
        response = client.get(f"/api/v1/users/{alice.pk}/tasks/{task.pk}")

    assert response.status_code == 403


def test_refuses_support_staff_as_well(api_as, alice, sam):
    assert api_as(sam).get(f"/api/v1/users/{alice.pk}/tasks").status_code == 403


@pytest.mark.parametrize(
    "name",
    ["nobody", "0", "ME", "mE", "{upper}", "{hex}", "{id}%20", "alice@example.com"],
)
def test_a_name_is_case_sensitive(api_as, alice, name):
    named = name.format(id=alice.pk, hex=alice.pk.hex, upper=str(alice.pk).upper())

    assert api_as(alice).get(f"/api/v1/users/{named}/tasks").status_code == 403


def test_an_unknown_name_is_refused_like_a_known_one(api_as, alice, bob):
    client = api_as(bob)

    known = client.get(f"/api/v1/users/{alice.pk}/tasks")
    unknown = client.get(f"/api/v1/users/{uuid4()}/tasks")

    assert (known.status_code, known.content) == (403, unknown.content)
