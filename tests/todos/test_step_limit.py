"""The number of steps of a task is limited, however they are added."""

from datetime import date
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from tests.changes import caller_of
from tests.factories import NOON, TaskFactory
from tests.todos.files import document_of, id_of, import_for, sealed
from todos import actions
from todos.actions import steps as step_actions
from todos.actions.steps import require_step_room
from todos.limits import STEPS_MAX
from todos.models import Task

TEXT = "A task can have at most 500 steps, including the trash."
DAILY = {"rrule": "FREQ=DAILY", "rrule_anchor": "due", "due_date": date(2026, 11, 20)}
PAST = DAILY | {"completed_at": NOON}


def with_steps(owner, count, **columns):
    task = TaskFactory(owner=owner)
    Task.objects.bulk_create(
        Task(
            owner=owner,
            list_id=task.list_id,
            parent=task,
            title=f"Step {number}",
            position=number,
            **({"series": uuid4(), "occurrence": 1} if "rrule" in columns else {}),
            **columns,
        )
        for number in range(count)
    )
    return task


@pytest.fixture
def full(alice):
    """A task of Alice's with as many steps as it can have."""
    return with_steps(alice, STEPS_MAX)


def test_steps_are_created_up_to_the_limit(api_as, alice):
    task = with_steps(alice, STEPS_MAX - 1)
    body = {"title": "Last", "parent": str(task.pk)}

    made = api_as(alice).post(reverse("api:task-list"), body, format="json")
    refused = api_as(alice).post(reverse("api:task-list"), body, format="json")

    assert made.status_code == 201
    assert refused.status_code == 400
    assert refused.json()["errors"] == {"parent": [TEXT]}
    assert task.steps.count() == STEPS_MAX


def test_a_task_does_not_become_a_step_above_the_limit(api_as, alice, full):
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
def test_a_task_does_not_move_among_steps_above_the_limit(api_as, alice, full, side):
    other = TaskFactory(owner=alice)
    beside = full.steps.order_by("position")[3]

    answer = api_as(alice).post(
        reverse("api:task-move", args=[other.pk]), {side: str(beside.pk)}, format="json"
    )

    assert answer.status_code == 400
    assert answer.json()["errors"] == {side: [TEXT]}


def test_steps_above_the_limit_can_still_move_and_change(api_as, alice):
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


def test_steps_in_the_trash_count(alice):
    task = with_steps(alice, STEPS_MAX)
    step = task.steps.first()
    caller = caller_of(alice, NOON)
    actions.trash_task(caller, task_id=step.pk)

    with pytest.raises(ValidationError, match="at most 500 steps"):
        actions.create_task(caller, title="More", parent_id=task.pk)

    actions.restore_task(caller, task_id=step.pk)
    assert task.steps.live().count() == STEPS_MAX


def test_an_undo_may_exceed_the_limit(alice):
    task = with_steps(alice, STEPS_MAX - 1)
    caller = caller_of(alice, NOON)
    actions.create_task(caller, title="Last", parent_id=task.pk)
    undone = actions.undo(caller)
    actions.create_task(caller, title="Instead", parent_id=task.pk)

    actions.undo(caller, batch_id=undone.batch)

    assert task.steps.count() == STEPS_MAX + 1


def test_counting_steps_takes_one_statement(alice, full, django_assert_num_queries):
    with django_assert_num_queries(1), pytest.raises(ValidationError):
        require_step_room(full.pk, owner=alice, field="parent")


# --- Steps that repeat ------------------------------------------------------------


def complete_v1(api_as, page_as, step):
    url = reverse("api:task-complete", args=[step.pk])
    return api_as(step.owner).post(url)


def complete_in_bulk(api_as, page_as, step):
    body = {"ids": [str(step.pk)], "action": "complete"}
    return api_as(step.owner).post(reverse("api:task-bulk"), body, format="json")


def complete_plan(api_as, page_as, step):
    url = f"/api/{step.owner.pk}/tasks/{step.pk}/complete"
    return api_as(step.owner).patch(url, {"completed": True}, format="json")


def complete_page(api_as, page_as, step):
    url = reverse("todos:task-complete", args=[step.pk])
    return page_as(step.owner).post(url)


WAYS = pytest.mark.parametrize(
    "complete", [complete_v1, complete_in_bulk, complete_plan, complete_page]
)


@pytest.fixture
def three(monkeypatch):
    """Limit every task to three stored steps."""
    monkeypatch.setattr(step_actions, "STEPS_STORED_MAX", 3)


