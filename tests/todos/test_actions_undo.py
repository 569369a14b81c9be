"""Undo restores exactly what was, or refuses and names the conflicting changes."""

from dataclasses import replace
from datetime import date, time, timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.credentials import SESSION
from tests.changes import AT, caller_of, last_change, snapshots_of
from tests.factories import TaskFactory, TaskListFactory, UserFactory
from tests.todos.histories import do_anything
from todos import actions
from todos.models import Change, Label, Task, TaskList


def test_undoes_and_redoes_the_last_batch(as_alice, alice):
    task = TaskFactory(owner=alice, title="Before")
    actions.update_task(as_alice, task_id=task.pk, changes={"title": "After"})

    actions.undo(as_alice)

    assert Task.objects.get(pk=task.pk).title == "Before"

    actions.undo(as_alice)

    assert Task.objects.get(pk=task.pk).title == "After"


def test_undo_raises_the_version(as_alice, alice):
    task = TaskFactory(owner=alice)
    changed = actions.update_task(as_alice, task_id=task.pk, changes={"title": "New"})

    actions.undo(as_alice)

    assert Task.objects.get(pk=task.pk).version == changed.version + 1


def test_undo_removes_a_created_task_and_redo_restores_it(as_alice, alice):
    actions.create_task(
        as_alice, title="Once", notes="More", labels=["Home"], due_date=date(2027, 2, 1)
    )
    before = snapshots_of(alice)

    actions.undo(as_alice)

    assert not Task.objects.owned_by(alice).exists()

    actions.undo(as_alice)

    assert snapshots_of(alice) == before


def test_a_recreated_task_has_a_new_etag(as_alice, alice):
    task = actions.create_task(as_alice, title="Once")
    for title in ("Twice", "Thrice"):
        task = actions.update_task(as_alice, task_id=task.pk, changes={"title": title})
    for change in Change.objects.owned_by(alice).order_by("-seq"):
        actions.undo(as_alice, change_id=change.pk)

    actions.undo(as_alice)

    assert Task.objects.get(pk=task.pk).version > task.version


def test_completing_a_repeating_task_is_undone_exactly(as_alice, alice):
    task = TaskFactory(owner=alice, due_date=date(2027, 1, 15), rrule="FREQ=DAILY")
    step = TaskFactory(owner=alice, parent_id=task.pk)
    before = snapshots_of(alice)
    actions.complete_task(as_alice, task_id=task.pk)
    after = snapshots_of(alice)

    actions.undo(as_alice)

    assert snapshots_of(alice) == before
    assert Task.objects.get(pk=step.pk).completed_at is None

    actions.undo(as_alice)

    assert snapshots_of(alice) == after


def test_completing_is_not_undone_after_a_change_of_the_next_occurrence(
    as_alice, alice
):
    task = TaskFactory(owner=alice, due_date=date(2027, 1, 15), rrule="FREQ=DAILY")
    done = actions.complete_task(as_alice, task_id=task.pk)
    batch = last_change(alice).batch
    actions.update_task(as_alice, task_id=done.next.pk, changes={"title": "Mine"})
    before = snapshots_of(alice)
    touched = last_change(alice)

    with pytest.raises(actions.UndoConflict) as refusal:
        actions.undo(as_alice, batch_id=batch)

    assert refusal.value.members == {"changes": [touched.pk]}
    assert snapshots_of(alice) == before


def test_a_trashed_list_is_restored_with_its_tasks(as_alice, alice):
    own = TaskListFactory(owner=alice)
    TaskFactory(owner=alice, list_id=own.pk)
    before = snapshots_of(alice)
    actions.trash_list(as_alice, list_id=own.pk)

    actions.undo(as_alice)

    assert snapshots_of(alice) == before


def test_later_changes_of_other_fields_stay(as_alice, alice):
    task = TaskFactory(owner=alice, title="Before", priority=3)
    actions.update_task(as_alice, task_id=task.pk, changes={"title": "After"})
    first = last_change(alice)
    actions.update_task(as_alice, task_id=task.pk, changes={"priority": 1})

    actions.undo(as_alice, change_id=first.pk)

    task.refresh_from_db()
    assert (task.title, task.priority) == ("Before", 1)


def test_a_later_change_of_the_same_field_is_a_conflict(as_alice, alice):
    task = TaskFactory(owner=alice, title="Before")
    actions.update_task(as_alice, task_id=task.pk, changes={"title": "After"})
    first = last_change(alice)
    actions.update_task(as_alice, task_id=task.pk, changes={"title": "Later"})
    later = last_change(alice)
    count = Change.objects.count()

    with pytest.raises(actions.UndoConflict) as refusal:
        actions.undo(as_alice, change_id=first.pk)

    assert refusal.value.members == {"changes": [later.pk]}
    assert Task.objects.get(pk=task.pk).title == "Later"
    assert Change.objects.count() == count


