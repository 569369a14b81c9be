"""Simultaneous writes of one user: which waits for which, and no deadlocks."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory, UserFactory
from tests.patience import PATIENCE
from tests.threads import in_a_thread, wait_for_a_blocked_statement
from todos import actions
from todos.models import Task, TaskList
from todos.reminders.planning import take_reminder

pytestmark = pytest.mark.django_db(transaction=True)
on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer at a time"
)


def set_labels(user, task, *names):
    changes = {"labels": list(names)}
    return actions.update_task(caller_of(user), task_id=task.pk, changes=changes)


def set_title(user, task, title):
    changes = {"title": title}
    return actions.update_task(caller_of(user), task_id=task.pk, changes=changes)


def shown_labels(user, task):
    shown = Task.objects.owned_by(user).represented().get(pk=task.pk)
    return shown.label_names


def test_of_two_simultaneous_label_changes_the_second_counts():
    user = UserFactory()
    task = TaskFactory(owner=user)

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            set_labels(user, task, "first")
            second = in_a_thread(pool, set_labels, user, task, "second")
            wait_for_a_blocked_statement()
        answer = second.result()

    assert answer.label_names == shown_labels(user, task) == ["second"]
    change = user.changes.filter(entity="task").latest("seq")
    assert (change.before, change.after) == (
        {"labels": ["first"]},
        {"labels": ["second"]},
    )


def test_undo_reverts_what_is_the_last_change_once_it_has_the_lock():
    user = UserFactory()
    task = TaskFactory(owner=user, title="First")
    set_title(user, task, "Second")

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            set_title(user, task, "Third")
            undone = in_a_thread(pool, actions.undo, caller_of(user))
            wait_for_a_blocked_statement()
        undone.result()

    assert Task.objects.get(pk=task.pk).title == "Second"


def test_the_second_of_two_simultaneous_undos_is_a_redo():
    user = UserFactory()
    task = TaskFactory(owner=user, title="First")
    set_title(user, task, "Second")

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            actions.undo(caller_of(user))
            second = in_a_thread(pool, actions.undo, caller_of(user))
            wait_for_a_blocked_statement()
        second.result()

    assert Task.objects.get(pk=task.pk).title == "Second"


def test_a_label_deleted_while_a_task_gets_it_is_removed_from_that_task():
    user = UserFactory()
    task = TaskFactory(owner=user)
    label = actions.create_label(caller_of(user), name="home")

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            set_labels(user, task, "home")
            gone = in_a_thread(
                pool, actions.delete_label, caller_of(user), label_id=label.pk
            )
            wait_for_a_blocked_statement()
        gone.result()

    assert shown_labels(user, task) == []
    assert user.changes.filter(entity="task").latest("seq").after == {"labels": []}


def test_a_label_deleted_before_a_task_gets_it_is_created_again():
    user = UserFactory()
    task = TaskFactory(owner=user)
    label = actions.create_label(caller_of(user), name="home")

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            actions.delete_label(caller_of(user), label_id=label.pk)
            taken = in_a_thread(pool, set_labels, user, task, "home")
            wait_for_a_blocked_statement()
        taken.result()

    assert shown_labels(user, task) == ["home"]


def test_simultaneous_bulk_labelling_labels_each_task_once():
    user = UserFactory()
    tasks = TaskFactory.create_batch(3, owner=user)
    arguments = {
        "task_ids": [task.pk for task in tasks],
        "action": "label",
        "label": "home",
    }

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            actions.change_tasks(caller_of(user), **arguments)
            again = in_a_thread(
                pool, actions.change_tasks, caller_of(user), **arguments
            )
            wait_for_a_blocked_statement()
        assert again.result().batch is None

    assert [shown_labels(user, task) for task in tasks] == [["home"]] * 3


def test_writes_of_one_user_do_not_wait_for_another_user():
    user, other = UserFactory.create_batch(2)

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        if connection.vendor == "postgresql":
            TaskFactory(owner=user)
        made = in_a_thread(pool, TaskFactory, owner=other)
        if connection.vendor == "postgresql":
            made.result(PATIENCE)

    assert made.result().owner == other


@on_postgresql
def test_waiting_too_long_for_a_lock_answers_503_with_retry_after(api_as):
    user = UserFactory()
    client = api_as(user)

    def create_impatiently():
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        return client.post("/api/v1/tasks", {"title": "Buy milk"})

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        TaskFactory(owner=user, title="First")
        response = in_a_thread(pool, create_impatiently).result()

    assert response.status_code == 503
    assert response.json()["code"] == "unavailable"
    assert int(response["Retry-After"]) > 0
    assert [task.title for task in user.tasks.all()] == ["First"]


@on_postgresql
def test_a_reminder_sent_while_its_task_is_edited_is_not_planned_again():
    user = UserFactory()
    due = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
    task = TaskFactory(
        owner=user, due_date=due.date(), due_time=due.time(), reminder_minutes=0
    )
    taken = []

    def take_before_storing(execute, sql, params, many, context):
        if sql.startswith('UPDATE "todos_task"') and not taken:
            with ThreadPoolExecutor(1) as pool:
                keys = {"owner_id": task.owner_id, "at": due}
                result = in_a_thread(pool, take_reminder, task.pk, **keys)
                taken.append(result.result())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(take_before_storing):
        actions.update_task(
            caller_of(user), task_id=task.pk, changes={"title": "New title"}
        )

    assert taken[0] is not None
    task.refresh_from_db()
    assert (task.title, task.remind_on) == ("New title", None)


def test_of_two_tasks_only_one_becomes_a_step_of_the_other():
    user = UserFactory()
    for _ in range(5):
        one, two = TaskFactory.create_batch(2, owner=user)
        start = Barrier(2)

        def become_step(task, parent, start=start):
            start.wait(PATIENCE)
            try:
                actions.update_task(
                    caller_of(user), task_id=task.pk, changes={"parent_id": parent.pk}
                )
            except ValidationError as refused:
                return list(refused.message_dict)
            return "moved"

        with ThreadPoolExecutor(2) as pool:
            first = in_a_thread(pool, become_step, one, two)
            second = in_a_thread(pool, become_step, two, one)
            answers = [first.result(), second.result()]

        assert sorted(answers, key=str) == [["parent"], "moved"]


def test_no_step_is_added_to_a_task_trashed_at_the_same_time():
    user = UserFactory()
    for _ in range(5):
        parent = TaskFactory(owner=user)
        start = Barrier(2)

        def add_step(parent=parent, start=start):
            start.wait(PATIENCE)
            try:
                return TaskFactory(owner=user, parent_id=parent.pk)
            except ValidationError:
                return None

        def throw_away(parent=parent, start=start):
            start.wait(PATIENCE)
            actions.trash_task(caller_of(user), task_id=parent.pk)

        with ThreadPoolExecutor(2) as pool:
            added = in_a_thread(pool, add_step)
            in_a_thread(pool, throw_away).result()
            added.result()

        assert not parent.steps.live().exists()


def test_moves_completions_and_list_deletions_do_not_deadlock():
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
        # The list may be in the trash by then, or the neighbour a step.
        with suppress(ValidationError, TaskList.DoesNotExist):
            action(caller_of(user), **arguments)

    with ThreadPoolExecutor(8) as pool:
        done = [in_a_thread(pool, attempt, *call) for call in calls()]
        for one in done:
            one.result()

    numbers = user.changes.order_by("seq").values_list("seq", flat=True)
    assert list(numbers) == list(range(1, len(numbers) + 1))
    assert not user.tasks.filter(list=lists[2]).live().exists()
