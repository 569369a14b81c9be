"""How tasks repeat, in the keys of known clients."""

import pytest

from tests.factories import TaskFactory
from todos.models import Task
from todos.schedule import recurrence

URL = "/api/me/tasks"
TITLE = {"title": "Rent", "due_date": "2027-01-15"}


@pytest.fixture
def client(api_as, alice):
    return api_as(alice)


@pytest.fixture
def weekly(alice):
    """A task that repeats every week."""
    return TaskFactory(owner=alice, due_date="2027-01-15", rrule="FREQ=WEEKLY")


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({"recurrence_pattern": "daily"}, "daily"),
        ({"recurrencePattern": "WEEKLY"}, "weekly"),
        ({"recurrence_type": "monthly"}, "monthly"),
        ({"recurrenceRule": "FREQ=DAILY;INTERVAL=3"}, "FREQ=DAILY;INTERVAL=3"),
        ({"rrule": "RRULE:FREQ=WEEKLY;BYDAY=MO"}, "FREQ=WEEKLY;BYDAY=MO"),
        ({"frequency": "yearly"}, "yearly"),
        ({"repeat": "annually"}, "yearly"),
        ({"repeat": "weekdays"}, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ({"recurring": "weekly"}, "weekly"),
        ({"recurring": True, "recurrence": "weekly"}, "weekly"),
        ({"is_recurring": True, "recurrence_pattern": "weekly"}, "weekly"),
        ({"isRecurring": True, "repeat": "weekly", "recurrence": None}, "weekly"),
        ({"recurrence": "weekly", "recurrence_pattern": "weekly"}, "weekly"),
        ({"recurrence": "weekly", "recurrence_pattern": ""}, "weekly"),
        (
            {"recurrence_pattern": "weekly", "recurrence_interval": 2},
            "FREQ=WEEKLY;INTERVAL=2",
        ),
        (
            {"recurrence": "weekly", "recurrenceInterval": "2"},
            "FREQ=WEEKLY;INTERVAL=2",
        ),
        ({"recurrence": "weekly", "recurrence_interval": 1}, "weekly"),
        ({"recurrence_interval": "weekly"}, "weekly"),
        (
            {"recurrence_type": "daily", "recurrence_end_date": "2027-06-30"},
            "FREQ=DAILY;UNTIL=20270630",
        ),
        (
            {"repeat": "daily", "recurrenceEndDate": "2027-06-30T00:00:00.000Z"},
            "FREQ=DAILY;UNTIL=20270630",
        ),
        (
            {"recurrence_pattern": {"type": "weekly", "interval": 2}},
            "FREQ=WEEKLY;INTERVAL=2",
        ),
        (
            {"recurrencePattern": {"frequency": "daily", "endDate": "2027-06-30"}},
            "FREQ=DAILY;UNTIL=20270630",
        ),
        (
            {"recurrence_rule": {"rrule": "FREQ=DAILY;INTERVAL=3"}},
            "FREQ=DAILY;INTERVAL=3",
        ),
        ({"recurrence_pattern": None, "is_recurring": False}, None),
        ({"recurrence_pattern": "none", "recurrence_interval": 1}, None),
        ({"recurrence_days": [], "recurrence_end_date": "", "repeat": {}}, None),
        ({"recurring": False, "frequency": None}, None),
        ({"frequency": "once"}, None),
    ],
)
def test_reads_what_is_certain(client, body, shown):
    response = client.post(URL, TITLE | body)

    assert response.status_code == 201, response.text
    assert response.json()["recurrence"] == shown


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("recurrence_pattern", {"recurrence_pattern": "biweekly"}),
        ("recurrencePattern", {"recurrencePattern": "custom"}),
        ("recurrence_pattern", {"recurrence_pattern": "FREQ=HOURLY"}),
        ("recurrence_pattern", {"recurrence_pattern": 7}),
        ("recurrence_pattern", {"recurrence_pattern": ["mon"]}),
        ("recurrence_pattern", {"recurrence_pattern": {"type": "weekly", "days": [1]}}),
        ("recurrence_pattern", {"recurrence_pattern": {"type": {"a": 1}}}),
        ("recurrence_pattern", {"recurrence_pattern": {"interval": 2}}),
        ("is_recurring", {"is_recurring": True}),
        ("recurring", {"recurring": True, "recurrence": ""}),
        ("is_recurring", {"is_recurring": False, "recurrence_pattern": "daily"}),
        ("is_recurring", {"is_recurring": "yes"}),
        ("repeat", {"recurrence_type": "daily", "repeat": "weekly"}),
        ("repeat", {"recurrence": "daily", "repeat": "weekly"}),
        ("repeat", {"recurrence": "daily", "repeat": "none"}),
        ("recurrence_interval", {"recurrence_interval": 2}),
        ("recurrence_interval", {"recurrence": "daily", "recurrence_interval": 0}),
        ("recurrence_interval", {"recurrence": "daily", "recurrence_interval": 1.5}),
        ("recurrence_interval", {"recurrence": "daily", "recurrence_interval": 10**20}),
        (
            "repeat_interval",
            {"rrule": "FREQ=DAILY;INTERVAL=3", "repeat_interval": 2},
        ),
        ("recurrence_end_date", {"recurrence_end_date": "2027-06-30"}),
        (
            "recurrence_end_date",
            {"repeat": "daily", "recurrence_end_date": "2027-06-29T22:00:00.000Z"},
        ),
        ("recurrence_end_date", {"repeat": "daily", "recurrence_end_date": "June"}),
        (
            "recurrence_end_date",
            {"rrule": "FREQ=DAILY;COUNT=3", "recurrence_end_date": "2027-06-30"},
        ),
        ("recurrence_days", {"recurrence": "weekly", "recurrence_days": ["mon"]}),
        ("recurrence_count", {"recurrence": "weekly", "recurrence_count": 5}),
        ("repeat", {"repeat": {"type": "daily", "rule": "FREQ=WEEKLY"}}),
        (
            "repeat_every",
            {"recurrence": "daily", "recurrence_interval": 2, "repeat_every": 3},
        ),
        ("repeat_until_done", {"repeat_until_done": "x"}),
    ],
)
def test_refuses_what_is_uncertain_by_its_key(client, key, body):
    response = client.post(URL, TITLE | body)

    assert response.status_code == 422, response.text
    assert list(response.json()["error"]["details"]) == [key]
    assert not Task.objects.exists()


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({"recurrence_pattern": "daily"}, "daily"),
        ({"recurrence_pattern": None}, None),
        ({"recurrence_pattern": "none"}, None),
        ({"is_recurring": False}, None),
        ({"is_recurring": True}, "weekly"),
        ({"title": "Pay"}, "weekly"),
    ],
)
def test_an_update_with_another_key_changes_the_rule(client, weekly, body, shown):
    response = client.put(f"{URL}/{weekly.pk}", body)

    assert response.status_code == 200
    assert response.json()["recurrence"] == shown


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({"recurrence_pattern": "daily"}, "daily"),
        ({"recurrence_pattern": "weekly"}, "weekly"),
        ({"recurrence_pattern": None}, "weekly"),
        ({"is_recurring": True}, "weekly"),
        ({"recurrence_interval": 2}, "FREQ=WEEKLY;INTERVAL=2"),
        ({"recurrence_interval": 1}, "weekly"),
    ],
)
def test_the_whole_task_can_be_sent_back_with_another_key(client, weekly, body, shown):
    url = f"{URL}/{weekly.pk}"

    response = client.put(url, client.get(url).json() | body)

    assert response.status_code == 200
    assert response.json()["recurrence"] == shown


