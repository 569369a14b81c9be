import pytest

from tests.changes import last_change
from tests.factories import TaskFactory, TaskListFactory
from todos.models import Change


@pytest.fixture
def errands(alice):
    return TaskListFactory(owner=alice, name="Errands")


def url_of(row):
    return f"/api/v1/lists/{row.pk}"


def inbox_of(user):
    return user.task_lists.get(is_inbox=True)


def test_shows_a_list_to_its_owner(api_as, alice, errands):
    response = api_as(alice).get(url_of(errands))

    assert response.status_code == 200
    assert response["ETag"] == '"v1"'
    assert response.json()["name"] == "Errands"


def test_answers_304_if_the_client_has_the_version(api_as, alice, errands):
    response = api_as(alice).get(url_of(errands), headers={"If-None-Match": '"v1"'})

    assert (response.status_code, response.content) == (304, b"")


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_requires_a_credential(api, errands, method):
    assert getattr(api, method)(url_of(errands)).status_code == 401


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_hides_another_users_list(api_as, bob, errands, method):
    response = getattr(api_as(bob), method)(url_of(errands), {"name": "Mine now"})

    assert response.status_code == 404
    errands.refresh_from_db()
    assert (errands.name, errands.version) == ("Errands", 1)


def test_changes_only_the_given_fields(api_as, alice, errands):
    body = api_as(alice).patch(url_of(errands), {"colour": "red"}).json()

    assert (body["name"], body["colour"]) == ("Errands", "red")
    change = last_change(alice)
    assert (change.kind, change.before, change.after) == (
        "updated",
        {"colour": "grey"},
        {"colour": "red"},
    )


def test_is_archived_and_taken_out_again(api_as, alice, errands):
    client = api_as(alice)
    client.post("/api/v1/tasks", {"title": "Buy milk", "list": str(errands.pk)})

    put_away = client.patch(
        url_of(errands), {"archived_at": "2027-01-01T12:00:00+02:00"}
    )

    assert put_away.json()["archived_at"] == "2027-01-01T10:00:00Z"
    assert client.get("/api/v1/tasks").json()["results"] == []
    back = client.patch(url_of(errands), {"archived_at": None})
    assert back.json()["archived_at"] is None
    assert len(client.get("/api/v1/tasks").json()["results"]) == 1


@pytest.mark.parametrize("at", ["1900-01-01T00:00:00Z", "2999-12-31T23:59:59Z"])
def test_is_archived_at_the_limits_of_time(api_as, alice, errands, at):
    response = api_as(alice).patch(url_of(errands), {"archived_at": at})

    assert response.json()["archived_at"] == at


@pytest.mark.parametrize(
    "at",
    [
        *("1899-12-31T23:59:59Z", "3000-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        *("3000-01-01T00:30:00-00:30", "1900-01-01T00:00:00+00:01"),
    ],
)
def test_a_time_that_no_import_would_take_is_refused(api_as, alice, errands, at):
    response = api_as(alice).patch(url_of(errands), {"archived_at": at})

    assert response.status_code == 400
    assert response.json()["errors"] == {
        "archived_at": ["Must be a date and time from 1900-01-01 to 2999-12-31."]
    }
    errands.refresh_from_db()
    assert (errands.archived_at, errands.version) == (None, 1)


@pytest.mark.parametrize(
    "body", [{"name": "Renamed"}, {"archived_at": "2027-01-01T00:00:00Z"}]
)
def test_the_inbox_keeps_its_name_and_its_place(api_as, alice, body):
    inbox = inbox_of(alice)

    response = api_as(alice).patch(url_of(inbox), body)

    assert response.status_code == 409
    assert response.json()["code"] == "inbox"
    inbox.refresh_from_db()
    assert inbox.version == 1


def test_the_inbox_may_have_another_colour(api_as, alice):
    response = api_as(alice).patch(url_of(inbox_of(alice)), {"colour": "teal"})

    assert response.json()["colour"] == "teal"


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_a_write_on_an_unseen_version_is_refused(api_as, alice, errands, method):
    response = getattr(api_as(alice), method)(
        url_of(errands), {"name": "Overwritten"}, headers={"If-Match": '"v7"'}
    )

    assert response.status_code == 412
    assert response.json()["code"] == "version_conflict"
    errands.refresh_from_db()
    assert (errands.name, errands.trashed_at) == ("Errands", None)


def test_deleting_a_list_trashes_its_tasks_in_one_batch(api_as, alice, errands):
    task = TaskFactory(owner=alice, list_id=errands.pk)
    TaskFactory(owner=alice, parent_id=task.pk)

    response = api_as(alice).delete(url_of(errands))

    assert response.status_code == 204
    assert alice.tasks.trashed().count() == 2
    trashed = alice.changes.filter(kind="trashed")
    assert trashed.count() == 3
    assert len({change.batch for change in trashed}) == 1
    assert api_as(alice).get(url_of(errands)).status_code == 404


def test_deleting_may_move_the_tasks_instead(api_as, alice, errands):
    task = TaskFactory(owner=alice, list_id=errands.pk)
    other = TaskListFactory(owner=alice)

    response = api_as(alice).delete(f"{url_of(errands)}?move_to={other.pk}")

    assert response.status_code == 204
    task.refresh_from_db()
    assert (task.list_id, task.trashed_at) == (other.pk, None)
    assert alice.changes.filter(kind="moved").count() == 1


def test_tasks_cannot_move_to_the_list_that_is_deleted(api_as, alice, errands):
    response = api_as(alice).delete(f"{url_of(errands)}?move_to={errands.pk}")

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["move_to"]


@pytest.mark.parametrize("move_to", ["x", "%00", "1"])
def test_an_invalid_id_is_named(api_as, alice, errands, move_to):
    response = api_as(alice).delete(f"{url_of(errands)}?move_to={move_to}")

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["move_to"]


def test_the_inbox_can_not_be_deleted(api_as, alice):
    task = TaskFactory(owner=alice)
    before = Change.objects.count()

    response = api_as(alice).delete(url_of(inbox_of(alice)))

    assert response.status_code == 409
    assert response.json()["code"] == "inbox"
    task.refresh_from_db()
    assert task.trashed_at is None
    assert Change.objects.count() == before


@pytest.mark.parametrize("suffix", ["", "/"])
def test_answers_in_both_slash_forms_without_a_redirect(api_as, alice, errands, suffix):
    client = api_as(alice)

    assert client.get(url_of(errands) + suffix).status_code == 200
    assert client.delete(url_of(errands) + suffix).status_code == 204


@pytest.mark.parametrize("method", ["post", "put"])
def test_rejects_other_methods(api_as, alice, errands, method):
    assert getattr(api_as(alice), method)(url_of(errands)).status_code == 405
