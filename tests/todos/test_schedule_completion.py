"""Rules that count from completion: the next date, whenever the task is completed."""

from calendar import monthrange
from datetime import date, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from todos.schedule.recurrence import RuleRefused, begin_series, date_after_completion
from todos.schedule.rules import WEEKDAYS, read_rule
from todos.schedule.windows import Dates, next_dates

DAY = timedelta(days=1)
TUESDAY = date(2026, 12, 1)


def fuzz(examples):
    return settings(max_examples=examples)


def after(rule, due, done_on):
    return date_after_completion(
        rule, due=date.fromisoformat(due), done_on=date.fromisoformat(done_on)
    )


@pytest.mark.parametrize(
    ("rule", "due", "done_on", "expected"),
    [
        # Completed a day early, on its day, and late.
        ("FREQ=WEEKLY;BYDAY=MO", "2026-11-30", "2026-11-29", "2026-12-07"),
        ("FREQ=WEEKLY;BYDAY=MO", "2026-11-30", "2026-11-30", "2026-12-07"),
        ("FREQ=WEEKLY;BYDAY=MO", "2026-11-23", "2026-11-29", "2026-11-30"),
        ("FREQ=MONTHLY;BYMONTHDAY=15", "2026-12-15", "2026-11-29", "2027-01-15"),
        ("FREQ=WEEKLY;BYDAY=MO,WE,FR", "2026-11-30", "2026-11-30", "2026-12-02"),
        ("FREQ=WEEKLY;BYDAY=MO,WE,FR", "2026-12-02", "2026-11-30", "2026-12-04"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "2026-11-27", "2026-11-27", "2026-11-30"),
        # The interval counts from completion, to the nearest day.
        ("FREQ=WEEKLY;INTERVAL=4;BYDAY=SU", "2026-12-01", "2026-12-01", "2026-12-27"),
        ("FREQ=WEEKLY;INTERVAL=4;BYDAY=TU", "2026-11-29", "2026-11-29", "2026-12-29"),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR",
            "2026-12-01",
            "2026-12-01",
            "2026-12-15",
        ),
        # Wednesday and Friday are equally near to Thursday: the earlier.
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=WE,FR",
            "2026-12-03",
            "2026-12-03",
            "2026-12-16",
        ),
        (
            "FREQ=MONTHLY;INTERVAL=6;BYMONTHDAY=30",
            "2026-11-30",
            "2026-11-29",
            "2027-05-30",
        ),
        (
            "FREQ=MONTHLY;INTERVAL=6;BYMONTHDAY=28,29,30;BYSETPOS=-1",
            "2026-11-30",
            "2026-11-29",
            "2027-05-30",
        ),
        # A month without the 31st: the nearest one, or the last day of the month.
        (
            "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=31",
            "2026-11-29",
            "2026-11-29",
            "2027-01-31",
        ),
        (
            "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=-1",
            "2026-11-29",
            "2026-11-29",
            "2027-02-28",
        ),
        (
            "FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR",
            "2027-01-29",
            "2027-01-29",
            "2027-03-26",
        ),
        ("FREQ=MONTHLY;INTERVAL=2;BYDAY=1MO", "2026-10-05", "2026-10-05", "2026-12-07"),
        (
            "FREQ=YEARLY;INTERVAL=2;BYMONTH=3;BYMONTHDAY=1",
            "2027-03-01",
            "2027-02-20",
            "2029-03-01",
        ),
        (
            "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=1",
            "2027-03-01",
            "2027-02-20",
            "2028-03-01",
        ),
        # Without a day, the day of completion in that month.
        ("FREQ=YEARLY;BYMONTH=7", "2027-07-15", "2027-08-20", "2028-07-20"),
        (
            "FREQ=DAILY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR",
            "2026-12-02",
            "2026-12-02",
            "2026-12-04",
        ),
        (
            "FREQ=DAILY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR",
            "2026-12-03",
            "2026-12-03",
            "2026-12-07",
        ),
        # Due later than the interval: the first date after it.
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "2027-02-01", "2026-11-29", "2027-02-08"),
        # Without such parts, exactly the interval, whenever the task was due.
        ("FREQ=WEEKLY;INTERVAL=6", "2027-03-01", "2026-11-29", "2027-01-10"),
        ("FREQ=MONTHLY", "2027-01-10", "2027-01-31", "2027-02-28"),
        ("FREQ=MONTHLY;INTERVAL=6", "2026-11-30", "2026-11-29", "2027-05-29"),
        ("FREQ=YEARLY", "2028-02-29", "2028-02-29", "2029-02-28"),
    ],
)
def test_the_next_date_after_a_completion(rule, due, done_on, expected):
    assert after(rule, due, done_on) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=WEEKLY;BYDAY=MO;UNTIL=20261207", date(2026, 12, 7)),
        ("FREQ=WEEKLY;BYDAY=MO;UNTIL=20261206", None),
        ("FREQ=WEEKLY;INTERVAL=4;BYDAY=SU;UNTIL=20261226", None),
        ("FREQ=WEEKLY;INTERVAL=4;BYDAY=SU;UNTIL=20261227", date(2026, 12, 27)),
    ],
)
def test_no_date_is_later_than_the_end_of_the_series(rule, expected):
    assert after(rule, "2026-12-01", "2026-12-01") == expected


def test_completing_again_and_again_on_one_day_never_returns_to_a_date():
    """Each is completed today, as soon as it is open."""
    due, found = date(2026, 11, 30), []
    for _ in range(4):
        due = date_after_completion(
            "FREQ=WEEKLY;BYDAY=MO", due=due, done_on=date(2026, 11, 29)
        )
        found.append(due)

    assert found == [date(2026, 12, 7) + weeks * 7 * DAY for weeks in range(4)]


