"""`GET PUT PATCH DELETE /api/{user_id}/tasks/{id}`."""

from datetime import date, time, timedelta

import pytest
from django.utils import timezone

from tests.changes import caller_of
from tests.factories import NOON, TaskFactory
from todos import actions
from todos.models import Change, Task


@pytest.fixture
def task(alice):
    """A task of Alice with something in every field."""
    return TaskFactory(
        owner=alice,
        title="Rent",
        notes="To the landlord",
        priority=2,
        due_date=date(2027, 2, 28),
        due_time=time(9, 30),
        due_tz="Europe/Berlin",
        rrule="FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
        labels=["home", "money"],
    )


@pytest.fixture
def client(api_as, alice):
    return api_as(alice)


@pytest.fixture
def url(task):
    return f"/api/me/tasks/{task.pk}"


def stored(task):
    """Return the columns of the row, with its labels."""
    return Task.objects.filter(pk=task.pk).with_labels().values().get()


def test_get_shows_a_task_to_its_owner(client, url, task):
    shown = client.get(url).json()

    assert shown["id"] == str(task.pk)
    assert shown["title"] == "Rent"
    assert shown["description"] == "To the landlord"
    assert shown["priority"] == "high"
    assert shown["due_date"] == shown["dueDate"] == "2027-02-28T09:30:00+01:00"
    assert shown["recurrence"] == "monthly"
    assert shown["tags"] == ["home", "money"]


def test_get_shows_a_step(client, alice, task):
    step = TaskFactory(owner=alice, title="Transfer", parent_id=task.pk)

    assert client.get(f"/api/me/tasks/{step.pk}").json()["title"] == "Transfer"


@pytest.mark.parametrize("method", ["put", "patch"])
def test_update_changes_only_the_keys_that_are_sent(client, url, task, method):
    before = stored(task)

    response = getattr(client, method)(url, {"title": " Pay the rent "})

    after = stored(task)
    changed = {name for name in after if after[name] != before[name]}
    assert response.status_code == 200
    assert response.json()["title"] == after["title"] == "Pay the rent"
    assert changed == {"title", "search", "updated_at", "version"}


@pytest.mark.parametrize(
    ("body", "key", "shown"),
    [
        ({"description": None}, "description", ""),
        ({"description": ""}, "description", ""),
        ({"priority": "low"}, "priority", "low"),
        ({"priority": None}, "priority", "medium"),
        ({"tags": ["work"]}, "tags", ["work"]),
        ({"tags": []}, "tags", []),
        ({"tags": None}, "tags", []),
        ({"due_date": "2027-03-01"}, "dueDate", "2027-03-01"),
        ({"dueDate": "2027-03-01"}, "due_date", "2027-03-01"),
        ({"due_date": "", "recurrence": ""}, "due_date", None),
        ({"recurrence": None}, "recurrence", None),
        ({"recurrence": "weekly"}, "recurrence", "weekly"),
        ({"completed": True}, "status", "completed"),
        ({"status": "done"}, "completed", True),
        ({"status": "in_progress"}, "status", "pending"),
        ({"is_completed": True}, "status", "completed"),
        ({"isCompleted": True}, "completed", True),
        ({"done": True}, "completed", True),
    ],
)
def test_update_changes_each_key(client, url, body, key, shown):
    response = client.put(url, body)

    assert response.status_code == 200
    assert response.json()[key] == shown
    assert client.get(url).json() == response.json()


def test_sending_the_task_back_as_it_was_shown_changes_nothing(client, url, task):
    before = stored(task)

    response = client.put(url, client.get(url).json())

    assert response.status_code == 200
    assert stored(task) == before
    assert not Change.objects.filter(entity_id=task.pk, kind="updated").exists()


@pytest.mark.parametrize(
    ("change", "key", "shown"),
    [
        ({"completed": True}, "status", "completed"),
        ({"status": "completed"}, "completed", True),
        ({"dueDate": "2027-03-15"}, "due_date", "2027-03-15"),
        ({"due_date": "2027-03-15"}, "dueDate", "2027-03-15"),
        ({"title": "Pay the rent"}, "due_date", "2027-02-28T09:30:00+01:00"),
    ],
)
def test_of_two_synonymous_keys_the_changed_one_applies(
    client, url, change, key, shown
):
    whole = client.get(url).json() | change

    response = client.put(url, whole)

    assert response.json()[key] == shown


def test_a_completed_task_sent_back_with_the_synonymous_key_changed_is_reopened(
    client, url
):
    client.put(url, {"completed": True})

    response = client.put(url, client.get(url).json() | {"status": "todo"})

    assert response.json()["completed"] is False


