"""What the properties of a to-do mean: dates, states, alarms, series and relations."""

import re
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.todos.files import LATER, import_for
from tests.todos.test_files_ics import calendar_of, import_todos
from todos.imports.ics_dates import Duration, When, end_of, read_duration
from todos.imports.ics_series import first_open
from todos.imports.ics_todo import KNOWN, NOTED, STATUSES
from todos.models import Task
from todos.schedule.windows import Dates, next_dates

pytestmark = pytest.mark.any_database

BERLIN = "DTSTART;TZID=Europe/Berlin:"


def notices_of(report):
    return [found.field for found in report.notices]


# --- Dates ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "duration", "due"),
    [
        (f"{BERLIN}20270210T090000", "PT2H", (date(2027, 2, 10), time(11))),
        (f"{BERLIN}20270327T090000", "PT24H", (date(2027, 3, 28), time(10))),
        (f"{BERLIN}20270327T090000", "P1D", (date(2027, 3, 28), time(9))),
        (f"{BERLIN}20271030T090000", "PT24H", (date(2027, 10, 31), time(8))),
        (f"{BERLIN}20270210T233000", "PT1H", (date(2027, 2, 11), time(0, 30))),
        ("DTSTART;VALUE=DATE:20280228", "P1D", (date(2028, 2, 29), None)),
        ("DTSTART;VALUE=DATE:20270131", "P1W", (date(2027, 2, 7), None)),
        ("DTSTART:20270210T090000", "+P1DT30M", (date(2027, 2, 11), time(9, 30))),
        ("DTSTART:20270210T090000", "pt0s", (date(2027, 2, 10), time(9))),
    ],
)
def test_a_duration_gives_the_due_date(alice, start, duration, due):
    _, [task] = import_todos(alice, f"SUMMARY:a\n{start}\nDURATION:{duration}")

    assert (task.due_date, task.due_time) == due
    assert task.due_tz == ("Europe/Berlin" if "Berlin" in start else "")
    assert task.notes == ""


@pytest.mark.parametrize(
    "lines",
    [
        "DURATION:PT1H",
        "DTSTART;VALUE=DATE:20270210\nDURATION:PT2H",
        "DTSTART:20270210T000000\nDURATION:-PT1H",
        "DTSTART:20270210T000000\nDURATION:two hours",
        "DTSTART:20270210T000000\nDURATION:P99999W",
        "DTSTART:20270210T000000\nDURATION:P",
        "DTSTART:20270210T000000\nDURATION:P1DT",
        "DTSTART;TZID=Nowhere:20270210T090000\nDURATION:PT2H",
        "DTSTART:20270210T000000\nDUE:soon\nDURATION:PT1H",
    ],
)
def test_a_duration_that_gives_no_date_is_kept(alice, lines):
    report, [task] = import_todos(alice, f"SUMMARY:a\n{lines}")

    assert task.due_date is None
    assert "Duration: " in task.notes
    assert "duration" in notices_of(report)


@given(
    st.integers(0, 99_999),
    st.integers(0, 99_999),
    st.integers(0, 999_999),
    st.integers(0, 9_999_999),
)
def test_reads_every_duration(weeks, days, hours, minutes):
    found = read_duration(f"-P{weeks}W{days}DT{hours}H{minutes}M1S")

    assert found.days == -(7 * weeks + days)
    assert -found.time.total_seconds() == hours * 3600 + minutes * 60 + 1


def test_a_duration_that_leaves_the_calendar_is_refused():
    with pytest.raises(ValueError):
        end_of(When(date(2999, 12, 31)), Duration(1, read_duration("PT0S").time))


@pytest.mark.parametrize(
    ("line", "day", "kept"),
    [
        ("DUE;VALUE=DATE:20270210T090000", date(2027, 2, 10), "20270210T090000"),
        ("DUE;TZID=Nowhere:20270210T090000", date(2027, 2, 10), "Nowhere"),
        ("DUE;VALUE=TEXT:tomorrow", None, "tomorrow"),
        ("DUE:20270210T240000", None, "20270210T240000"),
        ("DUE:20270210T090000+0100", None, "+0100"),
        ("DUE:20270229", None, "20270229"),
        ("DUE:20270210\nDUE:20270211", None, "20270211"),
    ],
)
def test_a_date_that_is_not_certain_stays_text(alice, line, day, kept):
    report, [task] = import_todos(alice, f"SUMMARY:a\n{line}")

    assert (task.due_date, task.due_time) == (day, None)
    assert kept in task.notes
    assert "“a”, line" in report.notices[0].message


