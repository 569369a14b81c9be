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

pytestmark = pytest.mark.any_database


def menu_of(client, task, page="/inbox/", name="task-menu"):
    url = reverse(f"todos:{name}", args=[task.pk])
    return client.get(f"{url}?next={quote(page)}").content.decode()


@pytest.fixture
def task(alice):
    return TaskFactory(owner=alice, title="Buy milk", labels=["shop"], priority=2)


def test_offers_what_can_be_done_with_a_task(page_as, alice, task):
    page = menu_of(page_as(alice), task)

    assert 'id="popover-content"' in page
    for name in ("date", "lists", "labels", "delete"):
        assert reverse(f"todos:task-{name}", args=[task.pk]) in page
    assert 'value="priority 1"' in page
    assert re.search(r'value="priority 2"\s+data-key="2" aria-pressed="true"', page)
    assert "Skip this time" not in page


def test_offers_the_lists_and_the_labels(page_as, alice, task):
    home = TaskListFactory(owner=alice, name="Home")
    TaskFactory(owner=alice, labels=["garden"])
    client = page_as(alice)

    lists = menu_of(client, task, name="task-lists")
    labels = menu_of(client, task, name="task-labels")

    assert f'value="move {home.pk}"' in lists
    assert re.search(f'value="move {task.list_id}"\\s+aria-pressed="true"', lists)
    assert 'value="unlabel shop"' in labels
    assert '<option value="garden">' in labels


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
    client = page_as(alice)

    def forms_of(name, page):
        return menu_of(client, task, f"{page}#task-{following.pk}", name)

    here, onward = f"%23task-{task.pk}", f"%23task-{following.pk}"
    menu = forms_of("task-menu", "/inbox/")
    assert f'action="/bulk/?next=/inbox/{here}"' in menu
    assert f"/delete/?next=/inbox/{onward}" in menu
    assert f"/move/?next=/inbox/{here}" in menu
    assert f'"/bulk/?next=/inbox/{onward}"' in forms_of("task-lists", "/inbox/")
    assert f'"/bulk/?next=/{here}"' in forms_of("task-lists", "/")
    assert f'"/bulk/?next=/inbox/{here}"' in forms_of("task-labels", "/inbox/")


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
    for name in ("menu", "lists", "labels"):
        assert_does_not_exist(page_as(bob), f"todos:task-{name}", task.pk)
    assert_does_not_exist(page_as(bob), "todos:task-skip", task.pk, method="post")


def test_takes_few_queries(page_as, alice, task, django_assert_max_num_queries):
    client = page_as(alice)

    for name in ("task-menu", "task-lists", "task-labels"):
        with django_assert_max_num_queries(6):
            menu_of(client, task, f"/inbox/#task-{task.pk}", name)


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


def test_the_undo_of_the_navigation_returns_to_a_page_that_exists(page_as, alice):
    task = TaskFactory(owner=alice)
    menu = reverse("todos:task-menu", args=[task.pk])

    page = page_as(alice).get(f"{menu}?next=/inbox/%23task-{task.pk}").text

    undo = page.partition('action="/undo/"')[2].partition("</form>")[0]
    assert f'name="next" value="{menu}"' in undo
