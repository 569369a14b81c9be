"""Repeating tasks over HTTP: cases that were reported of other programs."""

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from todos.agenda import clock_of
from todos.models import Task

DAY = timedelta(days=1)
CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@pytest.fixture
def today(alice, monkeypatch):
    """The user's day, which does not change during a test."""
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    return clock_of(alice, now=now).today


@pytest.fixture
def client(api_as, alice):
    return api_as(alice)


def create(client, rrule, due_date, anchor="due", **fields):
    body = {
        "title": "a",
        "due_date": due_date.isoformat(),
        "recurrence": {"rrule": rrule, "anchor": anchor},
    }
    response = client.post("/api/v1/tasks", body | fields)
    assert response.status_code == 201
    return response.json()


def complete(client, task):
    return client.post(f"/api/v1/tasks/{task['id']}/complete").json()["next"]


def due(task):
    return date.fromisoformat(task["due_date"])


def test_completing_a_day_early_does_not_return_to_the_same_day(client, today):
    rrule = f"FREQ=WEEKLY;BYDAY={CODES[(today + DAY).weekday()]}"
    task = create(client, rrule, today + DAY, "completion")

    for weeks in range(1, 4):
        task = complete(client, task)
        assert due(task) == today + DAY + weeks * 7 * DAY


def test_completing_a_monthly_task_early_takes_the_month_after_it(client, today):
    day = today + 16 * DAY
    if day.day > 28:
        day = (day + 4 * DAY).replace(day=1)
    task = create(client, f"FREQ=MONTHLY;BYMONTHDAY={day.day}", day, "completion")

    found = due(complete(client, task))

    assert found.day == day.day
    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == 1


@pytest.mark.parametrize("week_start", ["monday", "sunday"])
def test_a_line_of_four_weeks_counts_from_its_completion(
    client, alice, today, week_start
):
    User.objects.filter(pk=alice.pk).update(week_start=week_start)
    line = {"text": "Descale every! 4 weeks on tue"}
    (task,) = client.post("/api/v1/tasks/quick", line).json()["tasks"]

    found = due(complete(client, task))

    assert found.weekday() == 1
    assert abs(found - (today + 28 * DAY)) <= 7 * DAY
    assert found > due(task)


def test_a_weekly_step_stays_with_its_weekly_task(client, today):
    task = create(client, "FREQ=WEEKLY", today)
    create(client, "FREQ=WEEKLY", today, parent=task["id"], title="Step")

    for weeks in range(1, 5):
        url = f"/api/v1/tasks?parent={task['id']}"
        for step in client.get(url).json()["results"]:
            complete(client, step)
        task = complete(client, task)

        assert due(task) == today + weeks * 7 * DAY
        (step,) = client.get(f"/api/v1/tasks?parent={task['id']}").json()["results"]
        assert due(step) == due(task)
    for done in Task.objects.completed():
        assert done.due_date < due(task)


WINDOW = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VTODO
UID:window
SUMMARY:Window
DTSTART;VALUE=DATE:{}
DUE;VALUE=DATE:{}
RRULE:{}
END:VTODO
END:VCALENDAR
"""


@pytest.mark.parametrize(
    ("start", "end", "rrule", "expected"),
    [
        ("20270201", "20270205", "FREQ=MONTHLY;BYMONTHDAY=1", "2027-03-01 2027-03-05"),
        (
            "20270101",
            "20270301",
            "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1",
            "2028-01-01 2028-03-01",
        ),
        ("20270201", "20270205", "FREQ=WEEKLY;BYDAY=MO", "2027-02-08 2027-02-12"),
        ("20270128", "20270203", "FREQ=MONTHLY", "2027-02-28 2027-03-03"),
    ],
)
def test_a_window_of_a_calendar_keeps_its_meaning(client, start, end, rrule, expected):
    body = WINDOW.format(start, end, rrule).replace("\n", "\r\n").encode()
    fields = {"file": SimpleUploadedFile("a.ics", body), "format": "ics"}
    assert client.post("/api/v1/import", fields, format="multipart").status_code == 200
    (task,) = client.get("/api/v1/tasks").json()["results"]

    following = complete(client, task)

    assert f"{following['start_date']} {following['due_date']}" == expected


@pytest.mark.parametrize(
    ("rrule", "words"),
    [
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1", "1st weekday"),
        ("FREQ=MONTHLY;BYDAY=SU;BYSETPOS=2", "2nd Sunday"),
    ],
)
def test_the_page_of_a_task_says_which_day_it_is(page_as, client, alice, rrule, words):
    task = create(client, rrule, date(2027, 2, 1))

    page = page_as(alice).get(reverse("todos:task-detail", args=[task["id"]]))

    html = page.content.decode()
    assert words in html
    assert "end of the month" not in html


def test_a_word_instead_of_a_rule_is_refused_with_the_form_of_a_rule(client):
    body = {"title": "a", "due_date": "2027-02-10", "recurrence": "weekly"}

    answer = client.post("/api/v1/tasks", body, format="json")

    assert answer.status_code == 400
    assert "Must be an object with a rule as `rrule`." in answer.json()["detail"]