def test_reads_a_zone_that_the_file_explains(alice):
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:Mine\r\nX-LIC-LOCATION:Europe/Berlin\r\nEND:VTIMEZONE"
    )
    body = calendar_of("SUMMARY:a\nDUE;TZID=Mine:20270210T090000")

    import_for(alice, body.replace("BEGIN:VTODO", f"{zone}\r\nBEGIN:VTODO"), "ics")

    task = Task.objects.get()
    assert (task.due_time, task.due_tz) == (time(9), "Europe/Berlin")


def test_a_start_in_utc_is_a_date_of_the_user(alice):
    alice.timezone = "Asia/Tokyo"
    alice.save()

    report, tasks = import_todos(
        alice,
        "SUMMARY:a\nDTSTART:20270209T150000Z",
        "SUMMARY:b\nDTSTART:20270209T000000Z",
    )

    assert [task.start_date for task in tasks] == [date(2027, 2, 10), date(2027, 2, 9)]
    assert notices_of(report) == ["dtstart"]


# --- States and values ------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "done", "noticed"),
    [
        ("PERCENT-COMPLETE:100", True, []),
        ("PERCENT-COMPLETE:99", False, ["percent-complete"]),
        ("PERCENT-COMPLETE:0", False, []),
        ("PERCENT-COMPLETE:1000", False, ["percent-complete"]),
        ("PERCENT-COMPLETE:half", False, ["percent-complete"]),
        ("STATUS:NEEDS-ACTION\nPERCENT-COMPLETE:100", False, ["percent-complete"]),
        ("STATUS:IN-PROCESS\nPERCENT-COMPLETE:100", False, ["percent-complete"]),
        ("STATUS:NEEDS-ACTION\nCOMPLETED:20261101T120000Z", False, ["completed"]),
        ("STATUS:completed\nPERCENT-COMPLETE:0", True, []),
        ("STATUS:DONE\nPERCENT-COMPLETE:100", True, ["status"]),
        ("STATUS:DONE", False, ["status"]),
    ],
)
def test_status_decides_before_what_else_says_done(alice, lines, done, noticed):
    report, [task] = import_todos(alice, f"SUMMARY:a\n{lines}")

    assert (task.completed_at is not None) is done
    assert notices_of(report) == noticed


def test_the_documents_name_every_property_that_is_read():
    chapter = Path("docs/exchange.md").read_text().partition("## iCalendar")[2]
    documented = set(re.findall(r"[A-Z][A-Z-]{2,}", chapter))

    names = {name for name in KNOWN if not name.startswith("X-")}
    assert names <= documented
    assert {"VALARM", "VEVENT", *STATUSES} <= documented


@pytest.mark.parametrize("name", NOTED)
def test_keeps_what_has_no_field(alice, name):
    report, [task] = import_todos(alice, f"SUMMARY:a\n{name}:some value")

    assert task.notes == f"{name.capitalize()}: some value"
    assert notices_of(report) == [name.lower()]
    assert "“a”, line 5: " in report.notices[0].message


@pytest.mark.parametrize("name", ["PRIORITY", "STATUS", "SUMMARY"])
def test_keeps_a_second_value(alice, name):
    report, [task] = import_todos(alice, f"SUMMARY:a\n{name}:1\n{name}:2\n{name}:2")

    assert f"{name.capitalize()}: 2" in task.notes
    assert name.lower() in notices_of(report)


@pytest.mark.parametrize(
    "line",
    [
        "ATTACH;ENCODING=BASE64;VALUE=BINARY:iVBORw0KGgo=",
        "ATTACH;ENCODING=b:iVBORw0KGgo=",
        "URL:data:image/png;base64,iVBORw0KGgo=",
        "DESCRIPTION;ENCODING=BASE64:iVBORw0KGgo=",
    ],
)
def test_no_file_goes_to_the_notes(alice, line):
    report, [task] = import_todos(alice, f"SUMMARY:Data: a;base64,b\n{line}")

    assert (task.title, task.notes) == ("Data: a;base64,b", "")
    assert "An attached file was left out." in report.notices[0].message


