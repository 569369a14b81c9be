from datetime import UTC, datetime

import pytest
from django.urls import reverse

from tests.factories import TaskFactory, TaskListFactory
from todos.models import Task

pytestmark = pytest.mark.any_database

TODAY, EXAMPLES = reverse("todos:task-today"), reverse("todos:examples")
OFFER = "Add three example tasks"


def test_a_new_user_can_add_examples_and_undo_them_at_once(page_as, alice):
    client = page_as(alice)
    first = client.get(TODAY)

    page = client.post(EXAMPLES, follow=True)

    assert OFFER in first.text
    assert reverse("todos:import") in first.text.partition("<main")[2]
    tasks = Task.objects.owned_by(alice)
    assert tasks.open().count() == 3
    assert "Added 3 example tasks" in page.text
    assert OFFER not in page.text

    batch = alice.changes.values_list("batch", flat=True).distinct().get()
    undone = client.post(reverse("todos:undo", args=[batch]), follow=True)

    assert not tasks.exists()
    assert OFFER in undone.text


def test_a_double_click_adds_them_once(page_as, alice):
    client = page_as(alice)
    client.post(EXAMPLES)
    client.post(EXAMPLES)

    assert Task.objects.owned_by(alice).count() == 3


@pytest.mark.parametrize("state", ["elsewhere", "completed", "trashed", "list"])
def test_nobody_else_sees_the_offer(page_as, alice, state):
    if state == "list":
        TaskFactory(owner=alice, list_id=TaskListFactory(owner=alice).pk)
    else:
        task = TaskFactory(owner=alice)
        columns = {"completed": "completed_at", "trashed": "trashed_at"}
        if column := columns.get(state):
            Task.objects.filter(pk=task.pk).update(**{column: datetime.now(UTC)})

    assert OFFER not in page_as(alice).get(TODAY).text


def test_it_says_what_time_it_is(page_as, alice, monkeypatch):
    alice.timezone, alice.clock = "Asia/Kolkata", "12h"
    alice.save()
    monkeypatch.setattr(
        "django.utils.timezone.now", lambda: datetime(2026, 11, 29, 12, tzinfo=UTC)
    )

    page = page_as(alice).get(TODAY).text

    assert "Your time zone is Asia/Kolkata, where it is 5:30 pm." in page


def test_the_offer_costs_few_queries_and_others_none(
    page_as, alice, bob, django_assert_max_num_queries
):
    TaskFactory(owner=bob, list_id=TaskListFactory(owner=bob).pk)
    new, other = page_as(alice), page_as(bob)

    with django_assert_max_num_queries(6):
        new.get(TODAY)
    with django_assert_max_num_queries(5):
        other.get(TODAY)
