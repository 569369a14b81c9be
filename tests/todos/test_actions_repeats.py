"""Repeating tasks: how completing, reopening and skipping change a series."""

import time as system_time
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from tests.changes import caller_of
from tests.factories import NOON, TaskFactory
from todos import actions
from todos.actions.refusals import SeriesEnded
from todos.models import Change, Task
from todos.schedule.days import LAST_DATE
from todos.schedule.instants import instant_of

DAY = timedelta(days=1)
TODAY = NOON.date()  # a Sunday


def repeating(owner, rrule="FREQ=WEEKLY", due_date=TODAY, **fields):
    return TaskFactory(
        owner=owner, due_date=due_date, rrule=rrule, at=NOON - 9 * DAY, **fields
    )


def living_in(user, zone):
    User.objects.filter(pk=user.pk).update(timezone=zone)
    return User.objects.get(pk=user.pk)


def complete(task, at=NOON):
    return actions.complete_task(caller_of(task.owner, at), task_id=task.pk).next


def reopen(task):
    return actions.reopen_task(caller_of(task.owner, NOON), task_id=task.pk)


def skip(task, at=NOON, **options):
    return actions.skip_occurrence(
        caller_of(task.owner, at), task_id=task.pk, **options
    )


def refused_fields(act):
    with pytest.raises(ValidationError) as refused:
        act()
    return list(refused.value.message_dict)


# --- Setting a rule ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("rrule", "due_date"),
    [
        ("FREQ=DAILY", date(2026, 11, 22)),
        ("FREQ=WEEKLY;BYDAY=SU", date(2026, 11, 22)),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", date(2026, 11, 23)),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", date(2026, 11, 30)),
    ],
)
def test_without_a_due_date_the_first_occurrence_is_taken(alice, rrule, due_date):
    task = TaskFactory(owner=alice, rrule=rrule, due_time=time(9), at=NOON)

    task.refresh_from_db()
    assert (task.due_date, task.due_time) == (due_date, time(9))
    assert task.occurrence == 1


def test_the_first_occurrence_is_counted_from_the_users_today(alice):
    """At noon in Greenwich it is already tomorrow on Kiritimati."""
    owner = living_in(alice, "Pacific/Kiritimati")

    task = TaskFactory(owner=owner, rrule="FREQ=DAILY", at=NOON)

    assert task.due_date == TODAY + DAY


def test_a_rule_can_be_given_to_a_task_without_a_due_date(alice):
    task = TaskFactory(owner=alice)

    changed = actions.update_task(
        caller_of(alice, NOON), task_id=task.pk, changes={"rrule": "FREQ=DAILY"}
    )

    assert changed.due_date == TODAY


def test_a_task_that_repeats_keeps_its_due_date(alice):
    task = repeating(alice)

    fields = refused_fields(
        lambda: actions.update_task(
            caller_of(alice, NOON), task_id=task.pk, changes={"due_date": None}
        )
    )

    assert fields == ["due_date"]


@pytest.mark.parametrize(
    "rrule",
    ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;UNTIL=20261121", "FREQ=X"],
)
def test_a_rule_without_any_date_is_refused(alice, rrule):
    fields = refused_fields(lambda: TaskFactory(owner=alice, rrule=rrule, at=NOON))

    assert fields == ["recurrence"]
    assert not Task.objects.exists()
    assert not Change.objects.exists()


def test_a_rule_that_counts_from_the_due_date_is_completed_for_short_months(alice):
    task = repeating(alice, "FREQ=MONTHLY", date(2027, 1, 31))

    assert task.rrule == "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1"


def test_a_rule_that_counts_from_completion_stays_as_it_is(alice):
    task = repeating(
        alice, "FREQ=MONTHLY", date(2027, 1, 31), rrule_anchor="completion"
    )

    upcoming = complete(task, datetime(2027, 2, 10, 12, tzinfo=UTC))

    assert (task.rrule, upcoming.rrule) == ("FREQ=MONTHLY", "FREQ=MONTHLY")
    assert upcoming.due_date == date(2027, 3, 10)


