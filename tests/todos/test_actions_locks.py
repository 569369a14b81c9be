"""Writes of one person at once: who waits for whom, and that no two wait for ever."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from accounts.credentials import COMMAND
from tests.factories import TaskFactory, TaskListFactory, UserFactory
from todos import actions
from todos.models import Task, TaskList

pytestmark = pytest.mark.django_db(transaction=True)
on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer at a time"
)


def caller(user):
    return {"owner": user, "by": COMMAND, "at": timezone.now()}


def in_a_thread(pool, call, *args, **kwargs):
    def run():
        try:
            return call(*args, **kwargs)
        finally:
            connection.close()

    return pool.submit(run)


@on_postgresql
@pytest.mark.parametrize("model", [Task, TaskList])
def test_a_row_comes_to_be_below_one_that_is_locked(model):
    """Its foreign key is checked at the commit, with the ledger locked already."""
    user = UserFactory()
    own = TaskListFactory(owner=user)
    task = TaskFactory(owner=user, list_id=own.pk)
    locked = task if model is Task else own

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        model.objects.owned_by(user).for_change().get(pk=locked.pk)
        # Past the actions: they lock the parent themselves.
        made = in_a_thread(
            pool,
            Task.objects.create,
            owner=user,
            list=own,
            parent=task,
            title="Step",
        )
        made.result(timeout=3)

    assert task.steps.count() == 1


def test_of_two_tasks_at_once_only_one_becomes_a_step_of_the_other():
    user = UserFactory()
    for _ in range(5):
        one, two = TaskFactory.create_batch(2, owner=user)
        start = Barrier(2)

        def become_step(task, parent, start=start):
            start.wait(timeout=5)
            try:
                actions.update_task(
                    **caller(user), task_id=task.pk, changes={"parent_id": parent.pk}
                )
            except ValidationError as refused:
                return list(refused.message_dict)
            return "moved"

        with ThreadPoolExecutor(2) as pool:
            first = in_a_thread(pool, become_step, one, two)
            second = in_a_thread(pool, become_step, two, one)
            answers = [first.result(), second.result()]

        assert sorted(answers, key=str) == [["parent"], "moved"]


def test_a_step_never_comes_to_be_below_what_is_thrown_away_meanwhile():
    user = UserFactory()
    for _ in range(5):
        parent = TaskFactory(owner=user)
        start = Barrier(2)

        def add_step(parent=parent, start=start):
            start.wait(timeout=5)
            try:
                return TaskFactory(owner=user, parent_id=parent.pk)
            except ValidationError:
                return None

        def throw_away(parent=parent, start=start):
            start.wait(timeout=5)
            actions.trash_task(**caller(user), task_id=parent.pk)

        with ThreadPoolExecutor(2) as pool:
            added = in_a_thread(pool, add_step)
            in_a_thread(pool, throw_away).result()
            added.result()

        assert not parent.steps.live().exists()


def test_moves_completions_and_lists_that_go_do_not_wait_for_each_other_for_ever():
    user = UserFactory()
    lists = TaskListFactory.create_batch(3, owner=user)
    tasks = [
        TaskFactory(owner=user, list_id=lists[number % 3].pk) for number in range(12)
    ]
    steps = [TaskFactory(owner=user, parent_id=task.pk) for task in tasks[:4]]

    def calls():
        for number, task in enumerate(tasks):
            beside = actions.Beside("before", tasks[number - 5].pk)
            yield actions.move_task, {"task_id": task.pk, "to": beside}
            yield actions.complete_task, {"task_id": task.pk}
            yield actions.reopen_task, {"task_id": task.pk}
        for step in steps:
            yield actions.move_task, {"task_id": step.pk, "to": lists[0].pk}
        for number, own in enumerate(lists[1:]):
            beside = actions.Beside("after", lists[number].pk)
            yield actions.move_list, {"list_id": own.pk, "to": beside}
        yield actions.trash_list, {"list_id": lists[2].pk, "move_to": lists[1].pk}

    def attempt(action, arguments):
        # It may come after the list went, or beside a step.
        with suppress(ValidationError, TaskList.DoesNotExist):
            action(**caller(user), **arguments)

    with ThreadPoolExecutor(8) as pool:
        done = [in_a_thread(pool, attempt, *call) for call in calls()]
        for one in done:
            one.result()

    numbers = user.changes.order_by("seq").values_list("seq", flat=True)
    assert list(numbers) == list(range(1, len(numbers) + 1))
    assert not user.tasks.filter(list=lists[2]).live().exists()
