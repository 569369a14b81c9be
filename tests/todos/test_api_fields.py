"""`?fields=`: responses with only the requested fields."""

import pytest

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from todos import actions
from todos.models import Task, TaskList

pytestmark = pytest.mark.any_database


@pytest.fixture
def client(api_as, alice):
    return api_as(alice)


@pytest.fixture
def task(alice):
    return TaskFactory(owner=alice, title="Buy milk", priority=1)


@pytest.fixture
def errands(alice):
    return TaskListFactory(owner=alice, name="Errands")


@pytest.fixture
def home(alice):
    return actions.create_label(caller_of(alice), name="home")


@pytest.mark.parametrize("query", ["fields=id,title", "fields=id&fields=title"])
def test_a_list_shows_only_the_fields_that_were_asked_for(client, task, query):
    page = client.get(f"/api/v1/tasks?{query}").json()

    assert page["results"] == [{"id": str(task.pk), "title": "Buy milk"}]
    assert page.keys() == {"next", "previous", "results"}


def test_a_task_shows_only_the_fields_that_were_asked_for(client, task):
    body = client.get(f"/api/v1/tasks/{task.pk}?fields=priority").json()

    assert body == {"priority": 1}


def test_lists_show_only_the_fields_that_were_asked_for(client, errands):
    page = client.get("/api/v1/lists?fields=name").json()
    one = client.get(f"/api/v1/lists/{errands.pk}?fields=name,colour").json()

    assert {"name": "Errands"} in page["results"]
    assert one == {"name": "Errands", "colour": errands.colour}


def test_labels_show_only_the_fields_that_were_asked_for(client, home):
    page = client.get("/api/v1/labels?fields=name").json()
    one = client.get(f"/api/v1/labels/{home.pk}?fields=colour,id").json()

    assert page == {"next": None, "previous": None, "results": [{"name": "home"}]}
    assert one == {"id": str(home.pk), "colour": home.colour}


@pytest.mark.parametrize(
    "route", ["changes", "tasks/{task}/changes", "users/me/tasks/{task}/changes"]
)
def test_changes_show_only_the_fields_that_were_asked_for(client, task, route):
    path = route.format(task=task.pk)

    page = client.get(f"/api/v1/{path}?fields=kind,entity").json()

    assert page["results"] == [{"kind": "created", "entity": "task"}]
    assert "next" in page


def test_a_feed_with_few_fields_can_be_continued(client, alice):
    for number in range(3):
        TaskFactory(owner=alice, title=f"Task {number}")

    first = client.get("/api/v1/changes?fields=kind&page_size=2").json()
    last = client.get(f"/api/v1/changes?fields=kind&since={first['next']}").json()

    assert (len(first["results"]), len(last["results"])) == (2, 1)


def test_the_route_under_the_users_id_accepts_fields_as_well(client, task):
    page = client.get("/api/v1/users/me/tasks?fields=title").json()
    one = client.get(f"/api/v1/users/me/tasks/{task.pk}?fields=title").json()

    assert page["results"] == [one] == [{"title": "Buy milk"}]


def test_each_field_of_a_task_can_be_asked_for(client, task):
    whole = client.get(f"/api/v1/tasks/{task.pk}").json()

    for name, value in whole.items():
        body = client.get(f"/api/v1/tasks/{task.pk}?fields={name}").json()
        assert body == {name: value}


def test_each_field_of_a_list_can_be_asked_for(client, errands):
    whole = client.get(f"/api/v1/lists/{errands.pk}").json()

    for name, value in whole.items():
        body = client.get(f"/api/v1/lists/{errands.pk}?fields={name}").json()
        assert body == {name: value}


@pytest.mark.parametrize("query", ["", "?fields="])
def test_without_names_all_fields_are_present(client, task, query):
    whole = client.get("/api/v1/tasks").json()

    assert client.get(f"/api/v1/tasks{query}").json() == whole
    assert "version" in whole["results"][0]


@pytest.mark.parametrize("name", ["owner", "owner_id", "Title", "a" * 200, "ä", "id,"])
@pytest.mark.parametrize(
    "route",
    [
        *("tasks", "tasks/{task}", "lists", "lists/{list}", "labels", "labels/{label}"),
        *("changes", "tasks/{task}/changes"),
    ],
)
def test_an_unknown_field_is_named(client, task, errands, home, route, name):
    path = route.format(task=task.pk, list=errands.pk, label=home.pk)

    refused = client.get(f"/api/v1/{path}", {"fields": name})

    assert refused.status_code == 400
    assert list(refused.json()["errors"]) == ["fields"]
    assert name[:50].split(",")[-1].encode("ascii", "backslashreplace").decode() in (
        refused.json()["detail"].replace("\\\\", "\\")
    )


def test_a_query_parameter_is_not_a_column(client, task):
    """`label_names` is a column of the query and no field."""
    assert client.get("/api/v1/tasks?fields=label_names").status_code == 400


def test_the_tag_is_that_of_the_whole_task(client, task):
    path = f"/api/v1/tasks/{task.pk}"
    tag = client.get(path)["ETag"]

    part = client.get(f"{path}?fields=title")
    known = client.get(f"{path}?fields=title", headers={"If-None-Match": tag})
    changed = client.patch(path, {"title": "New"}, headers={"If-Match": part["ETag"]})

    assert part["ETag"] == tag
    assert known.status_code == 304
    assert changed.status_code == 200


def test_pages_continue_with_any_fields(client, alice):
    for number in range(5):
        TaskFactory(owner=alice, title=f"Task {number}")

    titles, address = [], "/api/v1/tasks?fields=title&page_size=2&ordering=-created_at"
    while address:
        page = client.get(address).json()
        titles += [row["title"] for row in page["results"]]
        address = page["next"]

    assert titles == [f"Task {number}" for number in (4, 3, 2, 1, 0)]


def test_fields_give_another_user_nothing(api_as, bob, task, errands, home):
    for path in (f"tasks/{task.pk}", f"lists/{errands.pk}", f"labels/{home.pk}"):
        assert api_as(bob).get(f"/api/v1/{path}?fields=id").status_code == 404
    assert Task.objects.owned_by(bob).count() == 0
    assert TaskList.objects.owned_by(bob).count() == 1


def test_a_list_of_few_fields_costs_no_more_queries(
    client, task, django_assert_num_queries
):
    with django_assert_num_queries(2):
        client.get("/api/v1/tasks?fields=id")
