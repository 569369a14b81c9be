"""Repeating tasks with a start and a due date: both move when one is completed."""

from datetime import UTC, date, datetime

import pytest

from tests.changes import caller_of, snapshots_of
from tests.factories import NOON, TaskFactory
from todos import actions
from todos.actions.refusals import SeriesEnded


def repeating(owner, rrule, start, due, **fields):
    return TaskFactory(
        owner=owner, rrule=rrule, start_date=start, due_date=due, at=NOON, **fields
    )


def noon_of(text):
    day = date.fromisoformat(text)
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def complete(task, on=None):
    at = noon_of(on) if on else noon_of(task.due_date.isoformat())
    return actions.complete_task(caller_of(task.owner, at), task_id=task.pk).next


def dates_of(task):
    return f"{task.start_date} {task.due_date}"


@pytest.mark.parametrize(
    ("rrule", "start", "due", "following"),
    [
        ("FREQ=MONTHLY;BYMONTHDAY=1", "2027-02-01", "2027-02-05", "03-01 03-05"),
        ("FREQ=MONTHLY;BYMONTHDAY=5", "2027-02-01", "2027-02-05", "03-01 03-05"),
        ("FREQ=MONTHLY", "2027-02-01", "2027-02-05", "03-01 03-05"),
        ("FREQ=WEEKLY;BYDAY=MO", "2027-02-01", "2027-02-05", "02-08 02-12"),
        ("FREQ=WEEKLY;BYDAY=FR", "2027-02-01", "2027-02-05", "02-08 02-12"),
    ],
)
def test_completing_moves_start_and_due_date(alice, rrule, start, due, following):
    upcoming = complete(repeating(alice, rrule, start, due))

    assert dates_of(upcoming).replace("2027-", "") == following


def test_a_window_to_the_end_of_the_month_ends_there_every_month(alice):
    task = repeating(alice, "FREQ=MONTHLY;BYMONTHDAY=5", "2027-01-05", "2027-01-31")

    found = []
    for _ in range(4):
        task = complete(task)
        found.append(dates_of(task))

    assert found == [
        "2027-02-05 2027-02-28",
        "2027-03-05 2027-03-31",
        "2027-04-05 2027-04-30",
        "2027-05-05 2027-05-31",
    ]


def test_a_start_on_the_31st_is_there_in_every_long_month(alice):
    task = repeating(alice, "FREQ=MONTHLY;BYMONTHDAY=5", "2026-12-31", "2027-01-05")

    found = []
    for _ in range(4):
        task = complete(task)
        found.append(str(task.start_date))

    assert found == ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"]


@pytest.mark.parametrize("rrule", ["FREQ=MONTHLY;BYMONTHDAY=1"])
@pytest.mark.parametrize(
    ("on", "following"),
    [
        ("2027-01-10", "2027-03-01 2027-03-05"),
        ("2027-02-03", "2027-03-01 2027-03-05"),
        ("2027-03-03", "2027-03-01 2027-03-05"),
        ("2027-03-05", "2027-04-01 2027-04-05"),
    ],
)
def test_the_next_window_is_due_after_today(alice, rrule, on, following):
    task = repeating(alice, rrule, "2027-02-01", "2027-02-05")

    assert dates_of(complete(task, on)) == following


@pytest.mark.parametrize(
    ("on", "following"),
    [
        ("2027-02-03", "2027-03-01 2027-03-05"),
        ("2027-03-05", "2027-03-01 2027-03-05"),  # not over yet
        ("2027-03-06", "2027-04-01 2027-04-05"),
    ],
)
def test_skipping_moves_to_the_next_window(alice, on, following):
    task = repeating(alice, "FREQ=MONTHLY;BYMONTHDAY=1", "2027-02-01", "2027-02-05")
    before = snapshots_of(alice)
    caller = caller_of(alice, noon_of(on))

    skipped = actions.skip_occurrence(caller, task_id=task.pk)
    assert dates_of(skipped) == following

    actions.undo(caller)
    assert snapshots_of(alice) == before


def test_the_last_window_is_not_skipped(alice):
    rrule = "FREQ=MONTHLY;BYMONTHDAY=1;UNTIL=20270228"
    task = repeating(alice, rrule, "2027-02-01", "2027-02-05")

    with pytest.raises(SeriesEnded):
        actions.skip_occurrence(caller_of(alice, NOON), task_id=task.pk)
    assert complete(task) is None


def test_steps_move_with_the_due_date_of_a_window(alice):
    task = repeating(alice, "FREQ=MONTHLY;BYMONTHDAY=1", "2027-02-01", "2027-02-05")
    TaskFactory(owner=alice, parent_id=task.pk, due_date="2027-02-04")

    upcoming = complete(task)

    assert upcoming.steps.get().due_date == date(2027, 3, 4)