def test_an_undone_change_does_not_conflict(as_alice, alice):
    task = TaskFactory(owner=alice, title="Before")
    actions.update_task(as_alice, task_id=task.pk, changes={"title": "After"})
    first = last_change(alice)
    actions.update_task(as_alice, task_id=task.pk, changes={"title": "Later"})
    actions.undo(as_alice)

    actions.undo(as_alice, change_id=first.pk)

    assert Task.objects.get(pk=task.pk).title == "Before"


def test_no_task_is_restored_to_a_list_in_the_trash(as_alice, alice):
    own = TaskListFactory(owner=alice)
    task = TaskFactory(owner=alice, list_id=own.pk)
    actions.update_task(
        as_alice,
        task_id=task.pk,
        changes={"list_id": alice.task_lists.get(is_inbox=True).pk},
    )
    moved = last_change(alice)
    actions.trash_list(as_alice, list_id=own.pk)
    before = snapshots_of(alice)

    with pytest.raises(actions.UndoConflict):
        actions.undo(as_alice, change_id=moved.pk)

    assert snapshots_of(alice) == before


def test_a_created_list_that_has_tasks_now_is_not_removed(as_alice, alice):
    own = actions.create_list(as_alice, name="New")
    made = last_change(alice)
    TaskFactory(owner=alice, list_id=own.pk)

    with pytest.raises(actions.UndoConflict):
        actions.undo(as_alice, change_id=made.pk)

    assert TaskList.objects.filter(pk=own.pk).exists()


def test_a_created_label_that_other_tasks_have_now_is_not_removed(as_alice, alice):
    first = actions.create_task(as_alice, title="First", labels=["Home"])
    made = last_change(alice)
    actions.create_task(as_alice, title="Second", labels=["home"])

    actions.undo(as_alice, batch_id=made.batch)

    assert not Task.objects.filter(pk=first.pk).exists()
    assert Label.objects.owned_by(alice).count() == 1


def test_a_field_that_another_field_needs_now_is_not_undone(as_alice, alice):
    task = TaskFactory(owner=alice, due_date=date(2027, 2, 1))
    actions.update_task(
        as_alice, task_id=task.pk, changes={"due_time": time(9), "priority": 1}
    )
    timed = last_change(alice)
    actions.update_task(as_alice, task_id=task.pk, changes={"reminder_minutes": 30})
    later = last_change(alice)

    with pytest.raises(actions.UndoConflict) as refusal:
        actions.undo(as_alice, change_id=timed.pk)

    assert refusal.value.members == {"changes": [later.pk]}
    assert Task.objects.get(pk=task.pk).due_time == time(9)


def batch_of(caller, act, **kwargs):
    """Run an action and return the id of its batch."""
    act(caller, **kwargs)
    return last_change(caller.owner).batch


def conflicting_changes(as_alice, batch):
    """Try to undo a batch; return the changes that the refusal names."""
    before = snapshots_of(as_alice.owner)
    with pytest.raises(actions.UndoConflict) as refusal:
        actions.undo(as_alice, batch_id=batch)
    assert snapshots_of(as_alice.owner) == before
    named = refusal.value.members["changes"]
    return list(Change.objects.filter(pk__in=named).order_by("seq"))


def test_names_the_change_that_added_a_task_to_a_created_list(as_alice, alice):
    made = batch_of(as_alice, actions.create_list, name="New")
    own = TaskList.objects.owned_by(alice).get(name="New")
    task = TaskFactory(owner=alice, list_id=own.pk)
    actions.update_task(as_alice, task_id=task.pk, changes={"title": "Renamed"})

    (change,) = conflicting_changes(as_alice, made)

    assert (change.entity_id, change.kind) == (task.pk, "created")


def test_names_the_change_that_added_a_step_to_a_created_task(as_alice, alice):
    made = batch_of(as_alice, actions.create_task, title="Task")
    task = Task.objects.owned_by(alice).get()
    step = TaskFactory(owner=alice, parent_id=task.pk)

    (change,) = conflicting_changes(as_alice, made)

    assert (change.entity_id, change.kind) == (step.pk, "created")


def test_names_the_change_that_gave_a_created_label_to_a_task(as_alice, alice):
    made = batch_of(as_alice, actions.create_label, name="home")
    task = TaskFactory(owner=alice)
    actions.update_task(as_alice, task_id=task.pk, changes={"labels": ["home"]})

    assert conflicting_changes(as_alice, made)[-1].after == {"labels": ["home"]}


