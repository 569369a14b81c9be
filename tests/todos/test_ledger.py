"""The ledger records every change in order, in the transaction of the change."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from accounts.credentials import Credential
from tests.changes import caller_of, last_change
from tests.factories import TaskFactory, TaskListFactory, UserFactory
from todos import actions
from todos.caller import Caller
from todos.ledger import open_batch
from todos.models import Change, Ledger, NotLoaded, Task


def test_changes_of_each_user_are_numbered_from_one(alice, bob):
    TaskFactory.create_batch(2, owner=alice)
    TaskFactory(owner=bob)
    TaskFactory(owner=alice)

    assert list(alice.changes.order_by("seq").values_list("seq", flat=True)) == [
        1,
        2,
        3,
    ]
    assert bob.changes.get().seq == 1


def test_changes_store_time_credential_and_batch(alice):
    at = timezone.now()

    actions.create_task(
        Caller(alice, Credential("token", "abc"), at), title="Buy milk", labels=["home"]
    )

    label, task = alice.changes.order_by("seq")
    assert (task.at, task.credential) == (at, "token:abc")
    assert (label.entity, task.entity) == ("label", "task")
    assert label.batch == task.batch


def test_recording_a_task_without_loaded_labels_raises(alice):
    """It would be recorded as a task without labels."""
    TaskFactory(owner=alice, labels=["home"])
    task = Task.objects.get()

    with (
        pytest.raises(NotLoaded, match="label_names"),
        open_batch(caller_of(alice)) as batch,
    ):
        batch.created(task)
    assert alice.changes.filter(entity="task").count() == 1


def test_changes_store_the_changed_columns_before_and_after(alice):
    task = TaskFactory(owner=alice, due_date="2027-02-28")
    own = TaskListFactory(owner=alice)

    actions.update_task(
        caller_of(alice),
        task_id=task.pk,
        changes={"list_id": own.pk, "priority": 1, "labels": ["home"]},
    )

    change = alice.changes.get(kind="moved")
    assert change.before == {
        "list_id": str(task.list_id),
        "priority": 3,
        "labels": [],
    }
    assert change.after == {"list_id": str(own.pk), "priority": 1, "labels": ["home"]}


def test_a_failed_batch_stores_no_entry_and_takes_no_number(alice):
    TaskFactory(owner=alice)

    with pytest.raises(ZeroDivisionError), open_batch(caller_of(alice)) as batch:
        task = Task.objects.with_labels().get()
        batch.created(task)
        task.delete()
        raise ZeroDivisionError

    assert Task.objects.count() == 1
    assert alice.changes.get().seq == 1
    TaskFactory(owner=alice)
    assert last_change(alice).seq == 2


def test_a_batch_without_changes_stores_nothing(alice):
    with open_batch(caller_of(alice)):
        pass

    assert not Ledger.objects.exists()
    assert not Change.objects.exists()


def test_the_history_of_an_object_is_in_order(alice):
    task = TaskFactory(owner=alice)
    TaskFactory(owner=alice)
    actions.complete_task(caller_of(alice), task_id=task.pk)
    actions.reopen_task(caller_of(alice), task_id=task.pk)

    history = alice.changes.of("task", task.pk)

    assert [change.kind for change in history] == ["created", "completed", "reopened"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(8))  # the first write makes the row
def test_concurrent_writers_get_numbers_without_gaps(attempt):
    user = UserFactory()

    def write(number):
        try:
            return TaskFactory(owner=user, title=f"Task {number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(12)))

    numbers = user.changes.order_by("seq").values_list("seq", flat=True)
    assert list(numbers) == list(range(1, 13))


@pytest.mark.django_db(transaction=True)
def test_completing_concurrently_opens_one_next_occurrence():
    user = UserFactory()
    task = TaskFactory(owner=user, due_date="2999-01-01", rrule="FREQ=DAILY")

    def complete(_):
        try:
            return actions.complete_task(caller_of(user), task_id=task.pk).next
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        following = list(pool.map(complete, range(4)))

    assert {upcoming.pk for upcoming in following} == {Task.objects.open().get().pk}
    assert user.changes.filter(kind="completed").count() == 1
