from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from tests.changes import caller_of
from tests.factories import TaskFactory
from tests.todos.pages import asks_to_sign_in
from todos import actions

URL = reverse("todos:task-completed")


def completed(owner, *, at):
    task = TaskFactory(owner=owner)
    actions.complete_task(caller_of(owner, at), task_id=task.pk)
    return task


def test_shows_completed_tasks_the_latest_first(page_as, alice):
    now = timezone.now()
    earlier = completed(alice, at=now - timedelta(days=1))
    later = completed(alice, at=now)
    TaskFactory(owner=alice)

    response = page_as(alice).get(URL)

    assert list(response.context["object_list"]) == [later, earlier]
    headings = [group.heading for group in response.context["groups"]]
    assert headings == ["Today", "Yesterday"]


def test_shows_fifty_tasks_and_a_link_to_more(page_as, alice):
    for _ in range(51):
        completed(alice, at=timezone.now())

    response = page_as(alice).get(URL)

    assert response.context["count"] == 50
    assert 'href="?upto=100">Show more</a>' in response.content.decode()


def test_requires_a_sign_in(client):
    assert asks_to_sign_in(client.get(URL))


def test_shows_no_tasks_of_other_users(page_as, alice, bob):
    completed(alice, at=timezone.now())

    assert page_as(bob).get(URL).context["groups"] == []


def test_allows_only_reading(page_as, alice):
    assert page_as(alice).post(URL).status_code == 405
