"""Undoing undos never leaves a reference to a row that does not exist."""

from contextlib import suppress
from datetime import timedelta
from itertools import product

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F, Q
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tests.changes import AT, caller_of, last_change, snapshots_of
from tests.factories import TaskFactory, TaskListFactory, UserFactory
from tests.todos.histories import batches_of, do_anything, undo_anything
from todos import actions
from todos.models import Task, TaskList

pytestmark = pytest.mark.slow


def undone_twice(as_alice, batches):
    """Undo the batches in order; return the last change and the first undo's batch."""
    first, *rest = batches
    undone = actions.undo(as_alice, batch_id=first)
    for batch in rest:
        actions.undo(as_alice, batch_id=batch)
    return last_change(as_alice.owner), undone.batch


def refused(as_alice, batch):
    """Try to undo a batch; return the changes that the refusal names."""
    before = snapshots_of(as_alice.owner)
    with pytest.raises(actions.UndoConflict) as refusal:
        actions.undo(as_alice, batch_id=batch)
    assert snapshots_of(as_alice.owner) == before
    connection.check_constraints()
    return refusal.value.members["changes"]


def test_a_task_is_not_recreated_in_a_missing_list(as_alice, alice):
    own = actions.create_list(as_alice, name="New")
    made_list = last_change(alice).batch
    actions.create_task(as_alice, list_id=own.pk, title="Task")
    made_task = last_change(alice).batch
    gone, undone = undone_twice(as_alice, [made_task, made_list])

    assert refused(as_alice, undone) == [gone.pk]


def test_a_step_is_not_recreated_without_its_task(as_alice, alice):
    task = actions.create_task(as_alice, title="Task")
    made_task = last_change(alice).batch
    actions.create_task(as_alice, parent_id=task.pk, title="Step")
    made_step = last_change(alice).batch
    gone, undone = undone_twice(as_alice, [made_step, made_task])

    assert refused(as_alice, undone) == [gone.pk]


def test_a_trashed_task_is_not_moved_back_to_a_missing_list(as_alice, alice):
    own = actions.create_list(as_alice, name="New")
    made_list = last_change(alice).batch
    task = actions.create_task(as_alice, list_id=own.pk, title="Task")
    inbox = alice.task_lists.get(is_inbox=True)
    actions.move_task(as_alice, task_id=task.pk, to=inbox.pk)
    moved = last_change(alice).batch
    actions.trash_task(as_alice, task_id=task.pk)
    actions.undo(as_alice, batch_id=made_list)
    gone = last_change(alice)

    assert refused(as_alice, moved) == [gone.pk]


def test_a_move_is_not_undone_after_a_step_was_added(as_alice, alice):
    task = TaskFactory(owner=alice)
    other = TaskListFactory(owner=alice)
    actions.move_task(as_alice, task_id=task.pk, to=other.pk)
    moved = last_change(alice).batch
    TaskFactory(owner=alice, parent_id=task.pk)
    made_step = last_change(alice)

    assert refused(as_alice, moved) == [made_step.pk]


def test_a_task_does_not_become_a_step_again_after_it_got_a_step(as_alice, alice):
    parent = TaskFactory(owner=alice)
    task = TaskFactory(owner=alice, parent_id=parent.pk)
    actions.update_task(as_alice, task_id=task.pk, changes={"parent_id": None})
    parted = last_change(alice).batch
    TaskFactory(owner=alice, parent_id=task.pk)
    made_step = last_change(alice)

    assert refused(as_alice, parted) == [made_step.pk]


def test_restoring_a_list_is_not_undone_after_a_task_was_added(as_alice, alice):
    own = TaskListFactory(owner=alice)
    actions.trash_list(as_alice, list_id=own.pk)
    actions.restore_list(as_alice, list_id=own.pk)
    restored = last_change(alice).batch
    TaskFactory(owner=alice, list_id=own.pk)
    made_task = last_change(alice)

    assert refused(as_alice, restored) == [made_task.pk]


@pytest.mark.parametrize("key", [None, "again"])
def test_the_api_answers_409_and_stores_nothing(api_as, alice, key):
    client = api_as(alice)
    own = client.post(reverse("api:list-list"), {"name": "New"}).json()
    made_list = last_change(alice).batch
    client.post(reverse("api:task-list"), {"title": "Task", "list": own["id"]})
    made_task = last_change(alice).batch
    undo = reverse("api:undo")
    undone = client.post(undo, {"batch": str(made_task)}).json()["batch"]
    client.post(undo, {"batch": str(made_list)})
    gone = last_change(alice)
    headers = {"Idempotency-Key": key} if key else {}

    answer = client.post(undo, {"batch": undone}, headers=headers)

    assert answer.status_code == 409
    assert answer.json()["code"] == "undo_conflict"
    assert answer.json()["changes"] == [str(gone.pk)]
    assert last_change(alice) == gone
    connection.check_constraints()


SCENES = {
    "a task and its step in a new list": ["list", "task", "step"],
    "a task that moved into a new list": ["task", "list", "move"],
    "a step that moved into a new list": ["list", "task", "step", "part"],
}


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_no_three_undos_leave_a_dangling_reference(alice, scene):
    """Every way to undo three times, including undos of undos."""
    caller = caller_of(alice, AT)
    for what in scene:
        _make(caller, what)
    made = len(scene)

    for order in product(range(made), range(made + 1), range(made + 2)):
        point = transaction.savepoint()
        for place in order:
            batches = batches_of(alice)
            if place < len(batches):
                with suppress(actions.Refusal):
                    actions.undo(caller, batch_id=batches[place])
        connection.check_constraints()
        assert not misplaced(alice).exists()
        transaction.savepoint_rollback(point)


def _make(caller, what):
    lists = TaskList.objects.owned_by(caller.owner).order_by("id")
    task = Task.objects.owned_by(caller.owner).order_by("id").last()
    match what:
        case "list":
            actions.create_list(caller, name="List")
        case "task":
            actions.create_task(caller, title="Task", list_id=lists.last().pk)
        case "step":
            actions.create_task(caller, title="Step", parent_id=task.pk)
        case "part" | "move":
            to = lists.last() if what == "move" else lists.first()
            actions.move_task(caller, task_id=task.pk, to=to.pk)


class AnyUndo(TestCase):
    """After any actions, undos and redos, all references of the rows are valid."""

    @settings(max_examples=50)
    @given(st.lists(st.tuples(st.integers(0, 23), st.integers(0, 5)), max_size=14))
    def test_no_undo_leaves_a_dangling_reference(self, steps):
        owner = UserFactory()
        for number, (kind, which) in enumerate(steps):
            caller = caller_of(owner, AT + timedelta(minutes=number))
            act = undo_anything if kind > 15 else do_anything
            with suppress(actions.Refusal, ValidationError):
                act(caller, kind, which)
            connection.check_constraints()
            assert not misplaced(owner).exists()


def misplaced(owner):
    """Return the tasks in a place where no action would put them."""
    apart = Q(parent__trashed_at__isnull=False) | ~Q(parent__list=F("list"))
    nested = Q(parent__parent__isnull=False)
    is_step = Q(parent__isnull=False)
    in_trashed_list = Q(list__trashed_at__isnull=False)
    return (
        Task.objects.owned_by(owner)
        .filter(trashed_at=None)
        .filter(in_trashed_list | is_step & (apart | nested))
    )


def test_misplaced_tasks_are_found(alice):
    own = TaskListFactory(owner=alice)
    task = TaskFactory(owner=alice, list_id=own.pk)
    TaskList.objects.filter(pk=own.pk).update(trashed_at=AT)

    assert list(misplaced(alice)) == [task]
