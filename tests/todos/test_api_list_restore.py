import pytest
from django.utils import timezone

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from todos import actions
from todos.actions import lists as list_actions
from todos.models import Change


@pytest.fixture
def errands(alice):
    return TaskListFactory(owner=alice, name="Errands")


def url_of(row):
    return f"/api/v1/lists/{row.pk}/restore"


def trash(user, row):
    actions.trash_list(caller_of(user), list_id=row.pk)


def test_a_list_with_a_newer_version_is_not_deleted(api_as, alice, errands):
    trash(alice, errands)

    stale = api_as(alice).post(url_of(errands), headers={"If-Match": '"v1"'})
    seen = api_as(alice).post(url_of(errands), headers={"If-Match": '"v2"'})

    assert (stale.status_code, seen.status_code) == (412, 200)
    assert stale.json()["code"] == "version_conflict"


def test_restores_a_list_with_the_tasks_that_were_deleted_with_it(
    api_as, alice, errands
):
    task = TaskFactory(owner=alice, list_id=errands.pk)
    TaskFactory(owner=alice, parent_id=task.pk)
    gone_before = TaskFactory(owner=alice, list_id=errands.pk)
    actions.trash_task(caller_of(alice), task_id=gone_before.pk)
    trash(alice, errands)

    response = api_as(alice).post(url_of(errands))

    assert response.status_code == 200
    assert response["ETag"] == '"v3.1"'
    assert (response.json()["name"], response.json()["open_count"]) == ("Errands", 1)
    assert alice.tasks.live().count() == 2
    assert list(alice.tasks.trashed()) == [gone_before]
    restored = alice.changes.filter(kind="restored")
    assert restored.count() == 3
    assert len({change.batch for change in restored}) == 1


def test_restores_many_tasks_in_batches(api_as, alice, errands, monkeypatch):
    monkeypatch.setattr(list_actions, "CHUNK", 2)
    TaskFactory.create_batch(5, owner=alice, list_id=errands.pk)
    trash(alice, errands)
    assert alice.tasks.trashed().count() == 5

    api_as(alice).post(url_of(errands))

    assert alice.tasks.live().count() == 5
    numbers = alice.changes.order_by("seq").values_list("seq", flat=True)
    assert list(numbers) == list(range(1, 19))


def test_a_task_that_was_restored_before_stays_where_it_is(api_as, alice, errands):
    task, other = TaskFactory.create_batch(2, owner=alice, list_id=errands.pk)
    trash(alice, errands)
    actions.restore_task(caller_of(alice), task_id=task.pk)

    api_as(alice).post(url_of(errands))

    task.refresh_from_db()
    other.refresh_from_db()
    assert task.list.is_inbox
    assert (other.list_id, other.trashed_at) == (errands.pk, None)


def test_repeating_has_no_further_effect(api_as, alice, errands):
    before = Change.objects.count()

    response = api_as(alice).post(url_of(errands))

    assert response.status_code == 200
    assert response["ETag"] == '"v1"'
    assert Change.objects.count() == before


def test_one_undo_puts_it_into_the_trash_again(api_as, alice, errands):
    task = TaskFactory(owner=alice, list_id=errands.pk)
    trash(alice, errands)
    client = api_as(alice)
    client.post(url_of(errands))

    client.post("/api/v1/undo")

    task.refresh_from_db()
    errands.refresh_from_db()
    assert task.trashed_at is not None
    assert errands.trashed_at is not None


def test_the_number_of_lists_is_limited(api_as, alice, errands, monkeypatch):
    monkeypatch.setattr(list_actions, "LISTS_MAX", 2)
    trash(alice, errands)
    client = api_as(alice)
    last = client.post("/api/v1/lists", {"name": "Last"})

    one_more = client.post("/api/v1/lists", {"name": "One more"})
    restored = client.post(url_of(errands))

    assert last.status_code == 201
    for refused in (one_more, restored):
        assert refused.status_code == 400
        assert refused.json()["errors"] == {
            "name": ["You can have at most 2 lists. Delete one first."]
        }


def test_the_page_shows_the_limit_as_well(page_as, alice, monkeypatch):
    monkeypatch.setattr(list_actions, "LISTS_MAX", 1)

    response = page_as(alice).post("/lists/new/", {"name": "More", "colour": "grey"})

    assert response.status_code == 200
    assert "You can have at most 1 lists" in response.content.decode()


def test_requires_a_credential(api, errands):
    assert api.post(url_of(errands)).status_code == 401


def test_hides_another_users_list(api_as, alice, bob, errands):
    trash(alice, errands)

    response = api_as(bob).post(url_of(errands))

    assert response.status_code == 404
    errands.refresh_from_db()
    assert errands.trashed_at is not None


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_rejects_other_methods(api_as, alice, errands, method):
    assert getattr(api_as(alice), method)(url_of(errands)).status_code == 405


# --- Which lists are shown --------------------------------------------------------


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("", ["Inbox", "Errands", "Put away"]),
        ("all", ["Inbox", "Errands", "Put away"]),
        ("active", ["Inbox", "Errands"]),
        ("archived", ["Put away"]),
        ("trash", ["Thrown away"]),
    ],
)
def test_shows_the_lists_of_a_view(api_as, alice, bob, errands, view, expected):
    archived = {"archived_at": timezone.now()}
    away = TaskListFactory(owner=alice, name="Put away")
    actions.update_list(caller_of(alice), list_id=away.pk, changes=archived)
    thrown = TaskListFactory(owner=alice, name="Thrown away")
    actions.update_list(caller_of(alice), list_id=thrown.pk, changes=archived)
    trash(alice, thrown)
    trash(bob, TaskListFactory(owner=bob))

    rows = api_as(alice).get("/api/v1/lists", {"view": view}).json()["results"]

    assert [row["name"] for row in rows] == expected


def test_rejects_an_unknown_view(api_as, alice):
    response = api_as(alice).get("/api/v1/lists", {"view": "gone"})

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["view"]
