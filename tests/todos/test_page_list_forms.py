"""Creating, changing, archiving and deleting a list."""

import pytest
from django.urls import reverse

from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import ABSENT, asks_to_sign_in, assert_does_not_exist, kinds
from todos.actions import lists as list_actions
from todos.actions.removal import TRASH_DAYS
from todos.models import Task, TaskList

pytestmark = pytest.mark.any_database

NEW = reverse("todos:list-create")
OF_ONE = [
    ("todos:list-update", {"name": "Mine now", "colour": "red"}),
    ("todos:list-archive", {}),
    ("todos:list-unarchive", {}),
    ("todos:list-delete", {}),
    ("todos:list-restore", {}),
]
each_page = pytest.mark.parametrize(("name", "body"), OF_ONE)


def own_lists(user):
    return TaskList.objects.owned_by(user).live().filter(is_inbox=False)


def test_creates_a_list(page_as, alice):
    response = page_as(alice).post(NEW, {"name": " Home ", "colour": "green"})

    new = own_lists(alice).get()
    assert (new.name, new.colour) == ("Home", "green")
    assert (response.status_code, response.url) == (
        303,
        reverse("todos:list-detail", args=[new.pk]),
    )
    assert kinds(alice) == ["created"]


def test_renames_and_colours_a_list(page_as, alice):
    home = TaskListFactory(owner=alice, name="Home")
    client = page_as(alice)
    url = reverse("todos:list-update", args=[home.pk])

    assert 'value="Home"' in client.get(url).content.decode()
    response = client.post(url, {"name": "Flat", "colour": "teal"})

    home.refresh_from_db()
    assert response.status_code == 303
    assert (home.name, home.colour) == ("Flat", "teal")
    assert kinds(alice) == ["updated"]


def test_archives_and_unarchives_a_list(page_as, alice):
    home = TaskListFactory(owner=alice)
    client = page_as(alice)

    client.post(reverse("todos:list-archive", args=[home.pk]))
    assert TaskList.objects.get(pk=home.pk).archived_at is not None
    client.post(reverse("todos:list-unarchive", args=[home.pk]))

    assert TaskList.objects.get(pk=home.pk).archived_at is None
    assert kinds(alice) == ["updated", "updated"]


def test_deletes_a_list_with_its_tasks(page_as, alice):
    home = TaskListFactory(owner=alice)
    TaskFactory(owner=alice, list_id=home.pk)
    client = page_as(alice)
    url = reverse("todos:list-delete", args=[home.pk])

    assert client.get(url).status_code == 200
    assert own_lists(alice).exists()
    response = client.post(url)

    assert response.status_code == 303
    assert not own_lists(alice).exists()
    assert Task.objects.get().trashed_at is not None
    assert kinds(alice) == ["trashed", "trashed"]


def test_deletes_a_list_and_moves_its_tasks(page_as, alice):
    home, flat = TaskListFactory.create_batch(2, owner=alice)
    TaskFactory(owner=alice, list_id=home.pk)

    page_as(alice).post(
        reverse("todos:list-delete", args=[home.pk]), {"move_to": str(flat.pk)}
    )

    task = Task.objects.get()
    assert (task.list, task.trashed_at) == (flat, None)
    assert list(own_lists(alice)) == [flat]


def test_creating_a_list_requires_a_sign_in(client, db):
    assert asks_to_sign_in(client.post(NEW, {"name": "Home", "colour": "green"}))
    assert not TaskList.objects.exists()


@each_page
def test_requires_a_sign_in(client, alice, name, body):
    home = TaskListFactory(owner=alice)

    assert asks_to_sign_in(client.post(reverse(name, args=[home.pk]), body))
    assert own_lists(alice).get().version == 1


