"""`POST /api/{user_id}/tasks`."""

from datetime import date, time

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import UserFactory
from todos.agenda import clock_of
from todos.models import Change, Label, Task

URL = "/api/me/tasks"


@pytest.fixture
def create(api_as, alice):
    """Post a body as Alice."""
    client = api_as(alice)
    return lambda **body: client.post(URL, body)


def test_answers_201_with_the_task_as_the_plan_shows_it(create, alice):
    response = create(
        title="  Buy milk ",
        description="Two litres",
        priority="high",
        tags=["shop", "home"],
        due_date="2027-02-28",
        recurrence="weekly",
    )

    task = response.json()
    assert response.status_code == 201
    assert task == {
        "id": str(Task.objects.get().pk),
        "user_id": str(alice.pk),
        "title": "Buy milk",
        "description": "Two litres",
        "completed": False,
        "status": "pending",
        "priority": "high",
        "tags": ["home", "shop"],
        "due_date": "2027-02-28",
        "recurrence": "weekly",
        "created_at": task["created_at"],
        "updated_at": task["created_at"],
        "completed_at": None,
        "userId": str(alice.pk),
        "createdAt": task["created_at"],
        "updatedAt": task["created_at"],
        "dueDate": "2027-02-28",
    }


def test_needs_no_more_than_a_title(create):
    task = create(title="Buy milk").json()

    assert task["description"] == ""
    assert task["priority"] == "medium"
    assert task["tags"] == []
    assert task["due_date"] is task["recurrence"] is None


def test_puts_the_task_into_the_inbox_and_into_the_ledger(create, alice):
    create(title="Buy milk")

    task = Task.objects.get()
    change = Change.objects.owned_by(alice).get(entity_id=task.pk)
    assert task.list.is_inbox
    assert task.owner == alice
    assert change.kind == Change.Kind.CREATED
    assert change.credential.startswith("token:")


def test_ignores_keys_that_the_plan_does_not_know(create, alice, bob):
    response = create(
        title="Buy milk",
        id="7",
        user_id=str(bob.pk),
        owner=str(bob.pk),
        category="errands",
        created_at="2001-01-01T00:00:00Z",
    )

    task = Task.objects.get()
    assert response.status_code == 201
    assert task.owner == alice
    assert task.created_at.year > 2001


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("URGENT", "urgent"),
        ("critical", "urgent"),
        ("High", "high"),
        ("normal", "medium"),
        ("none", "medium"),
        ("", "medium"),
        (None, "medium"),
        ("low", "low"),
    ],
)
def test_accepts_words_for_priority_in_any_case(create, word, shown):
    response = create(title="Buy milk", priority=word)

    assert response.json()["priority"] == shown


@pytest.mark.parametrize(
    "state",
    [
        {"completed": True},
        {"status": "completed"},
        {"status": "COMPLETE"},
        {"status": "Done"},
        {"is_completed": True},
        {"isCompleted": True},
        {"done": True},
        {"is_done": True, "completed": True},
    ],
)
def test_stores_a_completed_task(create, state):
    task = create(title="Buy milk", **state).json()

    assert task["completed"] is True
    assert task["status"] == "completed"
    assert task["completed_at"] == task["created_at"]


@pytest.mark.parametrize(
    "word",
    [
        *("pending", "todo", "to_do", "TO-DO", "To Do", "in_progress", "in-progress"),
        *("In Progress", "inProgress", "review", "backlog", "blocked", "open"),
        *("incomplete", "INCOMPLETE", "not started"),
    ],
)
def test_what_boards_distinguish_is_open(create, word):
    task = create(title="Buy milk", status=word).json()

    assert task["completed"] is False
    assert task["status"] == "pending"


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("done", {"done": 1}),
        ("isCompleted", {"isCompleted": "true"}),
        ("is_completed", {"completed": False, "is_completed": True}),
        ("done", {"isDone": True, "done": False}),
    ],
)
def test_refuses_other_keys_for_completed_that_are_not_clear(create, key, body):
    response = create(title="Buy milk", **body)

    assert response.status_code == 422
    assert list(response.json()["error"]["details"]) == [key]
    assert not Task.objects.exists()


@pytest.mark.parametrize("key", ["due_date", "dueDate"])
@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2027-02-28", "2027-02-28"),
        ("2027-02-28T09:30", "2027-02-28T09:30:00"),
        ("2027-02-28T09:30:59", "2027-02-28T09:30:00"),
        ("2027-02-28T00:00:00.000Z", "2027-02-28"),
        ("2027-02-28T08:30:00.000Z", "2027-02-28T09:30:00+01:00"),
        ("2027-02-28T23:30:00Z", "2027-03-01T00:30:00+01:00"),
        ("2027-02-28T09:30:00-05:00", "2027-02-28T15:30:00+01:00"),
        ("2027-07-01T08:30:00Z", "2027-07-01T10:30:00+02:00"),
        ("", None),
        (None, None),
    ],
)
def test_reads_a_due_date_in_the_users_time_zone(api_as, db, key, written, shown):
    client = api_as(UserFactory(timezone="Europe/Berlin"))

    task = client.post(URL, {"title": "Buy milk", key: written}).json()

    assert task["due_date"] == task["dueDate"] == shown


