import pytest
from django.urls import reverse

from tests.factories import TaskFactory
from todos.models import Change, Task


def url_of(task, action="complete"):
    return reverse(f"api:task-{action}", args=[task.pk])


def detail_of(task):
    return reverse("api:task-detail", args=[task.pk])


def test_completes_a_task(api_as, alice):
    task = TaskFactory(owner=alice)

    response = api_as(alice).post(url_of(task))

    assert response.status_code == 200
    assert response["ETag"] == '"v2"'
    assert response.json()["completed_at"] is not None
    assert response.json()["next"] is None
    assert Task.objects.completed().get() == task


def test_repeating_has_no_further_effect(api_as, alice):
    task = TaskFactory(owner=alice)
    client = api_as(alice)
    first = client.post(url_of(task)).json()
    before = Change.objects.count()

    second = client.post(url_of(task))

    assert second.status_code == 200
    assert second.json() == first
    assert Change.objects.count() == before


def test_completes_the_open_steps_in_the_same_batch(api_as, alice):
    task = TaskFactory(owner=alice)
    TaskFactory.create_batch(2, owner=alice, parent_id=task.pk)

    api_as(alice).post(url_of(task))

    completed = alice.changes.filter(kind="completed")
    assert completed.count() == 3
    assert len({change.batch for change in completed}) == 1
    assert Task.objects.completed().count() == 3


def test_opens_the_next_occurrence_of_a_repeat_once(api_as, alice):
    task = TaskFactory(
        owner=alice, due_date="2999-02-01", rrule="FREQ=WEEKLY", labels=["home"]
    )
    client = api_as(alice)

    first = client.post(url_of(task)).json()
    second = client.post(url_of(task)).json()

    upcoming = first["next"]
    assert upcoming["due_date"] == "2999-02-08"
    assert upcoming["labels"] == ["home"]
    assert upcoming["series"] == first["series"]
    assert second["next"] == upcoming
    assert Task.objects.open().count() == 1
    assert client.get(f"/api/v1/tasks/{upcoming['id']}").json() == upcoming


def test_completing_again_opens_no_second_occurrence(api_as, alice):
    """The next occurrence was touched, so reopening the first has left it there."""
    task = TaskFactory(owner=alice, due_date="2999-02-01", rrule="FREQ=WEEKLY")
    client = api_as(alice)
    upcoming = client.post(url_of(task)).json()["next"]
    client.patch(f"/api/v1/tasks/{upcoming['id']}", {"title": "Touched"})
    client.post(url_of(task, "reopen"))

    response = client.post(url_of(task))

    assert response.status_code == 200
    assert response.json()["next"]["id"] == upcoming["id"]
    assert Task.objects.count() == 2


@pytest.mark.parametrize("fate", ["complete", "trash"])
def test_completing_again_after_the_next_is_done_or_gone(api_as, alice, fate):
    task = TaskFactory(owner=alice, due_date="2999-02-01", rrule="FREQ=WEEKLY")
    client = api_as(alice)
    upcoming = client.post(url_of(task)).json()["next"]
    if fate == "complete":
        client.post(f"/api/v1/tasks/{upcoming['id']}/complete")
    else:
        client.delete(f"/api/v1/tasks/{upcoming['id']}")
    client.post(url_of(task, "reopen"))
    before = Task.objects.count()

    response = client.post(url_of(task))

    assert response.status_code == 200
    assert response.json()["next"] is None
    assert Task.objects.count() == before


def test_reopens_a_task_and_removes_its_untouched_next_occurrence(api_as, alice):
    task = TaskFactory(owner=alice, due_date="2999-02-01", rrule="FREQ=WEEKLY")
    client = api_as(alice)
    client.post(url_of(task))

    response = client.post(url_of(task, "reopen"))

    assert response.status_code == 200
    assert response.json()["completed_at"] is None
    assert Task.objects.get() == task


def test_reopening_again_has_no_further_effect(api_as, alice):
    task = TaskFactory(owner=alice)
    client = api_as(alice)
    client.post(url_of(task))
    first = client.post(url_of(task, "reopen")).json()
    before = Change.objects.count()

    second = client.post(url_of(task, "reopen"))

    assert second.json() == first
    assert Change.objects.count() == before


def test_restores_a_task_with_the_steps_that_went_with_it(api_as, alice):
    task = TaskFactory(owner=alice)
    client = api_as(alice)
    kept, earlier = TaskFactory.create_batch(2, owner=alice, parent_id=task.pk)
    client.delete(detail_of(earlier))
    client.delete(detail_of(task))

    response = client.post(url_of(task, "restore"))

    assert response.status_code == 200
    assert response.json()["trashed_at"] is None
    assert set(Task.objects.live()) == {task, kept}


def test_restoring_again_has_no_further_effect(api_as, alice):
    task = TaskFactory(owner=alice)
    client = api_as(alice)
    client.delete(detail_of(task))
    first = client.post(url_of(task, "restore")).json()
    before = Change.objects.count()

    assert client.post(url_of(task, "restore")).json() == first
    assert Change.objects.count() == before


def test_a_task_of_a_deleted_list_is_restored_to_the_inbox(api_as, alice):
    client = api_as(alice)
    own = client.post("/api/v1/lists", {"name": "Errands"}).json()
    made = client.post("/api/v1/tasks", {"title": "Buy milk", "list": own["id"]})
    task = Task.objects.get(pk=made.json()["id"])
    client.delete(f"/api/v1/lists/{own['id']}")

    body = client.post(url_of(task, "restore")).json()

    assert body["list"] == str(alice.task_lists.get(is_inbox=True).pk)


@pytest.mark.parametrize("action", ["complete", "reopen"])
def test_a_task_in_the_trash_must_be_restored_first(api_as, alice, action):
    task = TaskFactory(owner=alice)
    client = api_as(alice)
    client.delete(detail_of(task))

    response = client.post(url_of(task, action))

    assert response.status_code == 409
    assert response.json()["code"] == "in_trash"


@pytest.mark.parametrize("action", ["complete", "reopen", "restore"])
def test_requires_a_credential(api, alice, action):
    task = TaskFactory(owner=alice)

    response = api.post(url_of(task, action))

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("action", ["complete", "reopen", "restore"])
def test_hides_another_users_task(api_as, alice, bob, action):
    task = TaskFactory(owner=alice)
    before = Change.objects.count()

    response = api_as(bob).post(url_of(task, action))

    assert response.status_code == 404
    task.refresh_from_db()
    assert task.version == 1
    assert Change.objects.count() == before


@pytest.mark.parametrize("action", ["complete", "reopen", "restore"])
@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_rejects_other_methods(api_as, alice, action, method):
    task = TaskFactory(owner=alice)

    response = getattr(api_as(alice), method)(url_of(task, action))

    assert response.status_code == 405
    task.refresh_from_db()
    assert task.version == 1


@pytest.mark.parametrize("action", ["complete", "reopen", "restore"])
@pytest.mark.parametrize("suffix", ["", "/"])
def test_answers_in_both_slash_forms_without_a_redirect(api_as, alice, action, suffix):
    task = TaskFactory(owner=alice)

    response = api_as(alice).post(f"/api/v1/tasks/{task.pk}/{action}{suffix}")

    assert response.status_code == 200


@pytest.mark.parametrize("action", ["complete", "reopen", "restore"])
def test_an_unseen_version_is_refused(api_as, alice, action):
    task = TaskFactory(owner=alice)

    response = api_as(alice).post(url_of(task, action), headers={"If-Match": '"v7"'})

    assert response.status_code == 412
    task.refresh_from_db()
    assert task.version == 1