def test_names_the_change_that_renamed_an_added_label(as_alice, alice):
    task = TaskFactory(owner=alice)
    label = actions.create_label(as_alice, name="home")
    changes = {"labels": ["home"]}
    put = batch_of(as_alice, actions.update_task, task_id=task.pk, changes=changes)
    actions.update_label(as_alice, label_id=label.pk, changes={"name": "casa"})

    (change,) = conflicting_changes(as_alice, put)

    assert (change.entity_id, change.after) == (label.pk, {"name": "casa"})


@pytest.mark.parametrize("lost", ["renamed", "deleted"])
def test_names_the_change_that_gave_the_former_name_to_another_label(
    as_alice, alice, lost
):
    label = actions.create_label(as_alice, name="home")
    named = {"label_id": label.pk}
    if lost == "renamed":
        act, named["changes"] = actions.update_label, {"name": "casa"}
    else:
        act = actions.delete_label
    gone = batch_of(as_alice, act, **named)
    other = actions.create_label(as_alice, name="Home")

    (change,) = conflicting_changes(as_alice, gone)

    assert (change.entity_id, change.kind) == (other.pk, "created")


def test_names_other_changes_of_the_batch_for_a_single_change(as_alice, alice):
    task = TaskFactory(owner=alice)
    actions.update_task(as_alice, task_id=task.pk, changes={"labels": ["new"]})
    put, label = Change.objects.owned_by(alice).order_by("-seq")[:2]

    with pytest.raises(actions.UndoConflict) as refusal:
        actions.undo(as_alice, change_id=label.pk)

    assert refusal.value.members == {"changes": [put.pk]}


def test_a_permanent_deletion_can_not_be_undone(as_alice, alice):
    task = TaskFactory(owner=alice)
    actions.trash_task(as_alice, task_id=task.pk)
    trashed = last_change(alice)
    actions.remove_task(replace(as_alice, by=SESSION), task_id=task.pk)

    with pytest.raises(actions.CannotBeUndone):
        actions.undo(as_alice)
    with pytest.raises(actions.CannotBeUndone):
        actions.undo(as_alice, change_id=trashed.pk)


def test_a_purge_does_not_prevent_undo_of_earlier_changes(as_alice, alice):
    old = TaskFactory(owner=alice)
    actions.trash_task(as_alice, task_id=old.pk)
    task = TaskFactory(owner=alice, title="Before")
    actions.update_task(as_alice, task_id=task.pk, changes={"title": "After"})
    actions.remove_task(as_alice, task_id=old.pk)  # by a command, like a purge

    actions.undo(as_alice)

    assert Task.objects.get(pk=task.pk).title == "Before"


def test_another_users_change_does_not_exist(as_alice, bob):
    TaskFactory(owner=bob)
    theirs = Change.objects.owned_by(bob).first()

    with pytest.raises(Change.DoesNotExist):
        actions.undo(as_alice, change_id=theirs.pk)
    with pytest.raises(Change.DoesNotExist):
        actions.undo(as_alice, batch_id=theirs.batch)
    with pytest.raises(Change.DoesNotExist):
        actions.undo(as_alice, batch_id=uuid4())


def test_without_a_change_there_is_nothing_to_undo(as_alice):
    with pytest.raises(actions.NothingToUndo):
        actions.undo(as_alice)


def test_a_large_batch_is_undone_in_a_bounded_number_of_queries(
    as_alice, alice, django_assert_max_num_queries
):
    with_many = TaskListFactory(owner=alice)
    for number in range(30):
        TaskFactory(owner=alice, list_id=with_many.pk, title=f"Task {number}")
    before = snapshots_of(alice)
    actions.trash_list(as_alice, list_id=with_many.pk)

    with django_assert_max_num_queries(20):
        actions.undo(as_alice)

    assert snapshots_of(alice) == before


class AnyHistory(TestCase):
    """Undoing any history batch by batch restores every earlier state."""

    @settings(max_examples=40)
    @given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 5)), max_size=8))
    def test_undo_restores_every_earlier_state(self, steps):
        owner = UserFactory()
        states, batches = [snapshots_of(owner)], []

        for number, (kind, which) in enumerate(steps):
            caller = caller_of(owner, AT + timedelta(minutes=number))
            last = _last_seq(owner)
            try:
                do_anything(caller, kind, which)
            except (actions.Refusal, ValidationError):
                continue
            if _last_seq(owner) == last:
                continue
            states.append(snapshots_of(owner))
            batches.append(last_change(owner).batch)

        for batch in reversed(batches):
            assert snapshots_of(owner) == states.pop()
            actions.undo(caller_of(owner, AT + timedelta(days=1)), batch_id=batch)
        assert snapshots_of(owner) == states.pop()


def _last_seq(owner):
    return Change.objects.owned_by(owner).count()