def test_the_preview_takes_each_to_be_completed_on_its_day():
    rule = "FREQ=WEEKLY;INTERVAL=4;BYDAY=SU"

    found = next_dates(rule, Dates(TUESDAY), count=3, from_completion=True)

    assert found == [TUESDAY, date(2026, 12, 27), date(2027, 1, 24)]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;INTERVAL=11;BYMONTH=3",
        "FREQ=YEARLY;INTERVAL=11",
        "FREQ=WEEKLY;INTERVAL=999;BYDAY=MO",
    ],
)
def test_a_rule_without_a_date_in_ten_years_is_refused(rule):
    with pytest.raises(RuleRefused, match="within 10 years"):
        begin_series(rule, due=TUESDAY, today=TUESDAY, from_completion=True)


# --- Properties -------------------------------------------------------------------

DATES = st.dates(date(2020, 1, 1), date(2040, 1, 1))
# How many days the task is completed before or after its due date.
EARLY_OR_LATE = st.integers(-40, 40) | st.integers(-800, 800)
INTERVALS = st.integers(1, 8)


def listed(values, most=3):
    return st.lists(values, min_size=1, max_size=most, unique=True).map(
        lambda chosen: ",".join(map(str, chosen))
    )


def weekdays(ordinals):
    return listed(st.builds("{}{}".format, ordinals, st.sampled_from(WEEKDAYS)))


# Rules with a date in every period, so that one is near any other day.
EVERY_PERIOD = (
    st.builds(
        "FREQ=WEEKLY;INTERVAL={};BYDAY={}".format, INTERVALS, weekdays(st.just(""))
    )
    | st.builds(
        "FREQ=MONTHLY;INTERVAL={};BYMONTHDAY={}".format,
        INTERVALS,
        listed(st.integers(1, 28) | st.integers(-28, -1)),
    )
    | st.builds(
        "FREQ=MONTHLY;INTERVAL={};BYDAY={}".format,
        INTERVALS,
        weekdays(st.sampled_from([1, 2, 3, 4, -1, -2])),
    )
    | st.builds(
        "FREQ=MONTHLY;INTERVAL={};BYDAY={};BYSETPOS={}".format,
        INTERVALS,
        weekdays(st.just("")),
        st.sampled_from([1, 2, -1]),
    )
    | st.builds(
        "FREQ=YEARLY;INTERVAL={};BYMONTH={};BYMONTHDAY={}".format,
        st.integers(1, 4),
        listed(st.integers(1, 12)),
        st.integers(1, 28),
    )
)


def periods_later(day, rule, periods):
    unit = {"WEEKLY": "weeks", "MONTHLY": "months", "YEARLY": "years"}[rule.frequency]
    return day + relativedelta(**{unit: periods})


@fuzz(500)
@given(EVERY_PERIOD, DATES, EARLY_OR_LATE)
def test_the_next_date_is_later_and_about_the_interval_after_completion(
    text, due, days
):
    """From one period less than the interval to one more, unless it was due later."""
    rule, done_on = read_rule(text), due + days * DAY

    found = date_after_completion(text, due=due, done_on=done_on)

    assert found > due
    assert found > done_on
    assert found >= periods_later(done_on, rule, rule.interval - 1)
    if due < done_on:
        assert found <= periods_later(done_on, rule, rule.interval + 1)


@fuzz(300)
@given(EVERY_PERIOD, DATES, EARLY_OR_LATE)
def test_no_other_day_of_the_rule_is_nearer(text, due, days):
    """The days of the rule with interval 1, as python-dateutil evaluates them."""
    rule, done_on = read_rule(text), due + days * DAY
    wanted = periods_later(done_on, rule, rule.interval)
    first = max(due, done_on) + DAY
    every = text.replace(f"INTERVAL={rule.interval};", "")
    start = datetime(first.year, first.month, first.day)  # noqa: DTZ001
    last = max(wanted, first) + timedelta(days=2 * 366)
    until = datetime(last.year, last.month, last.day)  # noqa: DTZ001
    theirs = rrulestr(every, dtstart=start - timedelta(days=800))
    days_of_rule = [day.date() for day in theirs.between(start, until, inc=True)]

    found = date_after_completion(text, due=due, done_on=done_on)

    if rule.interval == 1:
        assert found == days_of_rule[0]
    else:
        nearest = min(days_of_rule, key=lambda day: (abs(day - wanted), day))
        assert found == nearest


@fuzz(200)
@given(EVERY_PERIOD, DATES, EARLY_OR_LATE)
def test_the_first_day_of_the_week_makes_no_difference(text, due, days):
    done_on = due + days * DAY

    found = {
        date_after_completion(f"{text};WKST={day}", due=due, done_on=done_on)
        for day in WEEKDAYS
    }

    assert len(found) == 1


@pytest.mark.parametrize("interval", [1, 2, 6])
@pytest.mark.parametrize("day", [29, 30, 31])
def test_the_last_days_of_a_month_from_every_day(interval, day):
    """Each date is that day of its month, or the last one of a shorter month."""
    days = ",".join(map(str, range(28, day + 1)))
    rule = f"FREQ=MONTHLY;INTERVAL={interval};BYMONTHDAY={days};BYSETPOS=-1"
    for done_on in (date(2027, 1, 1) + number * DAY for number in range(2 * 366)):
        found = date_after_completion(rule, due=done_on, done_on=done_on)

        assert found.day == min(day, monthrange(found.year, found.month)[1])
        assert done_on + relativedelta(months=interval - 1) <= found
        assert found <= done_on + relativedelta(months=interval + 1)
