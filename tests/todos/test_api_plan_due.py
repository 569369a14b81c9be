"""Due times in the plan's contract: what is sent with an offset stays an instant."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import User
from tests.factories import TaskFactory, UserFactory
from tests.tables import as_one_test
from todos.api.plan.due import Due, due_at
from todos.models import Task

pytestmark = pytest.mark.any_database

URL = "/api/me/tasks"
ZONES = [
    *("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Asia/Tokyo"),
    *("Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns", "Africa/Casablanca"),
]


@pytest.fixture
def of_zone(api_as, db):
    """Make a client of a user in a time zone."""
    return lambda zone: api_as(UserFactory(timezone=zone))


def instant(text):
    moment = datetime.fromisoformat(text)
    assert moment.tzinfo is not None, text
    return moment


def columns():
    return Task.objects.values_list("due_date", "due_time", "due_tz").get()


@as_one_test
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "written",
    [
        "2027-02-10T09:30:00+01:00",
        "2027-02-10T08:30:00Z",
        "2027-02-10T08:30:00.000Z",
        "2027-02-10T03:30:00-05:00",
        "2027-07-10T09:30:15+05:45",
        "2027-02-10T00:00:00+01:00",
        # Both sides of a repeated and of a skipped hour in Berlin.
        *(f"2027-10-31T0{hour}:30:00Z" for hour in (0, 1, 2)),
        *("2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+01:00"),
        *("2027-03-28T00:59:00Z", "2027-03-28T01:00:00Z", "2027-03-28T02:30:00+01:00"),
        # In New York, and half an hour on Lord Howe Island.
        *("2027-11-07T01:30:00-04:00", "2027-11-07T01:30:00-05:00"),
        *("2027-04-03T14:45:00Z", "2027-04-03T15:15:00Z"),
    ],
)
def test_an_instant_comes_back_with_an_offset(of_zone, zone, written):
    client = of_zone(zone)

    task = client.post(URL, {"title": "Call", "due_date": written}).json()
    url = f"{URL}/{task['id']}"
    before = Task.objects.values().get()
    again = client.put(url, client.get(url).json())

    assert instant(task["due_date"]) == instant(written)
    assert task["dueDate"] == task["due_date"] == client.get(URL).json()[0]["due_date"]
    assert again.status_code == 200
    assert Task.objects.values().get() == before


@settings(max_examples=300)
@given(
    seconds=st.integers(0, 1099 * 365 * 86400),
    offset=st.integers(-14 * 60, 14 * 60),
    zone=st.sampled_from(ZONES),
)
def test_any_instant_is_stored_in_the_users_zone_or_in_utc(seconds, offset, zone):
    moment = datetime(1900, 1, 3, tzinfo=UTC) + timedelta(seconds=seconds)
    sent = moment.astimezone(timezone(timedelta(minutes=offset)))

    due = due_at(User(timezone=zone), sent)

    assert due.instant == moment
    assert instant(due.text()) == moment
    assert due.zone in {zone, "UTC"}


def test_the_second_of_a_repeated_hour_is_stored_in_utc(of_zone):
    client = of_zone("Europe/Berlin")

    client.post(URL, {"title": "Call", "due_date": "2027-10-31T02:30:00+01:00"})

    assert columns() == (date(2027, 10, 31), time(1, 30), "UTC")


def test_a_time_with_an_offset_no_longer_follows_the_user(of_zone, api_as):
    user = UserFactory(timezone="Europe/Berlin")
    client = api_as(user)
    client.post(URL, {"title": "Call", "due_date": "2027-02-10T09:30:00+01:00"})
    client.post(URL, {"title": "Jog", "due_date": "2027-02-10T07:00:00"})

    user.timezone = "Asia/Tokyo"
    user.save()

    jog, call = client.get(URL).json()
    assert call["due_date"] == "2027-02-10T09:30:00+01:00"
    assert jog["due_date"] == "2027-02-10T07:00:00"


def test_midnight_in_utc_is_a_date(of_zone):
    client = of_zone("America/New_York")

    task = client.post(URL, {"title": "Call", "due_date": "2027-02-10T00:00:00Z"})

    assert task.json()["due_date"] == "2027-02-10"
    assert columns() == (date(2027, 2, 10), None, "")


@pytest.mark.parametrize(
    "again",
    [
        "2027-02-10T00:30:00.000Z",
        "2027-02-10T09:30:00+09:00",
        "2027-02-09T19:30:00-05:00",
        # Inputs of forms show the wall clock alone.
        "2027-02-10T09:30",
        "2027-02-10T09:30:00.000",
    ],
)
def test_the_same_instant_in_another_form_changes_nothing(api_as, alice, again):
    task = TaskFactory(
        owner=alice, due_date="2027-02-10", due_time="09:30", due_tz="Asia/Tokyo"
    )

    response = api_as(alice).put(f"{URL}/{task.pk}", {"dueDate": again})

    assert response.json()["due_date"] == "2027-02-10T09:30:00+09:00"
    assert columns() == (date(2027, 2, 10), time(9, 30), "Asia/Tokyo")
    assert Task.objects.get().version == 1


def test_a_stored_midnight_sent_back_as_utc_keeps_its_time(api_as, alice):
    task = TaskFactory(
        owner=alice, due_date="2027-02-10", due_time="00:00", due_tz="Europe/London"
    )

    api_as(alice).put(f"{URL}/{task.pk}", {"due_date": "2027-02-10T00:00:00.000Z"})

    assert columns() == (date(2027, 2, 10), time(0), "Europe/London")


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("2027-02-11", (date(2027, 2, 11), None, "")),
        ("2027-02-11T10:00", (date(2027, 2, 11), time(10), "")),
        ("2027-02-11T10:00Z", (date(2027, 2, 11), time(11), "Europe/Berlin")),
    ],
)
def test_a_new_due_date_replaces_the_zone_too(api_as, db, written, stored):
    user = UserFactory(timezone="Europe/Berlin")
    task = TaskFactory(
        owner=user, due_date="2027-02-10", due_time="09:30", due_tz="Asia/Tokyo"
    )

    api_as(user).put(f"{URL}/{task.pk}", {"due_date": written})

    assert columns() == stored


def test_a_skipped_time_is_shown_with_the_offset_before_the_gap(api_as, alice):
    TaskFactory(
        owner=alice, due_date="2027-03-28", due_time="02:30", due_tz="Europe/Berlin"
    )

    (task,) = api_as(alice).get(URL).json()

    assert task["due_date"] == "2027-03-28T02:30:00+01:00"


def test_an_offset_with_seconds_is_shown_in_utc():
    text = Due(date(1890, 1, 1), time(12), "Europe/Berlin").text()

    assert text == "1890-01-01T11:06:32+00:00"


@pytest.mark.parametrize(
    "written",
    [
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
        *("1900-01-01T00:30:00+01:00", "2999-12-31T23:30:00-01:00"),
        *("2027-02-10T09:30:00+25:00", "2027-02-10T09:30:00+01:00[Europe/Berlin]"),
    ],
)
def test_refuses_an_instant_out_of_range_or_form(of_zone, written):
    response = of_zone("UTC").post(URL, {"title": "Call", "due_date": written})

    assert response.status_code == 422
    assert list(response.json()["error"]["details"]) == ["due_date"]


# --- Two keys ---------------------------------------------------------------------


def test_refuses_two_due_dates(of_zone):
    body = {"title": "Call", "due_date": "2027-02-10", "dueDate": "2027-02-11"}

    response = of_zone("UTC").post(URL, body)

    assert response.status_code == 422
    assert list(response.json()["error"]["details"]) == ["dueDate"]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({"due_date": "2027-02-10", "due_time": "09:30"}, "2027-02-10T09:30:00"),
        ({"dueDate": "2027-02-10", "dueTime": "09:30:00"}, "2027-02-10T09:30:00"),
        ({"due_date": "2027-02-10", "due_time": ""}, "2027-02-10"),
        ({"due_date": "2027-02-10", "due_time": None}, "2027-02-10"),
        (
            {"due_date": "2027-02-10T09:30:00", "due_time": "09:30"},
            "2027-02-10T09:30:00",
        ),
    ],
)
def test_a_separate_time_belongs_to_the_date(of_zone, body, shown):
    task = of_zone("Europe/Berlin").post(URL, {"title": "Call", **body}).json()

    assert task["due_date"] == shown


@pytest.mark.parametrize(
    "body",
    [
        {"due_time": "09:30"},
        {"due_date": None, "due_time": "09:30"},
        {"due_date": "2027-02-10", "due_time": "9:30 PM"},
        {"due_date": "2027-02-10", "due_time": 930},
        {"due_date": "2027-02-10", "due_time": "25:00"},
        {"due_date": "2027-02-10T10:00", "due_time": "09:30"},
    ],
)
def test_refuses_a_separate_time_that_is_not_clear(of_zone, body):
    response = of_zone("UTC").post(URL, {"title": "Call", **body})

    assert response.status_code == 422
    assert list(response.json()["error"]["details"]) == ["due_time"]


def test_a_separate_time_can_be_added_to_a_stored_date(api_as, alice):
    task = TaskFactory(owner=alice, due_date="2027-02-10")
    client = api_as(alice)

    response = client.put(f"{URL}/{task.pk}", {"due_time": "09:30"})

    assert response.json()["due_date"] == "2027-02-10T09:30:00"
