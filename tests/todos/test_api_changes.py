"""GET changes, the feed that clients follow, and tasks/{id}/changes, the history."""

import uuid
from datetime import date, time

import pytest
from django.urls import reverse

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from todos import actions
from todos.models import Change, Ledger


@pytest.fixture
def get(api_as, alice):
    client = api_as(alice)

    def request(**query):
        return client.get(reverse("api:change-list"), query)

    return request


@pytest.fixture
def history(api_as, alice):
    client = api_as(alice)

    def request(task_id, **query):
        return client.get(reverse("api:task-changes", args=[task_id]), query)

    return request


def follow(get, *, since, page_size):
    """Return the ids of all changes after `since`, as a client collects them."""
    seen = []
    while True:
        body = get(since=since, page_size=page_size).json()
        if not body["results"]:
            return seen
        seen += [change["entity_id"] for change in body["results"]]
        since = body["next"]


def test_returns_changes_in_order(get, api_as, alice):
    task = TaskFactory(owner=alice, title="Milk")
    address = reverse("api:task-detail", args=[task.pk])
    api_as(alice).patch(
        address,
        {
            "due_date": "2027-02-28",
            "due_time": "09:00",
            "due_tz": "Europe/Berlin",
            "recurrence": {"rrule": "FREQ=DAILY"},
            "reminder": {"minutes_before": 30},
        },
    )
    api_as(alice).delete(address)

    body = get().json()

    made, changed, trashed = body["results"]
    assert [made["kind"], changed["kind"], trashed["kind"]] == [
        "created",
        "updated",
        "trashed",
    ]
    assert made["before"] is None
    assert made["after"]["title"] == "Milk"
    assert {"list_id", "rrule", "occurrence", "reminder_time"}.isdisjoint(made["after"])
    assert made["after"]["list"] == str(task.list_id)
    assert made["after"]["recurrence"] is made["after"]["reminder"] is None
    assert changed["before"] | {"series": None} == {
        "due_date": None,
        "due_time": None,
        "due_tz": None,
        "recurrence": None,
        "reminder": None,
        "series": None,
    }
    assert changed["after"] | {"series": None} == {
        "due_date": "2027-02-28",
        "due_time": "09:00",
        "due_tz": "Europe/Berlin",
        "recurrence": {"rrule": "FREQ=DAILY", "anchor": "due", "text": "Every day"},
        "reminder": {"minutes_before": 30},
        "series": None,
    }
    assert body["next"] == "3"


def test_following_next_skips_and_repeats_nothing(get, alice):
    tasks = [TaskFactory(owner=alice) for _ in range(5)]

    assert follow(get, since="0", page_size=2) == [str(task.pk) for task in tasks]


def test_next_is_present_if_there_are_no_changes(get, alice):
    TaskFactory(owner=alice)

    assert get(since="1").json() == {"results": [], "next": "1"}
    assert get(since="latest").json() == {"results": [], "next": "1"}


def test_an_empty_ledger_begins_at_zero(get):
    assert get().json() == {"results": [], "next": "0"}


def test_shows_each_field_as_the_task_does(get, api_as, alice):
    client = api_as(alice)
    body = {
        "title": "Call",
        "due_date": "2027-02-01",
        "due_time": "09:00:30",
        "due_tz": "Europe/Berlin",
        "reminder": {"time": "08:00:15"},
        "recurrence": {"rrule": "FREQ=DAILY"},
        "labels": ["phone"],
    }
    address = f"/api/v1/tasks/{client.post('/api/v1/tasks', body).json()['id']}"
    client.post(f"{address}/complete")
    client.delete(address)
    shown = client.get(address).json()

    recorded = {}
    for change in get().json()["results"]:
        if change["entity_id"] == shown["id"]:
            recorded |= change["after"]

    assert recorded == {name: shown[name] for name in recorded}
    assert recorded.keys() >= body.keys() | {"completed_at", "trashed_at"}


def test_a_permanently_deleted_object_leaves_a_tombstone_without_text(get, alice):
    task = TaskFactory(owner=alice, title="Secret plan")
    caller = caller_of(alice, task.created_at)
    actions.trash_task(caller, task_id=task.pk)
    actions.remove_task(caller, task_id=task.pk)

    answer = get()

    last = answer.json()["results"][-1]
    assert (last["kind"], last["entity_id"]) == ("removed", str(task.pk))
    assert last["before"] is last["after"] is None
    assert b"Secret plan" not in answer.content


def test_lists_are_in_the_feed(get, alice):
    own = TaskListFactory(owner=alice, name="Errands")

    (change,) = get().json()["results"]

    assert (change["entity"], change["entity_id"]) == ("list", str(own.pk))
    assert change["after"]["name"] == "Errands"


def test_shows_no_changes_of_other_users(get, bob):
    TaskFactory(owner=bob)

    assert get().json()["results"] == []


def test_anonymous_is_refused(api):
    assert api.get(reverse("api:change-list")).status_code == 401


@pytest.mark.parametrize("since", ["-1", "x", "1.5", "9" * 21, "\u0663", "1\n2"])
def test_an_invalid_position_is_rejected(get, since):
    answer = get(since=since)

    assert answer.status_code == 400
    assert "since" in answer.json()["errors"]


def test_a_position_before_the_oldest_kept_change_is_gone(get, alice):
    for _ in range(3):
        TaskFactory(owner=alice)
    Change.objects.filter(owner=alice, seq__lte=2).delete()
    Ledger.objects.filter(owner=alice).update(purged_seq=2)

    answer = get(since="1")

    assert answer.status_code == 410
    assert answer.json()["code"] == "cursor_expired"
    assert len(get(since="2").json()["results"]) == 1
    assert len(get().json()["results"]) == 1


def test_a_position_after_the_end_is_gone(get, alice):
    TaskFactory(owner=alice)

    assert get(since="2").status_code == 410


def test_the_number_of_queries_does_not_depend_on_the_length(
    get, alice, django_assert_num_queries
):
    for _ in range(3):
        TaskFactory(owner=alice)

    with django_assert_num_queries(3):  # the user, the ledger, the changes
        get()


def test_a_task_has_a_history_the_latest_first(history, api_as, alice):
    task = TaskFactory(owner=alice, due_date=date(2027, 1, 1), due_time=time(9))
    TaskFactory(owner=alice)
    caller = caller_of(alice, task.created_at)
    actions.complete_task(caller, task_id=task.pk)

    first = history(task.pk, page_size=1).json()
    second = api_as(alice).get(first["next"]).json()

    assert [change["kind"] for change in first["results"]] == ["completed"]
    assert [change["kind"] for change in second["results"]] == ["created"]
    assert second["next"] is None


def test_the_history_of_another_users_task_is_not_found(history, bob):
    task = TaskFactory(owner=bob)

    foreign, unknown = history(task.pk), history(uuid.uuid4())

    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content


def test_a_history_rejects_a_forged_cursor(history, alice):
    task = TaskFactory(owner=alice)

    assert history(task.pk, cursor="made-up").status_code == 400
