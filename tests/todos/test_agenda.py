"""Overdue, today's and upcoming tasks, in all time zones."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tests.factories import TaskFactory, UserFactory
from todos.agenda import Agenda
from todos.models import Task
from todos.schedule.days import Clock

NOW = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)  # 13:00 in Berlin, 21:00 in Tokyo
# Around the clock changes of both hemispheres, New Year, and a leap day.
BASES = [
    datetime(year, month, day, tzinfo=UTC)
    for year, month, day in [
        (2027, 3, 28),
        (2027, 10, 31),
        (2027, 4, 4),
        (2027, 10, 3),
        (2027, 3, 14),
        (2027, 1, 1),
        (2028, 2, 29),
    ]
]
ZONES = sorted(available_timezones() - {"Factory", "localtime"})


@pytest.fixture
def berliner(db):
    return UserFactory(timezone="Europe/Berlin")


def where(owner, *, now=NOW):
    """Return the titles that each view shows."""
    agenda = Agenda(owner, now=now)
    return {
        view: sorted(getattr(agenda, view)().values_list("title", flat=True))
        for view in ("overdue", "today", "upcoming")
    }


@pytest.mark.parametrize(
    ("due", "views"),
    [
        # A date is past due when its day is over.
        ((date(2027, 1, 14),), {"overdue", "today"}),
        ((date(2027, 1, 15),), {"today"}),
        ((date(2027, 1, 16),), {"upcoming"}),
        # A time is past due from its minute on.
        ((date(2027, 1, 15), time(12, 59)), {"overdue", "today"}),
        ((date(2027, 1, 15), time(13, 0)), {"today"}),
        ((date(2027, 1, 15), time(23, 59)), {"today"}),
        ((date(2027, 1, 16), time(0, 0)), {"upcoming"}),
        # With a time zone of its own, by the clocks there.
        ((date(2027, 1, 15), time(20, 59), "Asia/Tokyo"), {"overdue", "today"}),
        ((date(2027, 1, 15), time(21, 0), "Asia/Tokyo"), {"today"}),
        ((date(2027, 1, 16), time(7, 59), "Asia/Tokyo"), {"today"}),
        ((date(2027, 1, 16), time(8, 0), "Asia/Tokyo"), {"upcoming"}),
        ((date(2027, 1, 14), time(23, 59), "Pacific/Honolulu"), {"overdue", "today"}),
        ((date(2027, 1, 15), time(1, 59), "Pacific/Honolulu"), {"overdue", "today"}),
        ((date(2027, 1, 15), time(12, 59), "Pacific/Honolulu"), {"today"}),
        ((date(2027, 1, 15), time(13, 0), "Pacific/Honolulu"), {"upcoming"}),
    ],
)
def test_each_task_is_in_the_view_of_its_due_time(berliner, due, views):
    names = dict(zip(("due_date", "due_time", "due_tz"), due, strict=False))
    TaskFactory(owner=berliner, title="it", **names)

    assert {view for view, titles in where(berliner).items() if titles} == views


def test_a_day_that_starts_at_5_ends_at_5(db):
    owl = UserFactory(timezone="Europe/Berlin", day_start=5)
    TaskFactory(owner=owl, title="at 2", due_date=date(2027, 1, 16), due_time=time(2))
    TaskFactory(owner=owl, title="at 5", due_date=date(2027, 1, 16), due_time=time(5))
    TaskFactory(owner=owl, title="on the 15th", due_date=date(2027, 1, 15))
    at_night = datetime(2027, 1, 16, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))

    assert where(owl)["today"] == ["at 2", "on the 15th"]
    assert where(owl)["upcoming"] == ["at 5"]
    assert where(owl, now=at_night)["overdue"] == ["at 2"]
    assert where(owl, now=at_night)["today"] == ["at 2", "on the 15th"]


def test_zones_and_tasks_of_another_user_have_no_effect(berliner):
    stranger = UserFactory()
    TaskFactory(
        owner=stranger,
        due_date=date(2027, 1, 15),
        due_time=time(9),
        due_tz="Asia/Tokyo",
    )

    assert where(berliner) == {"overdue": [], "today": [], "upcoming": []}


def test_runs_one_query_more_than_the_list(berliner, django_assert_num_queries):
    for zone in ("", "Asia/Tokyo", "America/New_York"):
        TaskFactory(
            owner=berliner, due_date=date(2027, 1, 15), due_time=time(9), due_tz=zone
        )

    with django_assert_num_queries(2):
        list(Agenda(berliner, now=NOW).today())


def is_due_by_day_end(clock, day, at, zone):
    """Return whether a task due then belongs to Today, without the database."""
    if at is None:
        return day <= clock.today
    return datetime.combine(day, at) < clock.day_end_in(zone)


class EveryZone(TestCase):
    """The database and Python agree, in all zones, at both clock changes."""

    @settings(max_examples=60)
    @given(
        own=st.sampled_from(ZONES),
        fixed=st.sampled_from(["", *ZONES]),
        day_start=st.integers(0, 23),
        base=st.sampled_from(BASES),
        minutes=st.integers(-2 * 24 * 60, 2 * 24 * 60),
        away=st.timedeltas(timedelta(days=-3), timedelta(days=3)),
        has_time=st.booleans(),
    )
    def test_where_a_task_belongs(
        self, own, fixed, day_start, base, minutes, away, has_time
    ):
        owner = UserFactory(timezone=own, day_start=day_start)
        now = base + timedelta(minutes=minutes)
        due_at = (now + away).astimezone(ZoneInfo(fixed or own)).replace(second=0)
        at = due_at.time().replace(microsecond=0) if has_time else None
        zone = fixed if has_time else ""
        TaskFactory(
            owner=owner, title="it", due_date=due_at.date(), due_time=at, due_tz=zone
        )
        clock = Clock(now=now, zone=ZoneInfo(own), day_start=day_start)
        due = (due_at.date(), at, ZoneInfo(zone) if zone else None)

        found = where(owner, now=now)

        assert bool(found["overdue"]) == clock.is_past(*due)
        assert bool(found["today"]) == is_due_by_day_end(clock, *due)
        assert bool(found["upcoming"]) != bool(found["today"])
        assert not found["overdue"] or found["today"]

    @settings(max_examples=60)
    @given(
        own=st.sampled_from(ZONES),
        day=st.dates(date(2026, 1, 1), date(2028, 12, 31)),
        hour=st.integers(0, 23),
    )
    def test_a_date_is_due_on_its_day_and_no_other(self, own, day, hour):
        owner = UserFactory(timezone=own)
        TaskFactory(owner=owner, title="it", due_date=day)
        stored = Task.objects.get(owner=owner)
        at = datetime.combine(day, time(hour), ZoneInfo(own))
        clock = Clock(now=at.astimezone(UTC), zone=ZoneInfo(own), day_start=0)

        assert stored.due_date == day
        # An hour that the clock change skips also belongs to the day.
        assert clock.today == day
        assert where(owner, now=at)["today"] == ["it"]
        assert where(owner, now=at)["overdue"] == []
