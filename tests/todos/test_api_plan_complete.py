"""`PATCH /api/{user_id}/tasks/{id}/complete`, and its other names."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from django.db import connection

from tests.changes import caller_of
from tests.factories import TaskFactory
from tests.patience import PATIENCE
from todos import actions
from todos.models import Change, Task


@pytest.fixture
def task(alice):
    return TaskFactory(owner=alice)


@pytest.fixture
def complete(api_as, alice, task):
    """Ask for the completion of the task, by default with an empty body."""
    client = api_as(alice)
    return lambda *body, path="complete": client.patch(
        f"/api/me/tasks/{task.pk}/{path}", *body
    )


@pytest.mark.parametrize("path", ["complete", "complete/", "toggle", "toggle/"])
def test_an_empty_body_toggles_the_state(complete, path):
    first = complete(path=path).json()
    second = complete(path=path).json()

    assert (first["completed"], first["status"]) == (True, "completed")
    assert first["completed_at"] is not None
    assert (second["completed"], second["status"]) == (False, "pending")
    assert second["completed_at"] is None


def test_an_empty_object_toggles_the_state_too(complete):
    assert complete({}).json()["completed"] is True
    assert complete({}).json()["completed"] is False


@pytest.mark.parametrize("wanted", [True, False])
def test_completed_in_the_body_sets_the_state_and_never_toggles(complete, task, wanted):
    first = complete({"completed": wanted})
    second = complete({"completed": wanted})

    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert second.json()["completed"] is wanted
    assert Change.objects.filter(entity_id=task.pk).count() == 1 + wanted


@pytest.mark.parametrize(
    ("word", "is_completed"), [("completed", True), ("DONE", True), ("todo", False)]
)
def test_status_accepts_a_word(complete, word, is_completed):
    response = complete({"status": word}, path="status")

    assert response.status_code == 200
    assert response.json()["completed"] is is_completed


@pytest.mark.parametrize(
    ("body", "is_completed"),
    [
        ({"is_completed": True}, True),
        ({"isCompleted": False}, False),
        ({"done": True}, True),
        ({"status": "done"}, True),
        ({"status": "in-progress"}, False),
        ({"completed": True, "status": "completed"}, True),
    ],
)
def test_other_keys_set_the_state_too(complete, body, is_completed):
    first, second = complete(body), complete(body)

    assert first.json()["completed"] is second.json()["completed"] is is_completed


@pytest.mark.parametrize(
    "body", [{"completed": True, "status": "pending"}, {"done": 1}]
)
def test_refuses_a_state_that_is_not_clear(complete, task, body):
    response = complete(body)

    task.refresh_from_db()
    assert response.status_code == 422
    assert task.completed_at is None


@pytest.mark.parametrize("body", [{"completed": "yes"}, {"completed": None}, [], "x"])
def test_refuses_bad_input_and_changes_nothing(complete, task, body):
    response = complete(body)

    task.refresh_from_db()
    assert response.status_code == 422
    assert task.completed_at is None


def test_completing_a_repeat_opens_the_next_and_reopening_removes_it(api_as, alice):
    task = TaskFactory(owner=alice, due_date=date(2099, 1, 31), rrule="FREQ=MONTHLY")
    client = api_as(alice)
    url = f"/api/me/tasks/{task.pk}/complete"

    client.patch(url)
    upcoming = client.get("/api/me/tasks?status=pending").json()
    client.patch(url)
    left = client.get("/api/me/tasks").json()

    assert [row["due_date"] for row in upcoming] == ["2099-02-28"]
    assert [row["id"] for row in left] == [str(task.pk)]


def test_completing_a_task_completes_its_steps(complete, task, alice):
    step = TaskFactory(owner=alice, parent_id=task.pk)

    complete()

    step.refresh_from_db()
    assert step.completed_at is not None


@pytest.mark.django_db(transaction=True)
def test_eight_toggles_at_once_are_eight_toggles(alice):
    task = TaskFactory(owner=alice)
    start = Barrier(8)

    def toggle(_):
        try:
            start.wait(PATIENCE)
            actions.toggle_task(caller_of(alice), task_id=task.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(toggle, range(8)))

    task = Task.objects.get(pk=task.pk)
    assert task.completed_at is None
    assert task.version == 9
    kinds = Change.objects.filter(entity_id=task.pk).order_by("seq")
    assert [change.kind for change in kinds] == [
        "created",
        *["completed", "reopened"] * 4,
    ]
