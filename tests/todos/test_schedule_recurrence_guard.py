"""The work for a recurrence rule is bounded, whatever its text.

The tests count function calls instead of time, which depends on the machine.
"""

import sys
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from itertools import islice

import pytest
from dateutil.rrule import rrulestr
from hypothesis import example, given, settings
from hypothesis import strategies as st

from todos.limits import RULE_MAX_LENGTH
from todos.schedule import recurrence, rules, windows
from todos.schedule.recurrence import RuleRefused

pytestmark = pytest.mark.slow

TEN_YEARS = timedelta(days=3660)
MAX_CALLS = 60_000  # for one answer
DAYS = st.dates(date(1900, 1, 1), date(2999, 12, 31))


def fuzz(examples):
    return settings(max_examples=examples)


@contextmanager
def counted():
    """Count function calls, including those of C functions, in `count[0]`."""
    count = [0]

    def see(frame, event, argument):
        count[0] += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        yield count
    finally:
        sys.setprofile(before)


def listed(values, most=4):
    return st.lists(values, min_size=1, max_size=most).map(
        lambda chosen: ",".join(map(str, chosen))
    )


def optional(name, values):
    return st.just("") | values.map(lambda value: f";{name}={value}")


def weekdays(ordinals):
    return st.builds("{}{}".format, ordinals, st.sampled_from(rules.WEEKDAYS))


# Mostly valid, so that evaluation is tested more than parsing.
RULES = st.builds(
    "FREQ={}{}{}{}{}{}{}{}".format,
    st.sampled_from(rules.FREQUENCIES),
    optional("INTERVAL", st.integers(1, 40) | st.integers(1, 999)),
    optional("BYMONTH", listed(st.integers(1, 12))),
    optional("BYMONTHDAY", listed(st.integers(-31, 31), most=9)),
    optional("BYDAY", listed(weekdays(st.just("") | st.integers(-53, 53)), most=9)),
    optional("BYSETPOS", st.integers(-9, 9) | st.integers(-366, 366)),
    optional("WKST", st.sampled_from(rules.WEEKDAYS)),
    optional("COUNT", st.integers(1, 999)) | optional("UNTIL", st.just("20400101")),
)
NAMES = [*sorted(rules.PARTS), "BYWEEKNO", "BYHOUR", "RRULE:FREQ", "X-A", ""]
SHAPED = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(["DAILY", "1", "MO"]) | st.text())
).map(lambda parts: ";".join(f"{name}={value}" for name, value in parts))

# The most expensive rules: many days, of which none or only the last exists.
TOUGH = [
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA;BYSETPOS=7",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA;BYSETPOS=31",
    "FREQ=MONTHLY;BYMONTHDAY=1,2,3,4,5,6;BYDAY=5MO,5TU,-5WE,-5TH",
    "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA;BYSETPOS=366",
    "FREQ=YEARLY;BYDAY="
    + ",".join(f"53{day}" for day in rules.WEEKDAYS)
    # Months in the middle of a year don't have a 53rd weekday.
    + ";BYMONTHDAY=2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24",
]


def call_every_function(rule, day):
    """Call every function of the module; yield the number of calls that each took."""
    dates = windows.Dates(day)
    window = windows.Dates(day, day - timedelta(days=30))
    questions = [
        lambda: recurrence.normalise_rule(rule, due=day),
        lambda: recurrence.normalise_rule(rule, due=None),
        lambda: recurrence.next_date(rule, anchor=day, after=date(2999, 12, 31)),
        lambda: recurrence.next_date(rule, anchor=day, after=day),
        lambda: recurrence.first_date(rule, on_or_after=day),
        lambda: recurrence.date_after_completion(rule, done_on=day),
        lambda: windows.next_dates(rule, dates),
        lambda: windows.next_dates(rule, dates, from_completion=True),
        lambda: windows.next_dates(rule, window),
        lambda: windows.dates_after(rule, window, after=date(2999, 12, 31)),
    ]
    for ask in questions:
        with counted() as calls, suppress(RuleRefused):
            ask()
        yield calls[0]


@pytest.mark.parametrize("rule", TOUGH)
def test_evaluates_expensive_rules_in_few_calls(rule):
    for calls in call_every_function(rule, date(2027, 1, 31)):
        assert calls < MAX_CALLS


@fuzz(300)
@given(RULES, DAYS)
def test_evaluates_any_rule_in_few_calls(rule, day):
    for calls in call_every_function(rule, day):
        assert calls < MAX_CALLS


@fuzz(300)
@given(st.text() | SHAPED, DAYS)
def test_parses_or_refuses_any_text(text, day):
    for calls in call_every_function(text, day):
        assert calls < MAX_CALLS


