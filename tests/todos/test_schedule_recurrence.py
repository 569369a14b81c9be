"""Recurrence: the canonical form of rules, and their dates."""

from datetime import date, timedelta

import pytest

from todos.schedule.recurrence import (
    RuleRefused,
    count_of,
    date_after_completion,
    first_date,
    next_date,
    normalise_rule,
)
from todos.schedule.windows import Dates, next_dates

LAST_OF = "BYMONTHDAY={};BYSETPOS=-1".format


@pytest.mark.parametrize(
    ("text", "due", "rule"),
    [
        ("FREQ=MONTHLY", None, "FREQ=MONTHLY"),
        ("FREQ=MONTHLY", date(2027, 1, 28), "FREQ=MONTHLY"),
        ("FREQ=MONTHLY", date(2027, 1, 29), f"FREQ=MONTHLY;{LAST_OF('28,29')}"),
        ("FREQ=MONTHLY", date(2027, 1, 31), f"FREQ=MONTHLY;{LAST_OF('28,29,30,31')}"),
        (
            "FREQ=MONTHLY;BYMONTH=1,2,3;COUNT=9",
            date(2027, 1, 30),
            f"FREQ=MONTHLY;BYMONTH=1,2,3;COUNT=9;{LAST_OF('28,29,30')}",
        ),
        # An explicit day is kept.
        ("FREQ=MONTHLY;BYMONTHDAY=31", date(2027, 1, 31), "FREQ=MONTHLY;BYMONTHDAY=31"),
        ("FREQ=MONTHLY;BYDAY=-1SU", date(2027, 1, 31), "FREQ=MONTHLY;BYDAY=-1SU"),
        ("FREQ=YEARLY", date(2027, 1, 31), "FREQ=YEARLY"),
        ("FREQ=YEARLY", date(2027, 2, 28), "FREQ=YEARLY"),
        (
            "FREQ=YEARLY",
            date(2028, 2, 29),
            f"FREQ=YEARLY;BYMONTH=2;{LAST_OF('28,29')}",
        ),
        (
            "FREQ=YEARLY;BYMONTH=4",
            date(2027, 3, 31),
            f"FREQ=YEARLY;BYMONTH=4;{LAST_OF('28,29,30,31')}",
        ),
        (
            "FREQ=YEARLY;BYMONTH=2",
            date(2028, 2, 29),
            f"FREQ=YEARLY;BYMONTH=2;{LAST_OF('28,29')}",
        ),
        ("FREQ=YEARLY;BYMONTH=1,2", date(2027, 1, 31), "FREQ=YEARLY;BYMONTH=1,2"),
        ("FREQ=DAILY", date(2027, 1, 31), "FREQ=DAILY"),
        ("FREQ=WEEKLY", date(2027, 1, 31), "FREQ=WEEKLY"),
    ],
)
def test_resolves_short_months_from_the_due_date(text, due, rule):
    assert normalise_rule(text, due=due) == rule
    assert normalise_rule(rule, due=due) == rule


@pytest.mark.parametrize("due", [None, date(2027, 1, 31)], ids=["undated", "dated"])
@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=4,6,9,11;BYMONTHDAY=31",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTHDAY=8;BYDAY=1MO",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
        "FREQ=MONTHLY;BYMONTHDAY=1,2;BYSETPOS=-3",
        "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=3",
        "FREQ=YEARLY;BYMONTH=2;BYDAY=6MO",
        "FREQ=YEARLY;BYDAY=53MO;BYMONTHDAY=1",
    ],
)
def test_a_rule_that_never_occurs_is_refused(rule, due):
    with pytest.raises(RuleRefused, match="never occurs"):
        normalise_rule(rule, due=due)


@pytest.mark.parametrize(
    ("rule", "due"),
    [
        # Every second year from an odd year is never a leap year.
        ("FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29", date(2027, 2, 28)),
        ("FREQ=MONTHLY;INTERVAL=12;BYMONTH=3", date(2027, 2, 28)),
        ("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31", date(2027, 4, 30)),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO", date(2027, 2, 28)),
        # More than ten years away.
        ("FREQ=YEARLY;INTERVAL=11", date(2027, 2, 28)),
        ("FREQ=MONTHLY;INTERVAL=999", date(2027, 2, 28)),
        ("FREQ=DAILY;INTERVAL=999;BYDAY=SU", date(2027, 2, 28)),
    ],
)
def test_a_rule_that_never_occurs_from_its_due_date_is_refused(rule, due):
    assert normalise_rule(rule, due=None)

    with pytest.raises(RuleRefused, match="within 10 years"):
        normalise_rule(rule, due=due)


def test_a_rule_may_have_ended_before_the_due_date():
    """A task that is postponed beyond the end of its series keeps its rule."""
    rule = "FREQ=DAILY;UNTIL=20270114"

    assert normalise_rule(rule, due=date(2027, 1, 15)) == rule


