"""`manage.py purge_trash` deletes what has been in the trash for too long."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from tests.threads import in_a_thread, wait_for_a_blocked_statement
from todos import actions
from todos.models import Change, Label, Ledger, Task, TaskList

LONG_AGO = timedelta(days=31)


def run(**options):
    out = StringIO()
    call_command("purge_trash", stdout=out, **options)
    return out.getvalue()


def trashed(owner, *, ago=LONG_AGO, **fields):
    """Return a task that has been in the trash for this long."""
    task = TaskFactory(owner=owner, at=timezone.now() - ago * 2, **fields)
    return trash(task, ago=ago)


def trash(task, *, ago=LONG_AGO):
    return actions.trash_task(
        caller_of(task.owner, timezone.now() - ago), task_id=task.pk
    )


def test_deletes_what_has_been_in_the_trash_for_more_than_thirty_days(alice):
    trashed(alice, ago=timedelta(days=30, minutes=1))
    younger = trashed(alice, ago=timedelta(days=29, hours=23))
    live = TaskFactory(owner=alice)

    printed = run()

    assert printed == "Tasks and lists deleted: 1\n"
    assert set(Task.objects.all()) == {younger, live}


def test_the_number_of_days_can_be_set(alice):
    trashed(alice, ago=timedelta(days=8))

    run(days=9)
    assert Task.objects.count() == 1

    run(days=7)
    assert Task.objects.count() == 0


@pytest.mark.parametrize("days", [-1, 36_501])
def test_refuses_an_invalid_number_of_days(db, days):
    with pytest.raises(CommandError, match="0 to 36500"):
        run(days=days)


def test_a_dry_run_counts_and_deletes_nothing(alice):
    trashed(alice)
    before = Ledger.objects.get(owner=alice).last_seq

    printed = run(dry_run=True)

    assert printed == "Tasks and lists to delete: 1\n"
    assert Task.objects.count() == 1
    assert Ledger.objects.get(owner=alice).last_seq == before


def test_steps_are_deleted_with_their_task(alice):
    task = TaskFactory(owner=alice)
    TaskFactory(owner=alice, parent_id=task.pk)
    TaskFactory(owner=alice, parent_id=task.pk)
    trash(task)

    assert run() == "Tasks and lists deleted: 3\n"

    assert not Task.objects.exists()


def test_a_step_in_the_trash_is_deleted_without_its_task(alice):
    task = TaskFactory(owner=alice)
    step = TaskFactory(owner=alice, parent_id=task.pk)
    trash(step)

    run()

    assert list(Task.objects.all()) == [task]


def test_a_list_is_deleted_with_its_tasks(alice):
    home = TaskListFactory(owner=alice, name="Home")
    TaskFactory(owner=alice, list_id=home.pk)
    actions.trash_list(caller_of(alice, timezone.now() - LONG_AGO), list_id=home.pk)

    printed = run()

    assert printed == "Tasks and lists deleted: 2\n"
    assert [row.is_inbox for row in TaskList.objects.all()] == [True]
    assert not Task.objects.exists()


def test_a_list_is_kept_while_a_task_in_it_must_be_kept(alice):
    home = TaskListFactory(owner=alice)
    task = TaskFactory(owner=alice, list_id=home.pk)
    actions.trash_list(caller_of(alice, timezone.now() - LONG_AGO), list_id=home.pk)
    Task.objects.filter(pk=task.pk).update(trashed_at=timezone.now())

    run()

    assert TaskList.objects.filter(pk=home.pk).exists()
    assert Task.objects.filter(pk=task.pk).exists()


def test_the_ledger_keeps_a_tombstone_without_text(alice):
    home = TaskListFactory(owner=alice, name="Secret list")
    task = TaskFactory(owner=alice, list_id=home.pk, title="Secret task", notes="Hush")
    actions.trash_list(caller_of(alice, timezone.now() - LONG_AGO), list_id=home.pk)

    run()

    for entity, row in (("task", task), ("list", home)):
        told = list(Change.objects.owned_by(alice).of(entity, row.pk))
        assert [change.kind for change in told] == ["created", "trashed", "removed"]
        assert {change.credential for change in told} == {"command"}
        assert all(change.before is change.after is None for change in told)


def test_entries_of_other_tasks_are_kept(alice):
    kept = TaskFactory(owner=alice, title="Kept")
    trashed(alice)

    run()

    told = Change.objects.owned_by(alice).of("task", kept.pk).get()
    assert told.after["title"] == "Kept"


def test_labels_are_kept(alice):
    trashed(alice, labels=["home"])

    run()

    assert list(Label.objects.values_list("name", flat=True)) == ["home"]


def test_purges_the_trash_of_every_user_into_their_own_ledger(alice, bob):
    trashed(alice)
    trashed(bob)
    TaskFactory(owner=bob)

    assert run() == "Tasks and lists deleted: 2\n"

    kinds = Change.objects.filter(kind="removed").values_list("owner", flat=True)
    assert sorted(kinds) == sorted([alice.pk, bob.pk])


def test_more_than_one_batch_is_deleted(alice, monkeypatch):
    monkeypatch.setattr("todos.management.commands.purge_trash.BATCH", 2)
    for _ in range(5):
        trashed(alice)

    assert run() == "Tasks and lists deleted: 5\n"

    batches = Change.objects.filter(kind="removed").values("batch").distinct()
    assert batches.count() == 3


def test_a_second_run_deletes_nothing(alice):
    trashed(alice)
    run()
    before = Ledger.objects.get(owner=alice).last_seq

    assert run() == "Tasks and lists deleted: 0\n"

    assert Ledger.objects.get(owner=alice).last_seq == before


def test_a_task_that_is_being_restored_is_kept(transactional_db, alice):
    restoring = trashed(alice)
    trashed(alice)

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        actions.restore_task(caller_of(alice), task_id=restoring.pk)
        purge = in_a_thread(pool, run)
        wait_for_a_blocked_statement()

    assert purge.result() == "Tasks and lists deleted: 1\n"
    assert list(Task.objects.all()) == [restoring]
