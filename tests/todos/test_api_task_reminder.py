"""`reminder` of a task in the API: what it accepts and rejects."""

from datetime import date, time

import pytest
from django.urls import reverse

from tests.factories import TaskFactory
from todos.limits import REMINDER_MINUTES_MAX
from todos.models import Change, Task

LIST = reverse("api:task-list")
DUE = {"title": "Buy milk", "due_date": "2999-11-25", "due_time": "09:00"}
MINUTES = {"minutes_before": 30}
TIME = {"time": "08:30"}


def url(task):
    return reverse("api:task-detail", args=[task.pk])


@pytest.mark.parametrize(
    "reminder",
    [
        MINUTES,
        TIME,
        None,
        {"minutes_before": 0},
        {"minutes_before": REMINDER_MINUTES_MAX},
        {"time": "00:00"},
        {"time": "23:59"},
    ],
    ids=str,
)
def test_accepts_and_returns_it(api_as, alice, reminder):
    client = api_as(alice)

    made = client.post(LIST, DUE | {"reminder": reminder})

    assert made.status_code == 201
    assert made.json()["reminder"] == reminder
    shown = client.get(reverse("api:task-detail", args=[made.json()["id"]]))
    assert shown.json()["reminder"] == reminder


def test_a_time_needs_no_due_time(api_as, alice):
    body = {"title": "Buy milk", "due_date": "2999-11-25", "reminder": TIME}

    assert api_as(alice).post(LIST, body).json()["reminder"] == TIME


def test_there_is_none_by_default(api_as, alice):
    assert api_as(alice).post(LIST, DUE).json()["reminder"] is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"title": "x", "due_date": "2999-11-25", "reminder": MINUTES},
            "A reminder before the due time requires a due date and time.",
        ),
        (
            {"title": "x", "reminder": MINUTES},
            "A reminder before the due time requires a due date and time.",
        ),
        ({"title": "x", "reminder": TIME}, "A reminder requires a due date."),
    ],
    ids=["minutes without a time", "minutes without a date", "time without a date"],
)
def test_names_the_field_that_has_nothing_to_count_from(api_as, alice, body, message):
    response = api_as(alice).post(LIST, body)

    assert response.status_code == 400
    assert response.json()["errors"] == {"reminder": [message]}
    assert not Task.objects.exists()
    assert not Change.objects.exists()


@pytest.mark.parametrize(
    ("reminder", "field"),
    [
        ({}, "non_field_errors"),
        (MINUTES | TIME, "non_field_errors"),
        ({"minutes_before": -1}, "minutes_before"),
        ({"minutes_before": REMINDER_MINUTES_MAX + 1}, "minutes_before"),
        ({"minutes_before": 10**12}, "minutes_before"),
        ({"minutes_before": "30"}, "minutes_before"),
        ({"minutes_before": 1.5}, "minutes_before"),
        ({"minutes_before": True}, "minutes_before"),
        ({"minutes_before": None}, "minutes_before"),
        ({"minutes_before": [30]}, "minutes_before"),
        ({"time": "24:00"}, "time"),
        ({"time": "8 o'clock"}, "time"),
        ({"time": None}, "time"),
        ({"time": 830}, "time"),
        ({"time": "08:30+02:00"}, "time"),
    ],
    ids=str,
)
def test_names_the_part_that_is_wrong(api_as, alice, reminder, field):
    response = api_as(alice).post(LIST, DUE | {"reminder": reminder})

    assert response.status_code == 400
    assert response.json()["errors"].keys() == {f"reminder.{field}"}
    assert not Task.objects.exists()


@pytest.mark.parametrize("reminder", ["", "30", 30, True, [], [30]], ids=repr)
def test_requires_an_object(api_as, alice, reminder):
    response = api_as(alice).post(LIST, DUE | {"reminder": reminder})

    assert response.status_code == 400
    assert response.json()["errors"].keys() == {"reminder.non_field_errors"}


def test_a_patch_replaces_the_whole_reminder(api_as, alice):
    task = TaskFactory(
        owner=alice,
        due_date=date(2999, 11, 25),
        due_time=time(9),
        reminder_minutes=30,
    )

    response = api_as(alice).patch(url(task), {"reminder": TIME})

    assert response.json()["reminder"] == TIME
    assert response.json()["version"] == 2


def test_a_patch_of_other_fields_keeps_the_reminder(api_as, alice):
    task = TaskFactory(
        owner=alice, due_date=date(2999, 11, 25), reminder_time=time(8, 30)
    )

    assert api_as(alice).patch(url(task), {"title": "x"}).json()["reminder"] == TIME


def test_a_put_without_it_removes_it(api_as, alice):
    task = TaskFactory(
        owner=alice, due_date=date(2999, 11, 25), reminder_time=time(8, 30)
    )

    response = api_as(alice).put(url(task), {"title": "x", "due_date": "2999-11-25"})

    assert response.json()["reminder"] is None


@pytest.mark.parametrize(
    ("fields", "changes"),
    [
        ({"due_time": time(9), "reminder_minutes": 30}, {"due_time": None}),
        ({"reminder_time": time(9)}, {"due_date": None}),
    ],
    ids=["due_time", "due_date"],
)
def test_the_date_that_a_reminder_depends_on_cannot_be_removed(
    api_as, alice, fields, changes
):
    task = TaskFactory(owner=alice, due_date=date(2999, 11, 25), **fields)
    before = Change.objects.count()

    response = api_as(alice).patch(url(task), changes)

    assert response.status_code == 400
    assert response.json()["errors"].keys() == {"reminder"}
    assert Change.objects.count() == before

    both = api_as(alice).patch(url(task), changes | {"reminder": None})
    assert both.status_code == 200
