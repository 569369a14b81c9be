"""The QuerySet methods of tasks, lists and labels."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.utils import timezone

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from todos import actions
from todos.models import Change, Label, NotLoaded, Task, TaskList, label_key
from todos.schedule.days import Clock

TODAY = date(2027, 1, 15)
CLOCK = Clock(now=datetime(2027, 1, 15, 12, tzinfo=UTC), zone=UTC)


@pytest.fixture
def make(alice):
    def make(title, *, done=False, trashed=False, **fields):
        task = TaskFactory(owner=alice, title=title, **fields)
        caller = caller_of(alice)
        if done:
            actions.complete_task(caller, task_id=task.pk)
        if trashed:
            actions.trash_task(caller, task_id=task.pk)
        return task

    return make


def titles(queryset):
    return sorted(queryset.values_list("title", flat=True))


@pytest.mark.parametrize("model", [Task, TaskList, Label, Change])
def test_owned_by_returns_only_rows_of_the_user(model, alice, bob):
    TaskFactory(owner=alice, labels=["home"])
    TaskFactory(owner=bob, labels=["home"])

    rows = model.objects.owned_by(alice)

    assert rows.exists()
    assert {row.owner_id for row in rows} == {alice.pk}


@pytest.mark.parametrize("model", [Task, TaskList, Label, Change])
def test_owned_by_returns_nothing_for_anonymous_users(model, alice):
    TaskFactory(owner=alice, labels=["home"])

    assert not model.objects.owned_by(AnonymousUser()).exists()


def test_owned_by_returns_only_their_own_rows_for_superusers(alice, sam):
    TaskFactory(owner=alice)
    sam.is_superuser = True

    assert not Task.objects.owned_by(sam).exists()


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("live", ["done", "open"]),
        ("open", ["open"]),
        ("completed", ["done"]),
        ("trashed", ["gone", "gone and done"]),
    ],
)
def test_filters_by_state(make, method, expected):
    make("open")
    make("done", done=True)
    make("gone", trashed=True)
    make("gone and done", done=True, trashed=True)

    assert titles(getattr(Task.objects, method)()) == expected


def test_filters_by_due_date(make):
    for offset, title in ((-1, "late"), (0, "today"), (1, "soon")):
        make(title, due_date=TODAY + timedelta(days=offset))
        make(f"{title}, done", due_date=TODAY + timedelta(days=offset), done=True)
    make("someday")

    assert titles(Task.objects.overdue(CLOCK, zones=())) == ["late"]
    assert titles(Task.objects.due_by(CLOCK, zones=())) == ["late", "today"]
    assert titles(Task.objects.upcoming(CLOCK, zones=())) == ["soon"]


def test_filters_by_list_and_parent(make, alice):
    own = TaskListFactory(owner=alice)
    parent = make("in a list", list_id=own.pk)
    make("step", parent_id=parent.pk)
    make("in the inbox")

    assert titles(Task.objects.in_inbox()) == ["in the inbox"]
    assert titles(Task.objects.top_level()) == ["in a list", "in the inbox"]
    assert len(Task.objects.in_active_lists()) == 3

    TaskList.objects.filter(pk=own.pk).update(archived_at=timezone.now())

    assert titles(Task.objects.in_active_lists()) == ["in the inbox"]


def test_with_labels_loads_sorted_names_in_the_same_query(
    make, django_assert_num_queries
):
    make("two", labels=["home", "Garden", "ärger", '"quoted"'])
    make("none")

    with django_assert_num_queries(1):
        rows = list(Task.objects.with_labels().order_by("position"))

    assert rows[0].label_names == ['"quoted"', "Garden", "home", "ärger"]
    assert rows[1].label_names == []


def test_with_every_label_requires_all_labels(make):
    make("both", labels=["home", "urgent"])
    make("one", labels=["home"])

    assert titles(Task.objects.with_every_label([])) == ["both", "one"]
    assert titles(Task.objects.with_every_label(["Home"])) == ["both", "one"]
    assert titles(Task.objects.with_every_label(["home", "URGENT"])) == ["both"]


def test_matching_takes_words_literally(make):
    make("50% off", notes="back\\slash")
    make("under_score")

    assert titles(Task.objects.matching("")) == ["50% off", "under_score"]
    assert titles(Task.objects.matching("%")) == ["50% off"]
    assert titles(Task.objects.matching("_")) == ["under_score"]
    assert titles(Task.objects.matching("\\")) == ["50% off"]
    assert titles(Task.objects.matching("'")) == []


def test_matching_ignores_case_and_accents(make):
    make("Crème brûlée", notes="for GROSSVATER's birthday")

    for words in ("creme", "BRÛLÉE", "creme brulee", "großvater", "brul birthd"):
        assert titles(Task.objects.matching(words)) == ["Crème brûlée"]
    assert titles(Task.objects.matching("creme caramel")) == []


def test_matching_finds_changed_texts(make, alice):
    task = make("Before", notes="notes")
    actions.update_task(caller_of(alice), task_id=task.pk, changes={"title": "After"})

    assert titles(Task.objects.matching("after notes")) == ["After"]
    assert titles(Task.objects.matching("before")) == []


def test_represented_counts_steps_in_the_same_query(make, django_assert_num_queries):
    parent = make("parent")
    make("open", parent_id=parent.pk)
    make("done", parent_id=parent.pk, done=True)
    make("gone", parent_id=parent.pk, trashed=True)

    with django_assert_num_queries(1):
        row = Task.objects.represented().get(pk=parent.pk)

    assert (row.steps_total, row.steps_done) == (2, 1)


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("label_names", "with_labels"),
        ("steps_total", "represented"),
        ("steps_done", "represented"),
    ],
)
def test_reading_a_value_that_was_not_loaded_raises(make, name, method):
    make("task", labels=["home"])
    plain, loaded = Task.objects.get(), getattr(Task.objects, method)().get()

    with pytest.raises(
        NotLoaded, match=rf"Task\.{name} .* Task\.objects\.{method}\(\)"
    ):
        getattr(plain, name, None)
    assert getattr(loaded, name) is not None


def test_a_new_task_has_neither_labels_nor_steps(alice):
    task = Task.new(owner_id=alice.pk, at=timezone.now(), title="new")

    assert (task.label_names, task.steps_total, task.steps_done) == ([], 0, 0)


def test_with_open_counts_counts_open_tasks_of_a_list(make, alice):
    own = TaskListFactory(owner=alice)
    task = make("open", list_id=own.pk)
    make("step", parent_id=task.pk)
    make("done", list_id=own.pk, done=True)
    make("gone", list_id=own.pk, trashed=True)

    assert TaskList.objects.with_open_counts().get(pk=own.pk).open_count == 1


def test_with_open_counts_stops_at_a_number(make, alice):
    own = TaskListFactory(owner=alice)
    for title in ("one", "two", "three"):
        make(title, list_id=own.pk)

    lists = TaskList.objects.with_open_counts(at_most=2)

    assert lists.get(pk=own.pk).open_count == 2


def test_labels_are_found_regardless_of_case(make):
    make("one", labels=["Straße"])

    assert Label.objects.named(["STRASSE"]).get().name == "Straße"
    assert label_key("Straße") == label_key("STRASSE")


def test_str_and_repr_of_rows_contain_no_text_of_users(make):
    task = make("Secret plan", labels=["hush"])

    shown = f"{task} {task!r} {task.list} {Label.objects.get()} {Change.objects.last()}"

    assert "Secret" not in shown
    assert "hush" not in shown


def test_sqlite_counts_the_tasks_of_a_label_by_an_index_of_labels(alice):
    """Not by one that begins with the owner, which would read all labels of tasks."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL knows how many rows there are")

    plan = Label.objects.owned_by(alice).with_open_counts().explain()

    [links] = [line for line in plan.splitlines() if " U0 " in line]
    assert "label_id=?" in links
