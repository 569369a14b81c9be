"""Effects of the task actions that no test of an endpoint covers."""

from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ValidationError

from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from todos import actions
from todos.models import Label, Task, TaskLabel

NOON = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)


# --- Next occurrences -------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "due", "anchor", "expected"),
    [
        # Due later: the next date of the rule.
        ("FREQ=DAILY", date(2027, 1, 20), "due", date(2027, 1, 21)),
        ("FREQ=WEEKLY;BYDAY=MO", date(2027, 1, 18), "due", date(2027, 1, 25)),
        # Overdue: the first after today, which is the 15th.
        ("FREQ=DAILY", date(2027, 1, 1), "due", date(2027, 1, 16)),
        ("FREQ=WEEKLY", date(2027, 1, 1), "due", date(2027, 1, 22)),
        ("FREQ=MONTHLY", date(2026, 1, 31), "due", date(2027, 1, 31)),
        # Counted from the day of completion.
        ("FREQ=DAILY;INTERVAL=3", date(2027, 1, 1), "completion", date(2027, 1, 18)),
        ("FREQ=WEEKLY", date(2027, 1, 20), "completion", date(2027, 1, 22)),
    ],
)
def test_the_next_occurrence_is_due_as_the_rule_says(
    alice, rule, due, anchor, expected
):
    task = TaskFactory(owner=alice, due_date=due, rrule=rule, rrule_anchor=anchor)

    done = actions.complete_task(caller_of(alice, NOON), task_id=task.pk)

    assert done.next.due_date == expected
    assert done.next.occurrence == 2
    assert done.next.series == task.series


def test_the_next_occurrence_keeps_the_fields_of_the_task(alice):
    own = TaskListFactory(owner=alice)
    task = TaskFactory(
        owner=alice,
        list_id=own.pk,
        title="Water the plants",
        notes="Not the cactus",
        priority=1,
        due_date=date(2027, 1, 20),
        due_time="09:00",
        start_date=date(2027, 1, 18),
        rrule="FREQ=WEEKLY",
        labels=["home"],
    )

    upcoming = actions.complete_task(caller_of(alice, NOON), task_id=task.pk).next
    upcoming.refresh_from_db()

    assert (upcoming.title, upcoming.notes, upcoming.priority) == (
        "Water the plants",
        "Not the cactus",
        1,
    )
    assert (upcoming.list_id, str(upcoming.due_time)) == (own.pk, "09:00:00")
    assert upcoming.start_date == date(2027, 1, 25)
    assert [label.name for label in upcoming.labels.all()] == ["home"]


def test_today_is_the_date_in_the_users_zone(alice):
    """At noon in Greenwich it is already tomorrow on Kiritimati."""
    alice.timezone = "Pacific/Kiritimati"
    task = TaskFactory(owner=alice, due_date=date(2027, 1, 1), rrule="FREQ=DAILY")

    done = actions.complete_task(caller_of(alice, NOON), task_id=task.pk)

    assert done.next.due_date == date(2027, 1, 17)


def test_removing_the_rule_keeps_the_series(alice):
    task = TaskFactory(owner=alice, due_date=date(2027, 1, 20), rrule="FREQ=DAILY")

    changed = actions.update_task(
        caller_of(alice), task_id=task.pk, changes={"rrule": ""}
    )

    assert (changed.rrule, changed.rrule_anchor) == ("", "")
    assert changed.series == task.series
    assert actions.complete_task(caller_of(alice), task_id=task.pk).next is None


# --- Labels -----------------------------------------------------------------------


def test_labels_of_other_tasks_stay(alice):
    one, two = TaskFactory.create_batch(2, owner=alice, labels=["home", "garden"])

    actions.update_task(
        caller_of(alice), task_id=one.pk, changes={"labels": ["garden"]}
    )

    assert [label.name for label in one.labels.all()] == ["garden"]
    assert two.labels.count() == 2
    assert set(TaskLabel.objects.values_list("owner", flat=True)) == {alice.pk}


def test_more_labels_than_the_limit_are_all_refused(alice):
    names = [f"label {number}" for number in range(21)]

    with pytest.raises(ValidationError):
        TaskFactory(owner=alice, labels=names)

    assert not Label.objects.exists()
    assert not Task.objects.exists()


@pytest.mark.parametrize("letter", ["\ufb03", "\u0390"])
def test_a_label_with_too_long_a_key_is_refused(alice, letter):
    with pytest.raises(ValidationError) as refused:
        TaskFactory(owner=alice, labels=[letter * 50])

    assert list(refused.value.message_dict) == ["labels"]


# --- Trash ------------------------------------------------------------------------


def test_a_step_restored_without_its_task_becomes_a_task(alice):
    parent = TaskFactory(owner=alice)
    step = TaskFactory(owner=alice, parent_id=parent.pk)
    actions.trash_task(caller_of(alice), task_id=parent.pk)

    restored = actions.restore_task(caller_of(alice), task_id=step.pk)

    assert restored.parent_id is None
    assert restored.trashed_at is None
    parent.refresh_from_db()
    assert parent.trashed_at is not None


def test_removal_checks_the_expected_version(alice):
    task = TaskFactory(owner=alice)
    actions.trash_task(caller_of(alice), task_id=task.pk)

    with pytest.raises(actions.VersionConflict):
        actions.remove_task(caller_of(alice), task_id=task.pk, version=1)

    actions.remove_task(caller_of(alice), task_id=task.pk, version=2)
    assert not Task.objects.exists()
