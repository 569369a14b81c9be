"""Tasks with a start and a due date: which of them the rule describes."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from todos.schedule.windows import (
    Dates,
    counts_from_start,
    dates_after,
    dates_after_completion,
    next_dates,
)

DAY = timedelta(days=1)


def window(text):
    """Return the dates of `2027-02-01 2027-02-05`."""
    start, due = map(date.fromisoformat, text.split())
    return Dates(due, start)


def words(dates):
    return f"{dates.start} {dates.due}"


def in_turn(rule, first, count):
    """Return the windows that follow, each completed on its due date."""
    found, now = [], window(first)
    for _ in range(count):
        now = dates_after(rule, now, after=now.due)
        found.append(words(now))
    return found


@pytest.mark.parametrize(
    ("rule", "first", "following"),
    [
        # The rule describes the start.
        (
            "FREQ=MONTHLY;BYMONTHDAY=1",
            "2027-02-01 2027-02-05",
            ["2027-03-01 2027-03-05", "2027-04-01 2027-04-05"],
        ),
        (
            "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1",
            "2027-01-01 2027-03-01",
            ["2028-01-01 2028-03-01", "2029-01-01 2029-03-01"],
        ),
        (
            "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=20",
            "2026-12-20 2027-01-10",
            ["2027-12-20 2028-01-10"],
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=28",
            "2027-01-28 2027-02-03",
            ["2027-02-28 2027-03-03", "2027-03-28 2027-04-03"],
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=-1",
            "2027-01-31 2027-02-03",
            ["2027-02-28 2027-03-03", "2027-03-31 2027-04-03"],
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=1",
            "2027-01-01 2027-01-31",
            ["2027-02-01 2027-02-28", "2027-03-01 2027-03-31"],
        ),
        (
            "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1",
            "2027-02-01 2027-03-31",
            ["2027-05-01 2027-06-30", "2027-08-01 2027-09-30"],
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=1,15",
            "2027-02-01 2027-02-05",
            ["2027-02-15 2027-02-19", "2027-03-01 2027-03-05"],
        ),
        (
            "FREQ=MONTHLY;BYDAY=1MO",
            "2027-02-01 2027-02-05",
            ["2027-03-01 2027-03-05", "2027-04-05 2027-04-09"],
        ),
        (
            "FREQ=MONTHLY;BYDAY=-1FR",
            "2027-01-29 2027-02-05",
            ["2027-02-26 2027-03-05", "2027-03-26 2027-04-02"],
        ),
        (
            "FREQ=WEEKLY;BYDAY=MO",
            "2027-02-01 2027-02-05",
            ["2027-02-08 2027-02-12", "2027-02-15 2027-02-19"],
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO",
            "2027-02-01 2027-02-10",
            ["2027-02-15 2027-02-24", "2027-03-01 2027-03-10"],
        ),
        # It describes the due date, and the start moves along.
        (
            "FREQ=MONTHLY;BYMONTHDAY=5",
            "2027-02-01 2027-02-05",
            ["2027-03-01 2027-03-05", "2027-04-01 2027-04-05"],
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=3",
            "2027-01-28 2027-02-03",
            ["2027-02-28 2027-03-03", "2027-03-28 2027-04-03"],
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=5",
            "2027-01-31 2027-02-05",
            ["2027-02-28 2027-03-05", "2027-03-31 2027-04-05"],
        ),
        (
            "FREQ=WEEKLY;BYDAY=FR",
            "2027-02-01 2027-02-05",
            ["2027-02-08 2027-02-12", "2027-02-15 2027-02-19"],
        ),
        # The start at first, and by chance both dates later.
        (
            "FREQ=WEEKLY;BYDAY=MO,TH",
            "2027-02-04 2027-02-07",
            ["2027-02-08 2027-02-11", "2027-02-11 2027-02-14", "2027-02-15 2027-02-18"],
        ),
        # Both: it counts from the due date, as without a start.
        (
            "FREQ=MONTHLY",
            "2027-01-28 2027-02-03",
            ["2027-02-28 2027-03-03", "2027-03-28 2027-04-03"],
        ),
        ("FREQ=YEARLY", "2027-01-01 2027-03-01", ["2028-01-01 2028-03-01"]),
        # Neither: the due date moves to the rule, and the start keeps its distance.
        (
            "FREQ=MONTHLY;BYMONTHDAY=10",
            "2027-02-01 2027-02-05",
            ["2027-02-06 2027-02-10", "2027-03-06 2027-03-10"],
        ),
    ],
)
def test_start_and_due_date_keep_their_meaning(rule, first, following):
    assert in_turn(rule, first, len(following)) == following


@pytest.mark.parametrize(
    ("first", "after", "following"),
    [
        # Overdue, and today within the next window or after it.
        ("2027-02-01 2027-02-05", "2027-03-03", "2027-03-01 2027-03-05"),
        ("2027-02-01 2027-02-05", "2027-03-05", "2027-04-01 2027-04-05"),
        ("2027-02-01 2027-02-05", "2027-12-31", "2028-01-01 2028-01-05"),
        ("2020-02-01 2020-02-05", "2027-03-04", "2027-03-01 2027-03-05"),
        # Before the window begins, it is still the one after it.
        ("2027-02-01 2027-02-05", "2027-02-05", "2027-03-01 2027-03-05"),
    ],
)
def test_the_first_window_that_is_due_later_is_the_next(first, after, following):
    found = dates_after(
        "FREQ=MONTHLY;BYMONTHDAY=1", window(first), after=date.fromisoformat(after)
    )

    assert words(found) == following


@pytest.mark.parametrize(
    ("rule", "done_on", "following"),
    [
        ("FREQ=MONTHLY;BYMONTHDAY=1", "2027-02-03", "2027-03-01 2027-03-05"),
        ("FREQ=MONTHLY;BYMONTHDAY=1", "2027-01-20", "2027-03-01 2027-03-05"),
        ("FREQ=MONTHLY;BYMONTHDAY=1", "2027-03-10", "2027-04-01 2027-04-05"),
        ("FREQ=MONTHLY;INTERVAL=6;BYMONTHDAY=1", "2027-02-03", "2027-08-01 2027-08-05"),
        ("FREQ=MONTHLY;BYMONTHDAY=5", "2027-02-03", "2027-03-01 2027-03-05"),
        ("FREQ=WEEKLY;INTERVAL=6", "2027-02-03", "2027-03-13 2027-03-17"),
    ],
)
def test_windows_can_count_from_completion(rule, done_on, following):
    found = dates_after_completion(
        rule,
        window("2027-02-01 2027-02-05"),
        done_on=date.fromisoformat(done_on),
    )

    assert words(found) == following


@pytest.mark.parametrize(
    ("last", "count"), [("20270401", 3), ("20270331", 2), ("20270228", 1)]
)
def test_the_date_that_the_rule_describes_ends_the_series(last, count):
    rule = f"FREQ=MONTHLY;BYMONTHDAY=1;UNTIL={last}"

    assert len(next_dates(rule, window("2027-02-01 2027-02-05"))) == count


@pytest.mark.parametrize("text", ["2027-02-05 2027-02-05", "2027-02-08 2027-02-05"])
def test_a_start_that_is_not_earlier_changes_nothing(text):
    assert not counts_from_start("FREQ=WEEKLY;BYDAY=MO", window(text))


RULES = st.sampled_from(
    [
        "FREQ=MONTHLY",
        "FREQ=YEARLY",
        "FREQ=MONTHLY;BYMONTHDAY={start}",
        "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY={due}",
        "FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={start}",
        "FREQ=YEARLY;BYMONTHDAY={due}",
    ]
)


@settings(max_examples=400)
@given(RULES, st.dates(date(2024, 1, 1), date(2031, 12, 31)), st.integers(1, 80))
def test_days_of_the_month_stay_until_the_28th(rule, start, length):
    """Both dates stay on their days, and the window starts and ends no month later."""
    due = start + length * DAY
    if start.day > 28 or due.day > 28:
        return
    rule = rule.format(start=start.day, due=due.day, month=start.month)

    now = Dates(due, start)
    for _ in range(6):
        before, now = now, dates_after(rule, now, after=now.due)
        assert now.due > before.due
        assert now.start > before.start
        if "BYMONTHDAY" not in rule or start.day != due.day:
            assert (now.start.day, now.due.day) == (start.day, due.day)
        months = (due.year - start.year) * 12 + due.month - start.month
        found = (now.due.year - now.start.year) * 12 + now.due.month - now.start.month
        assert found == months


WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@settings(max_examples=300)
@given(
    st.dates(date(2024, 1, 1), date(2031, 12, 31)),
    st.integers(1, 30),
    st.integers(1, 4),
    st.integers(-50, 400),
)
def test_a_weekly_window_keeps_its_length_and_its_weekdays(
    start, length, interval, days
):
    rule = f"FREQ=WEEKLY;INTERVAL={interval};BYDAY={WEEKDAYS[start.weekday()]}"
    due = start + length * DAY
    after = max(due, due + days * DAY)

    found = dates_after(rule, Dates(due, start), after=after)

    assert found.due - found.start == due - start
    assert after < found.due <= after + 7 * interval * DAY
    assert (found.due - due).days % (7 * interval) == 0