def test_cuts_what_is_too_long(alice):
    report, [task] = import_todos(
        alice,
        f"SUMMARY:{'t' * 501}\nDESCRIPTION:{'d' * 20_001}\nX-OWNLIST-LIST:{'l' * 101}"
        f"\nCATEGORIES:ok,Ok,{'c' * 51},",
    )

    assert task.title == "t" * 499 + "…"
    assert (task.notes[:2], task.notes[-1], len(task.notes)) == ("dd", "…", 20_000)
    assert [label.name for label in task.labels.all()] == ["ok"]
    assert task.list.is_inbox
    assert notices_of(report) == [
        "summary",
        "categories",
        "x-ownlist-list",
        "description",
    ]


def test_a_series_without_any_date_left_is_done_with_a_notice(alice):
    report, [task] = import_todos(
        alice,
        "SUMMARY:a\nDUE;VALUE=DATE:20270201\nRRULE:FREQ=DAILY;COUNT=2"
        "\nEXDATE;VALUE=DATE:20270201,20270202",
    )

    assert task.completed_at is not None
    assert notices_of(report) == ["exdate"]


# --- Alarms -----------------------------------------------------------------------


def alarm(*lines):
    return "\n".join(["BEGIN:VALARM", *lines, "END:VALARM"])


DUE = "SUMMARY:a\nDUE;TZID=Europe/Berlin:20270210T090000"


@pytest.mark.parametrize(
    ("alarms", "minutes", "noticed"),
    [
        ([alarm("ACTION:none", "TRIGGER:-PT5M"), alarm("TRIGGER:-PT15M")], 15, []),
        ([alarm("TRIGGER:soon"), alarm("TRIGGER:-PT15M")], 15, ["trigger"]),
        ([alarm("TRIGGER:"), alarm("TRIGGER:-PT15M")], 15, []),
        ([alarm("TRIGGER:-PT15M"), alarm("TRIGGER:-PT5M")], 15, ["trigger"]),
        (
            [alarm("PROXIMITY:ARRIVE", "TRIGGER:-PT5M"), alarm("TRIGGER:-PT15M")],
            15,
            ["valarm"],
        ),
        ([alarm("TRIGGER;VALUE=DATE-TIME:20270210T075000Z")], 10, []),
        ([alarm("TRIGGER;VALUE=DATE-TIME:20270210T085000")], None, ["trigger"]),
        ([alarm("TRIGGER:-PT15M", "REPEAT:2", "DURATION:PT5M")], 15, ["repeat"]),
        (
            [alarm("TRIGGER:-PT9M", "TRIGGER:-PT8M"), alarm("TRIGGER:-PT15M")],
            15,
            ["trigger"],
        ),
    ],
)
def test_takes_the_first_alarm_that_a_task_can_have(alice, alarms, minutes, noticed):
    report, [task] = import_todos(alice, "\n".join([DUE, *alarms]))

    assert task.reminder_minutes == minutes
    assert notices_of(report) == noticed


@pytest.mark.parametrize(
    ("start", "minutes"),
    [
        ("DTSTART;TZID=America/New_York:20270210T020000", 120),
        ("DTSTART:20270210T080000", None),
    ],
    ids=["in another zone", "in no zone"],
)
def test_an_alarm_counts_from_the_instant_of_the_start(alice, start, minutes):
    _, [task] = import_todos(alice, f"{DUE}\n{start}\n{alarm('TRIGGER:-PT1H')}")

    assert task.reminder_minutes == minutes
    assert ("Trigger: -PT1H" in task.notes) is (minutes is None)


def test_no_alarm_counts_from_a_time_that_is_not_certain(alice):
    _, [task] = import_todos(
        alice, f"SUMMARY:a\nDUE;TZID=Nowhere:20270210T090000\n{alarm('TRIGGER:PT1H')}"
    )

    assert (task.reminder_minutes, task.reminder_time) == (None, None)
    assert "Trigger: PT1H" in task.notes


# --- Series -----------------------------------------------------------------------

WEEKLY = f"UID:w\nSUMMARY:Weekly\n{BERLIN}20270208T090000\nRRULE:FREQ=WEEKLY;COUNT=4"


def occurrence(recurrence_id, *lines, uid="w"):
    head = (f"UID:{uid}", "SUMMARY:Weekly", f"RECURRENCE-ID{recurrence_id}")
    return "\n".join([*head, *lines])


DONE = ("STATUS:COMPLETED", "COMPLETED:20261101T100000Z")


