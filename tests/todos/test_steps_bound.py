"""A task has a bounded number of steps, however they come."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.credentials import COMMAND
from tests.factories import NOON, TaskFactory
from todos import actions
from todos.actions.rows import require_room_for_step
from todos.models import STEPS_MAX, Task

TEXT = "A task has at most 500 steps, those in the trash counted."


def with_steps(owner, count, **columns):
    task = TaskFactory(owner=owner)
    Task.objects.bulk_create(
        Task(
            owner=owner,
            list_id=task.list_id,
            parent=task,
            title=f"Step {number}",
            position=number,
            **columns,
        )
        for number in range(count)
    )
    return task


@pytest.fixture
def full(alice):
    """A task of Alice's with as many steps as it can have."""
    return with_steps(alice, STEPS_MAX)


def test_the_last_step_that_there_is_room_for_is_made(api_as, alice):
    task = with_steps(alice, STEPS_MAX - 1)
    body = {"title": "Last", "parent": str(task.pk)}

    made = api_as(alice).post(reverse("api:task-list"), body, format="json")
    refused = api_as(alice).post(reverse("api:task-list"), body, format="json")

    assert made.status_code == 201
    assert refused.status_code == 400
    assert refused.json()["errors"] == {"parent": [TEXT]}
    assert task.steps.count() == STEPS_MAX


def test_a_task_does_not_become_one_step_too_many(api_as, alice, full):
    other = TaskFactory(owner=alice)

    answer = api_as(alice).patch(
        reverse("api:task-detail", args=[other.pk]),
        {"parent": str(full.pk)},
        format="json",
    )

    assert answer.status_code == 400
    assert answer.json()["errors"] == {"parent": [TEXT]}
    assert full.steps.count() == STEPS_MAX


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_task_does_not_move_among_too_many_steps(api_as, alice, full, side):
    other = TaskFactory(owner=alice)
    beside = full.steps.order_by("position")[3]

    answer = api_as(alice).post(
        reverse("api:task-move", args=[other.pk]), {side: str(beside.pk)}, format="json"
    )

    assert answer.status_code == 400
    assert answer.json()["errors"] == {side: [TEXT]}


def test_steps_move_among_themselves_and_change_where_there_are_too_many(api_as, alice):
    task = with_steps(alice, STEPS_MAX + 3)
    first, *_, last = task.steps.order_by("position")
    client = api_as(alice)

    moved = client.post(
        reverse("api:task-move", args=[last.pk]),
        {"before": str(first.pk)},
        format="json",
    )
    changed = client.put(
        reverse("api:task-detail", args=[first.pk]),
        {"title": "New", "parent": str(task.pk)},
        format="json",
    )
    done = client.post(reverse("api:task-complete", args=[task.pk]))

    assert [moved.status_code, changed.status_code, done.status_code] == [200] * 3
    assert task.steps.open().count() == 0


def test_steps_in_the_trash_count_so_that_all_can_come_back(alice):
    task = with_steps(alice, STEPS_MAX)
    step = task.steps.first()
    caller = {"owner": alice, "by": COMMAND, "at": NOON}
    actions.trash_task(**caller, task_id=step.pk)

    with pytest.raises(ValidationError, match="at most 500 steps"):
        actions.create_task(**caller, title="More", parent_id=task.pk)

    actions.restore_task(**caller, task_id=step.pk)
    assert task.steps.live().count() == STEPS_MAX


def test_an_undo_may_bring_back_more(alice):
    task = with_steps(alice, STEPS_MAX - 1)
    caller = {"owner": alice, "by": COMMAND, "at": NOON}
    actions.create_task(**caller, title="Last", parent_id=task.pk)
    undone = actions.undo(**caller)
    actions.create_task(**caller, title="Instead", parent_id=task.pk)

    actions.undo(**caller, batch_id=undone.batch)

    assert task.steps.count() == STEPS_MAX + 1


def test_asking_for_room_costs_one_statement(alice, full, django_assert_num_queries):
    with django_assert_num_queries(1), pytest.raises(ValidationError):
        require_room_for_step(full.pk, owner=alice, field="parent")
