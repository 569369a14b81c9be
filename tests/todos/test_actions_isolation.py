"""Every action finds only rows of its caller."""

import inspect
from uuid import uuid4

import pytest
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.utils import timezone

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from todos import actions
from todos.models import Change, Label, Task, TaskList

SOMEWHERE = actions.Beside("after", uuid4())
# The arguments of each action in addition to the caller and the id.
ON_A_TASK = {
    "update_task": {"changes": {"title": "Changed"}},
    "complete_task": {},
    "reopen_task": {},
    "toggle_task": {},
    "trash_task": {},
    "restore_task": {},
    "remove_task": {},
    "move_task": {"to": SOMEWHERE},
    "skip_occurrence": {},
}
ON_A_LIST = {
    "update_list": {"changes": {"name": "Changed"}},
    "trash_list": {},
    "restore_list": {},
    "move_list": {"to": SOMEWHERE},
}
ON_A_LABEL = {
    "update_label": {"changes": {"name": "Changed"}},
    "delete_label": {},
    "merge_labels": {"into": uuid4()},
}
ON_TASKS = {"change_tasks"}


def state():
    return (
        list(Task.objects.order_by("pk").values()),
        list(TaskList.objects.order_by("pk").values()),
        list(Label.objects.order_by("pk").values()),
        Change.objects.count(),
    )


def test_every_action_on_an_object_is_tested_here():
    takes = {
        name: set(inspect.signature(action).parameters)
        for name, action in vars(actions).items()
        if inspect.isfunction(action)
        and action.__module__.startswith(actions.__name__)
        and not name.startswith("_")
    }

    assert {name for name in takes if "task_id" in takes[name]} == set(ON_A_TASK)
    assert {name for name in takes if "list_id" in takes[name]} == {
        *ON_A_LIST,
        "create_task",
    }
    assert {name for name in takes if "label_id" in takes[name]} == set(ON_A_LABEL)
    assert {name for name in takes if "task_ids" in takes[name]} == ON_TASKS
    assert {name for name in takes if "caller" not in takes[name]} == {"is_undone"}
    assert "owner" in takes["is_undone"]


@pytest.mark.parametrize("name", ON_A_TASK)
def test_another_users_task_is_not_found(alice, bob, name):
    task = TaskFactory(owner=alice)
    before = state()

    for task_id in (task.pk, uuid4()):
        with pytest.raises(ObjectDoesNotExist):
            getattr(actions, name)(caller_of(bob), task_id=task_id, **ON_A_TASK[name])

    assert state() == before


@pytest.mark.parametrize("name", ON_A_LIST)
def test_another_users_list_is_not_found(alice, bob, name):
    own = TaskListFactory(owner=alice)
    before = state()

    for list_id in (own.pk, uuid4()):
        with pytest.raises(ObjectDoesNotExist):
            getattr(actions, name)(caller_of(bob), list_id=list_id, **ON_A_LIST[name])

    assert state() == before


@pytest.mark.parametrize("name", ON_A_LABEL)
def test_another_users_label_is_not_found(alice, bob, name):
    hers = actions.create_label(caller_of(alice), name="home")
    TaskFactory(owner=alice, labels=["home"])
    before = state()

    for label_id in (hers.pk, uuid4()):
        with pytest.raises(ObjectDoesNotExist):
            getattr(actions, name)(
                caller_of(bob), label_id=label_id, **ON_A_LABEL[name]
            )

    assert state() == before


@pytest.mark.parametrize("action", ["complete", "trash", "restore"])
def test_bulk_actions_do_not_change_another_users_task(alice, bob, action):
    hers, mine = TaskFactory(owner=alice), TaskFactory(owner=bob)
    before = state()

    messages = set()
    for task_id in (hers.pk, uuid4()):
        with pytest.raises(ValidationError) as refused:
            actions.change_tasks(
                caller_of(bob), task_ids=[mine.pk, task_id], action=action
            )
        messages.add(str(refused.value))

    assert len(messages) == 1
    assert state() == before


@pytest.mark.parametrize("side", ["before", "after"])
def test_nothing_moves_beside_a_row_of_another_user(alice, bob, side):
    hers, mine = TaskFactory(owner=alice), TaskFactory(owner=bob)
    her_list, my_list = TaskListFactory(owner=alice), TaskListFactory(owner=bob)
    before = state()

    messages = set()
    for task_id, list_id in ((hers.pk, her_list.pk), (uuid4(), uuid4())):
        for act, row, key in [
            (actions.move_task, {"task_id": mine.pk}, task_id),
            (actions.move_list, {"list_id": my_list.pk}, list_id),
        ]:
            with pytest.raises(ValidationError) as refused:
                act(caller_of(bob), **row, to=actions.Beside(side, key))
            messages.add(str(refused.value))
        with pytest.raises(ValidationError) as refused:
            actions.move_task(caller_of(bob), task_id=mine.pk, to=list_id)
        messages.add(str(refused.value))

    assert len(messages) == 3  # one for each case
    assert state() == before


@pytest.mark.parametrize("field", ["list_id", "parent_id"])
def test_no_task_gets_a_list_or_parent_of_another_user(alice, bob, field):
    hers = {
        "list_id": TaskListFactory(owner=alice),
        "parent_id": TaskFactory(owner=alice),
    }
    mine = TaskFactory(owner=bob)
    before = state()

    messages = set()
    for value in (hers[field].pk, uuid4()):
        with pytest.raises(ValidationError) as made:
            actions.create_task(caller_of(bob), title="Planted", **{field: value})
        with pytest.raises(ValidationError) as changed:
            actions.update_task(caller_of(bob), task_id=mine.pk, changes={field: value})
        messages |= {str(made.value), str(changed.value)}

    assert len(messages) == 1
    assert state() == before


def test_no_tasks_move_to_another_users_list(alice, bob):
    hers, mine = TaskListFactory(owner=alice), TaskListFactory(owner=bob)
    TaskFactory(owner=bob, list_id=mine.pk)
    before = state()

    with pytest.raises(ValidationError):
        actions.trash_list(caller_of(bob), list_id=mine.pk, move_to=hers.pk)

    assert state() == before


def test_removal_erases_text_only_from_the_owners_ledger(alice, bob):
    task = TaskFactory(owner=alice)
    # A change of another user with the same id, which only a bug could record.
    Change.objects.create(
        owner=bob,
        seq=99,
        at=timezone.now(),
        entity="task",
        entity_id=task.pk,
        kind="updated",
        after={"title": "Bob's"},
        credential="command",
        batch=uuid4(),
    )
    actions.trash_task(caller_of(alice), task_id=task.pk)

    actions.remove_task(caller_of(alice), task_id=task.pk)

    assert bob.changes.get().after == {"title": "Bob's"}
