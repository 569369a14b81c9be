"""Quick add as an action: lines become tasks, all of them or none, in one batch."""

from datetime import UTC, date, datetime, time

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from todos import actions
from todos.actions.quick import preview_quick_add, quick_add
from todos.models import Change, Label, Task

WEDNESDAY = datetime(2026, 11, 25, 14, 30, tzinfo=UTC)


def add(owner, text, *, at=WEDNESDAY, literal=None):
    """Add the lines and return their tasks."""
    drafts = quick_add(caller_of(owner, at), text=text, literal=literal)
    return [draft.task for draft in drafts]


def test_stores_the_fields_that_a_line_sets(alice):
    home = TaskListFactory(owner=alice, name="Home")

    add(alice, "Buy milk tomorrow 9am #home @shop @Cold p2 remind:10m from:today")

    task = Task.objects.represented().get()
    assert (task.owner, task.title, task.list) == (alice, "Buy milk", home)
    assert (task.due_date, task.due_time) == (date(2026, 11, 26), time(9))
    assert (task.priority, task.reminder_minutes) == (2, 10)
    assert task.start_date == date(2026, 11, 25)
    assert task.label_names == ["Cold", "shop"]
    assert (task.created_at, task.version) == (WEDNESDAY, 1)


def test_a_plain_line_becomes_a_task_with_defaults(alice):
    quick = add(alice, "Buy milk")[0]

    usual = TaskFactory(owner=alice, title="Buy milk", at=WEDNESDAY)
    names = {field.attname for field in Task._meta.concrete_fields}
    for name in names - {"id", "position"}:
        assert getattr(quick, name) == getattr(usual, name), name


def test_a_repeating_line_begins_a_series(alice):
    [task] = add(alice, "Run every! 2 days")

    done = actions.complete_task(caller_of(alice, WEDNESDAY), task_id=task.pk)

    assert (task.rrule, task.rrule_anchor) == ("FREQ=DAILY;INTERVAL=2", "completion")
    assert done.next.series == task.series
    assert done.next.due_date == date(2026, 11, 27)


def test_a_reminder_waits_to_be_sent(alice):
    [task] = add(alice, "Call Bob tomorrow 9am remind:1h")

    assert Task.objects.get().remind_on == task.remind_on == date(2026, 11, 26)


def test_the_task_is_found_by_words_of_its_title(alice):
    add(alice, "Café au lait tomorrow")

    assert Task.objects.owned_by(alice).matching("cafe").exists()


def test_several_lines_are_tasks_in_their_order_and_one_batch(alice):
    tasks = add(alice, "One @a\n\nTwo @b\r\n  \nThree @A @c\n")

    assert list(Task.objects.order_by("position").values_list("title", flat=True)) == [
        "One",
        "Two",
        "Three",
    ]
    assert [task.label_names for task in tasks] == [["a"], ["b"], ["a", "c"]]
    changes = Change.objects.order_by("seq")
    assert [change.entity for change in changes] == ["label"] * 3 + ["task"] * 3
    assert len({change.batch for change in changes}) == 1


def test_one_undo_reverts_all_lines(alice):
    add(alice, "One @a\nTwo @b\nThree")

    actions.undo(caller_of(alice))

    assert not Task.objects.live().exists()


def test_uses_the_existing_label(alice):
    TaskFactory(owner=alice, labels=["Shop"])

    [task] = add(alice, "Buy milk @SHOP")

    assert task.label_names == ["Shop"]
    assert Label.objects.count() == 1


@pytest.mark.parametrize("state", ["archived_at", "trashed_at"])
def test_an_archived_or_deleted_list_is_unknown(alice, state):
    home = TaskListFactory(owner=alice, name="Home")
    setattr(home, state, WEDNESDAY)
    home.save()

    [task] = add(alice, "Buy milk #home")

    assert task.title == "Buy milk #home"
    assert task.list.is_inbox


def test_the_first_of_two_lists_with_one_name_is_used(alice):
    first = TaskListFactory(owner=alice, name="Home")
    TaskListFactory(owner=alice, name="Home")

    [task] = add(alice, "Buy milk #home")

    assert task.list == first


def test_uses_the_day_and_week_of_the_user(alice):
    alice.timezone, alice.day_start, alice.week_start = "Asia/Tokyo", 5, "sunday"
    at = datetime(2026, 11, 28, 18, 0, tzinfo=UTC)  # Sunday, 03:00, in Tokyo

    today, week = add(alice, "Sleep today\nPlan next week", at=at)

    assert today.due_date == date(2026, 11, 28)
    assert week.due_date == date(2026, 11, 29)


def test_a_dry_run_stores_nothing(alice):
    [draft] = preview_quick_add(caller_of(alice, WEDNESDAY), text="Buy milk @shop p1")

    assert (draft.task.title, draft.task.priority) == ("Buy milk", 1)
    assert not Task.objects.exists()
    assert not Label.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    ["a" * 501, "x " + "@\u00dfest" + "\u0390" * 44, "x @" + "\u0958" * 26],
    ids=["title", "folded label", "normalised label"],
)
def test_one_invalid_line_rejects_all_lines(alice, wrong):
    with pytest.raises(ValidationError) as refused:
        add(alice, f"Buy milk @shop\n{wrong}\nBuy bread")

    assert refused.value.message_dict.keys() == {"text"}
    assert not Task.objects.exists()
    assert not Label.objects.exists()
    assert not Change.objects.exists()


def test_takes_at_most_a_hundred_lines(alice):
    assert len(add(alice, "line\n" * 100)) == 100

    with pytest.raises(ValidationError, match="at most 100 lines"):
        add(alice, "line\n" * 101)


# --- Queries ---


def queries_of(alice, text):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        add(alice, text)
    return [
        query["sql"]
        for query in queries
        if not query["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))
    ]


def test_a_line_takes_four_queries(alice):
    """The lists, the task, the number of the change, the change."""
    assert len(queries_of(alice, "Buy milk tomorrow 9am p1 every day")) == 4


def test_known_labels_take_two_more_queries(alice):
    TaskFactory(owner=alice, labels=["shop", "cold"])

    assert len(queries_of(alice, "Buy milk @shop @cold")) == 6


def test_many_lines_take_as_many_queries_as_one(alice):
    TaskFactory(owner=alice, labels=["shop"])
    TaskListFactory(owner=alice, name="Home")
    line = "Buy milk @shop #home every day at 9\n"

    # One more than for one line: it takes the other numbers of the ledger.
    assert len(queries_of(alice, line * 20)) == len(queries_of(alice, line)) + 1