def test_a_task_whose_series_has_ended_can_still_be_changed(alice):
    """29 February is a Monday in 2044 and not again before 2072."""
    rrule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO"
    task = repeating(alice, rrule, date(2040, 2, 27))
    last = complete(task)

    changed = actions.update_task(
        caller_of(alice, NOON), task_id=last.pk, changes={"title": "New"}
    )

    assert last.due_date == date(2044, 2, 29)
    assert changed.title == "New"
    assert complete(last) is None


# --- Completing -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rrule", "dates"),
    [
        ("FREQ=DAILY;COUNT=3", ["2026-11-22", "2026-11-23", "2026-11-24"]),
        ("FREQ=DAILY;COUNT=1", ["2026-11-22"]),
        ("FREQ=WEEKLY;UNTIL=20261206", ["2026-11-22", "2026-11-29", "2026-12-06"]),
        ("FREQ=WEEKLY;UNTIL=20261205T235959Z", ["2026-11-22", "2026-11-29"]),
        ("FREQ=WEEKLY;UNTIL=20261122", ["2026-11-22"]),
        ("FREQ=WEEKLY;UNTIL=20200101", ["2026-11-22"]),
    ],
)
def test_a_series_ends_by_count_or_date(alice, rrule, dates):
    task, found = repeating(alice, rrule), []

    while task is not None and len(found) <= len(dates):
        found.append(task.due_date.isoformat())
        task = complete(task)

    assert found == dates
    assert not Task.objects.open().exists()


def test_the_text_of_the_rule_stays_through_a_series(alice):
    task = repeating(alice, "INTERVAL=2;FREQ=WEEKLY;BYDAY=MO,SU;COUNT=9")

    upcoming = complete(complete(task))

    assert upcoming.rrule == "INTERVAL=2;FREQ=WEEKLY;BYDAY=MO,SU;COUNT=9"
    assert (upcoming.series, upcoming.occurrence) == (task.series, 3)


@pytest.mark.parametrize(
    ("due_date", "expected"),
    [
        (TODAY - 20 * DAY, TODAY + DAY),  # a Monday, long overdue
        (TODAY - DAY, TODAY + 6 * DAY),
        (TODAY, TODAY + 7 * DAY),
        (TODAY + 3 * DAY, TODAY + 10 * DAY),
    ],
)
def test_the_next_occurrence_of_an_overdue_task_is_after_today(
    alice, due_date, expected
):
    task = repeating(alice, due_date=due_date)

    assert complete(task).due_date == expected


@pytest.mark.parametrize("days", [-30, 0, 30], ids=["late", "today", "early"])
def test_a_rule_can_count_from_the_day_of_completion(alice, days):
    task = repeating(
        alice,
        "FREQ=DAILY;INTERVAL=10",
        TODAY + days * DAY,
        rrule_anchor="completion",
    )

    assert complete(task).due_date == TODAY + 10 * DAY


def test_the_start_date_and_the_reminder_move_along(alice):
    task = repeating(
        alice,
        start_date=TODAY - 2 * DAY,
        due_time=time(9),
        due_tz="Europe/Berlin",
        reminder_minutes=30,
        labels=["home"],
    )

    upcoming = complete(task)

    assert upcoming.start_date == TODAY + 5 * DAY
    assert (upcoming.due_time, upcoming.due_tz) == (time(9), "Europe/Berlin")
    assert upcoming.remind_on == TODAY + 7 * DAY
    assert upcoming.label_names == ["home"]


def test_a_rule_for_the_start_describes_it_through_the_series(alice):
    # On Mondays and Thursdays, for four days: Monday to Thursday shows it no more.
    start = TODAY + 4 * DAY
    rule = "FREQ=WEEKLY;BYDAY=MO,TH"
    task = repeating(alice, rule, start + 3 * DAY, start_date=start)

    starts = []
    for _ in range(5):
        task = complete(task)
        starts.append((task.start_date - start).days)
        assert task.due_date == task.start_date + 3 * DAY

    assert starts == [4, 7, 11, 14, 18]


