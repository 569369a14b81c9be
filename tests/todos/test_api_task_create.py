import pytest
from django.urls import reverse

from tests.factories import TaskFactory, TaskListFactory
from todos.models import Change, Task

URL = "/api/v1/tasks"


def test_creates_a_task_in_the_inbox_from_a_title(api_as, alice):
    response = api_as(alice).post(URL, {"title": "  Buy milk "})

    assert response.status_code == 201
    assert response["ETag"] == '"v1"'
    body = response.json()
    task = Task.objects.get()
    assert (task.owner, task.list.is_inbox) == (alice, True)
    assert body["id"] == str(task.pk)
    assert body["title"] == "Buy milk"
    assert (body["priority"], body["notes"], body["labels"]) == (3, "", [])
    assert (body["due_date"], body["recurrence"], body["completed_at"]) == (None,) * 3


def test_answers_with_what_a_later_request_shows(api_as, alice):
    client = api_as(alice)
    made = client.post(
        URL,
        {
            "title": "Water the plants",
            "notes": "a\nb",
            "priority": 1,
            "due_date": "2027-02-28",
            "due_time": "09:00",
            "due_tz": "Europe/Berlin",
            "start_date": "2027-02-01",
            "recurrence": {"rrule": "FREQ=WEEKLY;BYDAY=SU", "anchor": "completion"},
            "labels": ["home", "Garden"],
        },
    ).json()

    seen = client.get(reverse("api:task-detail", args=[made["id"]])).json()

    assert seen == made


@pytest.mark.parametrize(
    ("sent", "shown"),
    [("09:00", "09:00"), ("09:00:00", "09:00"), ("09:00:30", "09:00:30")],
)
def test_shows_the_time_that_is_stored(api_as, alice, sent, shown):
    client = api_as(alice)
    made = client.post(
        URL, {"title": "Call", "due_date": "2027-02-28", "due_time": sent}
    ).json()

    again = client.put(f"{URL}/{made['id']}", made).json()

    assert made["due_time"] == shown
    assert again == made


def test_records_one_change(api_as, alice):
    api_as(alice).post(URL, {"title": "Buy milk"})

    change = alice.changes.get()
    assert (change.kind, change.entity, change.seq) == ("created", "task", 1)
    assert change.before is None
    assert change.after["title"] == "Buy milk"


def test_creates_a_step_in_the_list_of_its_task(api_as, alice):
    own = TaskListFactory(owner=alice)
    parent = TaskFactory(owner=alice, list_id=own.pk)

    body = api_as(alice).post(URL, {"title": "Step", "parent": str(parent.pk)}).json()

    assert (body["parent"], body["list"]) == (str(parent.pk), str(own.pk))


def test_refuses_a_step_of_a_step(api_as, alice):
    parent = TaskFactory(owner=alice)
    step = TaskFactory(owner=alice, parent_id=parent.pk)

    response = api_as(alice).post(URL, {"title": "Deep", "parent": str(step.pk)})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["parent"]


def test_refuses_a_list_in_the_trash(api_as, alice):
    own = TaskListFactory(owner=alice)
    client = api_as(alice)
    client.delete(f"/api/v1/lists/{own.pk}")

    response = client.post(URL, {"title": "Buy milk", "list": str(own.pk)})

    assert response.json()["errors"] == {"list": ["There is no such list."]}


def test_requires_a_credential(api, db):
    response = api.post(URL, {"title": "Buy milk"})

    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert not Task.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {"due_time": "09:00"},
        {"due_date": "2027-02-28", "due_tz": "Europe/Berlin"},
        {"recurrence": {"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}},
    ],
    ids=lambda body: next(iter(body)),
)
def test_refuses_dates_that_do_not_fit_each_other(api_as, alice, body):
    response = api_as(alice).post(URL, {"title": "Buy milk"} | body)

    assert response.status_code == 400
    assert response.json()["errors"]
    assert not Change.objects.exists()


def test_names_the_field_that_is_missing(api_as, alice):
    response = api_as(alice).post(URL, {})

    assert response.status_code == 400
    assert response.json() == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "title: This field is required.",
        "code": "invalid",
        "errors": {"title": ["This field is required."]},
    }


def test_ignores_read_only_fields(api_as, alice, bob):
    wish = {
        "id": "00000000-0000-7000-8000-000000000000",
        "owner": str(bob.pk),
        "owner_id": str(bob.pk),
        "user_id": str(bob.pk),
        "position": 1,
        "series": "00000000-0000-7000-8000-000000000000",
        "completed_at": "2020-01-01T00:00:00Z",
        "trashed_at": "2020-01-01T00:00:00Z",
        "created_at": "2020-01-01T00:00:00Z",
        "version": 9,
    }

    body = api_as(alice).post(URL, {"title": "Buy milk"} | wish).json()

    task = Task.objects.get()
    assert task.owner == alice
    for name in wish.keys() & body.keys():
        assert body[name] != wish[name], name


def test_creates_labels_once_in_any_case(api_as, alice):
    client = api_as(alice)

    client.post(URL, {"title": "One", "labels": ["Home"]})
    second = client.post(URL, {"title": "Two", "labels": ["home", "HOME"]}).json()

    assert second["labels"] == ["Home"]
    assert alice.labels.get().name == "Home"
    assert alice.changes.filter(entity="label").count() == 1


def test_keeps_text_as_data(api_as, alice):
    title = "<script>alert(1)</script> '; DROP TABLE todos_task; -- %s {0}"

    body = api_as(alice).post(URL, {"title": title}).json()

    assert body["title"] == title