@pytest.mark.parametrize(
    ("rule", "anchor", "expected"),
    [
        ("FREQ=DAILY", date(2027, 2, 28), ["2027-03-01", "2027-03-02"]),
        ("FREQ=DAILY", date(2028, 2, 28), ["2028-02-29", "2028-03-01"]),
        ("FREQ=DAILY;INTERVAL=30", date(2027, 1, 31), ["2027-03-02", "2027-04-01"]),
        (
            "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
            date(2027, 1, 14),
            ["2027-01-15", "2027-01-18", "2027-01-19"],
        ),
        (
            "FREQ=DAILY;BYMONTH=1;BYMONTHDAY=-1,-2",
            date(2027, 1, 30),
            ["2027-01-31", "2028-01-30", "2028-01-31"],
        ),
        ("FREQ=WEEKLY;INTERVAL=2", date(2026, 12, 28), ["2027-01-11", "2027-01-25"]),
        ("FREQ=WEEKLY;BYDAY=MO,FR", date(2027, 1, 15), ["2027-01-18", "2027-01-22"]),
        # The example of RFC 5545 for WKST, from a Tuesday.
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO",
            date(1997, 8, 5),
            ["1997-08-10", "1997-08-19", "1997-08-24"],
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU",
            date(1997, 8, 5),
            ["1997-08-17", "1997-08-19", "1997-08-31"],
        ),
        (
            "FREQ=WEEKLY;BYMONTH=2;BYDAY=SU",
            date(2027, 2, 21),
            ["2027-02-28", "2028-02-06"],
        ),
        # The last working day of a week, including the first week.
        (
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            date(2027, 1, 14),
            ["2027-01-15", "2027-01-22"],
        ),
        # The 31st means the last day of shorter months.
        (
            "FREQ=MONTHLY",
            date(2027, 1, 31),
            ["2027-02-28", "2027-03-31", "2027-04-30"],
        ),
        ("FREQ=MONTHLY", date(2027, 1, 30), ["2027-02-28", "2027-03-30"]),
        # An explicit 31st skips shorter months.
        (
            "FREQ=MONTHLY;BYMONTHDAY=31",
            date(2027, 1, 31),
            ["2027-03-31", "2027-05-31"],
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=-1",
            date(2027, 1, 31),
            ["2027-02-28", "2027-03-31"],
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=1,15",
            date(2027, 1, 1),
            ["2027-01-15", "2027-02-01"],
        ),
        ("FREQ=MONTHLY;BYDAY=3TU", date(2027, 1, 19), ["2027-02-16", "2027-03-16"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", date(2027, 1, 29), ["2027-02-26", "2027-03-26"]),
        ("FREQ=MONTHLY;BYDAY=5MO", date(2027, 1, 1), ["2027-03-29", "2027-05-31"]),
        (
            "FREQ=MONTHLY;BYDAY=MO,-1FR",
            date(2027, 1, 18),
            ["2027-01-25", "2027-01-29", "2027-02-01"],
        ),
        # The last working day of a month, and Friday the 13th.
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            date(2027, 1, 29),
            ["2027-02-26", "2027-03-31"],
        ),
        (
            "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
            date(2026, 11, 13),
            ["2027-08-13", "2028-10-13"],
        ),
        (
            "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=15",
            date(2027, 1, 15),
            ["2027-04-15", "2027-07-15"],
        ),
        ("FREQ=YEARLY", date(2028, 2, 29), ["2029-02-28", "2030-02-28"]),
        ("FREQ=YEARLY", date(2027, 3, 1), ["2028-03-01"]),
        ("FREQ=YEARLY;BYMONTH=1,7", date(2027, 1, 4), ["2027-07-04", "2028-01-04"]),
        ("FREQ=YEARLY;BYMONTHDAY=31", date(2027, 1, 31), ["2027-03-31"]),
        # Thanksgiving; the twentieth Monday and the last Sunday of a year.
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", date(2027, 11, 25), ["2028-11-23"]),
        ("FREQ=YEARLY;BYDAY=20MO", date(1997, 5, 19), ["1998-05-18", "1999-05-17"]),
        ("FREQ=YEARLY;BYDAY=-1SU", date(2027, 1, 1), ["2027-12-26", "2028-12-31"]),
        ("FREQ=YEARLY;BYDAY=53MO", date(2027, 1, 1), ["2029-12-31", "2035-12-31"]),
        ("FREQ=YEARLY;BYDAY=-53MO", date(2027, 1, 1), ["2029-01-01", "2035-01-01"]),
        (
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
            date(2096, 2, 29),
            ["2104-02-29", "2108-02-29"],
        ),
    ],
)
def test_the_dates_follow(rule, anchor, expected):
    rule = normalise_rule(rule, due=anchor)

    found, after = [], anchor
    for _ in expected:
        after = next_date(rule, anchor=anchor, after=after)
        found.append(after.isoformat())

    assert found == expected