def test_skipping_keeps_what_the_rule_describes(alice):
    start = TODAY + 4 * DAY
    rule = "FREQ=WEEKLY;BYDAY=MO,TH"
    task = repeating(alice, rule, start + 3 * DAY, start_date=start)

    starts = []
    for _ in range(5):
        task = skip(task)
        starts.append((task.start_date - start).days)

    assert starts == [4, 7, 11, 14, 18]


def test_a_start_at_the_end_of_a_month_stays_there_when_skipped(alice):
    rule = "FREQ=MONTHLY;BYMONTHDAY=15"
    due, start = date(2027, 2, 15), date(2027, 1, 31)
    task = repeating(alice, rule, due, start_date=start)

    starts = []
    for _ in range(3):
        task = skip(task)
        starts.append(task.start_date)

    assert starts == [date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)]


def test_completing_twice_changes_nothing(alice):
    task = repeating(alice)
    first = complete(task)
    before = Change.objects.count()

    assert complete(task) == first
    assert Change.objects.count() == before
    assert Task.objects.open().get() == first


def test_the_next_occurrence_has_the_same_steps_open(alice):
    task = repeating(alice)
    early = TaskFactory(owner=alice, parent_id=task.pk, title="Early", labels=["a"])
    TaskFactory(owner=alice, parent_id=task.pk, title="Late", due_date=TODAY)
    gone = TaskFactory(owner=alice, parent_id=task.pk)
    complete(early)
    actions.trash_task(caller_of(alice, NOON), task_id=gone.pk)

    upcoming = complete(task)

    steps = upcoming.steps.with_labels().order_by("position")
    assert [(step.title, step.label_names) for step in steps] == [
        ("Early", ["a"]),
        ("Late", []),
    ]
    assert [step.due_date for step in steps] == [None, TODAY + 7 * DAY]
    assert not steps.exclude(completed_at=None).exists()
    assert (upcoming.steps_total, upcoming.steps_done) == (2, 0)
    assert {step.occurrence for step in steps} == {None}


def test_the_next_occurrence_of_a_step_belongs_to_the_same_task(alice):
    task = repeating(alice)
    step = repeating(alice, "FREQ=DAILY", parent_id=task.pk)

    following = complete(step)
    upcoming = complete(task)

    assert following.parent_id == task.pk
    # It goes along to the next task on its own date, as the first of a new series.
    carried = upcoming.steps.get()
    assert carried == following
    assert carried.due_date == following.due_date == TODAY + DAY
    assert carried.series not in {None, step.series}
    assert carried.occurrence == 1


# --- Reopening --------------------------------------------------------------------


def test_reopening_removes_the_unchanged_next_occurrence_with_its_steps(alice):
    task = repeating(alice)
    TaskFactory(owner=alice, parent_id=task.pk)
    complete(task)

    reopen(task)

    assert Task.objects.exclude(parent=task).get() == task
    removed = Change.objects.filter(kind="removed")
    assert removed.count() == 2
    assert len({change.batch for change in removed}) == 1


@pytest.mark.parametrize("touch", ["task", "step", "added", "trashed", "skipped"])
def test_reopening_keeps_a_changed_next_occurrence(alice, touch):
    task = repeating(alice)
    TaskFactory(owner=alice, parent_id=task.pk)
    upcoming = complete(task)
    step = upcoming.steps.get()
    later = caller_of(alice, NOON + DAY)
    match touch:
        case "task":
            actions.update_task(later, task_id=upcoming.pk, changes={"title": "a"})
        case "step":
            actions.update_task(later, task_id=step.pk, changes={"title": "a"})
        case "added":
            TaskFactory(owner=alice, parent_id=upcoming.pk)
        case "trashed":
            actions.trash_task(later, task_id=step.pk)
        case "skipped":
            actions.skip_occurrence(later, task_id=upcoming.pk)

    reopen(task)

    assert Task.objects.filter(pk=upcoming.pk).exists()
    assert Task.objects.filter(pk=step.pk).exists()
    before = Task.objects.count()
    assert complete(task) == upcoming  # without opening a second one
    assert Task.objects.count() == before


