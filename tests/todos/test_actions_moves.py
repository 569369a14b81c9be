"""Manual order: compared with a Python list, in narrow gaps, and with many threads."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory, UserFactory
from todos import actions
from todos.actions import Beside
from todos.actions.positions import REACH
from todos.models import Task

NOON = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)


def move(user, task, side, neighbour):
    return actions.move_task(
        caller_of(user), task_id=task.pk, to=Beside(side, neighbour.pk)
    )


def order_of(user, **fields):
    return list(user.tasks.filter(**fields).order_by("position", "id"))


def place(tasks, positions):
    """Store positions directly, without an action."""
    for task, position in zip(tasks, positions, strict=True):
        Task.objects.filter(pk=task.pk).update(position=position)


def moved(rows, task, side, neighbour):
    """Return the expected order of `rows` after the move."""
    rest = [row for row in rows if row != task]
    rest.insert(rest.index(neighbour) + (side == "after"), task)
    return rest


# --- Single moves -----------------------------------------------------------------


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("neighbour", range(1, 5))
@pytest.mark.parametrize("start", [0, 4])
def test_a_task_moves_directly_beside_the_other(alice, side, neighbour, start):
    tasks = TaskFactory.create_batch(5, owner=alice)
    if start == neighbour:
        start = 2

    move(alice, tasks[start], side, tasks[neighbour])

    expected = moved(tasks, tasks[start], side, tasks[neighbour])
    assert order_of(alice) == expected
    assert alice.changes.filter(kind="moved").count() == (expected != tasks)


def test_a_move_to_the_same_place_changes_nothing(alice):
    first, second, third = TaskFactory.create_batch(3, owner=alice)
    before = alice.changes.count()

    for task, side, neighbour in [
        (second, "after", first),
        (second, "before", third),
        (first, "before", second),
        (third, "after", second),
    ]:
        assert move(alice, task, side, neighbour).version == 1

    assert order_of(alice) == [first, second, third]
    assert alice.changes.count() == before


def test_a_new_task_comes_after_a_task_moved_to_the_end(alice):
    first, second = TaskFactory.create_batch(2, owner=alice)

    move(alice, first, "after", second)
    third = TaskFactory(owner=alice)

    assert order_of(alice) == [second, first, third]


def test_a_task_moved_beside_a_step_becomes_a_step(alice):
    parent = TaskFactory(owner=alice, list_id=TaskListFactory(owner=alice).pk)
    step = TaskFactory(owner=alice, parent_id=parent.pk)
    task = TaskFactory(owner=alice)

    result = move(alice, task, "before", step)

    assert (result.parent_id, result.list_id) == (parent.pk, parent.list_id)
    assert order_of(alice, parent=parent) == [task, step]


def test_a_step_moved_beside_a_task_becomes_a_task(alice):
    parent = TaskFactory(owner=alice)
    step = TaskFactory(owner=alice, parent_id=parent.pk)

    result = move(alice, step, "before", parent)

    assert result.parent_id is None
    assert order_of(alice, parent=None) == [step, parent]


def test_a_task_with_steps_can_not_become_a_step(alice):
    parent, other = TaskFactory.create_batch(2, owner=alice)
    step = TaskFactory(owner=alice, parent_id=parent.pk)
    others = TaskFactory(owner=alice, parent_id=other.pk)

    for neighbour in (step, others):
        with pytest.raises(ValidationError) as refused:
            move(alice, parent, "after", neighbour)
        assert refused.value.message_dict == {
            "after": ["A step can't have steps of its own."]
        }


def test_steps_move_with_their_task_to_another_list(alice):
    own = TaskListFactory(owner=alice)
    there = TaskFactory(owner=alice, list_id=own.pk)
    task = TaskFactory(owner=alice)
    steps = TaskFactory.create_batch(2, owner=alice, parent_id=task.pk)

    move(alice, task, "before", there)

    assert order_of(alice, list=own, parent=None) == [task, there]
    assert order_of(alice, parent=task, list=own) == steps
    assert len(set(alice.changes.filter(kind="moved").values_list("batch"))) == 1


def test_a_step_moved_to_a_list_becomes_its_last_task(alice):
    own = TaskListFactory(owner=alice)
    task = TaskFactory(owner=alice)
    step = TaskFactory(owner=alice, parent_id=task.pk)
    there = TaskFactory(owner=alice, list_id=own.pk)

    for one in (step, task):
        actions.move_task(caller_of(alice), task_id=one.pk, to=own.pk)

    assert order_of(alice, list=own, parent=None) == [there, step, task]


def test_a_task_moves_behind_a_last_position_in_the_future(alice):
    own = TaskListFactory(owner=alice)
    there = TaskFactory(owner=alice, list_id=own.pk, position=9 * 10**15)
    task = TaskFactory(owner=alice)

    actions.move_task(caller_of(alice), task_id=task.pk, to=own.pk)

    assert order_of(alice, list=own) == [there, task]


def test_nothing_moves_beside_a_task_in_the_trash(alice):
    task, gone = TaskFactory.create_batch(2, owner=alice)
    actions.trash_task(caller_of(alice), task_id=gone.pk)

    with pytest.raises(ValidationError) as refused:
        move(alice, task, "after", gone)

    assert refused.value.message_dict == {"after": ["There is no such task."]}


# --- Without a free position ------------------------------------------------------


@pytest.mark.parametrize("start", [0, -3, 2**53])
@pytest.mark.parametrize("side", ["before", "after"])
def test_without_a_free_position_the_rows_around_get_new_ones(alice, start, side):
    tasks = TaskFactory.create_batch(6, owner=alice)
    place(tasks, range(start, start + 6))

    move(alice, tasks[5], side, tasks[2])

    assert order_of(alice) == moved(tasks, tasks[5], side, tasks[2])
    positions = [task.position for task in order_of(alice)]
    assert len(set(positions)) == 6
    for change in alice.changes.filter(kind="moved"):
        assert change.before.keys() == change.after.keys() == {"position"}
        task = Task.objects.get(pk=change.entity_id)
        assert (task.version, task.position) == (2, change.after["position"])


def test_equal_positions_get_different_ones(alice):
    tasks = TaskFactory.create_batch(4, owner=alice)
    place(tasks, [7, 7, 7, 7])

    move(alice, tasks[3], "before", tasks[1])

    assert order_of(alice) == moved(tasks, tasks[3], "before", tasks[1])
    assert len({task.position for task in order_of(alice)}) == 4


def test_only_the_rows_around_get_new_positions(alice):
    tasks = TaskFactory.create_batch(4 * REACH, owner=alice)
    wide = [number * 10**6 for number in range(4 * REACH)]
    middle = 2 * REACH
    wide[middle] = wide[middle - 1] + 1
    place(tasks, wide)

    move(alice, tasks[0], "before", tasks[middle])

    assert order_of(alice) == moved(tasks, tasks[0], "before", tasks[middle])
    assert alice.changes.filter(kind="moved").count() <= 2 * REACH + 1


def test_a_crowded_list_gets_new_positions_as_far_as_needed(alice):
    tasks = TaskFactory.create_batch(3 * REACH, owner=alice)
    place(tasks, range(3 * REACH))

    move(alice, tasks[0], "after", tasks[REACH])

    assert order_of(alice) == moved(tasks, tasks[0], "after", tasks[REACH])


def test_undo_restores_every_position(alice):
    tasks = TaskFactory.create_batch(5, owner=alice)
    place(tasks, range(5))
    move(alice, tasks[0], "after", tasks[3])

    actions.undo(caller_of(alice))

    assert order_of(alice) == tasks
    assert [task.position for task in order_of(alice)] == list(range(5))


@settings(max_examples=25)
@given(data=st.data())
def test_random_moves_have_the_same_result_as_on_a_python_list(alice, data):
    alice.tasks.all().delete()
    rows = TaskFactory.create_batch(5, owner=alice)
    place(rows, data.draw(st.lists(st.integers(0, 6), min_size=5, max_size=5)))
    rows = order_of(alice)
    pairs = st.tuples(st.permutations(range(5)), st.sampled_from(["before", "after"]))

    for (one, other, *_), side in data.draw(st.lists(pairs, max_size=12)):
        task, neighbour = rows[one], rows[other]
        move(alice, task, side, neighbour)
        rows = moved(rows, task, side, neighbour)
        assert order_of(alice) == rows


def test_many_moves_into_the_same_gap_succeed(alice):
    first, *rest, last = TaskFactory.create_batch(5, owner=alice)
    rows = [first, *rest, last]

    for number in range(60):
        task = rest[number % 3]
        move(alice, task, "after", first)
        rows = moved(rows, task, "after", first)

    assert order_of(alice) == rows


# --- Simultaneous moves -----------------------------------------------------------


def at_once(calls):
    """Run the calls on 16 threads, each with a connection of its own."""

    def run(call):
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(run, calls))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("gap", [1, 10**6])
def test_simultaneous_moves_have_the_result_of_some_serial_order(gap):
    user = UserFactory()
    tasks = TaskFactory.create_batch(16, owner=user)
    place(tasks, range(0, 16 * gap, gap))
    chance = random.Random(7)  # noqa: S311 - no secret, and reproducible
    moves = []
    for task in tasks:
        neighbour = chance.choice([other for other in tasks if other != task])
        moves.append((task, chance.choice(["before", "after"]), neighbour))

    at_once([lambda one=one: move(user, *one) for one in moves])

    # The ledger tells their order.
    by_task = {task.pk: (task, side, other) for task, side, other in moves}
    turns = {}
    for change in user.changes.filter(kind="moved").order_by("seq"):
        turns.setdefault(change.batch, change.entity_id)
    expected = tasks
    for task_id in turns.values():
        expected = moved(expected, *by_task[task_id])
    assert order_of(user) == expected
    assert len({task.position for task in order_of(user)}) == 16


@pytest.mark.django_db(transaction=True)
def test_simultaneous_moves_to_the_end_get_different_positions():
    user = UserFactory()
    own = TaskListFactory(owner=user)
    tasks = TaskFactory.create_batch(16, owner=user)
    at = timezone.now()

    at_once(
        [
            lambda one=task: actions.move_task(
                caller_of(user, at), task_id=one.pk, to=own.pk
            )
            for task in tasks
        ]
    )

    assert len({task.position for task in order_of(user, list=own)}) == 16


# --- Lists ------------------------------------------------------------------------


def lists_of(user):
    return list(user.task_lists.in_order())


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("gap", [1, 1000])
def test_a_list_moves_directly_beside_the_other(alice, side, gap):
    inbox, *lists = lists_of(alice) + TaskListFactory.create_batch(4, owner=alice)
    for number, row in enumerate(lists):
        alice.task_lists.filter(pk=row.pk).update(position=number * gap)

    actions.move_list(
        caller_of(alice), list_id=lists[3].pk, to=Beside(side, lists[1].pk)
    )

    assert lists_of(alice) == [inbox, *moved(lists, lists[3], side, lists[1])]
    assert alice.changes.filter(kind="moved", entity="list").exists()


def test_a_list_moved_after_the_inbox_is_the_first_of_the_others(alice):
    inbox, first, second = lists_of(alice) + TaskListFactory.create_batch(
        2, owner=alice
    )

    for row in (second, second, first):
        actions.move_list(
            caller_of(alice), list_id=row.pk, to=Beside("after", inbox.pk)
        )

    assert lists_of(alice) == [inbox, first, second]
    assert alice.changes.filter(kind="moved").count() == 2


@pytest.mark.django_db(transaction=True)
def test_simultaneously_moved_lists_get_different_positions():
    user = UserFactory()
    lists = TaskListFactory.create_batch(8, owner=user)

    at_once(
        [
            lambda one=row: actions.move_list(
                caller_of(user), list_id=one.pk, to=Beside("before", lists[0].pk)
            )
            for row in lists[1:]
        ]
    )

    assert len({row.position for row in lists_of(user)}) == 9
    assert lists_of(user)[-1] == lists[0]
