"""Quick add: a text that is only a phrase, as in the cells of other programs."""

from datetime import UTC, date, datetime, time

import pytest

from todos.schedule.days import Clock
from todos.schedule.quick_add import (
    Context,
    Fields,
    label_in,
    parse_phrase,
    parse_repeat,
)

SUNDAY = Context(Clock(datetime(2026, 11, 29, 8, tzinfo=UTC), UTC))


def parse(text):
    return parse_phrase(text, context=SUNDAY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5 Feb 09:00", (date(2027, 2, 5), time(9), "")),
        ("2027-02-05T09:00:00", (date(2027, 2, 5), time(9), "")),
        ("2027-02-05T09:00:00Z", (date(2027, 2, 5), time(9), "")),
        ("every day 19:00", (date(2026, 11, 29), time(19), "FREQ=DAILY")),
        ("Every Day", (date(2026, 11, 29), None, "FREQ=DAILY")),
        ("Daily", (date(2026, 11, 29), None, "FREQ=DAILY")),
        ("every 27", (date(2026, 12, 27), None, "FREQ=MONTHLY;BYMONTHDAY=27")),
        ("27th", (date(2026, 12, 27), None, "")),
        (
            "every 2, 15, 27",
            (date(2026, 12, 2), None, "FREQ=MONTHLY;BYMONTHDAY=2,15,27"),
        ),
        (
            "every day for 3 weeks",
            (date(2026, 11, 29), None, "FREQ=DAILY;UNTIL=20261219"),
        ),
        (
            "every day from 20 dec until 5 jan",
            (date(2026, 12, 20), None, "FREQ=DAILY;UNTIL=20270105"),
        ),
        (
            "every 3rd tuesday starting aug 29",
            (date(2027, 9, 21), None, "FREQ=MONTHLY;BYDAY=3TU"),
        ),
        ("tomorrow evening at 8", (date(2026, 11, 30), time(20), "")),
    ],
)
def test_reads_a_phrase(text, expected):
    fields = parse(text)

    assert (fields.due_date, fields.due_time, fields.rrule) == expected


def test_a_phrase_can_count_from_completion():
    assert parse("after 10 days") == parse("every! 10 days")
    assert parse("every! 10 days").rrule_anchor == "completion"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "x",
        "someday",
        "tomorrow x",
        "x tomorrow",
        "every hour",
        "every day sat",
        "every monday until 2020-01-01",
        "thu 4 dec",
        "tonight at midnight",
        "every 14 jan, 14 apr, 15 jun",
        "until friday",
        "10 times",
        "every 31 jun",
        "tomorrow " * 40,
    ],
)
def test_a_text_with_anything_else_is_not_a_phrase(text):
    assert parse(text) is None


def test_a_phrase_sets_only_dates_and_the_recurrence():
    assert parse("monthly on the 15th at 9") == Fields(
        due_date=date(2026, 12, 15),
        due_time=time(9),
        rrule="FREQ=MONTHLY;BYMONTHDAY=15",
        rrule_anchor="due",
    )


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("@home", "home"),
        ("@home,", "home"),
        ('@"corner shop"', "corner shop"),
        ("@einkäufe", "einkäufe"),
        ("@types/node", None),
        ("@2.50", None),
        ("@", None),
        ("home", None),
        ("@home @work", None),
        ('@"a"b', None),
        ("bob@example.com", None),
    ],
)
def test_says_whether_a_word_is_a_label(word, label):
    assert label_in(word) == label


# --- A recurrence for a task that has a date -------------------------------------

DUE = date(2027, 1, 5)  # a Tuesday


@pytest.mark.parametrize(
    ("text", "due", "rule"),
    [
        ("every month", DUE, "FREQ=MONTHLY"),
        ("monthly", DUE, "FREQ=MONTHLY"),
        ("every 3rd tuesday", date(2027, 1, 19), "FREQ=MONTHLY;BYDAY=3TU"),
        ("3rd tuesday", date(2027, 1, 19), "FREQ=MONTHLY;BYDAY=3TU"),
        ("mon, wed", date(2027, 1, 6), "FREQ=WEEKLY;BYDAY=MO,WE"),
        ("every 2 weeks until march", DUE, "FREQ=WEEKLY;INTERVAL=2;UNTIL=20270331"),
        ("every 2 weeks until 5 march", DUE, "FREQ=WEEKLY;INTERVAL=2;UNTIL=20270305"),
        ("every week for 3 weeks", DUE, "FREQ=WEEKLY;UNTIL=20270125"),
        ("every day starting tomorrow", date(2026, 11, 30), "FREQ=DAILY"),
    ],
)
def test_a_recurrence_begins_on_the_date_of_the_task(text, due, rule):
    fields = parse_repeat(text, context=SUNDAY, due=DUE)

    assert (fields.due_date, fields.rrule) == (due, rule)


def test_a_recurrence_without_a_date_begins_today():
    fields = parse_repeat("every 31st", context=SUNDAY, due=None)

    assert fields.due_date == date(2026, 11, 30)


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "9:00", "milk", "every day milk", "day " * 100]
)
def test_other_texts_are_not_a_recurrence(text):
    assert parse_repeat(text, context=SUNDAY, due=DUE) is None