def test_a_series_begins_after_what_is_done_in_any_order(alice):
    report, [task] = import_todos(
        alice,
        occurrence(":20270208T080000Z", *DONE),
        WEEKLY,
        occurrence(";TZID=Europe/Berlin:20270215T090000", "STATUS:CANCELLED"),
        occurrence(";VALUE=DATE:20270301", *DONE),
        occurrence(";RANGE=THISANDFUTURE:20270222T080000Z", *DONE),
        occurrence(":20270222T080000Z", "STATUS:NEEDS-ACTION", "DUE:20270223T080000Z"),
    )

    assert (task.due_date, task.due_time) == (date(2027, 2, 22), time(9))
    assert (task.rrule, task.completed_at) == ("FREQ=WEEKLY;COUNT=2", None)
    assert [found.row for found in report.notices] == [2, 2]
    assert "occurrences: 2." in report.notices[0].message
    assert "Changed occurrences" in report.notices[1].message


def test_a_series_of_which_everything_is_done_is_done(alice):
    days = (208, 215, 222, 301)
    done = [occurrence(f":20270{day}T080000Z", *DONE) for day in days]

    _, [task] = import_todos(alice, WEEKLY, *done)

    assert task.completed_at == datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert (task.due_date, task.rrule) == (date(2027, 3, 1), "FREQ=WEEKLY;COUNT=1")


@pytest.mark.parametrize(
    ("lines", "passed", "start", "due"),
    [
        (
            "DTSTART;VALUE=DATE:20270131\nRRULE:FREQ=MONTHLY",
            ["20270131", "20270228"],
            None,
            date(2027, 3, 31),
        ),
        (
            "DTSTART;VALUE=DATE:20280229\nRRULE:FREQ=YEARLY",
            ["20280229"],
            None,
            date(2029, 2, 28),
        ),
        (
            "DTSTART;VALUE=DATE:20270201\nDUE;VALUE=DATE:20270205\n"
            "RRULE:FREQ=MONTHLY;BYMONTHDAY=1",
            ["20270201"],
            date(2027, 3, 1),
            date(2027, 3, 5),
        ),
        (
            "DTSTART;VALUE=DATE:20270101\nDUE;VALUE=DATE:20270301\n"
            "RRULE:FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1",
            ["20270101"],
            date(2028, 1, 1),
            date(2028, 3, 1),
        ),
        (
            "DTSTART;VALUE=DATE:20270201\nRRULE:FREQ=WEEKLY;INTERVAL=2",
            ["20270201", "20270208"],
            None,
            date(2027, 2, 15),
        ),
    ],
    ids=["month end", "leap day", "window", "year", "interval"],
)
@pytest.mark.parametrize("as_exdate", [False, True])
def test_passed_occurrences_keep_the_rhythm(
    alice, lines, passed, start, due, as_exdate
):
    master = f"UID:w\nSUMMARY:a\n{lines}"
    others = [occurrence(f";VALUE=DATE:{day}", *DONE) for day in passed]
    if as_exdate:
        master += f"\nEXDATE;VALUE=DATE:{','.join(passed)}"
        others = []

    _, [task] = import_todos(alice, master, *others)

    assert (task.start_date, task.due_date) == (start, due)


def test_names_an_occurrence_of_nothing(alice):
    report, tasks = import_todos(alice, "SUMMARY:a", occurrence(":20270208T080000Z"))

    assert [task.title for task in tasks] == ["a"]
    [notice] = report.notices
    assert (notice.row, notice.field) == (2, "recurrence-id")
    assert notice.message.startswith("“Weekly”, line 9: ")


@given(
    st.sampled_from(
        ["FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;BYDAY=MO,FR", "FREQ=MONTHLY"]
    ),
    st.sets(st.integers(0, 11)),
)
def test_the_first_open_occurrence_is_the_first_that_is_not_passed(rule, passed):
    start = date(2027, 2, 12)
    days = next_dates(rule, Dates(start), count=13)

    found = first_open(rule, Dates(start), {days[number] for number in passed})

    expected = min(set(range(13)) - passed)
    assert (found.day, found.before) == (days[expected], expected)
    assert not found.is_over


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20270210T075959Z", "20270209"),
        ("20270210T080000Z", "20270210"),
        ("20270210T085959", "20270209"),
        ("20270210", "20270210"),
    ],
)
def test_until_excludes_a_later_time_of_its_day(alice, until, last):
    _, [task] = import_todos(
        alice,
        f"SUMMARY:a\n{BERLIN}20270208T090000\nRRULE:UNTIL={until};FREQ=DAILY",
    )

    assert task.rrule == f"UNTIL={last};FREQ=DAILY"