def test_reopening_the_first_occurrence_keeps_a_completed_second(alice):
    first = repeating(alice)
    third = complete(complete(first))

    reopen(first)

    assert Task.objects.filter(pk=third.pk).exists()


def test_undo_of_a_completion_removes_all_that_it_opened(alice):
    task = repeating(alice)
    TaskFactory(owner=alice, parent_id=task.pk, labels=["home"])
    before = list(Task.objects.order_by("id").values_list("pk", "completed_at"))
    complete(task)

    undone = actions.undo(caller_of(alice, NOON))
    assert list(Task.objects.order_by("id").values_list("pk", "completed_at")) == before

    actions.undo(caller_of(alice, NOON), batch_id=undone.batch)
    assert Task.objects.count() == 4
    assert Task.objects.completed().count() == 2


# --- Skipping ---------------------------------------------------------------------


def test_skipping_moves_the_same_task_to_its_next_date(alice):
    task = repeating(
        alice, start_date=TODAY - DAY, reminder_time=time(18), labels=["home"]
    )

    skipped = skip(task)

    stored = Task.objects.get()
    assert skipped == stored == task
    assert stored.due_date == TODAY + 7 * DAY
    assert stored.start_date == TODAY + 6 * DAY
    assert stored.remind_on == TODAY + 7 * DAY
    assert (stored.series, stored.occurrence) == (task.series, 2)
    assert (stored.version, stored.completed_at) == (2, None)
    change = Change.objects.latest("seq")
    assert change.kind == "updated"
    assert set(change.after) == {"due_date", "start_date", "occurrence"}


@pytest.mark.parametrize(
    ("rrule", "due_date", "anchor", "expected"),
    [
        ("FREQ=WEEKLY", TODAY + 3 * DAY, "due", TODAY + 10 * DAY),
        # Missed dates are skipped, but not today.
        ("FREQ=DAILY", TODAY - 5 * DAY, "due", TODAY),
        ("FREQ=DAILY", TODAY, "due", TODAY + DAY),
        ("FREQ=WEEKLY", TODAY - 8 * DAY, "due", TODAY + 6 * DAY),
        # Never to an earlier date.
        ("FREQ=WEEKLY", TODAY + 10 * DAY, "completion", TODAY + 17 * DAY),
        ("FREQ=WEEKLY", TODAY - 10 * DAY, "completion", TODAY + 7 * DAY),
    ],
)
def test_skipping_moves_to_the_next_date_that_is_not_past(
    alice, rrule, due_date, anchor, expected
):
    task = repeating(alice, rrule, due_date, rrule_anchor=anchor)

    assert skip(task).due_date == expected


def test_skipped_occurrences_are_counted(alice):
    task = repeating(alice, "FREQ=DAILY;COUNT=3")

    skip(task)
    last = complete(task)

    assert (last.occurrence, last.due_date) == (3, TODAY + 2 * DAY)
    assert complete(last) is None


@pytest.mark.parametrize("rrule", ["FREQ=WEEKLY;COUNT=1", "FREQ=WEEKLY;UNTIL=20261128"])
def test_the_last_occurrence_cannot_be_skipped(alice, rrule):
    task = repeating(alice, rrule)
    before = Change.objects.count()

    with pytest.raises(actions.SeriesEnded):
        skip(task)

    task.refresh_from_db()
    assert task.version == 1
    assert Change.objects.count() == before


def test_a_task_that_does_not_repeat_cannot_be_skipped(alice):
    with pytest.raises(actions.NotRepeating):
        skip(TaskFactory(owner=alice, due_date=TODAY))


def test_a_completed_task_cannot_be_skipped(alice):
    task = repeating(alice)
    complete(task)

    with pytest.raises(actions.AlreadyCompleted):
        skip(task)


def test_a_task_whose_next_occurrence_exists_cannot_be_skipped(alice):
    task = repeating(alice)
    upcoming = complete(task)
    actions.update_task(
        caller_of(alice, NOON), task_id=upcoming.pk, changes={"title": "a"}
    )
    reopen(task)

    with pytest.raises(actions.NextExists):
        skip(task)


