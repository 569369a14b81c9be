from uuid import UUID

import pytest
from django.urls import reverse

from tests.factories import TaskFactory


def url_of(task):
    return reverse("api:task-detail", args=[task.pk])


def test_shows_a_task_to_its_owner_whole(api_as, alice):
    task = TaskFactory(
        owner=alice,
        title="Water the plants",
        notes="Not the cactus",
        priority=2,
        due_date="2027-02-28",
        due_time="09:00",
        due_tz="Europe/Berlin",
        rrule="FREQ=WEEKLY;BYDAY=MO",
        reminder_minutes=30,
        labels=["home", "Garden"],
    )

    response = api_as(alice).get(url_of(task))

    assert response.status_code == 200
    body = response.json()
    assert UUID(body.pop("series"))
    assert isinstance(body.pop("position"), int)
    assert body.pop("created_at") == body.pop("updated_at")
    assert body == {
        "id": str(task.pk),
        "list": str(task.list_id),
        "parent": None,
        "title": "Water the plants",
        "notes": "Not the cactus",
        "priority": 2,
        "due_date": "2027-02-28",
        "due_time": "09:00",
        "due_tz": "Europe/Berlin",
        "start_date": None,
        "recurrence": {
            "rrule": "FREQ=WEEKLY;BYDAY=MO",
            "anchor": "due",
            "text": "Every week on Monday",
        },
        "reminder": {"minutes_before": 30},
        "labels": ["Garden", "home"],
        "steps_total": 0,
        "steps_done": 0,
        "completed_at": None,
        "trashed_at": None,
        "version": 1,
    }


def test_costs_one_query_by_token(api_as, alice, django_assert_num_queries):
    task = TaskFactory(owner=alice, labels=["home"])
    client = api_as(alice)

    with django_assert_num_queries(1):
        response = client.get(url_of(task))

    assert response.status_code == 200


def test_requires_a_credential(api, alice):
    response = api.get(url_of(TaskFactory(owner=alice)))

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"


def test_hides_another_users_task(api_as, alice, bob):
    task = TaskFactory(owner=alice)

    response = api_as(bob).get(url_of(task))

    assert response.status_code == 404


def test_hides_a_task_from_support_staff(api_as, alice, sam):
    task = TaskFactory(owner=alice)

    response = api_as(sam).get(url_of(task))

    assert response.status_code == 404


@pytest.mark.parametrize("suffix", ["", "/"])
def test_answers_in_both_slash_forms_without_a_redirect(api_as, alice, suffix):
    task = TaskFactory(owner=alice)

    response = api_as(alice).get(f"/api/v1/tasks/{task.pk}{suffix}")

    assert response.status_code == 200


def test_rejects_other_methods(api_as, alice):
    response = api_as(alice).post(url_of(TaskFactory(owner=alice)), {})

    assert response.status_code == 405
    assert response["Allow"] == "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"
    assert response.json()["code"] == "method_not_allowed"


def test_shows_a_task_in_the_trash(api_as, alice):
    task = TaskFactory(owner=alice)
    client = api_as(alice)
    client.delete(url_of(task))

    assert client.get(url_of(task)).json()["trashed_at"] is not None


# --- Entity tags ------------------------------------------------------------------


def test_says_which_version_it_shows(api_as, alice):
    response = api_as(alice).get(url_of(TaskFactory(owner=alice)))

    assert response["ETag"] == '"v1"'


@pytest.mark.parametrize("known", ['"v1"', 'W/"v1"', '"v0", "v1"', "*"])
def test_answers_304_if_the_client_has_the_version(api_as, alice, known):
    response = api_as(alice).get(
        url_of(TaskFactory(owner=alice)), headers={"If-None-Match": known}
    )

    assert response.status_code == 304
    assert response.content == b""
    assert response["ETag"] == '"v1"'


@pytest.mark.parametrize("known", ['"v2"', '"v11"', "v1", "", '"'])
def test_sends_a_version_that_the_client_does_not_have(api_as, alice, known):
    response = api_as(alice).get(
        url_of(TaskFactory(owner=alice)), headers={"If-None-Match": known}
    )

    assert response.status_code == 200


def test_a_step_changes_the_etag_but_does_not_prevent_changes_of_its_task(
    api_as, alice
):
    task = TaskFactory(owner=alice)
    TaskFactory(owner=alice, parent_id=task.pk)
    client = api_as(alice)

    response = client.get(url_of(task), headers={"If-None-Match": '"v1"'})
    change = client.patch(
        url_of(task), {"title": "New"}, headers={"If-Match": response["ETag"]}
    )

    assert response.status_code == 200
    assert response["ETag"] == '"v1.1.0"'
    assert (response.json()["steps_total"], response.json()["steps_done"]) == (1, 0)
    assert change.status_code == 200
    assert change["ETag"] == '"v2.1.0"'


def test_an_etag_gives_no_access_to_a_task_of_another_user(api_as, alice, bob):
    response = api_as(bob).get(
        url_of(TaskFactory(owner=alice)), headers={"If-None-Match": '"v1"'}
    )

    assert response.status_code == 404
    assert "ETag" not in response