def test_a_text_beyond_the_plans_limit_can_stay_but_not_change(client, alice):
    long = TaskFactory(owner=alice, title="x" * 300, notes="y" * 3000)
    url = f"/api/me/tasks/{long.pk}"
    whole = client.get(url).json()

    kept = client.put(url, whole | {"priority": "low"})
    changed = client.put(url, whole | {"title": "z" * 300})

    assert kept.status_code == 200
    assert kept.json()["description"] == "y" * 3000
    assert changed.status_code == 422


def test_a_monthly_task_stays_at_the_end_of_the_month_when_its_time_changes(
    client, url
):
    client.put(url, {"due_date": "2027-02-28T12:00"})
    client.patch(f"{url}/complete")

    upcoming = Task.objects.open().get()
    assert upcoming.due_date == date(2027, 3, 31)


def test_a_monthly_task_moved_to_another_day_repeats_on_that_day(client, url):
    client.put(url, {"due_date": "2027-02-15"})
    client.patch(f"{url}/complete")

    upcoming = Task.objects.open().get()
    assert upcoming.due_date == date(2027, 3, 15)


def test_changes_and_completion_are_one_batch_in_the_ledger(client, url, task):
    client.put(url, {"title": "Rent paid", "completed": True})

    kinds = list(
        Change.objects.filter(entity_id=task.pk)
        .order_by("seq")
        .values_list("kind", "batch")
    )
    assert [kind for kind, _ in kinds] == ["created", "updated", "completed"]
    assert kinds[1][1] == kinds[2][1]


def test_delete_puts_the_task_into_the_trash(client, url, task):
    response = client.delete(url)

    assert response.status_code == 204
    assert response.content == b""
    assert stored(task)["trashed_at"] is not None


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "", None),
        ("put", "", {"title": "Again"}),
        ("patch", "", {"title": "Again"}),
        ("delete", "", None),
        ("patch", "/complete", None),
        ("patch", "/complete", {"completed": True}),
        ("patch", "/complete", {"completed": False}),
        ("patch", "/toggle", None),
        ("patch", "/status", {"status": "completed"}),
    ],
)
def test_a_task_in_the_trash_is_not_found(client, url, task, method, path, body):
    client.delete(url)
    before = stored(task)

    response = getattr(client, method)(url + path, body)

    assert response.status_code == 404
    assert stored(task) == before


@pytest.mark.parametrize("method", ["put", "patch"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "  "),
        ("title", None),
        ("title", "a\x00b"),
        ("title", "x" * 201),
        ("description", "x" * 1001),
        ("completed", "true"),
        ("completed", 0),
        ("status", "never"),
        ("priority", "HIGHEST"),
        ("tags", "home"),
        ("due_date", "soon"),
        ("due_date", None),  # the task repeats
        ("recurrence", "FREQ=SECONDLY"),
    ],
)
def test_update_refuses_bad_input_and_changes_nothing(
    client, url, task, method, field, value
):
    before = stored(task)

    response = getattr(client, method)(url, {"priority": "low", field: value})

    assert response.status_code == 422
    assert list(response.json()["error"]["details"]) == [field]
    assert stored(task) == before


def test_update_refuses_what_the_stored_state_forbids_all_together(client, alice):
    task = TaskFactory(owner=alice, title="Rent")

    response = client.put(
        f"/api/me/tasks/{task.pk}",
        {"title": "Pay", "completed": True, "recurrence": "FREQ=YEARLY;INTERVAL=99"},
    )

    assert response.status_code == 422
    assert stored(task)["title"] == "Rent"
    assert stored(task)["completed_at"] is None


def test_update_can_set_a_rule_and_complete_at_once(client, alice):
    task = TaskFactory(owner=alice, due_date=date(2999, 2, 1))

    response = client.put(
        f"/api/me/tasks/{task.pk}", {"completed": True, "recurrence": "weekly"}
    )

    assert response.status_code == 200
    assert response.json()["completed"] is True
    assert Task.objects.open().get().due_date == date(2999, 2, 8)


def test_update_changes_the_time_of_the_last_change(client, alice):
    old = TaskFactory(owner=alice, at=NOON - timedelta(days=900))

    client.put(f"/api/me/tasks/{old.pk}", {"title": "New"})

    old.refresh_from_db()
    assert old.updated_at > timezone.now() - timedelta(minutes=5)
    assert old.created_at == NOON - timedelta(days=900)


def test_a_task_restored_by_another_client_is_found_again(client, url, task, alice):
    client.delete(url)
    actions.restore_task(caller_of(alice, NOON), task_id=task.pk)

    assert client.get(url).status_code == 200