@fuzz(300)
@given(RULES, DAYS)
@example("FREQ=MONTHLY;" + "BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12", date(2027, 1, 31))
def test_an_accepted_rule_has_a_date_within_ten_years(text, due):
    try:
        rule = recurrence.normalise_rule(text, due=due)
    except RuleRefused:
        return

    dates = windows.next_dates(rule, windows.Dates(due))

    assert len(rule) <= RULE_MAX_LENGTH
    assert recurrence.normalise_rule(rule, due=due) == rule
    assert len(dates) > 1 or recurrence.count_of(rule) == 1 or "UNTIL" in rule
    for earlier, later in zip(dates, dates[1:], strict=False):
        assert earlier < later <= earlier + TEN_YEARS


# Rules that python-dateutil evaluates as RFC 5545 does. It combines days with and
# without an ordinal wrongly, and fails on ordinals near the end of a year.
COMPARABLE = st.builds(
    "FREQ={}{}{}{}{}".format,
    st.sampled_from(rules.FREQUENCIES),
    optional("INTERVAL", st.integers(1, 12)),
    optional("BYMONTH", listed(st.integers(1, 12))),
    optional("BYMONTHDAY", listed(st.integers(-31, 31))),
    optional("BYDAY", listed(st.sampled_from(rules.WEEKDAYS)))
    | optional("BYDAY", listed(weekdays(st.integers(-4, 4)))),
) | st.builds(
    "FREQ={};INTERVAL={};BYDAY={};BYSETPOS={};WKST={}".format,
    st.sampled_from(rules.FREQUENCIES),
    st.integers(1, 12),
    listed(st.sampled_from(rules.WEEKDAYS)),
    st.integers(-9, 9),
    st.sampled_from(rules.WEEKDAYS),
)


@fuzz(400)
@given(COMPARABLE, st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(8, 999))
def test_agrees_with_python_dateutil(rule, anchor, distance):
    try:
        recurrence.normalise_rule(rule, due=anchor)
    except RuleRefused:
        return
    start = datetime(anchor.year, anchor.month, anchor.day)  # noqa: DTZ001
    theirs = rrulestr(rule, dtstart=start).xafter(start + timedelta(days=distance))

    ours, after = [], anchor + timedelta(days=distance)
    while after is not None and len(ours) < 5:
        after = recurrence.next_date(rule, anchor=anchor, after=after)
        ours.append(after)

    assert None in ours or ours == [moment.date() for moment in islice(theirs, 5)]


EVERY_DAY = [date(2027, 1, 1) + timedelta(days=days) for days in range(2 * 366)]


@pytest.mark.parametrize("interval", [1, 2, 3])
def test_a_daily_rule_from_every_day_adds_its_interval(interval):
    rule = f"FREQ=DAILY;INTERVAL={interval}"

    for day in EVERY_DAY:
        found = recurrence.next_date(rule, anchor=day, after=day)
        assert found == day + timedelta(days=interval)


@pytest.mark.parametrize("week_start", ["MO", "SU"])
@pytest.mark.parametrize("interval", [1, 2, 3])
def test_a_weekly_rule_from_every_day_keeps_its_weekday(interval, week_start):
    rule = f"FREQ=WEEKLY;INTERVAL={interval};WKST={week_start}"

    for day in EVERY_DAY:
        found = recurrence.next_date(rule, anchor=day, after=day)
        assert found == day + timedelta(weeks=interval)


def test_a_monthly_rule_from_every_day_keeps_the_day_or_takes_the_last():
    for day in EVERY_DAY:
        rule = recurrence.normalise_rule("FREQ=MONTHLY", due=day)
        anchor = day
        for months in range(1, 14):
            anchor = recurrence.next_date(rule, anchor=anchor, after=anchor)
            is_last = (anchor + timedelta(days=1)).day == 1
            assert (anchor.year - day.year) * 12 + anchor.month - day.month == months
            assert anchor.day == day.day or (anchor.day < day.day and is_last)


def test_a_yearly_rule_from_every_day_keeps_the_day_or_takes_the_last():
    for day in EVERY_DAY:
        rule = recurrence.normalise_rule("FREQ=YEARLY", due=day)
        found = recurrence.next_date(rule, anchor=day, after=day)

        assert (found.year, found.month) == (day.year + 1, day.month)
        assert found.day == (28 if (day.month, day.day) == (2, 29) else day.day)


@pytest.mark.parametrize("names", ["MO,TU,WE,TH,FR", "SA,SU", "TU"])
@pytest.mark.parametrize("frequency", ["DAILY", "WEEKLY"])
def test_the_next_of_several_weekdays_from_every_day_is_the_nearest(frequency, names):
    rule = f"FREQ={frequency};BYDAY={names}"
    wanted = {rules.WEEKDAYS.index(name) for name in names.split(",")}

    for day in EVERY_DAY:
        after = (day + timedelta(days=days) for days in range(1, 8))
        nearest = next(later for later in after if later.weekday() in wanted)
        assert recurrence.next_date(rule, anchor=day, after=day) == nearest