@pytest.mark.parametrize(
    "rule",
    [
        "freq=weekly;byday=mo,we",
        "FREQ=WEEKLY; BYDAY=MO, WE",
        ";FREQ=WEEKLY;;BYDAY=,MO,,WE,;",
        "FREQ=WEEKLY,BYDAY=MO,WE",
        "RRULE:FREQ=WEEKLY;COUNT=;BYDAY=MO,WE",
    ],
)
def test_reads_rules_with_stray_separators(alice, rule):
    report, [task] = import_todos(alice, f"SUMMARY:a\nDUE:20270208\nRRULE:{rule}")

    assert (task.rrule, report.notices) == ("FREQ=WEEKLY;BYDAY=MO,WE", [])


def test_two_rules_stay_text(alice):
    report, [task] = import_todos(
        alice, "SUMMARY:a\nDUE:20270208\nRRULE:FREQ=WEEKLY\nRRULE:FREQ=DAILY"
    )

    assert (task.rrule, task.notes) == ("", "Rrule: FREQ=WEEKLY\n\nRrule: FREQ=DAILY")
    assert notices_of(report) == ["rrule"]


# --- Relations --------------------------------------------------------------------


def test_reads_children_in_any_order_and_names_other_relations(alice):
    report, tasks = import_todos(
        alice,
        "UID:b\nSUMMARY:b",
        'UID:a\nSUMMARY:a\nRELATED-TO;RELTYPE="CHILD":b\nRELATED-TO;RELTYPE=CHILD:gone',
        "UID:c\nSUMMARY:c\nRELATED-TO;RELTYPE=child:b\nRELATED-TO;RELTYPE=SIBLING:a",
        "UID:d\nSUMMARY:d\nRELATED-TO:a\nRELATED-TO:c",
    )

    parents = {task.title: task.parent and task.parent.title for task in tasks}
    assert parents == {"a": None, "b": "a", "c": None, "d": "a"}
    assert [(found.row, found.field) for found in report.notices] == [
        (2, "related-to"),
        (3, "related-to"),
        (3, "related-to"),
        (4, "related-to"),
    ]


@pytest.mark.parametrize(
    "todos",
    [
        ["UID:a\nSUMMARY:a\nRELATED-TO:a"],
        ["UID:a\nSUMMARY:a\nRELATED-TO;RELTYPE=CHILD:a"],
        ["UID:a\nSUMMARY:a\nRELATED-TO:b", "UID:b\nSUMMARY:b\nRELATED-TO:a"],
        [
            f"UID:{n}\nSUMMARY:a\nRELATED-TO;RELTYPE=CHILD:{(n + 1) % 50}"
            for n in range(50)
        ],
    ],
    ids=["itself", "its own child", "two", "a circle of children"],
)
def test_a_circle_of_relations_is_opened_and_named(alice, todos):
    report, tasks = import_todos(alice, *todos)

    assert len(tasks) == len(todos)
    assert [task.parent_id for task in tasks].count(None) == 1
    assert "related-to" in notices_of(report)
    assert "step of itself" in "".join(found.message for found in report.notices)


def test_a_second_to_do_with_the_same_uid_is_left_out(alice):
    report, tasks = import_todos(alice, "UID:a\nSUMMARY:a", "UID:a\nSUMMARY:b")

    assert [task.title for task in tasks] == ["a"]
    [notice] = report.notices
    assert notice.message.startswith("“b”, line 7: An earlier to-do has the same UID.")


def test_completed_now_if_the_file_does_not_say_when(alice):
    _, [task] = import_todos(alice, "SUMMARY:a\nPERCENT-COMPLETE:100")

    assert task.completed_at == LATER


def test_a_series_with_too_many_exceptions_is_named(alice):
    days = [f"2027{month:02}{day:02}" for month in range(2, 6) for day in range(1, 29)]
    excluded = ",".join(days)

    report, [task] = import_todos(
        alice, f"SUMMARY:a\nDUE:20270201\nRRULE:FREQ=DAILY\nEXDATE:{excluded}"
    )

    assert task.due_date == date(2027, 2, 1)
    assert "Exdate: 20270201" in task.notes
    assert notices_of(report) == ["exdate"]