def test_takes_the_synonymous_key_that_has_a_value(create):
    task = create(title="Buy milk", due_date=None, dueDate="2027-02-28").json()

    assert task["due_date"] == "2027-02-28"


def test_stores_a_due_time_without_a_zone(create):
    create(title="Buy milk", due_date="2027-02-28T09:30:00")

    task = Task.objects.get()
    assert (task.due_date, task.due_time) == (date(2027, 2, 28), time(9, 30))
    assert task.due_tz == ""


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("daily", "daily"),
        ("WEEKLY", "weekly"),
        ("monthly", "monthly"),
        ("Yearly", "yearly"),
        ("none", None),
        ("", None),
        (None, None),
        ("FREQ=MONTHLY", "monthly"),
        ("rrule:freq=weekly;byday=mo", "FREQ=WEEKLY;BYDAY=MO"),
        ("FREQ=DAILY;INTERVAL=3", "FREQ=DAILY;INTERVAL=3"),
    ],
)
def test_accepts_a_recurrence_as_a_word_or_a_rule(create, written, shown):
    task = create(title="Rent", due_date="2027-01-15", recurrence=written).json()

    assert task["recurrence"] == shown


@pytest.mark.parametrize(
    ("due_date", "word"),
    [
        ("2027-01-29", "monthly"),
        ("2027-01-30", "monthly"),
        ("2027-01-31", "monthly"),
        ("2028-02-29", "yearly"),
    ],
)
def test_shows_the_word_also_for_rules_with_short_months(create, due_date, word):
    task = create(title="Rent", due_date=due_date, recurrence=word).json()

    assert task["recurrence"] == word


def test_ignores_empty_and_duplicate_tags(create):
    task = create(title="Buy milk", tags=["", " ", "Home", "home"]).json()

    assert len(task["tags"]) == 1
    assert Label.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "   "),
        ("title", None),
        ("title", 7),
        ("title", ["Buy milk"]),
        ("title", "x" * 201),
        ("title", "Buy\x00milk"),
        ("title", "Buy\x1bmilk"),
        ("description", "x" * 1001),
        ("description", "a\x00b"),
        ("description", {}),
        ("completed", "yes"),
        ("completed", 1),
        ("completed", None),
        ("status", "later"),
        ("status", ""),
        ("status", True),
        ("priority", "highest"),
        ("priority", 1),
        ("priority", []),
        ("tags", "home"),
        ("tags", [1]),
        ("tags", ["x" * 51]),
        ("tags", ["a\x00b"]),
        ("tags", [f"tag {n}" for n in range(21)]),
        ("due_date", "tomorrow"),
        ("due_date", "2027-02-30"),
        ("due_date", "0001-01-01T00:00:00+14:00"),
        ("due_date", "9999-12-31T23:00:00-12:00"),
        ("due_date", 20270228),
        ("dueDate", "28.02.2027"),
        ("recurrence", "hourly"),
        ("recurrence", "FREQ=HOURLY"),
        ("recurrence", "FREQ=DAILY;UNTIL=x\x00"),
        ("recurrence", {"rrule": "FREQ=DAILY"}),
        ("recurrence", "FREQ=DAILY;" + "x" * 300),
    ],
)
def test_refuses_bad_input_with_422_and_stores_nothing(create, field, value):
    body = {"title": "Buy milk", "due_date": "2027-01-15", field: value}

    response = create(**body)

    error = response.json()["error"]
    assert response.status_code == 422
    assert error["code"] == "invalid"
    assert [name.split(".")[0] for name in error["details"]] == [field]
    assert response.json()["detail"] == error["message"]
    assert field in error["message"]
    assert not Task.objects.exists()
    assert not Label.objects.exists()


def test_counts_the_title_after_trimming(create):
    response = create(title=f"  {'x' * 200}  ")

    assert response.status_code == 201


def test_a_recurrence_without_a_due_date_starts_today(create, alice):
    earliest = clock_of(alice, now=timezone.now()).today

    task = create(title="Rent", recurrence="monthly").json()

    latest = clock_of(alice, now=timezone.now()).today
    assert task["due_date"] in {earliest.isoformat(), latest.isoformat()}
    assert task["recurrence"] == "monthly"


def test_a_repeating_task_created_as_completed_has_a_next_occurrence(create, alice):
    """Clients of the plan can create a task as completed."""
    due_date = {"due_date": "2999-02-01", "recurrence": "weekly"}

    done = create(title="Rent", completed=True, tags=["home"], **due_date).json()

    upcoming = Task.objects.open().with_labels().get()
    assert done["completed"] is True
    assert upcoming.due_date == date(2999, 2, 8)
    assert upcoming.label_names == ["home"]
    assert upcoming.series == Task.objects.completed().get().series
    assert len(set(alice.changes.values_list("batch", flat=True))) == 1


@pytest.mark.parametrize("body", ["null", "[]", "7", '"Buy milk"'])
def test_rejects_a_body_that_is_not_an_object(api_as, alice, body):
    response = api_as(alice).post(URL, body, content_type="application/json")

    assert response.status_code == 422


def test_names_the_route(alice):
    named = reverse("api:plan-task-list", kwargs={"user_id": str(alice.pk)})

    assert named == f"/api/{alice.pk}/tasks"
