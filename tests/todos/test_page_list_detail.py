import pytest
from django.urls import reverse
from django.utils import timezone

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import asks_to_sign_in, assert_does_not_exist
from todos import actions


def url(own):
    return reverse("todos:list-detail", args=[own.pk])


def test_shows_the_open_tasks_of_the_list(page_as, alice):
    home = TaskListFactory(owner=alice, name="Home")
    task = TaskFactory(owner=alice, list_id=home.pk)
    TaskFactory(owner=alice)

    response = page_as(alice).get(url(home))

    assert list(response.context["object_list"]) == [task]
    assert "<title>Home · Ownlist</title>" in response.content.decode()


def test_puts_new_tasks_into_the_list(page_as, alice):
    home = TaskListFactory(owner=alice)

    bar = page_as(alice).get(url(home)).context["quick"]

    assert bar.initial == {"list": str(home.pk)}


def test_requires_a_sign_in(client, alice):
    assert asks_to_sign_in(client.get(url(TaskListFactory(owner=alice))))


def test_hides_a_list_of_another_user(page_as, alice, bob):
    home = TaskListFactory(owner=alice, name="Home")

    assert_does_not_exist(page_as(bob), "todos:list-detail", home.pk)


@pytest.mark.parametrize("path", ["/lists/abc/", "/lists/%00/", "/lists/1/"])
def test_an_invalid_id_is_not_found(page_as, alice, path):
    assert page_as(alice).get(path).status_code == 404


def test_allows_only_reading(page_as, alice):
    assert page_as(alice).post(url(TaskListFactory(owner=alice))).status_code == 405


def test_the_inbox_has_a_page_of_its_own(page_as, alice):
    response = page_as(alice).get(url(alice.task_lists.get(is_inbox=True)))

    assert (response.status_code, response.url) == (303, reverse("todos:task-inbox"))


def test_offers_no_new_task_in_an_archived_list(page_as, alice):
    now = timezone.now()
    home = TaskListFactory(owner=alice)
    actions.update_list(
        caller_of(alice, now), list_id=home.pk, changes={"archived_at": now}
    )

    response = page_as(alice).get(url(home))

    assert "form" not in response.context
    assert response.context["navigation"].archived == [home]
    assert "<summary>Archived</summary>" in response.content.decode()
