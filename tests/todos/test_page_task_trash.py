from django.urls import reverse

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import asks_to_sign_in
from todos import actions
from todos.actions.removal import TRASH_DAYS
from todos.management.commands.purge_trash import Command

URL = reverse("todos:task-trash")


def test_shows_deleted_tasks_without_the_steps_deleted_with_them(page_as, alice):
    task = TaskFactory(owner=alice)
    TaskFactory(owner=alice, parent_id=task.pk)
    TaskFactory(owner=alice)
    actions.trash_task(caller_of(alice), task_id=task.pk)

    response = page_as(alice).get(URL)

    assert list(response.context["object_list"]) == [task]


def test_shows_a_step_that_was_deleted_on_its_own(page_as, alice):
    task = TaskFactory(owner=alice)
    step = TaskFactory(owner=alice, parent_id=task.pk)
    actions.trash_task(caller_of(alice), task_id=step.pk)

    response = page_as(alice).get(URL)

    assert list(response.context["object_list"]) == [step]


def test_shows_the_tasks_of_a_deleted_list(page_as, alice):
    home = TaskListFactory(owner=alice)
    task = TaskFactory(owner=alice, list_id=home.pk)
    actions.trash_list(caller_of(alice), list_id=home.pk)

    response = page_as(alice).get(URL)

    assert list(response.context["object_list"]) == [task]


def test_shows_deleted_lists(page_as, alice, bob):
    home = TaskListFactory(owner=alice, name="Home")
    TaskListFactory(owner=alice, name="Flat")
    theirs = TaskListFactory(owner=bob, name="Garden")
    actions.trash_list(caller_of(alice), list_id=home.pk)
    actions.trash_list(caller_of(bob), list_id=theirs.pk)

    response = page_as(alice).get(URL)

    page = response.content.decode()
    assert list(response.context["lists"]) == [home]
    assert f'action="{reverse("todos:list-restore", args=[home.pk])}?next=' in page
    assert "The trash is empty" not in page


def test_says_how_long_the_trash_is_kept(page_as, alice):
    page = page_as(alice).get(URL).content.decode()

    assert f"stay here for {TRASH_DAYS} days" in page
    purge = Command().create_parser("", "purge_trash")
    assert purge.get_default("days") == TRASH_DAYS


def test_requires_a_sign_in(client):
    assert asks_to_sign_in(client.get(URL))


def test_shows_no_tasks_of_other_users(page_as, alice, bob):
    task = TaskFactory(owner=alice)
    actions.trash_task(caller_of(alice), task_id=task.pk)

    assert page_as(bob).get(URL).context["groups"] == []


def test_allows_only_reading(page_as, alice):
    assert page_as(alice).post(URL).status_code == 405