def test_a_task_in_the_trash_cannot_be_skipped(alice):
    task = repeating(alice)
    actions.trash_task(caller_of(alice, NOON), task_id=task.pk)

    with pytest.raises(actions.InTrash):
        skip(task)


def test_an_unexpected_version_is_not_skipped(alice):
    with pytest.raises(actions.VersionConflict):
        skip(repeating(alice), version=7)


def test_another_users_task_can_not_be_skipped(alice, bob):
    task = repeating(alice)

    with pytest.raises(Task.DoesNotExist):
        actions.skip_occurrence(caller_of(bob, NOON), task_id=task.pk)


def test_undo_reverts_a_skip_exactly(alice):
    task = repeating(alice, start_date=TODAY - DAY, reminder_time=time(18))
    fields = ("due_date", "start_date", "occurrence", "remind_on", "rrule", "series")
    before = Task.objects.values_list(*fields).get()
    skip(task)

    actions.undo(caller_of(alice, NOON))

    assert Task.objects.values_list(*fields).get() == before


# --- Daylight-saving time ---------------------------------------------------------


def switches(name, year=2027):
    """Return the days of a year on which the clocks of a zone are changed."""
    zone = ZoneInfo(name)
    noons = [datetime(year, 1, 1, 12, tzinfo=zone) + days * DAY for days in range(365)]
    return [
        later.date()
        for earlier, later in zip(noons, noons[1:], strict=False)
        if earlier.utcoffset() != later.utcoffset()
    ]


# Some of the zones with daylight-saving time, from all parts of the world.
SWITCHING = [name for name in sorted(available_timezones()) if switches(name)][::25]


@pytest.fixture(params=["Pacific/Kiritimati", "America/Los_Angeles"])
def server_zone(request, monkeypatch):
    """Set the time zone of the server process."""
    monkeypatch.setenv("TZ", request.param)
    system_time.tzset()
    yield request.param
    monkeypatch.undo()
    system_time.tzset()


@pytest.mark.parametrize("name", SWITCHING)
def test_a_daily_task_keeps_its_clock_time_when_clocks_change(alice, server_zone, name):
    owner, zone = living_in(alice, name), ZoneInfo(name)
    for due_tz in ("", name):
        for switch in switches(name):
            task = repeating(
                owner,
                "FREQ=DAILY",
                switch - 2 * DAY,
                due_time=time(2, 30),
                due_tz=due_tz,
            )
            for _ in range(4):
                due_date = task.due_date
                task = complete(task, instant_of(due_date, time(2, 30), zone))
                assert task.due_date == due_date + DAY
                assert (task.due_time, task.due_tz) == (time(2, 30), due_tz)


@pytest.mark.parametrize("name", SWITCHING)
@pytest.mark.parametrize("at", [time(0), time(23, 59)], ids=["first", "last"])
def test_the_first_and_the_last_minute_of_a_day_belong_to_it(
    alice, server_zone, at, name
):
    owner, zone = living_in(alice, name), ZoneInfo(name)
    for switch in switches(name):
        for due_date in (switch - DAY, switch, switch + DAY):
            task = repeating(owner, "FREQ=DAILY", due_date - 3 * DAY)

            upcoming = complete(task, instant_of(due_date, at, zone))

            assert upcoming.due_date == due_date + DAY


def test_a_series_ends_at_the_last_date(alice):
    last = repeating(alice, "FREQ=DAILY", LAST_DATE - DAY)

    last = complete(last)

    assert last.due_date == LAST_DATE
    with pytest.raises(SeriesEnded):
        actions.skip_occurrence(caller_of(alice, NOON), task_id=last.pk)
    assert complete(last) is None


def test_dates_that_move_along_stay_within_the_valid_dates(alice):
    task = repeating(alice, "FREQ=YEARLY", date(2026, 1, 1), start_date=LAST_DATE)
    TaskFactory(owner=alice, parent_id=task.pk, due_date=LAST_DATE)

    upcoming = complete(task)

    assert (upcoming.due_date, upcoming.start_date) == (date(2027, 1, 1), LAST_DATE)
    assert upcoming.steps.get().due_date == LAST_DATE
