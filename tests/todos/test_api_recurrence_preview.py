"""`POST /api/v1/recurrence/preview`."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from todos.agenda import clock_of
from todos.models import Change, Task

pytestmark = pytest.mark.any_database

URL = "/api/v1/recurrence/preview"


@pytest.fixture
def preview(api_as, alice):
    """Ask as Alice."""
    client = api_as(alice)
    return lambda **body: client.post(URL, body)


def test_returns_the_rule_and_its_five_next_dates(preview):
    response = preview(rrule="freq=weekly;byday=mo", due_date="2027-03-01")

    assert response.status_code == 200
    assert response.json() == {
        "rrule": "FREQ=WEEKLY;BYDAY=MO",
        "text": "Every week on Monday",
        "dates": ["2027-03-01", "2027-03-08", "2027-03-15", "2027-03-22", "2027-03-29"],
        "at": None,
    }


@pytest.mark.parametrize(
    ("rrule", "due_date", "dates"),
    [
        (
            "FREQ=MONTHLY",
            "2027-01-31",
            ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"],
        ),
        ("FREQ=DAILY;COUNT=2", "2027-01-31", ["2027-01-31", "2027-02-01"]),
        ("FREQ=DAILY;UNTIL=20270201", "2027-01-31", ["2027-01-31", "2027-02-01"]),
        # The task is due when it says, and from then on by the rule.
        (
            "FREQ=WEEKLY;BYDAY=MO;COUNT=3",
            "2027-01-31",
            ["2027-01-31", "2027-02-01", "2027-02-08"],
        ),
    ],
)
def test_the_dates_are_those_that_the_tasks_will_have(
    preview, api_as, alice, rrule, due_date, dates
):
    shown = preview(rrule=rrule, due_date=due_date).json()

    client, found = api_as(alice), []
    body = {"title": "a", "due_date": due_date, "recurrence": {"rrule": rrule}}
    task = client.post("/api/v1/tasks", body).json()
    stored = task["recurrence"]["rrule"]
    while task is not None and len(found) < 5:
        found.append(task["due_date"])
        task = client.post(f"/api/v1/tasks/{task['id']}/complete").json()["next"]
    assert shown["dates"] == found == dates
    assert shown["rrule"] == stored


def test_counts_from_completion_as_if_each_were_completed_when_due(preview):
    shown = preview(
        rrule="FREQ=MONTHLY;COUNT=3", anchor="completion", due_date="2027-01-31"
    ).json()

    assert shown["rrule"] == "FREQ=MONTHLY;COUNT=3"
    assert shown["dates"] == ["2027-01-31", "2027-02-28", "2027-03-28"]


def test_counts_about_the_interval_from_completion(preview):
    shown = preview(
        rrule="FREQ=WEEKLY;INTERVAL=4;BYDAY=SU",
        anchor="completion",
        due_date="2026-12-01",
    ).json()

    assert shown["dates"][:3] == ["2026-12-01", "2026-12-27", "2027-01-24"]


@pytest.mark.parametrize(
    ("start_date", "dates"),
    [
        ("2027-02-01", ["2027-02-05", "2027-03-05", "2027-04-05"]),
        (None, ["2027-02-05", "2027-03-01", "2027-04-01"]),
    ],
)
def test_the_rule_can_describe_the_start_date(preview, start_date, dates):
    shown = preview(
        rrule="FREQ=MONTHLY;BYMONTHDAY=1", due_date="2027-02-05", start_date=start_date
    ).json()

    assert shown["dates"][:3] == dates


@pytest.mark.parametrize("anchor", ["due", "completion"])
def test_begins_today_without_a_due_date(preview, alice, anchor):
    earliest = clock_of(alice, now=timezone.now()).today

    shown = preview(rrule="FREQ=DAILY", anchor=anchor).json()

    latest = clock_of(alice, now=timezone.now()).today
    first = date.fromisoformat(shown["dates"][0])
    assert earliest <= first <= latest
    assert shown["dates"][4] == (first + timedelta(days=4)).isoformat()


def test_returns_the_instants_of_a_due_time(preview):
    """At 02:30 on 14 March 2027 clocks in New York are put forward."""
    shown = preview(
        rrule="FREQ=DAILY;COUNT=3",
        due_date="2027-03-13",
        due_time="02:30",
        due_tz="America/New_York",
    ).json()

    assert shown["dates"] == ["2027-03-13", "2027-03-14", "2027-03-15"]
    assert shown["at"] == [
        "2027-03-13T07:30:00Z",
        "2027-03-14T07:30:00Z",
        "2027-03-15T06:30:00Z",
    ]


def test_a_time_without_a_zone_is_in_the_users_zone(preview, alice):
    shown = preview(rrule="FREQ=DAILY", due_date="2027-01-15", due_time="09:00").json()

    expected = datetime(2027, 1, 15, 9, tzinfo=alice.zone).astimezone(UTC)
    assert datetime.fromisoformat(shown["at"][0]) == expected


def test_stores_nothing(preview):
    response = preview(rrule="FREQ=DAILY")

    assert response.status_code == 200
    assert not Task.objects.exists()
    assert not Change.objects.exists()


def test_requires_a_credential(api):
    response = api.post(URL, {"rrule": "FREQ=DAILY"})

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("rrule", {}),
        ("rrule", {"rrule": None}),
        ("rrule", {"rrule": ""}),
        ("rrule", {"rrule": 7}),
        ("rrule", {"rrule": ["FREQ=DAILY"]}),
        ("rrule", {"rrule": "FREQ=DAILY;" + "x" * 190}),
        ("rrule", {"rrule": "FREQ=DAILY\x00"}),
        ("rrule", {"rrule": "FREQ=SECONDLY"}),
        ("rrule", {"rrule": "FREQ=DAILY;COUNT=1;UNTIL=20300101"}),
        ("rrule", {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}),
        ("rrule", {"rrule": "FREQ=YEARLY;INTERVAL=11", "due_date": "2027-01-01"}),
        ("rrule", {"rrule": "FREQ=DAILY;UNTIL=20200101"}),
        ("anchor", {"rrule": "FREQ=DAILY", "anchor": "start"}),
        ("anchor", {"rrule": "FREQ=DAILY", "anchor": None}),
        ("due_date", {"rrule": "FREQ=DAILY", "due_date": "2027-02-30"}),
        ("due_date", {"rrule": "FREQ=DAILY", "due_date": "1899-12-31"}),
        ("due_date", {"rrule": "FREQ=DAILY", "due_date": "3000-01-01"}),
        ("due_time", {"rrule": "FREQ=DAILY", "due_time": "25:00"}),
        (
            "due_tz",
            {"rrule": "FREQ=DAILY", "due_time": "09:00", "due_tz": "Mars/Olympus"},
        ),
        ("due_tz", {"rrule": "FREQ=DAILY", "due_tz": "Europe/Berlin"}),
    ],
)
def test_names_the_field_that_is_wrong(preview, field, body):
    response = preview(**body)

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]


@pytest.mark.parametrize("body", ["null", "[]", "7", '"FREQ=DAILY"'])
def test_rejects_a_body_that_is_not_an_object(api_as, alice, body):
    response = api_as(alice).post(URL, body, content_type="application/json")

    assert response.status_code == 400


@pytest.mark.parametrize(("due_date", "count"), [("1900-01-01", 5), ("2999-12-31", 1)])
@pytest.mark.parametrize("rrule", ["FREQ=DAILY", "FREQ=YEARLY;INTERVAL=10"])
def test_the_first_and_last_dates_are_accepted(preview, rrule, due_date, count):
    response = preview(rrule=rrule, due_date=due_date, due_time="23:59")

    assert response.status_code == 200
    assert len(response.json()["dates"]) == count


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_rejects_other_methods(api_as, alice, method):
    assert getattr(api_as(alice), method)(URL).status_code == 405


@pytest.mark.parametrize("suffix", ["", "/"])
def test_answers_in_both_slash_forms_without_a_redirect(api_as, alice, suffix):
    response = api_as(alice).post(URL + suffix, {"rrule": "FREQ=DAILY"})

    assert response.status_code == 200
    assert reverse("api:recurrence-preview").rstrip("/") == URL
