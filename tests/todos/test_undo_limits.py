"""Undo respects the limits that every other action respects."""

import sys

import pytest

from tests.changes import last_change, snapshots_of
from tests.factories import TaskListFactory
from todos import actions
from todos.actions import labels as label_actions
from todos.actions import lists as list_actions
from todos.actions.undo import CHANGES_MAX
from todos.api.files import ROWS_MAX
from todos.models import Label, TaskList
from todos.pages.navigation import Navigation

LISTS_TEXT = "You can have at most 2 lists. Delete one first."
LABELS_TEXT = "You can have at most 2 labels. Delete one first."


@pytest.fixture(autouse=True)
def of_two(monkeypatch):
    """Limit every user to two lists, one of which is the inbox, and two labels."""
    monkeypatch.setattr(list_actions, "LISTS_MAX", 2)
    monkeypatch.setattr(label_actions, "LABELS_PER_USER_MAX", 2)


def make_and_take_back(as_alice, text):
    """Add tasks with labels, undo it, and return the batch of the undo."""
    actions.quick_add(as_alice, text=text)
    return actions.undo(as_alice).batch


def test_created_lists_are_recreated_only_within_the_limit(api_as, as_alice, alice):
    client = api_as(alice)
    undone = []
    for name in ("One", "Two"):
        actions.create_list(as_alice, name=name)
        undone.append(actions.undo(as_alice).batch)
    first = client.post("/api/v1/undo", {"batch": undone[0]}, format="json")
    before = snapshots_of(alice)

    second = client.post("/api/v1/undo", {"batch": undone[1]}, format="json")

    assert first.status_code == 200
    assert second.status_code == 409
    assert second.json()["code"] == "account_full"
    assert second.json()["detail"] == LISTS_TEXT
    assert snapshots_of(alice) == before


def test_a_trashed_list_is_restored_only_within_the_limit(as_alice, alice):
    own = TaskListFactory(owner=alice)
    actions.trash_list(as_alice, list_id=own.pk)
    trashed = last_change(alice).batch
    actions.create_list(as_alice, name="Instead")

    with pytest.raises(actions.AccountFull, match=LISTS_TEXT):
        actions.undo(as_alice, batch_id=trashed)

    assert TaskList.objects.owned_by(alice).live().count() == 2


def test_created_labels_are_recreated_only_within_the_limit(as_alice, alice):
    first = make_and_take_back(as_alice, "Call @one @two")
    second = make_and_take_back(as_alice, "Write @three")
    actions.undo(as_alice, batch_id=first)
    before = snapshots_of(alice)

    with pytest.raises(actions.AccountFull, match=LABELS_TEXT):
        actions.undo(as_alice, batch_id=second)

    assert snapshots_of(alice) == before
    assert Label.objects.owned_by(alice).count() == 2


def test_a_label_recreated_with_a_task_counts_too(as_alice, alice):
    task = actions.create_task(as_alice, title="Call", labels=["one"])
    actions.update_task(as_alice, task_id=task.pk, changes={"labels": []})
    taken = last_change(alice).batch
    one = Label.objects.owned_by(alice).get()
    actions.delete_label(as_alice, label_id=one.pk)
    for name in ("two", "three"):
        actions.create_label(as_alice, name=name)

    with pytest.raises(actions.AccountFull, match=LABELS_TEXT):
        actions.undo(as_alice, batch_id=taken)


def test_a_user_above_the_limit_can_undo_everything_else(as_alice, alice, monkeypatch):
    own = TaskListFactory(owner=alice)
    label = actions.create_label(as_alice, name="one")
    actions.update_list(as_alice, list_id=own.pk, changes={"name": "New"})
    actions.update_label(as_alice, label_id=label.pk, changes={"name": "new"})
    monkeypatch.setattr(list_actions, "LISTS_MAX", 1)
    monkeypatch.setattr(label_actions, "LABELS_PER_USER_MAX", 0)

    actions.undo(as_alice)
    actions.undo(
        as_alice, batch_id=alice.changes.filter(entity_id=own.pk).latest("seq").batch
    )

    label.refresh_from_db()
    own.refresh_from_db()
    assert label.name == "one"
    assert own.name != "New"


def test_the_page_says_what_to_delete(page_as, as_alice, alice):
    actions.create_list(as_alice, name="One")
    undone = actions.undo(as_alice).batch
    actions.create_list(as_alice, name="Two")

    answer = page_as(alice).post(f"/undo/{undone}/", follow=True)

    assert LISTS_TEXT in answer.content.decode()


def test_the_navigation_finds_a_list_without_iterating_over_all(rf, alice):
    request = rf.get("/")
    request.user = alice
    navigation = Navigation(request)
    own = TaskListFactory(owner=alice)
    assert navigation.list_of(own.pk) == own
    vars(navigation)["_lists"] = None  # a second iteration would fail

    assert navigation.list_of(own.pk) == own


def test_a_batch_can_be_too_large_to_undo(api_as, as_alice, alice, monkeypatch):
    monkeypatch.setattr(sys.modules["todos.actions.undo"], "CHANGES_MAX", 2)
    client = api_as(alice)
    actions.quick_add(as_alice, text="One\nTwo")
    fitting = client.post("/api/v1/undo")
    actions.quick_add(as_alice, text="One\nTwo\nThree")
    before = snapshots_of(alice)

    refused = client.post("/api/v1/undo")

    assert fitting.status_code == 200
    assert refused.status_code == 409
    assert refused.json()["code"] == "undo_too_large"
    assert refused.json()["detail"] == actions.UndoTooLarge.text
    assert snapshots_of(alice) == before

    one = last_change(alice)
    answer = client.post("/api/v1/undo", {"change": one.pk}, format="json")
    assert answer.status_code == 200


def test_the_largest_import_over_http_can_be_undone(monkeypatch):
    monkeypatch.undo()

    assert CHANGES_MAX == (
        ROWS_MAX + list_actions.LISTS_MAX + label_actions.LABELS_PER_USER_MAX
    )
