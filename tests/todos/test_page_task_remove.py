from django.urls import reverse

from tests.changes import caller_of, last_change
from tests.factories import TaskFactory
from tests.todos.pages import (
    asks_to_sign_in,
    assert_does_not_exist,
    kinds,
)
from todos import actions
from todos.models import Task


def trashed(owner):
    task = TaskFactory(owner=owner, title="Buy milk")
    return actions.trash_task(caller_of(owner), task_id=task.pk)


def url(task):
    return reverse("todos:task-remove", args=[task.pk])


def test_asks_for_confirmation(page_as, alice):
    task = trashed(alice)

    response = page_as(alice).get(url(task))

    assert "Delete this task permanently?" in response.content.decode()
    assert Task.objects.exists()


def test_deletes_permanently_and_leaves_no_text(page_as, alice):
    task = trashed(alice)

    response = page_as(alice).post(url(task))

    assert (response.status_code, response.url) == (303, reverse("todos:task-trash"))
    assert not Task.objects.exists()
    assert kinds(alice) == ["removed"]
    assert last_change(alice).before is None


def test_requires_a_sign_in(client, alice):
    task = trashed(alice)

    assert asks_to_sign_in(client.post(url(task)))
    assert Task.objects.exists()


def test_hides_a_task_of_another_user(page_as, alice, bob):
    task = trashed(alice)
    client = page_as(bob)

    assert_does_not_exist(client, "todos:task-remove", task.pk)
    assert_does_not_exist(client, "todos:task-remove", task.pk, method="post")
    assert Task.objects.exists()


def test_deletes_only_tasks_in_the_trash(page_as, alice):
    task = TaskFactory(owner=alice)
    client = page_as(alice)

    assert client.get(url(task)).status_code == 404
    assert client.post(url(task)).status_code == 303
    assert Task.objects.exists()


def test_refuses_other_methods(page_as, alice):
    assert page_as(alice).put(url(trashed(alice))).status_code == 405