def test_a_rule_has_no_date_before_its_anchor():
    found = next_date("FREQ=DAILY", anchor=date(2027, 1, 5), after=date(2026, 1, 1))

    assert found == date(2027, 1, 5)


def test_until_is_inclusive():
    rule, anchor = "FREQ=WEEKLY;UNTIL=20270115", date(2027, 1, 1)

    assert next_date(rule, anchor=anchor, after=date(2027, 1, 8)) == date(2027, 1, 15)
    assert next_date(rule, anchor=anchor, after=date(2027, 1, 15)) is None


@pytest.mark.parametrize(
    ("rule", "day"),
    [
        ("FREQ=YEARLY;INTERVAL=11", date(2027, 1, 1)),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", date(2027, 1, 1)),
        ("FREQ=DAILY", date.max),
        ("FREQ=YEARLY", date.max),
    ],
)
def test_there_is_no_date_beyond_ten_years_or_the_end_of_the_calendar(rule, day):
    assert next_date(rule, anchor=day, after=day) is None


@pytest.mark.parametrize("frequency", ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
@pytest.mark.parametrize("day", [date.min, date.max])
def test_works_at_the_limits_of_the_calendar(frequency, day):
    rule = f"FREQ={frequency};WKST=SU"

    assert first_date(rule, on_or_after=day) == day


@pytest.mark.parametrize(
    ("rule", "today", "expected"),
    [
        ("FREQ=DAILY", date(2027, 1, 14), date(2027, 1, 14)),
        ("FREQ=MONTHLY", date(2027, 1, 31), date(2027, 1, 31)),
        ("FREQ=WEEKLY;BYDAY=TH", date(2027, 1, 14), date(2027, 1, 14)),
        ("FREQ=WEEKLY;BYDAY=MO", date(2027, 1, 14), date(2027, 1, 18)),
        # The interval counts from the first date on.
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", date(2027, 1, 14), date(2027, 1, 18)),
        ("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1", date(2027, 1, 14), date(2027, 2, 1)),
        ("FREQ=WEEKLY;BYDAY=MO;UNTIL=20270118", date(2027, 1, 14), date(2027, 1, 18)),
        ("FREQ=WEEKLY;BYDAY=MO;UNTIL=20270117", date(2027, 1, 14), None),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", date(2027, 1, 14), None),
    ],
)
def test_a_series_without_a_due_date_begins_on_the_first_date_of_the_rule(
    rule, today, expected
):
    assert first_date(rule, on_or_after=today) == expected


@pytest.mark.parametrize(
    ("rule", "done_on", "expected"),
    [
        ("FREQ=WEEKLY;INTERVAL=2", date(2027, 1, 14), date(2027, 1, 28)),
        ("FREQ=MONTHLY", date(2027, 1, 31), date(2027, 2, 28)),
        ("FREQ=MONTHLY", date(2027, 2, 28), date(2027, 3, 28)),
        ("FREQ=WEEKLY;BYDAY=MO", date(2027, 1, 18), date(2027, 1, 25)),
        ("FREQ=DAILY;UNTIL=20270114", date(2027, 1, 14), None),
        (
            "FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29",
            date(2027, 1, 14),
            date(2028, 2, 29),
        ),
    ],
)
def test_a_rule_can_count_from_the_day_of_completion(rule, done_on, expected):
    assert date_after_completion(rule, done_on=done_on) == expected


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        ("FREQ=WEEKLY", date(2027, 1, 14), [14, 21, 28, 35, 42]),
        ("FREQ=DAILY;COUNT=3", date(2027, 1, 14), [14, 15, 16]),
        ("FREQ=DAILY;COUNT=1", date(2027, 1, 14), [14]),
        ("FREQ=DAILY;COUNT=9", date(2027, 1, 14), [14, 15, 16, 17, 18]),
        ("FREQ=DAILY;UNTIL=20270116", date(2027, 1, 14), [14, 15, 16]),
        # DTSTART is included even if the rule does not match it.
        ("FREQ=WEEKLY;BYDAY=MO;COUNT=3", date(2027, 1, 14), [14, 18, 25]),
    ],
)
def test_the_first_dates_of_a_series(rule, start, expected):
    found = next_dates(rule, Dates(start))

    assert found == [date(2027, 1, 1) + timedelta(days=day - 1) for day in expected]


def test_each_date_can_count_from_the_date_before():
    """A month after 31 January is the last of February, and then the 28th."""
    found = next_dates(
        "FREQ=MONTHLY", Dates(date(2027, 1, 31)), count=3, from_completion=True
    )

    assert found == [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 28)]


@pytest.mark.parametrize(
    ("rule", "count"), [("FREQ=DAILY", None), ("FREQ=DAILY;COUNT=12", 12)]
)
def test_how_many_tasks_a_series_has(rule, count):
    assert count_of(rule) == count
