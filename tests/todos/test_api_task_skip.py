"""`POST /api/v1/tasks/{id}/skip`."""

import pytest
from django.urls import reverse

from tests.factories import TaskFactory
from todos.models import Change, Task


@pytest.fixture
def task(alice):
    return TaskFactory(owner=alice, due_date="2999-02-01", rrule="FREQ=WEEKLY")


def url_of(task):
    return reverse("api:task-skip", args=[task.pk])


def test_moves_the_task_to_its_next_occurrence(api_as, alice, task):
    client = api_as(alice)

    response = client.post(url_of(task))

    assert response.status_code == 200
    assert response["ETag"] == '"v2"'
    body = response.json()
    assert (body["id"], body["due_date"]) == (str(task.pk), "2999-02-08")
    assert body["completed_at"] is None
    assert client.get(reverse("api:task-detail", args=[task.pk])).json() == body


def test_skips_once_more_each_time(api_as, alice, task):
    client = api_as(alice)
    client.post(url_of(task))

    response = client.post(url_of(task))

    assert response.json()["due_date"] == "2999-02-15"
    assert Task.objects.count() == 1


def test_is_one_change_that_can_be_undone(api_as, alice, task):
    client = api_as(alice)
    client.post(url_of(task))

    assert Change.objects.filter(entity_id=task.pk).latest("seq").kind == "updated"
    assert client.post(reverse("api:undo")).status_code == 200
    shown = client.get(reverse("api:task-detail", args=[task.pk])).json()
    assert shown["due_date"] == "2999-02-01"


def test_the_user_can_be_named_in_the_route(api_as, alice, task):
    url = reverse("api:user-task-skip", args=["me", task.pk])

    assert api_as(alice).post(url).json()["due_date"] == "2999-02-08"


@pytest.mark.parametrize("suffix", ["", "/"])
def test_answers_in_both_slash_forms_without_a_redirect(api_as, alice, task, suffix):
    response = api_as(alice).post(f"/api/v1/tasks/{task.pk}/skip{suffix}")

    assert response.status_code == 200


def test_requires_a_credential(api, task):
    response = api.post(url_of(task))

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"


def test_hides_another_users_task(api_as, bob, task):
    before = Change.objects.count()

    response = api_as(bob).post(url_of(task))

    assert response.status_code == 404
    task.refresh_from_db()
    assert task.version == 1
    assert Change.objects.count() == before


def test_an_unseen_version_is_refused(api_as, alice, task):
    client = api_as(alice)

    stale = client.post(url_of(task), headers={"If-Match": '"v7"'})
    seen = client.post(url_of(task), headers={"If-Match": '"v1"'})

    assert stale.status_code == 412
    assert stale.json()["code"] == "version_conflict"
    assert seen.json()["due_date"] == "2999-02-08"


@pytest.mark.parametrize(
    ("rrule", "before", "code"),
    [
        ("", [], "not_repeating"),
        ("FREQ=WEEKLY;COUNT=1", [], "series_ended"),
        ("FREQ=WEEKLY;UNTIL=29990207", [], "series_ended"),
        ("FREQ=WEEKLY", ["complete"], "completed"),
        ("FREQ=WEEKLY", ["complete", "touch", "reopen"], "next_exists"),
        ("FREQ=WEEKLY", ["delete"], "in_trash"),
    ],
)
def test_says_why_it_cannot_be_skipped(api_as, alice, rrule, before, code):
    task = TaskFactory(owner=alice, due_date="2999-02-01", rrule=rrule)
    client = api_as(alice)
    url = reverse("api:task-detail", args=[task.pk])
    for step in before:
        if step == "touch":
            upcoming = Task.objects.open().get()
            client.patch(f"/api/v1/tasks/{upcoming.pk}", {"title": "Touched"})
        elif step == "delete":
            client.delete(url)
        else:
            client.post(f"{url}/{step}")
    changes = Change.objects.count()

    response = client.post(url_of(task))

    assert response.status_code == 409
    assert response.json()["code"] == code
    assert Change.objects.count() == changes


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_rejects_other_methods(api_as, alice, task, method):
    response = getattr(api_as(alice), method)(url_of(task))

    assert response.status_code == 405
    task.refresh_from_db()
    assert task.version == 1