@WAYS
def test_a_repeating_step_continues_in_a_full_task(
    api_as, page_as, alice, monkeypatch, complete
):
    monkeypatch.setattr(step_actions, "STEPS_MAX", 2)
    task = with_steps(alice, 2, **DAILY)

    for _ in range(3):
        step = task.steps.open().order_by("position", "id").first()
        assert complete(api_as, page_as, step).status_code in (200, 303)

    assert task.steps.open().count() == 2
    assert task.steps.count() == 5


@WAYS
def test_a_step_without_room_for_the_next_occurrence_is_completed(
    api_as, page_as, alice, three, complete
):
    task = with_steps(alice, 3, **DAILY)
    step = task.steps.first()

    answer = complete(api_as, page_as, step)

    assert answer.status_code in (200, 303)
    step.refresh_from_db()
    assert step.is_completed
    assert task.steps.count() == 3


def test_the_answer_shows_that_no_next_occurrence_was_opened(api_as, alice, three):
    first, second, _ = with_steps(alice, 3, **DAILY).steps.order_by("position")

    one = complete_v1(api_as, None, first)
    many = complete_in_bulk(api_as, None, second)

    assert one.json()["next"] is None
    assert [each["next"] for each in many.json()["tasks"]] == [None]


def test_steps_completed_together_open_next_occurrences_up_to_the_limit(alice, three):
    task = with_steps(alice, 2, **DAILY)
    caller = caller_of(alice, NOON)

    actions.change_tasks(
        caller, task_ids=[step.pk for step in task.steps.all()], action="complete"
    )

    assert task.steps.open().count() == 1
    assert task.steps.count() == 3


def test_a_series_continues_once_there_is_room_again(alice, three):
    task = with_steps(alice, 3, **DAILY)
    first, second, _ = task.steps.order_by("position")
    caller = caller_of(alice, NOON)
    actions.complete_task(caller, task_id=first.pk)

    actions.trash_task(caller, task_id=second.pk)
    actions.remove_task(caller, task_id=second.pk)
    actions.reopen_task(caller, task_id=first.pk)
    done = actions.complete_task(caller, task_id=first.pk)

    assert done.next.parent_id == task.pk


def test_past_occurrences_of_steps_do_not_count(alice):
    task = with_steps(alice, STEPS_MAX, **PAST)
    caller = caller_of(alice, NOON)

    actions.create_task(caller, title="More", parent_id=task.pk)

    assert task.steps.count() == STEPS_MAX + 1


def test_no_step_is_created_above_the_limit_of_stored_steps(alice, three):
    task = with_steps(alice, 3, **PAST)
    caller = caller_of(alice, NOON)

    with pytest.raises(ValidationError, match="at most 2,000 steps"):
        actions.create_task(caller, title="More", parent_id=task.pk)


def test_a_step_created_completed_opens_no_next_occurrence_above_the_limit(
    alice, three
):
    task = with_steps(alice, 2)
    caller = caller_of(alice, NOON)

    actions.create_task(caller, title="Last", parent_id=task.pk, **PAST)

    assert task.steps.count() == 3


def test_an_import_brings_past_occurrences_beside_the_other_steps(alice, monkeypatch):
    monkeypatch.setattr(step_actions, "STEPS_MAX", 1)
    monkeypatch.setattr(step_actions, "STEPS_STORED_MAX", 3)
    rule = {"rrule": "FREQ=DAILY", "anchor": "due"}
    past = {
        "title": "Past",
        "parent": id_of(0),
        "due_date": "2026-11-20",
        "recurrence": rule,
        "completed_at": "2026-11-20T12:00:00Z",
    }
    rows_of_file = [
        {"title": "Task"},
        {"title": "Step", "parent": id_of(0)},
        *(past | {"id": id_of(number)} for number in (2, 3)),
    ]

    report = import_for(alice, sealed(document_of(*rows_of_file)))

    assert (report.created, report.errors) == (4, [])

    one_more = past | {"id": id_of(4)}
    report = import_for(alice, sealed(document_of({"title": "Task"}, one_more)))

    (error,) = report.errors
    assert error.message.startswith("A task can have at most 2,000 steps")


def test_counting_the_steps_of_many_tasks_takes_one_statement(
    alice, django_assert_num_queries
):
    above = [with_steps(alice, 1).pk for _ in range(3)]

    with django_assert_num_queries(1):
        counts = step_actions.step_quotas(above, owner=alice)

    assert [counts[key].stored for key in above] == [1, 1, 1]
