"""The menu of a row, and what a row shows of a step."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import TaskFactory, TaskListFactory
from tests.todos.pages import asks_to_sign_in, assert_does_not_exist, kinds
from todos.models import Task


def menu_of(client, task, page="/inbox/"):
    url = reverse("todos:task-menu", args=[task.pk])
    return client.get(f"{url}?next={quote(page)}").content.decode()


@pytest.fixture
def task(alice):
    return TaskFactory(owner=alice, title="Buy milk", labels=["shop"], priority=2)


def test_offers_what_can_be_done_with_a_task(page_as, alice, task):
    home = TaskListFactory(owner=alice, name="Home")

    page = menu_of(page_as(alice), task)

    assert 'id="popover-content"' in page
    assert reverse("todos:task-date", args=[task.pk]) in page
    assert 'value="priority 1"' in page
    assert re.search(r'value="priority 2"\s+data-key="2" aria-pressed="true"', page)
    assert f'value="move {home.pk}"' in page
    assert f'value="move {task.list_id}"' not in page
    assert 'value="unlabel shop"' in page
    assert reverse("todos:task-delete", args=[task.pk]) in page
    assert "Skip this time" not in page


@pytest.mark.parametrize(
    ("page", "is_ordered"),
    [("/inbox/", True), ("/inbox/?sort=title", False), ("/", False)],
)
def test_offers_to_move_it_where_the_order_is_manual(
    page_as, alice, task, page, is_ordered
):
    assert ("Move up" in menu_of(page_as(alice), task, page)) == is_ordered


def test_offers_to_move_a_step_within_its_task(page_as, alice, task):
    step = TaskFactory(owner=alice, parent_id=task.pk)
    client = page_as(alice)

    assert "Move up" in menu_of(client, step, f"/?task={task.pk}")
    assert "Move up" not in menu_of(client, step, "/inbox/")


def test_a_change_returns_to_the_row_unless_it_leaves_the_page(page_as, alice, task):
    following = TaskFactory(owner=alice)
    home = TaskListFactory(owner=alice)
    client = page_as(alice)

    page = menu_of(client, task, f"/inbox/#task-{following.pk}")

    here = quote(f"/inbox/#task-{task.pk}")
    onward = quote(f"/inbox/#task-{following.pk}")
    assert f'action="/bulk/?next={here}"' in page
    assert f'value="move {home.pk}"\nformaction="/bulk/?next={onward}"' in page
    assert f"/delete/?next={onward}" in page
    assert f"/move/?next={here}" in page


def test_its_buttons_change_the_task(page_as, alice, task):
    client = page_as(alice)

    client.post(
        f"/bulk/?next=/inbox/%23task-{task.pk}",
        {"task": task.pk, "action": "priority 1", "label": ""},
    )

    assert Task.objects.get().priority == 1


def test_skips_an_occurrence_of_a_repeating_task(page_as, alice):
    today = timezone.now().date()
    task = TaskFactory(
        owner=alice, title="Water it", due_date=today, rrule="FREQ=DAILY"
    )
    client = page_as(alice)
    skip = reverse("todos:task-skip", args=[task.pk])

    assert f'formaction="{skip}?next=/inbox/' in menu_of(client, task)
    response = client.post(skip, {"next": "/inbox/"}, follow=True)

    assert "Skipped, next tomorrow: Water it" in response.content.decode()
    assert Task.objects.get().due_date == today + timedelta(1)


def test_explains_why_it_cannot_be_skipped(page_as, alice, task):
    skip = reverse("todos:task-skip", args=[task.pk])

    response = page_as(alice).post(skip, {"next": "/inbox/"}, follow=True)

    assert "repeat" in response.content.decode()
    assert kinds(alice) == []


def test_requires_a_sign_in(client, task):
    assert asks_to_sign_in(client.get(reverse("todos:task-menu", args=[task.pk])))


def test_hides_the_menu_of_another_users_task(page_as, bob, task):
    assert_does_not_exist(page_as(bob), "todos:task-menu", task.pk)
    assert_does_not_exist(page_as(bob), "todos:task-skip", task.pk, method="post")


def test_takes_few_queries(page_as, alice, task, django_assert_max_num_queries):
    client = page_as(alice)

    with django_assert_max_num_queries(6):
        menu_of(client, task, f"/inbox/#task-{task.pk}")


# --- Rows -------------------------------------------------------------------------


@pytest.fixture
def step(alice):
    parent = TaskFactory(owner=alice, title="Shopping")
    today = timezone.now().date()
    return TaskFactory(
        owner=alice, title="Dish soap", parent_id=parent.pk, due_date=today
    )


def test_a_step_names_its_task(page_as, alice, step, django_assert_max_num_queries):
    client = page_as(alice)

    with django_assert_max_num_queries(6):
        page = client.get("/").content.decode()

    assert re.search(
        rf'class="parent" dir="auto" href="/\?task={step.parent_id}">‹\s.*Shopping</a>',
        page,
    )
    assert 'class="parent"' not in client.get("/inbox/").content.decode()


def test_a_row_has_no_button_to_delete_it(page_as, alice, task):
    assert "/delete/" not in page_as(alice).get("/inbox/").content.decode()
