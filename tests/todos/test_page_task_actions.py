"""The buttons of a task: complete, reopen, delete, restore."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.changes import caller_of, last_change
from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import (
    ABSENT,
    asks_to_sign_in,
    assert_does_not_exist,
    kinds,
)
from todos import actions
from todos.models import Task

pytestmark = pytest.mark.any_database

# The page, the preparation, and the expected entry in the ledger.
ACTIONS = [
    ("todos:task-complete", None, "completed"),
    ("todos:task-reopen", actions.complete_task, "reopened"),
    ("todos:task-delete", None, "trashed"),
    ("todos:task-restore", actions.trash_task, "restored"),
]
each_action = pytest.mark.parametrize(("name", "before", "kind"), ACTIONS)


def prepared(owner, before, **fields):
    task = TaskFactory(owner=owner, **fields)
    if before:
        before(caller_of(owner), task_id=task.pk)
    return Task.objects.get(pk=task.pk)


@each_action
def test_acts_and_redirects_back(page_as, alice, name, before, kind):
    task = prepared(alice, before)

    response = page_as(alice).post(reverse(name, args=[task.pk]) + "?next=/inbox/")

    assert (response.status_code, response.url) == (303, "/inbox/")
    assert kinds(alice) == [kind]
    assert Task.objects.get(pk=task.pk).version == task.version + 1


@each_action
def test_a_second_time_has_no_effect(page_as, alice, name, before, kind):
    task = prepared(alice, before)
    client = page_as(alice)

    for _ in range(2):
        response = client.post(reverse(name, args=[task.pk]))

    assert response.status_code == 303
    assert kinds(alice) == [kind]


@each_action
def test_requires_a_sign_in(client, alice, name, before, kind):
    task = prepared(alice, before)

    assert asks_to_sign_in(client.post(reverse(name, args=[task.pk])))
    assert Task.objects.get().version == task.version


@each_action
def test_hides_a_task_of_another_user(page_as, alice, bob, name, before, kind):
    task = prepared(alice, before)

    assert_does_not_exist(page_as(bob), name, task.pk, method="post")
    assert Task.objects.get().version == task.version
    assert kinds(alice) == kinds(bob) == []


@each_action
def test_a_get_asks_for_confirmation(page_as, alice, name, before, kind):
    task = prepared(alice, before, title="Buy milk")

    response = page_as(alice).get(reverse(name, args=[task.pk]) + "?next=/inbox/")

    page = response.content.decode()
    assert "“Buy milk”?</h1>" in page
    assert 'name="next" value="/inbox/"' in page
    assert Task.objects.get().version == task.version


@each_action
def test_redirects_to_no_other_site(page_as, alice, name, before, kind):
    task = prepared(alice, before)

    response = page_as(alice).post(
        reverse(name, args=[task.pk]), {"next": "https://evil.example/"}
    )

    assert response.url == "/"


@pytest.mark.parametrize("path", ["tasks/abc/complete/", "tasks/%00/complete/"])
def test_an_invalid_id_is_not_found(page_as, alice, path):
    assert page_as(alice).post(f"/{path}").status_code == 404


@each_action
def test_offers_to_undo_it(page_as, alice, name, before, kind):
    task = prepared(alice, before, title="Buy milk")

    response = page_as(alice).post(reverse(name, args=[task.pk]), follow=True)

    page = response.content.decode()
    undo = reverse("todos:undo", args=[last_change(alice).batch])
    assert ": Buy milk" in page
    assert f'action="{undo}"' in page


@each_action
def test_offers_no_undo_if_nothing_changed(page_as, alice, name, before, kind):
    task = prepared(alice, before)
    client = page_as(alice)
    client.post(reverse(name, args=[task.pk]), follow=True)

    again = client.post(reverse(name, args=[task.pk]), follow=True)

    assert ">Undo</button>" not in again.content.decode()


def test_names_the_list_of_a_restored_task(page_as, alice):
    home = TaskListFactory(owner=alice, name="Home")
    task = TaskFactory(owner=alice, title="Buy milk", list_id=home.pk)
    caller = caller_of(alice)
    actions.trash_list(caller, list_id=home.pk)

    response = page_as(alice).post(
        reverse("todos:task-restore", args=[task.pk]), follow=True
    )

    assert "Restored to Inbox: Buy milk" in response.content.decode()


@pytest.mark.parametrize("name", ["todos:task-complete", "todos:task-reopen"])
def test_explains_that_a_task_in_the_trash_must_be_restored_first(page_as, alice, name):
    task = prepared(alice, actions.trash_task)

    response = page_as(alice).post(reverse(name, args=[task.pk]), follow=True)

    assert "restore it first" in response.content.decode()
    assert kinds(alice) == []


def test_completing_a_repeating_task_names_the_next_date(page_as, alice):
    today = timezone.now().date()
    task = TaskFactory(
        owner=alice, title="Water it", due_date=today, rrule="FREQ=DAILY"
    )

    response = page_as(alice).post(
        reverse("todos:task-complete", args=[task.pk]), follow=True
    )

    assert "Completed, next Tomorrow: Water it" in response.content.decode()
    upcoming = Task.objects.get(completed_at=None)
    assert upcoming.due_date == today + timedelta(1)


def test_a_missing_task_changes_nothing(page_as, alice):
    page_as(alice).post(reverse("todos:task-complete", args=[ABSENT]))

    assert kinds(alice) == []
