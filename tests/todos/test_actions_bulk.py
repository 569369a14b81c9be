"""Bulk actions have the effect of the single actions, in one batch."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory, UserFactory
from todos import actions
from todos.models import Change, Label, Task, TaskLabel

NOON = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)
DAY = date(2027, 3, 1)


def change(user, tasks, action, **values):
    return actions.change_tasks(
        caller_of(user), task_ids=[task.pk for task in tasks], action=action, **values
    )


def stored(*tasks):
    rows = Task.objects.with_labels().in_bulk([task.pk for task in tasks])
    return [rows[task.pk] for task in tasks]


def state():
    rows = Task.objects.with_labels().order_by("pk").values()
    return list(rows), Change.objects.count(), Label.objects.count()


def arguments(action, user):
    """Return arguments of an action with which it changes a new task."""
    return {
        "move": {"list_id": TaskListFactory(owner=user).pk},
        "due": {"due": {"due_date": DAY}},
        "priority": {"priority": 1},
        "label": {"label": "home"},
        "unlabel": {"label": "old"},
    }.get(action, {})


def prepared(action, user, count):
    """Return tasks that the action changes."""
    tasks = TaskFactory.create_batch(count, owner=user, labels=["old"])
    needs = {"reopen": "complete", "restore": "trash"}
    if action in needs:
        change(user, tasks, needs[action])
    return tasks


ACTIONS = [
    "complete",
    "reopen",
    "move",
    "due",
    "priority",
    "label",
    "unlabel",
    "trash",
    "restore",
]


# --- All actions ------------------------------------------------------------------


@pytest.mark.parametrize("action", ACTIONS)
def test_changes_every_task_in_one_batch_that_one_undo_reverts(alice, action):
    tasks = prepared(action, alice, 3)
    values = arguments(action, alice)
    before = stored(*tasks)

    done = change(alice, tasks, action, **values)

    assert [task.pk for task in done.tasks] == [task.pk for task in tasks]
    entries = alice.changes.filter(batch=done.batch, entity="task")
    assert {entry.entity_id for entry in entries} == {task.pk for task in tasks}
    assert len(entries) == 3
    for task, old in zip(stored(*tasks), before, strict=True):
        assert task.version == old.version + 1
        assert task.updated_at > old.updated_at
    actions.undo(caller_of(alice))
    for task, old in zip(stored(*tasks), before, strict=True):
        for name in ("list_id", "due_date", "priority", "label_names", "position"):
            assert getattr(task, name) == getattr(old, name)
        assert (task.completed_at is None) == (old.completed_at is None)
        assert (task.trashed_at is None) == (old.trashed_at is None)


@pytest.mark.parametrize("action", ACTIONS)
def test_repeating_the_action_changes_nothing(alice, action):
    tasks = prepared(action, alice, 2)
    values = arguments(action, alice)
    change(alice, tasks, action, **values)
    before = state()

    again = change(alice, tasks, action, **values)

    assert again.batch is None
    assert [task.pk for task in again.tasks] == [task.pk for task in tasks]
    assert state() == before


@pytest.mark.parametrize("action", ACTIONS)
def test_unaffected_tasks_have_no_change_recorded(alice, action):
    ready, *tasks = prepared(action, alice, 3)
    values = arguments(action, alice)
    change(alice, [ready], action, **values)

    done = change(alice, [ready, *tasks], action, **values)

    entries = alice.changes.filter(batch=done.batch, entity="task")
    assert {entry.entity_id for entry in entries} == {task.pk for task in tasks}


@pytest.mark.parametrize("action", ACTIONS)
def test_an_unknown_task_prevents_the_whole_action(alice, bob, action):
    tasks = prepared(action, alice, 2)
    values = arguments(action, alice)
    bobs = TaskFactory(owner=bob)
    before = state()

    refusals = []
    for unknown in (bobs.pk, uuid4()):
        with pytest.raises(ValidationError) as refused:
            actions.change_tasks(
                caller_of(alice),
                task_ids=[tasks[0].pk, unknown, tasks[1].pk],
                action=action,
                **values,
            )
        refusals.append(refused.value.message_dict)

    assert refusals == [{"ids.1": ["There is no such task."]}] * 2
    assert state() == before


@pytest.mark.parametrize(
    "action", [one for one in ACTIONS if one not in {"trash", "restore"}]
)
def test_a_task_in_the_trash_prevents_the_whole_action(alice, action):
    values = arguments(action, alice)
    one, trashed = prepared(action, alice, 2)
    actions.trash_task(caller_of(alice), task_id=trashed.pk)
    before = state()

    with pytest.raises(actions.InTrash, match=r"^ids\.1: "):
        change(alice, [one, trashed], action, **values)

    assert state() == before


@pytest.mark.parametrize("action", ACTIONS)
def test_the_number_of_queries_is_constant(alice, action):
    TaskFactory(owner=alice, labels=["home"])
    counts = []
    for count in (2, 40):
        tasks = prepared(action, alice, count)
        values = arguments(action, alice)
        with CaptureQueriesContext(connection) as captured:
            change(alice, tasks, action, **values)
        counts.append(len(captured))

    assert counts[0] == counts[1]
    assert counts[0] <= 14


# --- Completing and reopening -----------------------------------------------------


def test_completing_a_task_completes_its_open_steps(alice):
    parent, other = TaskFactory.create_batch(2, owner=alice)
    steps = TaskFactory.create_batch(2, owner=alice, parent_id=parent.pk)
    actions.complete_task(caller_of(alice), task_id=steps[0].pk)

    done = change(alice, [other, parent], "complete")

    assert alice.tasks.open().count() == 0
    assert alice.changes.filter(batch=done.batch).count() == 3
    assert [task.steps_done for task in done.tasks] == [0, 2]


def test_a_step_given_with_its_task_is_completed_once(alice):
    parent = TaskFactory(owner=alice)
    step = TaskFactory(owner=alice, parent_id=parent.pk)

    for tasks in ([parent, step], [step, parent]):
        done = change(alice, tasks, "complete")

        assert alice.changes.filter(batch=done.batch).count() == 2
        assert all(task.is_completed for task in stored(parent, step))
        change(alice, tasks, "reopen")


def test_each_repeating_task_opens_its_next_occurrence_once(alice):
    repeats = TaskFactory.create_batch(
        2, owner=alice, due_date=date(2027, 1, 20), rrule="FREQ=DAILY"
    )
    plain = TaskFactory(owner=alice)

    done = actions.change_tasks(
        caller_of(alice, NOON),
        task_ids=[task.pk for task in [*repeats, plain]],
        action="complete",
    )
    again = change(alice, [*repeats, plain], "complete")

    following = [done.next_occurrences[task.pk] for task in repeats]
    assert [task.due_date for task in following] == [date(2027, 1, 21)] * 2
    assert done.next_occurrences[plain.pk] is None
    assert [again.next_occurrences[task.pk].pk for task in repeats] == [
        task.pk for task in following
    ]
    assert alice.tasks.open().count() == 2


def test_reopening_removes_unchanged_next_occurrences(alice):
    first, second = TaskFactory.create_batch(
        2, owner=alice, due_date=date(2999, 1, 1), rrule="FREQ=DAILY"
    )
    following = change(alice, [first, second], "complete").next_occurrences
    touched = following[second.pk].pk
    actions.update_task(caller_of(alice), task_id=touched, changes={"title": "Changed"})

    done = change(alice, [first, following[first.pk], second], "reopen")

    assert {task.pk for task in alice.tasks.open()} == {first.pk, second.pk, touched}
    assert [task.pk for task in done.tasks] == [first.pk, second.pk]


def test_reopening_a_task_does_not_reopen_its_steps(alice):
    parent = TaskFactory(owner=alice)
    TaskFactory(owner=alice, parent_id=parent.pk)
    change(alice, [parent], "complete")

    change(alice, [parent], "reopen")

    assert list(alice.tasks.open()) == [parent]


# --- Trash ------------------------------------------------------------------------


def test_steps_are_trashed_and_restored_with_their_task(alice):
    parent = TaskFactory(owner=alice)
    gone, step = TaskFactory.create_batch(2, owner=alice, parent_id=parent.pk)
    actions.trash_task(caller_of(alice), task_id=gone.pk)

    change(alice, [parent], "trash")
    assert not alice.tasks.live().exists()
    change(alice, [parent], "restore")

    assert list(alice.tasks.live().order_by("pk")) == [parent, step]
    assert stored(step)[0].parent_id == parent.pk


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_a_step_restored_with_its_task_stays_its_step(alice, order):
    parent = TaskFactory(owner=alice)
    step = TaskFactory(owner=alice, parent_id=parent.pk)
    actions.trash_task(caller_of(alice), task_id=step.pk)
    actions.trash_task(caller_of(alice), task_id=parent.pk)
    both = [parent, step]

    change(alice, [both[number] for number in order], "restore")

    assert stored(step)[0].parent_id == parent.pk
    assert alice.tasks.live().count() == 2


def test_a_task_of_a_trashed_list_is_restored_to_the_inbox(alice):
    own, kept = TaskListFactory.create_batch(2, owner=alice)
    lost = TaskFactory(owner=alice, list_id=own.pk)
    step = TaskFactory(owner=alice, parent_id=lost.pk)
    found = TaskFactory(owner=alice, list_id=kept.pk)
    actions.trash_list(caller_of(alice), list_id=own.pk)
    actions.trash_task(caller_of(alice), task_id=found.pk)

    change(alice, [found, lost], "restore")

    inbox = alice.task_lists.get(is_inbox=True).pk
    assert [task.list_id for task in stored(found, lost, step)] == [
        kept.pk,
        inbox,
        inbox,
    ]
    assert stored(step)[0].parent_id == lost.pk


def test_a_step_is_restored_to_the_present_list_of_its_task(alice):
    parent = TaskFactory(owner=alice)
    step = TaskFactory(owner=alice, parent_id=parent.pk)
    actions.trash_task(caller_of(alice), task_id=step.pk)
    own = TaskListFactory(owner=alice)
    actions.move_task(caller_of(alice), task_id=parent.pk, to=own.pk)

    actions.restore_task(caller_of(alice), task_id=step.pk)

    assert (stored(step)[0].list_id, stored(step)[0].parent_id) == (own.pk, parent.pk)


def test_a_step_whose_task_became_a_step_is_restored_as_a_task(alice):
    parent, other = TaskFactory.create_batch(2, owner=alice)
    step = TaskFactory(owner=alice, parent_id=parent.pk)
    actions.trash_task(caller_of(alice), task_id=step.pk)
    actions.update_task(
        caller_of(alice), task_id=parent.pk, changes={"parent_id": other.pk}
    )

    actions.restore_task(caller_of(alice), task_id=step.pk)

    assert stored(step)[0].parent_id is None


# --- Moving -----------------------------------------------------------------------


def test_tasks_move_to_the_end_of_a_list_in_their_order(alice):
    own = TaskListFactory(owner=alice)
    there = TaskFactory(owner=alice, list_id=own.pk)
    first, second, third = TaskFactory.create_batch(3, owner=alice)

    change(alice, [third, there, first, second], "move", list_id=own.pk)
    later = TaskFactory(owner=alice, list_id=own.pk)

    rows = alice.tasks.filter(list=own).order_by("position")
    assert list(rows) == [there, first, second, third, later]
    assert stored(there)[0].version == 1


def test_steps_move_with_their_task_and_become_tasks_without_it(alice):
    own = TaskListFactory(owner=alice)
    parent, other = TaskFactory.create_batch(2, owner=alice)
    named, unnamed = TaskFactory.create_batch(2, owner=alice, parent_id=parent.pk)
    alone = TaskFactory(owner=alice, parent_id=other.pk)

    change(alice, [named, parent, alone], "move", list_id=own.pk)

    rows = stored(parent, named, unnamed, alone)
    assert {task.list_id for task in rows} == {own.pk}
    assert [task.parent_id for task in rows] == [None, parent.pk, parent.pk, None]
    assert stored(other)[0].list_id != own.pk


def test_tasks_do_not_move_to_a_list_of_another_user(alice, bob):
    task = TaskFactory(owner=alice)
    before = state()

    for unknown in (TaskListFactory(owner=bob).pk, uuid4()):
        with pytest.raises(ValidationError) as refused:
            change(alice, [task], "move", list_id=unknown)
        assert refused.value.message_dict == {"list": ["There is no such list."]}

    assert state()[0] == before[0]


# --- Due dates --------------------------------------------------------------------


def test_parts_of_the_due_date_that_are_not_given_stay(alice):
    timed = TaskFactory(
        owner=alice,
        due_date=date(2027, 1, 1),
        due_time=time(9),
        due_tz="Europe/Berlin",
    )
    plain = TaskFactory(owner=alice)

    change(alice, [timed, plain], "due", due={"due_date": DAY})

    timed, plain = stored(timed, plain)
    assert (timed.due_date, timed.due_time, timed.due_tz) == (
        DAY,
        time(9),
        "Europe/Berlin",
    )
    assert (plain.due_date, plain.due_time) == (DAY, None)


def test_removing_the_date_removes_time_and_reminder(alice):
    task = TaskFactory(
        owner=alice,
        due_date=DAY,
        due_time=time(9),
        due_tz="Europe/Berlin",
        reminder_minutes=30,
    )

    change(alice, [task], "due", due={"due_date": None})

    (task,) = stored(task)
    assert (task.due_date, task.due_time, task.due_tz) == (None, None, "")
    assert (task.reminder_minutes, task.remind_on) == (None, None)


def test_reminders_follow_the_new_date(alice):
    tasks = TaskFactory.create_batch(
        2, owner=alice, due_date=date(2999, 1, 1), reminder_time=time(8)
    )

    change(alice, tasks, "due", due={"due_date": date(2999, 6, 1)})

    assert {task.remind_on for task in stored(*tasks)} == {date(2999, 6, 1)}


# --- Labels -----------------------------------------------------------------------


def test_a_label_is_created_once_and_sorted_among_the_others(alice):
    bare = TaskFactory(owner=alice)
    full = TaskFactory(owner=alice, labels=["garden", "zoo"])

    done = change(alice, [bare, full], "label", label="Home")

    assert [task.label_names for task in done.tasks] == [
        ["Home"],
        ["garden", "Home", "zoo"],
    ]
    assert alice.changes.filter(batch=done.batch, entity="label").count() == 1
    assert set(TaskLabel.objects.values_list("owner", flat=True)) == {alice.pk}


def test_one_label_too_many_prevents_the_whole_action(alice):
    full = TaskFactory(owner=alice, labels=[f"label {n}" for n in range(20)])
    other = TaskFactory(owner=alice)
    before = state()

    with pytest.raises(ValidationError) as refused:
        change(alice, [other, full], "label", label="home")

    assert refused.value.message_dict == {"ids.1": ["Use at most 20 labels."]}
    assert state() == before
    change(alice, [other, full], "label", label="LABEL 7")
    assert stored(other)[0].label_names == ["label 7"]


def test_removing_an_unknown_label_changes_nothing(alice, bob):
    TaskFactory(owner=bob, labels=["home"])
    task = TaskFactory(owner=alice, labels=["garden"])

    done = change(alice, [task], "unlabel", label="home")

    assert done.batch is None
    assert Label.objects.count() == 2


def test_a_label_is_removed_in_any_capitalisation(alice):
    task, other = TaskFactory.create_batch(2, owner=alice, labels=["garden", "Home"])

    change(alice, [task], "unlabel", label="HOME")

    assert [row.label_names for row in stored(task, other)] == [
        ["garden"],
        ["garden", "Home"],
    ]


def test_a_label_with_too_long_a_key_is_refused(alice):
    task = TaskFactory(owner=alice)

    with pytest.raises(ValidationError) as refused:
        change(alice, [task], "label", label="\u0390" * 50)

    assert list(refused.value.message_dict) == ["label"]


# --- Simultaneous changes ---------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_simultaneous_changes_of_the_same_tasks_wait_for_each_other():
    user = UserFactory()
    tasks = TaskFactory.create_batch(20, owner=user)
    parents = tasks[:4]
    for number in range(8):
        TaskFactory(owner=user, parent_id=parents[number % 4].pk)
    rows = list(user.tasks.order_by("pk"))
    own = TaskListFactory(owner=user)

    def run(number):
        chosen = rows[::-1] if number % 2 else rows
        action = ["complete", "priority", "move", "label", "reopen"][number % 5]
        values = {
            "priority": {"priority": 1 + number % 4},
            "move": {"list_id": own.pk},
            "label": {"label": f"label {number}"},
        }.get(action, {})
        try:
            return change(user, chosen, action, **values).batch
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, range(16)))

    numbers = user.changes.order_by("seq").values_list("seq", flat=True)
    assert list(numbers) == list(range(1, len(numbers) + 1))
    assert {task.list_id for task in stored(*tasks)} == {own.pk}
    # Each change raised the version by one.
    for task in stored(*rows):
        assert task.version == user.changes.of("task", task.pk).count()
