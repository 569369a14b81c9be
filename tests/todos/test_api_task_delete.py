import pytest
from django.urls import reverse

from tests.factories import TaskFactory
from todos.models import Change, Task


def url_of(task):
    return reverse("api:task-detail", args=[task.pk])


@pytest.fixture
def task(alice):
    return TaskFactory(owner=alice, title="Secret plan", notes="Burn after reading")


def test_moves_a_task_and_its_steps_to_the_trash(api_as, alice, task):
    step = TaskFactory(owner=alice, parent_id=task.pk)

    response = api_as(alice).delete(url_of(task))

    assert response.status_code == 204
    assert response.content == b""
    assert set(Task.objects.trashed()) == {task, step}
    kinds = alice.changes.filter(kind="trashed")
    assert kinds.count() == 2
    assert len({change.batch for change in kinds}) == 1


def test_repeating_has_no_further_effect(api_as, alice, task):
    client = api_as(alice)
    client.delete(url_of(task))
    before = Change.objects.count()

    response = client.delete(url_of(task))

    assert response.status_code == 204
    assert Change.objects.count() == before


def test_requires_a_credential(api, task):
    assert api.delete(url_of(task)).status_code == 401
    assert Task.objects.open().get() == task


@pytest.mark.parametrize("query", ["", "?permanent=true"])
def test_hides_another_users_task(api_as, bob, task, query):
    response = api_as(bob).delete(url_of(task) + query)

    assert response.status_code == 404
    assert Task.objects.open().get() == task


@pytest.mark.parametrize("value", ["true", "True", "1"])
def test_deletes_permanently_only_from_the_trash(api_as, alice, task, value):
    response = api_as(alice).delete(f"{url_of(task)}?permanent={value}")

    assert response.status_code == 409
    assert response.json()["code"] == "not_in_trash"
    assert Task.objects.open().get() == task


def test_removal_leaves_a_tombstone_without_text(api_as, alice, task):
    client = api_as(alice)
    client.patch(url_of(task), {"title": "Secret plan, second edition"})
    client.delete(url_of(task))

    response = client.delete(f"{url_of(task)}?permanent=true")

    assert response.status_code == 204
    assert not Task.objects.exists()
    history = alice.changes.of("task", task.pk)
    assert history.last().kind == "removed"
    assert {(change.before, change.after) for change in history} == {(None, None)}
    assert client.get(url_of(task)).status_code == 404


def test_deleting_permanently_includes_the_steps(api_as, alice, task):
    step = TaskFactory(owner=alice, parent_id=task.pk, title="Secret step")
    client = api_as(alice)
    client.delete(url_of(task))

    client.delete(f"{url_of(task)}?permanent=true")

    assert not Task.objects.exists()
    history = alice.changes.of("task", step.pk)
    assert history.last().kind == "removed"
    assert all(change.after is None for change in history)


def test_removal_twice_is_not_found(api_as, alice, task):
    client = api_as(alice)
    client.delete(url_of(task))
    client.delete(f"{url_of(task)}?permanent=true")

    assert client.delete(f"{url_of(task)}?permanent=true").status_code == 404
