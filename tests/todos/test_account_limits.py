"""The number of tasks and lists of an account is limited."""

from contextlib import suppress
from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tests.changes import caller_of, last_change
from tests.factories import NOON, TaskFactory, TaskListFactory, UserFactory
from tests.todos.histories import do_anything, undo_anything
from todos import actions
from todos.models import Ledger, Task, TaskList

TEXT = (
    "An account can have at most 3 tasks and lists, including the trash. Delete some"
    " tasks permanently first."
)


def counted(owner):
    return Ledger.objects.owned_by(owner).values_list("stored", flat=True).first() or 0


def present(owner):
    lists = TaskList.objects.owned_by(owner).filter(is_inbox=False)
    return Task.objects.owned_by(owner).count() + lists.count()


@pytest.fixture
def full(alice, settings):
    """Give Alice the most that an account can have: two tasks and a list."""
    settings.ACCOUNT_ROWS_MAX = 3
    TaskListFactory(owner=alice)
    return TaskFactory.create_batch(
        2, owner=alice, due_date=date(2027, 1, 15), rrule="FREQ=DAILY"
    )


def csv():
    return {
        "file": SimpleUploadedFile("tasks.csv", b"title\na\n"),
        "format": "csv",
    }


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("task-list", {"title": "More"}),
        ("list-list", {"name": "More"}),
        ("task-quick", {"text": "More"}),
        ("import", None),
    ],
)
@pytest.mark.parametrize("key", [None, "once"])
def test_the_api_refuses_rows_above_the_limit(api_as, alice, full, name, body, key):
    answer = api_as(alice).post(
        reverse(f"api:{name}"),
        csv() if body is None else body,
        format="multipart" if body is None else "json",
        headers={"Idempotency-Key": key} if key else {},
    )

    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["detail"]) == ("account_full", TEXT)
    assert (counted(alice), present(alice)) == (3, 3)


def test_the_plan_routes_refuse_rows_above_the_limit(api_as, alice, full):
    answer = api_as(alice).post(
        f"/api/{alice.pk}/tasks", {"title": "More"}, format="json"
    )

    assert answer.status_code == 409
    assert answer.json()["detail"] == TEXT


def test_the_pages_show_the_refusal_and_keep_the_input(page_as, alice, full):
    client = page_as(alice)

    task = client.post(reverse("todos:add"), {"text": "More"})
    own = client.post(reverse("todos:list-create"), {"name": "More", "colour": "red"})
    done = client.post(reverse("todos:task-complete", args=[full[0].pk]), follow=True)

    assert TEXT in task.content.decode()
    assert "More" in task.content.decode()
    assert TEXT in own.content.decode()
    assert TEXT in done.content.decode()
    assert present(alice) == 3


def test_an_undo_does_not_exceed_the_limit(alice, full):
    caller = caller_of(alice, NOON)
    made = last_change(alice).batch
    undone = actions.undo(caller, batch_id=made)
    actions.create_task(caller, title="Instead")

    with pytest.raises(actions.AccountFull):
        actions.undo(caller, batch_id=undone.batch)

    assert (counted(alice), present(alice)) == (3, 3)


def test_an_account_above_the_limit_can_do_everything_else(alice, full):
    Ledger.objects.filter(owner=alice).update(stored=9)
    caller = caller_of(alice, NOON)
    task = full[0]
    actions.update_task(caller, task_id=task.pk, changes={"title": "New"})
    actions.trash_task(caller, task_id=task.pk)
    actions.restore_task(caller, task_id=task.pk)
    actions.trash_task(caller, task_id=task.pk)
    actions.remove_task(caller, task_id=task.pk)

    assert counted(alice) == 8


def test_permanent_deletion_makes_room(alice, full):
    caller = caller_of(alice, NOON - timedelta(days=99))
    actions.trash_task(caller, task_id=full[0].pk)
    call_command("purge_trash")

    TaskFactory(owner=alice)

    assert (counted(alice), present(alice)) == (3, 3)


def test_counting_takes_no_extra_statement_for_a_new_task(
    alice, full, settings, django_assert_num_queries
):
    settings.ACCOUNT_ROWS_MAX = 4
    # Begin and end of the transaction; the number, the task, the change. The process
    # knows the inbox already.
    with django_assert_num_queries(5):
        actions.create_task(caller_of(alice, NOON), title="Task")


def test_rows_of_other_users_are_not_counted(alice, bob, full):
    TaskFactory(owner=bob)

    assert (counted(alice), counted(bob)) == (3, 1)


class AnyCount(TestCase):
    """After any actions and undos, the stored count is the number of rows."""

    @examples(max_examples=40)
    @given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 5)), max_size=12))
    def test_the_count_is_the_number_of_rows(self, steps):
        owner = UserFactory()
        for number, (kind, which) in enumerate(steps):
            caller = caller_of(owner, NOON + timedelta(minutes=number))
            with suppress(actions.Refusal, ValidationError):
                if kind < 16:
                    do_anything(caller, kind, which)
                else:
                    undo_anything(caller, kind, which)
            assert counted(owner) == present(owner)