@pytest.mark.parametrize("body", [{"is_recurring": False}, {"repeat": "none"}])
def test_a_whole_task_that_says_two_things_is_refused(client, weekly, body):
    url = f"{URL}/{weekly.pk}"

    response = client.put(url, client.get(url).json() | body)

    assert response.status_code == 422
    assert Task.objects.get().rrule == "FREQ=WEEKLY"


@pytest.mark.parametrize(
    "body",
    [
        {f"repeat_{n}": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29" for n in range(1000)},
        {f"repeat_{n}": {"rule": "FREQ=YEARLY"} for n in range(1000)},
        {"repeat": {"_" * n + "rule": "FREQ=YEARLY" for n in range(40)}},
    ],
)
def test_few_of_many_rules_are_checked(client, monkeypatch, body):
    checked = []
    normalise = recurrence.normalise_rule
    monkeypatch.setattr(
        recurrence,
        "normalise_rule",
        lambda *args, **kwargs: checked.append(1) or normalise(*args, **kwargs),
    )

    assert client.post(URL, TITLE | body).status_code == 422
    assert len(checked) <= 10


def test_keys_without_a_value_do_not_count(client):
    body = TITLE | {f"repeat_{n}": None for n in range(2000)}

    assert client.post(URL, body).status_code == 201
