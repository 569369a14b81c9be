"""CSV: dates as other programs write them are read, or refused by row and column."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from tests.todos.files import import_for
from todos.imports.date_cells import read_moment
from todos.models import Task

pytestmark = pytest.mark.any_database

TABLES = Path(__file__).parents[1] / "data" / "tables"
NARROW, NO_BREAK = "\u202f", "\u00a0"


@pytest.fixture
def alice(alice):
    alice.timezone = "Europe/Berlin"
    alice.save()
    return alice


def import_case(user, name, **options):
    return import_for(user, (TABLES / name).read_bytes(), "csv", **options)


def tasks_of(user):
    return list(Task.objects.filter(owner=user).order_by("position"))


def import_cell(user, cell, *, column="due_date", **mapping):
    """Import one cell; return the task, if any, and the report."""
    body = f'title;{column}\na;"{cell}"\n'
    mapping = {"title": "title", column: column} | mapping
    report = import_for(user, body, "csv", mapping=mapping)
    return Task.objects.filter(owner=user).first(), report


def test_reads_dates_with_zones_and_fractions(alice):
    report = import_case(alice, "zoned.csv")

    assert (report.errors, report.notices) == ([], [])
    assert [(t.due_date, t.due_time, t.due_tz) for t in tasks_of(alice)] == [
        (date(2027, 2, 10), None, ""),
        (date(2027, 2, 10), time(9, 30), ""),
        (date(2027, 2, 10), None, ""),
    ]


def test_drops_the_time_of_a_start_with_a_notice(alice):
    report = import_case(alice, "start-with-time.csv")

    [task] = tasks_of(alice)
    assert task.start_date == date(2027, 2, 10)
    assert (task.due_date, task.due_time) == (date(2027, 2, 10), time(7))
    assert [(one.row, one.field) for one in report.notices] == [(2, "start_date")]


def test_reads_spaces_that_look_like_spaces(alice):
    mapping = {"title": "title", "due_date": "due_date", "dates": "mdy"}

    import_case(alice, "narrow-space.csv", mapping=mapping)

    [task] = tasks_of(alice)
    assert (task.due_date, task.due_time) == (date(2027, 2, 28), time(21, 30))


@pytest.mark.parametrize(
    ("cell", "due", "at"),
    [
        ("2027-02-10T00:00:00Z", date(2027, 2, 10), None),
        ("2027-02-10T00:00:00.000+00:00", date(2027, 2, 10), None),
        ("2027-02-10 00:00:00 UTC", date(2027, 2, 10), None),
        ("2027-02-10T00:00Z", date(2027, 2, 10), None),
        ("20270210T000000Z", date(2027, 2, 10), None),
        ("20270210", date(2027, 2, 10), None),
        ("2027-02-10T00:00:00+01:00", date(2027, 2, 10), None),
        ("2027-02-10T00:00:00", date(2027, 2, 10), time(0)),
        ("2027-07-09T22:00:00Z", date(2027, 7, 10), None),
        ("2027-02-10T00:00:00-05:00", date(2027, 2, 10), time(6)),
        ("2027-02-10T23:30:00Z", date(2027, 2, 11), time(0, 30)),
        ("2027-02-10T08:30:00.000Z", date(2027, 2, 10), time(9, 30)),
        ("2027-07-10T08:30:00,000000Z", date(2027, 7, 10), time(10, 30)),
        ("2027-03-28T00:59:59Z", date(2027, 3, 28), time(1, 59, 59)),
        ("2027-03-28T01:00:00Z", date(2027, 3, 28), time(3)),
        ("2027-10-31T01:30:00Z", date(2027, 10, 31), time(2, 30)),
        ("2027-02-10T09:30:00+0530", date(2027, 2, 10), time(5)),
        ("2027-02-10 09:30:00 +01", date(2027, 2, 10), time(9, 30)),
        ("2027-02-10T09:30:00.000", date(2027, 2, 10), time(9, 30)),
        ("2028-02-29T12:00:00Z", date(2028, 2, 29), time(13)),
        ("2026-12-31T23:00:00Z", date(2027, 1, 1), None),
        ("Wed Feb 10 2027 09:30:00 GMT+0100 (CET)", date(2027, 2, 10), time(9, 30)),
        ("Wed, 10 Feb 2027 08:30:00 GMT", date(2027, 2, 10), time(9, 30)),
        ("Feb 10, 2027", date(2027, 2, 10), None),
        ("February 10th, 2027 at 9:30 PM", date(2027, 2, 10), time(21, 30)),
        ("10-Feb-2027", date(2027, 2, 10), None),
        ("10. feb. 2027", date(2027, 2, 10), None),
        ("1 Sept 2027, 9 a.m.", date(2027, 9, 1), time(9)),
        ("Wednesday, February 10, 2027", date(2027, 2, 10), None),
        ("2027/2/1 9:05", date(2027, 2, 1), time(9, 5)),
        (f"2027-02-10{NO_BREAK}9:30{NARROW}pm", date(2027, 2, 10), time(21, 30)),
        (f"\u200e2027-02-10\u200e{NO_BREAK} 9:30", date(2027, 2, 10), time(9, 30)),
    ],
)
def test_reads_dates_whose_order_is_certain(alice, cell, due, at):
    task, report = import_cell(alice, cell)

    assert report.errors == report.notices == []
    assert (task.due_date, task.due_time, task.due_tz) == (due, at, "")


@pytest.mark.parametrize("number", range(12))
def test_knows_every_month_by_name(number):
    day = date(2027, number + 1, 5)

    for text in (f"{day:%d %B %Y}", f"{day:%b 5, %Y}"):
        assert read_moment(text, order="ymd").day == day


@pytest.mark.parametrize("number", range(7))
def test_a_weekday_must_be_that_of_the_date(alice, number):
    day = date(2027, 2, 1) + timedelta(days=number)

    assert read_moment(f"{day:%A, %b %d %Y}", order="ymd").day == day
    _, report = import_cell(alice, f"{day + timedelta(days=1):%a}, {day:%d %b %Y}")
    assert [one.message for one in report.errors] == [
        "The weekday is not that of the date."
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "03/04/2027",
        "03.04.2027",
        "3-4-2027 9:30",
        "28.02.2027",
        "02/28/2027",
        "27-02-28",
        "28/02/27",
        "10122027",
        "2027-02-29",
        "2027-13-01",
        "2027-00-10",
        "0000-00-00",
        "2027-02-10T24:00:00",
        "2027-02-10 9",
        "2027-02-10 25:00",
        "2027-02-10 13:00 pm",
        "2027-02-10 0:30 am",
        "2027-02-10 09:30 CET",
        "2027-02-10 09:30 +25:00",
        "2027-02-10 09:30 +01:75",
        "2027-02-10 soon",
        "2027-02-10 → 2027-02-12",
        "Feb 2027",
        "10 Feb",
        "10 Februar 2027",
        "10 Mai 2027",
        "46063",
        "tomorrow",
        "1899-12-31T23:00:00+00:00",
        "2999-12-31T23:30:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-10:00",
        "2027-02-10" + " " * 200 + "9:30x",
        "٢٠٢٧-٠٢-١٠",
    ],
)
def test_refuses_the_row_of_a_date_that_is_not_certain(alice, cell):
    task, report = import_cell(alice, cell)

    assert task is None
    assert [(one.row, one.field) for one in report.errors] == [(2, "due_date")]


@pytest.mark.parametrize(
    ("order", "due"), [("dmy", date(2027, 4, 3)), ("mdy", date(2027, 3, 4))]
)
def test_the_mapping_decides_the_order_of_numbers(alice, order, due):
    task, _ = import_cell(alice, "03/04/2027", dates=order)

    assert task.due_date == due


@pytest.mark.parametrize("order", ["dmy", "mdy"])
def test_a_year_in_front_decides_the_order_itself(alice, order):
    task, _ = import_cell(alice, "2027-03-04", dates=order)

    assert task.due_date == date(2027, 3, 4)


def test_a_date_in_the_other_order_is_refused_as_no_date(alice):
    _, report = import_cell(alice, "02/28/2027", dates="dmy")

    assert [one.field for one in report.errors] == ["due_date"]


def test_the_refusal_of_an_unknown_order_says_what_to_do(alice):
    _, report = import_cell(alice, "03/04/2027")

    assert 'set "dates" to dmy or mdy' in report.errors[0].message


@pytest.mark.parametrize(
    ("day", "at", "zone", "expected"),
    [
        ("2027-02-10T08:30:00Z", "", "Asia/Tokyo", (time(17, 30), "Asia/Tokyo")),
        ("2027-02-09T15:00:00Z", "", "Asia/Tokyo", (None, "")),
        ("2027-02-10T00:00:00Z", "", "Asia/Tokyo", (None, "")),
        ("2027-02-10T00:00:00Z", "09:30", "Asia/Tokyo", (time(9, 30), "Asia/Tokyo")),
        ("2027-02-10 00:00:00", "09:30", "", (time(9, 30), "")),
        ("2027-02-10 09:30:00", "9:30 AM", "", (time(9, 30), "")),
    ],
)
def test_the_columns_of_a_due_date_go_together(alice, day, at, zone, expected):
    body = f"title,due_date,due_time,due_tz\na,{day},{at},{zone}\n"

    report = import_for(alice, body, "csv")

    [task] = tasks_of(alice)
    assert report.notices == []
    assert task.due_date == date(2027, 2, 10)
    assert (task.due_time, task.due_tz) == expected


def test_two_different_times_are_refused(alice):
    report = import_for(
        alice, "title,due_date,due_time\na,2027-02-10 08:00,09:30\n", "csv"
    )

    assert [(one.row, one.field) for one in report.errors] == [(2, "due_time")]


def test_a_fraction_of_a_second_is_dropped_with_a_notice(alice):
    task, report = import_cell(alice, "2027-02-10T08:30:05.250Z")

    assert (task.due_time, [one.field for one in report.notices]) == (
        time(9, 30, 5),
        ["due_date"],
    )


@pytest.mark.parametrize(
    ("cell", "start", "notices"),
    [
        ("2027-02-10T00:00:00.000Z", date(2027, 2, 10), 0),
        ("2027-02-10 00:00", date(2027, 2, 10), 0),
        ("2027-02-10T23:30:00Z", date(2027, 2, 11), 1),
    ],
)
def test_reads_a_start_as_a_date_in_the_users_zone(alice, cell, start, notices):
    task, report = import_cell(alice, cell, column="start_date")

    assert (task.start_date, len(report.notices)) == (start, notices)


@pytest.mark.parametrize(
    ("cell", "at"),
    [
        ("2026-11-01T09:00:00+0000", datetime(2026, 11, 1, 9, tzinfo=UTC)),
        ("Nov 1, 2026 10:00 AM", datetime(2026, 11, 1, 9, tzinfo=UTC)),
        (f"2026-11-01{NO_BREAK}10:00", datetime(2026, 11, 1, 9, tzinfo=UTC)),
        ("Sun, 01 Nov 2026 09:00:00 GMT", datetime(2026, 11, 1, 9, tzinfo=UTC)),
    ],
)
def test_reads_instants_in_the_same_forms(alice, cell, at):
    task, report = import_cell(alice, cell, column="completed_at")

    assert report.errors == []
    assert task.completed_at == at


@given(
    st.dates(date(1950, 1, 1), date(2950, 1, 1)),
    st.times(),
    st.integers(-14 * 60, 14 * 60),
)
def test_an_instant_is_never_moved(day, at, minutes):
    """Whatever its offset, a time is the same instant on the clocks of the user."""
    zone = timezone(timedelta(minutes=minutes))
    there = datetime.combine(day, at.replace(microsecond=0), zone)

    moment = read_moment(there.isoformat(), order="ymd").local(UTC)

    at = moment.at or time()
    assert datetime.combine(moment.day, at, UTC) == there


@given(
    st.text(max_size=40) | st.from_regex(r"[0-9:./TZ+ apmFeb-]{1,30}", fullmatch=True)
)
def test_any_text_is_read_or_refused(text):
    try:
        moment = read_moment(text, order="dmy").local(UTC)
    except ValidationError as exc:
        assert len(exc.messages) == 1
    else:
        assert 1900 <= moment.day.year <= 2999
