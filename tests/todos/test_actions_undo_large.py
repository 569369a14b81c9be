"""Undo of large batches: the work grows linearly with the changes."""

from datetime import date

import pytest
from django.db.models.signals import post_init

from tests.changes import last_change, snapshots_of, statements_of
from tests.factories import TaskFactory, TaskListFactory
from todos import actions
from todos.models import Change, Label, Task, TaskLabel

pytestmark = pytest.mark.slow

CHUNK = 500  # changes that undo loads at once


def tasks_in(owned, count, **columns):
    """Store many tasks in a list at once, without recording them."""
    return Task.objects.bulk_create(
        Task(owner_id=owned.owner_id, list=owned, title=f"Task {number}", **columns)
        for number in range(count)
    )


def test_each_change_is_read_once(as_alice, alice):
    own = TaskListFactory(owner=alice)
    tasks_in(own, 3 * CHUNK)
    actions.trash_list(as_alice, list_id=own.pk)
    read = []

    def note(instance, **_):
        read.append(instance.seq)

    post_init.connect(note, sender=Change)
    try:
        undone = actions.undo(as_alice)
    finally:
        post_init.disconnect(note, sender=Change)

    assert undone.count == 3 * CHUNK + 1
    assert len(read) <= undone.count + 1  # the last change is read to find the batch


def test_each_further_chunk_takes_the_same_few_statements(as_alice, alice):
    counts = []
    for chunks in (1, 2, 4):
        own = TaskListFactory(owner=alice)
        tasks_in(own, chunks * CHUNK)
        actions.trash_list(as_alice, list_id=own.pk)
        counts.append(statements_of(actions.undo, as_alice))

    one, two, four = counts
    assert four - two == 2 * (two - one)
    assert two - one <= 8


def test_a_deleted_label_is_restored_to_many_tasks_in_few_statements(as_alice, alice):
    counts = []
    for count in (10, 300):
        own = TaskListFactory(owner=alice)
        label = actions.create_label(as_alice, name=f"label {count}")
        TaskLabel.objects.bulk_create(
            TaskLabel(owner=alice, task=task, label=label)
            for task in tasks_in(own, count)
        )
        before = snapshots_of(alice)
        actions.delete_label(as_alice, label_id=label.pk)
        counts.append(statements_of(actions.undo, as_alice))
        assert snapshots_of(alice) == before

    assert counts[0] == counts[1]


def test_values_that_differ_between_tasks_are_restored_in_one_statement(
    as_alice, alice
):
    counts = []
    for count in (5, 25):
        tasks = [
            TaskFactory(owner=alice, due_date=date(2027, 2, number + 1))
            for number in range(count)
        ]
        before = snapshots_of(alice)
        actions.change_tasks(
            as_alice,
            task_ids=[task.pk for task in tasks],
            action="due",
            due={"due_date": date(2028, 1, 1)},
        )
        counts.append(statements_of(actions.undo, as_alice))
        assert snapshots_of(alice) == before

    assert counts[0] == counts[1]


def test_labels_created_with_many_tasks_are_removed_in_few_statements(as_alice, alice):
    counts = []
    for prefix, count in (("few", 2), ("many", 40)):
        text = "\n".join(f"Task {number} @{prefix}{number}" for number in range(count))
        actions.quick_add(as_alice, text=text)
        made = last_change(alice).batch
        counts.append(statements_of(actions.undo, as_alice))
        assert not Label.objects.owned_by(alice).exists()
        actions.undo(as_alice)
        assert Label.objects.owned_by(alice).count() == count
        actions.undo(as_alice)
        assert Change.objects.owned_by(alice).filter(batch=made).count() == 2 * count

    assert counts[0] == counts[1]


def test_tasks_are_recreated_with_labels_in_few_statements(as_alice, alice):
    counts, made = [], []
    for count in (2, 40):
        labels = " ".join(f"@label{number}" for number in range(20))
        text = "\n".join(f"Task {number} {labels}" for number in range(count))
        actions.quick_add(as_alice, text=text)
        before = snapshots_of(alice)
        actions.undo(as_alice)

        def note(instance, **_):
            made.append(instance)

        post_init.connect(note, sender=TaskLabel)
        try:
            counts.append(statements_of(actions.undo, as_alice))
        finally:
            post_init.disconnect(note, sender=TaskLabel)
        assert snapshots_of(alice) == before
        actions.undo(as_alice)

    assert not made
    assert counts[0] == counts[1]
