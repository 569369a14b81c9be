"""Creating, renaming and deleting labels, and the tasks that have them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from tests.changes import caller_of, last_change
from tests.factories import TaskFactory, UserFactory
from todos import actions
from todos.actions import labels as label_actions
from todos.models import Label, Task, TaskLabel


def names_on(task):
    return Task.objects.with_labels().get(pk=task.pk).label_names


def versions(*tasks):
    return [Task.objects.get(pk=task.pk).version for task in tasks]


@pytest.fixture
def home(alice):
    return actions.create_label(caller_of(alice), name="home", colour="teal")


def test_renaming_a_label_changes_the_tasks_that_have_it(alice, bob, home):
    carrier = TaskFactory(owner=alice, labels=["home"])
    other = TaskFactory(owner=alice, labels=["garden"])
    bobs = TaskFactory(owner=bob, labels=["home"])

    actions.update_label(caller_of(alice), label_id=home.pk, changes={"name": "House"})

    assert names_on(carrier) == ["House"]
    assert versions(carrier, other, bobs) == [2, 1, 1]
    assert names_on(bobs) == ["home"]
    assert Task.objects.get(pk=carrier.pk).updated_at > carrier.updated_at


def test_a_renamed_label_is_found_only_by_its_new_name(alice, home):
    task = TaskFactory(owner=alice, labels=["home"])

    actions.update_label(caller_of(alice), label_id=home.pk, changes={"name": "House"})

    tasks = Task.objects.owned_by(alice)
    assert list(tasks.with_every_label(["HOUSE"])) == [task]
    assert not tasks.with_every_label(["home"]).exists()
    TaskFactory(owner=alice, labels=["house"])
    assert Label.objects.count() == 1


def test_another_colour_does_not_change_the_tasks(alice, home):
    task = TaskFactory(owner=alice, labels=["home"])

    actions.update_label(caller_of(alice), label_id=home.pk, changes={"colour": "red"})

    assert versions(task) == [1]


def test_renaming_takes_the_same_queries_for_any_number_of_tasks(
    alice, home, django_assert_num_queries
):
    TaskFactory.create_batch(20, owner=alice, labels=["home"])

    # Begin and end of a transaction and a savepoint; the number of the ledger, the
    # label, its name, the tasks, the version of the label, the change.
    with django_assert_num_queries(10):
        actions.update_label(
            caller_of(alice), label_id=home.pk, changes={"name": "House"}
        )

    assert set(versions(*alice.tasks.all())) == {2}


def test_undo_restores_the_name_of_a_label(alice, home):
    task = TaskFactory(owner=alice, labels=["home"])
    actions.update_label(caller_of(alice), label_id=home.pk, changes={"name": "House"})

    actions.undo(caller_of(alice))

    assert names_on(task) == ["home"]
    assert list(Task.objects.with_every_label(["Home"])) == [task]
    assert versions(task) == [3]


def test_a_deleted_label_is_removed_from_every_task(alice, bob, home, monkeypatch):
    monkeypatch.setattr(label_actions, "CHUNK", 2)
    carriers = TaskFactory.create_batch(5, owner=alice, labels=["garden", "home"])
    trashed = TaskFactory(owner=alice, labels=["home"])
    actions.trash_task(caller_of(alice), task_id=trashed.pk)
    bobs = TaskFactory(owner=bob, labels=["home"])

    actions.delete_label(caller_of(alice), label_id=home.pk)

    assert {tuple(names_on(task)) for task in carriers} == {("garden",)}
    assert names_on(trashed) == []
    assert names_on(bobs) == ["home"]
    assert versions(*carriers) == [2] * 5
    last = last_change(alice)
    assert (last.entity, last.kind) == ("label", "removed")
    assert last.before == {"name": "home", "colour": "teal"}
    assert alice.changes.filter(batch=last.batch).count() == 7


def test_undo_restores_a_deleted_label_to_its_tasks(alice, home):
    tasks = TaskFactory.create_batch(3, owner=alice, labels=["garden", "home"])
    actions.delete_label(caller_of(alice), label_id=home.pk)

    actions.undo(caller_of(alice))

    assert {tuple(names_on(task)) for task in tasks} == {("garden", "home")}
    back = Label.objects.get(key="home")
    assert (back.pk, back.colour) == (home.pk, "teal")


def test_merging_replaces_a_label_on_every_task(alice, bob, home, monkeypatch):
    monkeypatch.setattr(label_actions, "CHUNK", 2)
    carriers = TaskFactory.create_batch(3, owner=alice, labels=["garden", "home"])
    both = TaskFactory(owner=alice, labels=["flat", "home"])
    bobs = TaskFactory(owner=bob, labels=["home"])
    flat = Label.objects.get(owner=alice, key="flat")

    kept = actions.merge_labels(caller_of(alice), label_id=home.pk, into=flat.pk)

    assert kept == flat
    assert {tuple(names_on(task)) for task in carriers} == {("flat", "garden")}
    assert names_on(both) == ["flat"]
    assert names_on(bobs) == ["home"]
    assert versions(*carriers, both, bobs) == [2] * 4 + [1]
    assert not Label.objects.filter(pk=home.pk).exists()
    last = last_change(alice)
    assert (last.entity, last.kind) == ("label", "removed")
    assert alice.changes.filter(batch=last.batch).count() == 5


def test_undo_separates_merged_labels(alice, home):
    merged = TaskFactory(owner=alice, labels=["home"])
    both = TaskFactory(owner=alice, labels=["flat", "home"])
    only = TaskFactory(owner=alice, labels=["flat"])
    flat = Label.objects.get(key="flat")
    actions.merge_labels(caller_of(alice), label_id=home.pk, into=flat.pk)

    actions.undo(caller_of(alice))

    assert [names_on(task) for task in (merged, both, only)] == [
        ["home"],
        ["flat", "home"],
        ["flat"],
    ]
    back = Label.objects.get(key="home")
    assert (back.pk, back.colour) == (home.pk, "teal")


def test_a_label_is_merged_only_into_another_of_the_owner(alice, bob, home):
    task = TaskFactory(owner=alice, labels=["home"])
    theirs = actions.create_label(caller_of(bob), name="flat")

    for into in (home.pk, theirs.pk):
        with pytest.raises(ValidationError) as refused:
            actions.merge_labels(caller_of(alice), label_id=home.pk, into=into)
        assert list(refused.value.message_dict) == ["into"]

    assert (names_on(task), versions(task)) == (["home"], [1])


def test_the_number_of_labels_is_limited(alice, monkeypatch):
    monkeypatch.setattr(label_actions, "LABELS_PER_USER_MAX", 3)
    TaskFactory(owner=alice, labels=["a", "b", "c"])

    with pytest.raises(ValidationError) as by_name:
        actions.create_label(caller_of(alice), name="d")
    with pytest.raises(ValidationError) as by_task:
        TaskFactory(owner=alice, labels=["c", "d"])

    assert list(by_name.value.message_dict) == ["name"]
    assert list(by_task.value.message_dict) == ["labels"]
    assert TaskFactory(owner=alice, labels=["a", "B"]).label_names == ["a", "b"]
    assert Label.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_simultaneous_labels_of_one_name_create_one():
    user = UserFactory()

    names = 2 * ["home", "HOME", "Home", "hOme"]

    def make(name):
        try:
            return actions.create_label(caller_of(user), name=name)
        except ValidationError as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(make, names))

    assert sum(isinstance(one, Label) for one in made) == 1
    assert user.labels.count() == 1
    assert user.changes.count() == 1
    assert not TaskLabel.objects.exists()


# --- Spellings of one name --------------------------------------------------------

SPELLINGS = ["work", "WORK", "Work"]


def by_plan(api, page):
    return api.post("/api/me/tasks", {"title": "x", "tags": SPELLINGS}).json()["tags"]


def by_version_1(api, page):
    return api.post("/api/v1/tasks", {"title": "x", "labels": SPELLINGS}).json()[
        "labels"
    ]


def by_quick_add(api, page):
    line = " ".join(["x", *(f"@{name}" for name in SPELLINGS)])
    (task,) = api.post("/api/v1/tasks/quick", {"text": line}).json()["tasks"]
    return task["labels"]


def by_quick_add_lines(api, page):
    lines = "\n".join(f"x @{name}" for name in SPELLINGS)
    tasks = api.post("/api/v1/tasks/quick", {"text": lines}).json()["tasks"]
    return [*{name for task in tasks for name in task["labels"]}]


def by_page(api, page):
    line = " ".join(["x", *(f"@{name}" for name in SPELLINGS)])
    page.post("/quick/", {"text": line})
    return names_on(Task.objects.get())


def by_import(api, page):
    rows = "".join(f"x,{name}\n" for name in SPELLINGS)
    file = SimpleUploadedFile("tasks.csv", f"title,labels\n{rows}".encode())
    response = api.post(
        "/api/v1/import", {"format": "csv", "file": file}, format="multipart"
    )
    assert response.status_code == 200
    return [*{name for task in Task.objects.with_labels() for name in task.label_names}]


@pytest.mark.parametrize(
    "write",
    [by_plan, by_version_1, by_quick_add, by_quick_add_lines, by_page, by_import],
)
@pytest.mark.parametrize(("stored", "kept"), [([], "work"), (["wOrK"], "wOrK")])
def test_a_label_keeps_its_first_spelling(api_as, page_as, alice, write, stored, kept):
    for name in stored:
        actions.create_label(caller_of(alice), name=name)

    shown = write(api_as(alice), page_as(alice))

    assert shown == [kept]
    assert [label.name for label in alice.labels.all()] == [kept]
