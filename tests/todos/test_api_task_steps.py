"""Steps: one level below a task, and changed together with it."""

from uuid import uuid4

import pytest

from tests.changes import last_change
from tests.factories import TaskFactory, TaskListFactory
from todos.models import Change

URL = "/api/v1/tasks"


@pytest.fixture
def task(alice):
    return TaskFactory(owner=alice, list_id=TaskListFactory(owner=alice).pk)


@pytest.fixture
def step(alice, task):
    return TaskFactory(owner=alice, parent_id=task.pk)


def url_of(row, *path):
    return "/".join([URL, str(row.pk), *path])


def test_a_step_is_in_the_list_of_its_task(api_as, alice, task):
    body = api_as(alice).post(URL, {"title": "Step", "parent": str(task.pk)}).json()

    assert (body["parent"], body["list"]) == (str(task.pk), str(task.list_id))


def test_a_step_has_no_steps(api_as, alice, task, step):
    client = api_as(alice)
    other = TaskFactory(owner=alice)
    before = Change.objects.count()

    made = client.post(URL, {"title": "Deeper", "parent": str(step.pk)})
    changed = client.patch(url_of(other), {"parent": str(step.pk)})

    assert made.status_code == changed.status_code == 400
    assert made.json()["errors"] == {"parent": ["A step can't have steps of its own."]}
    assert Change.objects.count() == before


@pytest.mark.parametrize("method", ["put", "patch"])
def test_a_circle_of_tasks_is_refused(api_as, alice, task, step, method):
    response = getattr(api_as(alice), method)(
        url_of(task), {"title": "Round", "parent": str(step.pk)}
    )

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["parent"]


def test_a_step_becomes_a_task_of_its_own(api_as, alice, task, step):
    client = api_as(alice)

    body = client.patch(url_of(step), {"parent": None}).json()

    assert (body["parent"], body["list"]) == (None, str(task.list_id))
    assert client.get(url_of(task)).json()["steps_total"] == 0


def test_a_task_becomes_a_step_in_the_list_of_its_parent(api_as, alice, task):
    other = TaskFactory(owner=alice)

    body = api_as(alice).patch(url_of(other), {"parent": str(task.pk)}).json()

    assert (body["parent"], body["list"]) == (str(task.pk), str(task.list_id))


def test_a_step_in_another_list_is_refused(api_as, alice, task, step):
    other = TaskListFactory(owner=alice)

    response = api_as(alice).patch(url_of(step), {"list": str(other.pk)})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["list"]


def test_completing_a_task_completes_its_open_steps_in_one_batch(
    api_as, alice, task, step
):
    client = api_as(alice)
    done = TaskFactory(owner=alice, parent_id=task.pk)
    client.post(url_of(done, "complete"))

    body = client.post(url_of(task, "complete")).json()

    assert (body["steps_total"], body["steps_done"]) == (2, 2)
    last = last_change(alice)
    batch = alice.changes.filter(batch=last.batch)
    assert {change.entity_id for change in batch} == {task.pk, step.pk}


def test_reopening_a_task_leaves_its_steps_completed(api_as, alice, task, step):
    client = api_as(alice)
    client.post(url_of(task, "complete"))

    body = client.post(url_of(task, "reopen")).json()

    assert (body["completed_at"], body["steps_done"]) == (None, 1)
    assert client.get(url_of(step)).json()["completed_at"] is not None


def test_a_task_in_the_trash_accepts_no_step(api_as, alice, task):
    client = api_as(alice)
    client.delete(url_of(task))

    response = client.post(URL, {"title": "Late", "parent": str(task.pk)})
    never = client.post(URL, {"title": "Late", "parent": str(uuid4())})

    assert response.status_code == 400
    assert response.json()["errors"] == {"parent": ["There is no such task."]}
    assert response.content == never.content


@pytest.mark.parametrize("priority", [1, 2, 3, 4])
def test_a_task_has_one_of_four_priorities(api_as, alice, priority):
    client = api_as(alice)

    made = client.post(URL, {"title": "Task", "priority": priority}).json()

    assert made["priority"] == priority
    found = client.get(URL, {"priority": priority}).json()["results"]
    assert [row["id"] for row in found] == [made["id"]]


@pytest.mark.parametrize("priority", [0, 5, -1, None, "1", 1.5, True])
def test_other_priorities_are_refused(api_as, alice, priority):
    response = api_as(alice).post(URL, {"title": "Task", "priority": priority})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["priority"]
