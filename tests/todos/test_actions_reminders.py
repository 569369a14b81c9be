"""Reminders: what plans and cancels one, and when it is due."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.core.exceptions import ValidationError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accounts.models import User
from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from todos import actions
from todos.limits import REMINDER_MINUTES_MAX
from todos.models import Change, Task
from todos.reminders.planning import due_reminders, moment_of, plan_reminder
from todos.schedule.instants import wall_clock

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = date(2026, 11, 25)
WITH_REMINDER = {"due_date": DAY, "due_time": time(9), "reminder_minutes": 30}


def made(owner, **fields):
    return TaskFactory(owner=owner, at=AT, **WITH_REMINDER | fields)


def planned(task):
    return Task.objects.get(pk=task.pk).remind_on


def act(action, task, at=AT, **more):
    return action(caller_of(task.owner, at), task_id=task.pk, **more)


def change(task, at=AT, **changes):
    return act(actions.update_task, task, at=at, changes=changes)


# --- Planning -----------------------------------------------------------------


def test_a_new_task_has_its_reminder_planned(alice):
    assert planned(made(alice)) == DAY


@pytest.mark.parametrize(
    "fields",
    [
        {"reminder_minutes": None},
        {"due_date": date(2026, 11, 21)},
        {"due_date": AT.date(), "due_time": time(12, 30)},
    ],
    ids=["none asked for", "past", "this instant"],
)
def test_no_reminder_is_planned(alice, fields):
    assert planned(made(alice, **fields)) is None


def test_the_planned_day_is_that_of_the_reminder(alice):
    task = made(alice, reminder_minutes=None, reminder_time=time(7))
    before = made(alice, reminder_minutes=10 * 60)

    assert planned(task) == DAY
    assert planned(before) == DAY - timedelta(days=1)


@pytest.mark.parametrize(
    ("changes", "day"),
    [
        ({"due_date": date(2026, 12, 1)}, date(2026, 12, 1)),
        ({"due_time": time(0, 10)}, date(2026, 11, 24)),
        ({"due_tz": "Asia/Tokyo"}, DAY),
        ({"reminder_minutes": 24 * 60}, date(2026, 11, 24)),
        ({"reminder_minutes": None, "reminder_time": time(8)}, DAY),
        ({"reminder_minutes": None}, None),
        ({"due_date": date(2026, 11, 21)}, None),
    ],
    ids=["day", "time", "zone", "minutes", "time of day", "none", "past"],
)
def test_a_change_of_the_due_date_or_reminder_plans_it_again(alice, changes, day):
    task = made(alice)
    Task.objects.filter(pk=task.pk).update(remind_on=date(2000, 1, 1))

    change(task, **changes)

    assert planned(task) == day


@pytest.mark.parametrize(
    "changes",
    [{"title": "Other"}, {"notes": "x"}, {"priority": 1}, {"labels": ["home"]}],
    ids=lambda changes: next(iter(changes)),
)
def test_other_changes_do_not_affect_the_plan(alice, changes):
    task = made(alice)
    Task.objects.filter(pk=task.pk).update(remind_on=None)  # it was sent

    change(task, **changes)

    assert planned(task) is None


def test_completing_cancels_it_and_reopening_plans_it(alice):
    task = made(alice)

    act(actions.complete_task, task)
    assert planned(task) is None

    act(actions.reopen_task, task)
    assert planned(task) == DAY


def test_trashing_cancels_it_and_restoring_plans_it(alice):
    task = made(alice)

    act(actions.trash_task, task)
    assert planned(task) is None

    act(actions.restore_task, task)
    assert planned(task) == DAY


def test_a_task_reopened_after_its_reminder_was_due_is_not_planned(alice):
    task = made(alice)
    act(actions.complete_task, task)

    act(actions.reopen_task, task, at=AT + timedelta(days=5))

    assert planned(task) is None


def test_the_reminders_of_steps_follow_the_state_of_their_task(alice):
    task = TaskFactory(owner=alice, at=AT)
    step = made(alice, parent_id=task.pk)

    act(actions.complete_task, task)
    assert planned(step) is None

    act(actions.reopen_task, step)
    act(actions.reopen_task, task)
    assert planned(step) == DAY

    act(actions.trash_task, task)
    assert planned(step) is None

    act(actions.restore_task, task)
    assert planned(step) == DAY


def test_trashing_a_list_cancels_the_reminders_of_its_tasks(alice):
    home = TaskListFactory(owner=alice, at=AT)
    task = made(alice, list_id=home.pk)

    actions.trash_list(caller_of(alice, AT), list_id=home.pk)

    assert planned(task) is None


def test_undo_plans_it_again(alice):
    task = made(alice)
    act(actions.complete_task, task)

    actions.undo(caller_of(alice, AT))

    assert planned(task) == DAY


def test_the_next_occurrence_has_it_too(alice):
    task = made(alice, rrule="FREQ=WEEKLY")

    upcoming = act(actions.complete_task, task).next

    assert upcoming.reminder_minutes == 30
    assert planned(upcoming) == DAY + timedelta(days=7)


def test_the_ledger_records_the_reminder_and_not_the_plan(alice):
    task = made(alice)

    told = Change.objects.owned_by(alice).of("task", task.pk).get().after

    assert told["reminder_minutes"] == 30
    assert told["reminder_time"] is None
    assert "remind_on" not in told


@pytest.mark.parametrize(
    "changes",
    [{"due_time": None}, {"due_date": None, "due_time": None}],
    ids=["time", "date"],
)
def test_the_date_or_time_it_depends_on_can_not_be_removed(alice, changes):
    task = made(alice)

    with pytest.raises(ValidationError) as caught:
        change(task, **changes)

    assert caught.value.message_dict.keys() == {"reminder"}
    assert planned(task) == DAY


# --- The instant --------------------------------------------------------------

DAY_LONG = timedelta(days=1)
ZONES = sorted(available_timezones() - {"localtime"})


def moment(zone="UTC", owner_zone="UTC", **fields):
    """Return the instant of a reminder as text, in UTC."""
    task = Task(**{"due_date": DAY, "due_tz": zone} | fields)
    found = moment_of(task, owner=User(timezone=owner_zone))
    return found and f"{found:%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("due", "minutes", "expected"),
    [
        # Clocks go from 02:00 to 03:00 on 29 March in Berlin, back on 25 October.
        ("2026-03-29T01:59", 0, "2026-03-29 00:59"),
        ("2026-03-29T02:30", 0, "2026-03-29 01:30"),  # shown as 03:30
        ("2026-03-29T03:00", 0, "2026-03-29 01:00"),
        ("2026-03-29T03:00", 60, "2026-03-29 00:00"),  # shown as 01:00
        ("2026-03-29T09:00", 24 * 60, "2026-03-28 07:00"),  # 08:00
        ("2026-10-25T02:30", 0, "2026-10-25 00:30"),  # the first 02:30
        ("2026-10-25T03:00", 0, "2026-10-25 02:00"),
        ("2026-10-25T03:00", 60, "2026-10-25 01:00"),  # the second 02:00
    ],
)
def test_minutes_before_are_elapsed_minutes(due, minutes, expected):
    due = datetime.fromisoformat(due)

    shown = moment(
        "Europe/Berlin",
        due_date=due.date(),
        due_time=due.time(),
        reminder_minutes=minutes,
    )

    assert shown == expected


@pytest.mark.parametrize(
    ("day", "at", "expected"),
    [
        (date(2026, 3, 28), time(2, 30), "2026-03-28 01:30"),
        (date(2026, 3, 29), time(2, 30), "2026-03-29 01:30"),  # skipped: 03:30
        (date(2026, 3, 30), time(2, 30), "2026-03-30 00:30"),
        (date(2026, 10, 24), time(2, 30), "2026-10-24 00:30"),
        (date(2026, 10, 25), time(2, 30), "2026-10-25 00:30"),  # the first
        (date(2026, 10, 26), time(2, 30), "2026-10-26 01:30"),
    ],
)
def test_a_time_of_day_is_wall_clock_time(day, at, expected):
    assert (
        moment(owner_zone="Europe/Berlin", zone="", due_date=day, reminder_time=at)
        == expected
    )


def test_without_a_zone_the_users_counts():
    assert moment("", "Asia/Tokyo", reminder_time=time(9)) == "2026-11-25 00:00"
    assert (
        moment("Europe/Berlin", "Asia/Tokyo", due_time=time(9), reminder_time=time(9))
        == "2026-11-25 08:00"
    )


@cache
def days_of_switches(zone):
    """Return the days of two years on which a UTC offset changes, at 00:00."""
    days = [
        datetime.combine(date(2026, 1, 1), time(0)) + n * DAY_LONG for n in range(731)
    ]
    offsets = [day.replace(tzinfo=ZoneInfo(zone)).utcoffset() for day in days]
    return [days[n] for n in range(730) if offsets[n] != offsets[n + 1]]


@st.composite
def dues(draw, zones):
    """Draw a zone and a time, every other one on a day when the UTC offset changes."""
    zone = draw(zones)
    switches = days_of_switches(zone)
    day = datetime.combine(
        draw(st.dates(date(2026, 1, 1), date(2028, 12, 31))), time(0)
    )
    if switches and draw(st.booleans()):
        day = draw(st.sampled_from(switches))
    return zone, day + timedelta(minutes=draw(st.integers(0, 24 * 60 - 1)))


MINUTES = st.integers(0, 3 * 24 * 60) | st.just(REMINDER_MINUTES_MAX)
QUIET = settings(max_examples=400)
LONGEST_SKIP = timedelta(hours=2)


@QUIET
@given(dues(st.sampled_from(ZONES)), MINUTES)
@example(
    ("Antarctica/Troll", datetime.combine(date(2026, 3, 29), time(1))), 0
)  # skips two hours
def test_in_every_zone_that_many_minutes_pass_until_it_is_due(zone_and_due, minutes):
    zone, due = zone_and_due
    task = Task(
        due_date=due.date(),
        due_time=due.time(),
        due_tz=zone,
        reminder_minutes=minutes,
    )

    found = moment_of(task, owner=User(timezone="UTC"))

    shown = wall_clock(found + timedelta(minutes=minutes), ZoneInfo(zone))
    # The due time; if clocks skip it, it is later by the skipped time.
    assert shown == due or due < shown <= due + LONGEST_SKIP
    assert (shown == due) == exists(due, zone)


def exists(due, zone):
    """Whether this wall clock time exists in the zone."""
    there = due.replace(tzinfo=ZoneInfo(zone))
    return wall_clock(there.astimezone(UTC), ZoneInfo(zone)) == due


@pytest.mark.parametrize(
    "zone",
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Auckland"],
)
def test_clocks_that_jump_are_among_the_zones(zone):
    assert zone in ZONES
    assert len(days_of_switches(zone)) == 4


@QUIET
@given(dues(st.sampled_from(ZONES)), st.sampled_from(ZONES), MINUTES | st.none())
def test_the_planned_day_is_early_enough_after_every_change_of_zone(
    zone_and_due, after, minutes
):
    before, due = zone_and_due
    task = Task(
        due_date=due.date(),
        due_time=due.time(),
        reminder_minutes=minutes,
        reminder_time=due.time() if minutes is None else None,
    )
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    plan_reminder(task, owner=User(timezone=before), at=long_ago)

    found = moment_of(task, owner=User(timezone=after))

    # The query of the sender at that instant.
    assert task.remind_on <= found.date() + timedelta(days=1)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "Europe/Berlin"])
@pytest.mark.parametrize("at", [time(0, 0), time(12, 0), time(23, 59)], ids=str)
def test_the_sender_finds_it_when_it_is_due_and_not_before(alice, zone, at):
    made(alice, reminder_minutes=None, reminder_time=at, due_time=None)
    alice.timezone = zone
    alice.save()
    instant = datetime.combine(DAY, at, ZoneInfo(zone)).astimezone(UTC)

    assert list(due_reminders(at=instant - timedelta(seconds=1))) == []
    assert len(list(due_reminders(at=instant))) == 1
