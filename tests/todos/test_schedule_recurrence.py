"""Repeating dates: what is read, what is refused, and when it is next."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from todos.schedule.recurrence import RuleRefused, next_date, normalise_rule

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("FREQ=DAILY", "FREQ=DAILY"),
        ("freq=daily", "FREQ=DAILY"),
        (" RRULE:FREQ=WEEKLY;BYDAY=MO,FR ", "FREQ=WEEKLY;BYDAY=MO,FR"),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=MONTHLY;BYMONTHDAY=31"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=MONTHLY;BYMONTHDAY=-1"),
    ],
)
def test_a_rule_has_one_spelling(text, rule):
    assert normalise_rule(text, due=date(2027, 1, 15)) == rule
    assert normalise_rule(rule, due=date(2027, 1, 15)) == rule


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "=",
        "DAILY",
        "FREQ",
        "FREQ=",
        "FREQ=SECONDLY",
        "FREQ=HOURLY",
        "FREQ=DAILY;",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;INTERVAL=1000",
        "FREQ=DAILY;INTERVAL=1,2",
        "FREQ=DAILY;INTERVAL=x",
        "FREQ=DAILY;INTERVAL=1.5",
        "FREQ=DAILY;INTERVAL=1_0",
        "FREQ=DAILY;INTERVAL=\u0663",
        "FREQ=DAILY;INTERVAL= 3",
        "FREQ=DAILY;INTERVAL=+3",
        "FREQ=DAILY;BYDAY=MO",
        "FREQ=DAILY;BYMONTH=2",
        "FREQ=WEEKLY;BYDAY=",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=MO,MO",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTHDAY=-2",
        "FREQ=MONTHLY;BYMONTHDAY=1,2,3,4,5",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYSETPOS=1",
        "FREQ=YEARLY;BYEASTER=0",
        "FREQ=DAILY;BYHOUR=9",
        "FREQ=DAILY;WKST=MO",
        "FREQ=DAILY\nDTSTART:20270101",
        "FREQ=DAILY;\x00=1",
        "FREQ=DAILY;X=" + "a" * 200,
    ],
)
def test_what_is_outside_the_guard_is_refused(text):
    with pytest.raises(RuleRefused) as refused:
        normalise_rule(text, due=date(2027, 1, 15))

    # The text says what to write, and doesn't hand back what was sent.
    assert len(str(refused.value)) < 80


@pytest.mark.parametrize(
    ("rule", "anchor", "expected"),
    [
        ("FREQ=DAILY", date(2027, 2, 28), [date(2027, 3, 1), date(2027, 3, 2)]),
        ("FREQ=DAILY", date(2028, 2, 28), [date(2028, 2, 29), date(2028, 3, 1)]),
        (
            "FREQ=WEEKLY;INTERVAL=2",
            date(2026, 12, 28),
            [date(2027, 1, 11), date(2027, 1, 25)],
        ),
        (
            "FREQ=WEEKLY;BYDAY=MO,FR",
            date(2027, 1, 15),
            [date(2027, 1, 18), date(2027, 1, 22)],
        ),
        # The 31st means the last day where a month has none.
        (
            "FREQ=MONTHLY",
            date(2027, 1, 31),
            [date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)],
        ),
        ("FREQ=MONTHLY", date(2027, 1, 30), [date(2027, 2, 28), date(2027, 3, 30)]),
        # Said in so many words, it skips those months.
        (
            "FREQ=MONTHLY;BYMONTHDAY=31",
            date(2027, 1, 31),
            [date(2027, 3, 31), date(2027, 5, 31)],
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=-1",
            date(2027, 1, 31),
            [date(2027, 2, 28), date(2027, 3, 31)],
        ),
        ("FREQ=YEARLY", date(2028, 2, 29), [date(2029, 2, 28), date(2030, 2, 28)]),
        ("FREQ=YEARLY", date(2027, 3, 1), [date(2028, 3, 1)]),
    ],
)
def test_the_dates_follow(rule, anchor, expected):
    rule = normalise_rule(rule, due=anchor)

    found, after = [], anchor
    for _ in expected:
        after = next_date(rule, anchor=anchor, after=after)
        found.append(after)

    assert found == expected


def test_a_day_that_never_comes_is_none():
    rule = normalise_rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", due=date(2027, 1, 1))

    assert next_date(rule, anchor=date(2027, 1, 1), after=date(2027, 1, 1)) is None


def test_a_date_beyond_ten_years_is_none():
    rule = normalise_rule("FREQ=YEARLY;INTERVAL=11", due=date(2027, 1, 1))

    assert next_date(rule, anchor=date(2027, 1, 1), after=date(2027, 1, 1)) is None


RULES = st.builds(
    "FREQ={};INTERVAL={}".format,
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.integers(1, 9),
)


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(RULES, st.dates(date(1900, 1, 1), date(2999, 12, 31)))
def test_the_next_date_comes_after_and_goes_on(rule, anchor):
    rule = normalise_rule(rule, due=anchor)

    first = next_date(rule, anchor=anchor, after=anchor)
    second = next_date(rule, anchor=anchor, after=first)

    assert anchor < first < second
    assert next_date(rule, anchor=anchor, after=first - DAY) == first


NAMES = ["FREQ", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "COUNT"]
VALUES = ["DAILY", "MONTHLY", "YEARLY", "1", "-1", "31", "0", "MO", "MO,TU", "1,2"]


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(NAMES), st.sampled_from(VALUES) | st.text(max_size=8)
        ),
        max_size=6,
    )
)
def test_any_text_is_read_or_refused(parts):
    text = ";".join(f"{name}={value}" for name, value in parts)
    anchor = date(2027, 1, 31)

    try:
        rule = normalise_rule(text, due=anchor)
    except RuleRefused:
        return

    assert len(rule) <= 200
    found = next_date(rule, anchor=anchor, after=anchor)
    assert found is None or found > anchor
