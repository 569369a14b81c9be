import pytest
from django.urls import reverse

from tests.changes import last_change
from tests.factories import TaskFactory, TaskListFactory
from todos.models import Change


def url_of(task):
    return reverse("api:task-detail", args=[task.pk])


@pytest.fixture
def task(alice):
    return TaskFactory(
        owner=alice,
        title="Water the plants",
        notes="Not the cactus",
        priority=1,
        due_date="2027-02-28",
        due_time="09:00",
        labels=["home"],
    )


def test_patch_changes_only_the_given_fields(api_as, alice, task):
    client = api_as(alice)
    before = client.get(url_of(task)).json()

    response = client.patch(url_of(task), {"title": "Water the cactus"})

    assert response.status_code == 200
    assert response["ETag"] == '"v2"'
    after = response.json()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"title", "updated_at", "version"}
    assert client.get(url_of(task)).json() == after


def test_put_resets_omitted_fields_to_their_defaults(api_as, alice, task):
    body = api_as(alice).put(url_of(task), {"title": "Water the cactus"}).json()

    assert (body["title"], body["notes"], body["priority"]) == (
        "Water the cactus",
        "",
        3,
    )
    assert (body["due_date"], body["due_time"], body["labels"]) == (None, None, [])


def test_put_needs_a_title(api_as, alice, task):
    response = api_as(alice).put(url_of(task), {"notes": "Nothing else"})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["title"]


def test_null_removes_a_value(api_as, alice, task):
    body = api_as(alice).patch(url_of(task), {"due_time": None}).json()

    assert (body["due_date"], body["due_time"]) == ("2027-02-28", None)


@pytest.mark.parametrize("method", ["put", "patch"])
def test_requires_a_credential(api, task, method):
    response = getattr(api, method)(url_of(task), {"title": "Mine now"})

    assert response.status_code == 401
    task.refresh_from_db()
    assert task.title == "Water the plants"


@pytest.mark.parametrize("method", ["put", "patch"])
def test_hides_another_users_task(api_as, bob, task, method):
    response = getattr(api_as(bob), method)(url_of(task), {"title": "Mine now"})

    assert response.status_code == 404
    task.refresh_from_db()
    assert (task.title, task.version) == ("Water the plants", 1)


def test_bad_input_names_its_field_and_changes_nothing(api_as, alice, task):
    before = Change.objects.count()

    response = api_as(alice).patch(url_of(task), {"title": "New", "priority": 9})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["priority"]
    task.refresh_from_db()
    assert task.title == "Water the plants"
    assert Change.objects.count() == before


def test_a_request_without_changes_keeps_the_version(api_as, alice, task):
    before = Change.objects.count()

    response = api_as(alice).patch(
        url_of(task), {"title": " Water the plants ", "labels": ["home"]}
    )

    assert response.json()["version"] == 1
    assert Change.objects.count() == before


def test_records_the_values_before_and_after(api_as, alice, task):
    api_as(alice).patch(url_of(task), {"title": "Water the cactus"})

    change = last_change(alice)
    assert change.kind == "updated"
    assert change.before == {"title": "Water the plants"}
    assert change.after == {"title": "Water the cactus"}


def test_labels_are_replaced(api_as, alice, task):
    body = api_as(alice).patch(url_of(task), {"labels": ["Garden"]}).json()

    assert body["labels"] == ["Garden"]
    assert sorted(alice.labels.values_list("name", flat=True)) == ["Garden", "home"]


def test_moves_a_task_with_its_steps(api_as, alice, task):
    step = TaskFactory(owner=alice, parent_id=task.pk)
    other = TaskListFactory(owner=alice)

    body = api_as(alice).patch(url_of(task), {"list": str(other.pk)}).json()

    assert body["list"] == str(other.pk)
    step.refresh_from_db()
    assert step.list_id == other.pk
    assert alice.changes.filter(kind="moved").count() == 2


def test_refuses_a_task_as_its_own_step(api_as, alice, task):
    response = api_as(alice).patch(url_of(task), {"parent": str(task.pk)})

    assert list(response.json()["errors"]) == ["parent"]


def test_rejects_to_make_a_step_of_a_task_with_steps(api_as, alice, task):
    TaskFactory(owner=alice, parent_id=task.pk)
    other = TaskFactory(owner=alice)

    response = api_as(alice).patch(url_of(task), {"parent": str(other.pk)})

    assert list(response.json()["errors"]) == ["parent"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"due_date": None}, "due_time"),
        ({"due_time": None, "due_tz": "Europe/Berlin"}, "due_tz"),
    ],
)
def test_refuses_dates_that_would_not_fit_each_other(
    api_as, alice, task, change, field
):
    response = api_as(alice).patch(url_of(task), change)

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]


def test_a_task_in_the_trash_must_be_restored_first(api_as, alice, task):
    client = api_as(alice)
    client.delete(url_of(task))

    response = client.patch(url_of(task), {"title": "New"})

    assert response.status_code == 409
    assert response.json()["code"] == "in_trash"


# --- If-Match ---------------------------------------------------------------------


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
@pytest.mark.parametrize(
    "tag",
    ['"v2"', 'W/"v1"', "v1", '"other"', "", '"v99999999"', '"v2", W/"v1"', '"v2", *'],
)
def test_a_write_on_an_unseen_version_is_refused(api_as, alice, task, method, tag):
    before = Change.objects.count()

    response = getattr(api_as(alice), method)(
        url_of(task), {"title": "Overwritten"}, headers={"If-Match": tag}
    )

    assert response.status_code == 412
    assert response.json()["code"] == "version_conflict"
    task.refresh_from_db()
    assert (task.title, task.version, task.trashed_at) == ("Water the plants", 1, None)
    assert Change.objects.count() == before


@pytest.mark.parametrize("tag", ['"v1"', "*", ' "v1" ', '"v9", "v1"', '"v1.2.1","x"'])
@pytest.mark.parametrize("method", ["patch", "delete"])
def test_a_write_on_the_current_version_succeeds(api_as, alice, task, method, tag):
    response = getattr(api_as(alice), method)(
        url_of(task), {"title": "Changed"}, headers={"If-Match": tag}
    )

    assert response.status_code in {200, 204}


def test_of_two_writers_the_second_gets_an_error(api_as, alice, task):
    client = api_as(alice)
    seen = client.get(url_of(task))["ETag"]

    first = client.patch(url_of(task), {"title": "One"}, headers={"If-Match": seen})
    second = client.patch(url_of(task), {"title": "Two"}, headers={"If-Match": seen})

    assert (first.status_code, second.status_code) == (200, 412)
    task.refresh_from_db()
    assert task.title == "One"


def test_a_rule_is_shown_in_words_and_accepted_with_them(api_as, alice):
    task = TaskFactory(
        owner=alice,
        due_date="2027-02-28",
        rrule="FREQ=WEEKLY;INTERVAL=4;BYDAY=SU",
        rrule_anchor="completion",
    )
    client, url = api_as(alice), f"/api/v1/tasks/{task.pk}"
    shown = client.get(url).json()

    stored = client.put(url, shown)

    assert shown["recurrence"]["text"] == "About 4 weeks after completion, on Sunday"
    assert stored.json()["recurrence"] == shown["recurrence"]
    assert stored.json()["version"] == 1
