import pytest

from tests.changes import caller_of, last_change
from tests.factories import TaskFactory
from todos import actions
from todos.models import Change


@pytest.fixture
def home(alice):
    return actions.create_label(caller_of(alice), name="Home", colour="teal")


def url_of(label):
    return f"/api/v1/labels/{label.pk}"


def test_shows_a_label_to_its_owner(api_as, alice, home):
    response = api_as(alice).get(url_of(home))

    assert response.status_code == 200
    assert response["ETag"] == '"v1"'
    assert response.json() == {"id": str(home.pk), "name": "Home", "colour": "teal"}


def test_answers_304_if_the_client_has_the_version(api_as, alice, home):
    response = api_as(alice).get(url_of(home), headers={"If-None-Match": '"v1"'})

    assert (response.status_code, response.content) == (304, b"")


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_requires_a_credential(api, home, method):
    assert getattr(api, method)(url_of(home)).status_code == 401


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_hides_another_users_label(api_as, bob, home, method):
    response = getattr(api_as(bob), method)(url_of(home), {"name": "Mine now"})

    assert response.status_code == 404
    home.refresh_from_db()
    assert (home.name, home.version) == ("Home", 1)


def test_renaming_a_label_changes_the_etag_of_its_tasks(api_as, alice, home):
    client = api_as(alice)
    task = TaskFactory(owner=alice, labels=["home"])
    address = f"/api/v1/tasks/{task.pk}"
    seen = client.get(address)["ETag"]

    response = client.patch(url_of(home), {"name": "House"})

    assert response.status_code == 200
    assert response["ETag"] == '"v2"'
    assert response.json()["name"] == "House"
    read_again = client.get(address, headers={"If-None-Match": seen})
    assert read_again.json()["labels"] == ["House"]
    change = last_change(alice)
    assert (change.entity, change.kind) == ("label", "updated")
    assert (change.before, change.after) == ({"name": "Home"}, {"name": "House"})


def test_ignores_case(api_as, alice, home):
    body = api_as(alice).patch(url_of(home), {"name": "HOME"}).json()

    assert body["name"] == "HOME"
    assert alice.labels.get().key == "home"


def test_a_request_without_changes_keeps_the_version(api_as, alice, home):
    before = Change.objects.count()

    response = api_as(alice).patch(url_of(home), {"name": " Home ", "colour": "teal"})

    assert response["ETag"] == '"v1"'
    assert Change.objects.count() == before


def test_refuses_a_name_that_another_label_has(api_as, alice, home):
    task = TaskFactory(owner=alice, labels=["Home", "Garden"])
    before = Change.objects.count()

    response = api_as(alice).patch(url_of(home), {"name": "GARDEN", "colour": "red"})

    assert response.status_code == 400
    assert response.json()["errors"] == {
        "name": ["A label with this name already exists."]
    }
    home.refresh_from_db()
    task.refresh_from_db()
    assert (home.name, home.colour, task.version) == ("Home", "teal", 1)
    assert Change.objects.count() == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a" * 51}, "name"),
        ({"name": "\u0390" * 50}, "name"),
        ({"colour": "ultraviolet"}, "colour"),
    ],
    ids=repr,
)
def test_names_the_field_that_is_wrong(api_as, alice, home, body, field):
    response = api_as(alice).patch(url_of(home), body)

    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]


def test_a_deleted_label_is_gone_from_its_tasks_until_undone(api_as, alice, home):
    client = api_as(alice)
    task = TaskFactory(owner=alice, labels=["home"])
    address = f"/api/v1/tasks/{task.pk}"

    response = client.delete(url_of(home))

    assert response.status_code == 204
    assert client.get(url_of(home)).status_code == 404
    assert client.get(address).json()["labels"] == []
    assert client.get(address)["ETag"] == '"v2"'
    client.post("/api/v1/undo")
    assert client.get(address).json()["labels"] == ["Home"]
    assert client.get(url_of(home)).json()["colour"] == "teal"


def test_a_merged_label_is_replaced_on_its_tasks_until_undone(api_as, alice, home):
    client = api_as(alice)
    task = TaskFactory(owner=alice, labels=["home", "flat"])
    flat = alice.labels.get(key="flat")
    address = f"/api/v1/tasks/{task.pk}"

    response = client.post(f"{url_of(home)}/merge", {"into": str(flat.pk)})

    assert (response.status_code, response["ETag"]) == (200, '"v1"')
    assert response.json()["name"] == "flat"
    assert client.get(address).json()["labels"] == ["flat"]
    assert client.get(url_of(home)).status_code == 404
    client.post("/api/v1/undo")
    assert client.get(address).json()["labels"] == ["flat", "Home"]


@pytest.mark.parametrize("into", [None, "", "flat", {"id": 1}, "\x00"])
def test_merging_names_the_field_that_is_wrong(api_as, alice, home, into):
    response = api_as(alice).post(f"{url_of(home)}/merge", {"into": into})

    assert (response.status_code, list(response.json()["errors"])) == (400, ["into"])


@pytest.mark.parametrize("method", ["patch", "delete"])
def test_a_write_on_an_unseen_version_is_refused(api_as, alice, home, method):
    response = getattr(api_as(alice), method)(
        url_of(home), {"name": "Overwritten"}, headers={"If-Match": '"v7"'}
    )

    assert response.status_code == 412
    home.refresh_from_db()
    assert home.name == "Home"


@pytest.mark.parametrize("suffix", ["", "/"])
def test_answers_in_both_slash_forms_without_a_redirect(api_as, alice, home, suffix):
    client = api_as(alice)

    assert client.get(url_of(home) + suffix).status_code == 200
    assert client.delete(url_of(home) + suffix).status_code == 204


@pytest.mark.parametrize("method", ["post", "put"])
def test_rejects_other_methods(api_as, alice, home, method):
    assert getattr(api_as(alice), method)(url_of(home)).status_code == 405
