from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from tests.factories import TaskFactory
from tests.todos.pages import asks_to_sign_in

URL = reverse("todos:task-upcoming")


def test_groups_upcoming_tasks_by_day(page_as, alice):
    today = timezone.now().date()
    for days in (0, 1, 1, 40):
        TaskFactory(owner=alice, due_date=today + timedelta(days))

    groups = page_as(alice).get(URL).context["groups"]

    assert [len(group.rows) for group in groups] == [2, 1]
    assert groups[0].heading == "Tomorrow"


def test_requires_a_sign_in(client):
    assert asks_to_sign_in(client.get(URL))


def test_shows_no_tasks_of_other_users(page_as, alice, bob):
    TaskFactory(owner=alice, due_date=timezone.now().date() + timedelta(1))

    assert page_as(bob).get(URL).context["groups"] == []


def test_allows_only_reading(page_as, alice):
    assert page_as(alice).post(URL).status_code == 405