@each_page
def test_hides_a_list_of_another_user(page_as, alice, bob, name, body):
    home = TaskListFactory(owner=alice)

    assert_does_not_exist(page_as(bob), name, home.pk, method="post", **body)
    assert own_lists(alice).get().version == 1
    assert kinds(alice) == kinds(bob) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "", "colour": "grey"}, "name"),
        ({"name": "x" * 101, "colour": "grey"}, "name"),
        ({"name": "a\x00b", "colour": "grey"}, "name"),
        ({"name": "Home", "colour": "mauve"}, "colour"),
        ({"name": "Home", "colour": "\x00"}, "colour"),
    ],
)
def test_refuses_bad_input(page_as, alice, body, field):
    home = TaskListFactory(owner=alice, name="Old")
    client = page_as(alice)

    for url in (NEW, reverse("todos:list-update", args=[home.pk])):
        response = client.post(url, body)

        assert response.status_code == 200
        assert list(response.context["form"].errors) == [field]
        assert f'aria-describedby="id_{field}_error"' in response.content.decode()
    assert own_lists(alice).get().name == "Old"


def test_refuses_to_move_tasks_to_a_list_of_another_user(page_as, alice, bob):
    home, theirs = TaskListFactory(owner=alice), TaskListFactory(owner=bob)
    client = page_as(alice)
    url = reverse("todos:list-delete", args=[home.pk])

    for pk in (theirs.pk, ABSENT, home.pk, "abc", "\x00"):
        response = client.post(url, {"move_to": str(pk)})

        errors = response.context["form"].errors
        assert errors == {"move_to": ["There is no such list."]}
    assert own_lists(alice).exists()


@pytest.mark.parametrize(("name", "body"), OF_ONE[:-1])  # it is not in the trash
def test_the_inbox_cannot_be_changed(page_as, alice, name, body):
    inbox = alice.task_lists.get(is_inbox=True)

    response = page_as(alice).post(reverse(name, args=[inbox.pk]), body, follow=True)

    assert "The inbox" in response.content.decode()
    assert TaskList.objects.get(pk=inbox.pk).version == 1


@pytest.mark.parametrize(
    "name", ["todos:list-archive", "todos:list-unarchive", "todos:list-restore"]
)
def test_a_get_asks_for_confirmation(page_as, alice, name):
    home = TaskListFactory(owner=alice, name="Home")

    response = page_as(alice).get(reverse(name, args=[home.pk]))

    assert "“Home”?</h1>" in response.content.decode()
    assert own_lists(alice).get().version == 1


def test_says_how_long_a_deleted_list_can_be_restored(page_as, alice):
    home = TaskListFactory(owner=alice)

    page = page_as(alice).get(reverse("todos:list-delete", args=[home.pk]))

    assert f"For {TRASH_DAYS} days you can restore it" in page.content.decode()


def test_restores_a_list_with_the_tasks_deleted_with_it(page_as, alice):
    home = TaskListFactory(owner=alice, name="Home")
    TaskFactory(owner=alice, list_id=home.pk)
    client = page_as(alice)
    client.post(reverse("todos:list-delete", args=[home.pk]))

    response = client.post(reverse("todos:list-restore", args=[home.pk]), follow=True)

    assert "Restored: Home" in response.content.decode()
    assert own_lists(alice).exists()
    assert Task.objects.get().trashed_at is None


def test_explains_why_a_list_cannot_be_restored(page_as, alice, monkeypatch):
    monkeypatch.setattr(list_actions, "LISTS_MAX", 1)
    home = TaskListFactory.build(owner=alice)
    home.trashed_at = home.created_at
    home.save(force_insert=True)

    response = page_as(alice).post(
        reverse("todos:list-restore", args=[home.pk]), follow=True
    )

    assert "You can have at most 1 lists" in response.content.decode()
    assert not own_lists(alice).exists()


@pytest.mark.parametrize("name", ["todos:list-update", "todos:list-delete"])
def test_refuses_other_methods(page_as, alice, name):
    home = TaskListFactory(owner=alice)

    assert page_as(alice).delete(reverse(name, args=[home.pk])).status_code == 405
