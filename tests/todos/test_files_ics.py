"""iCalendar: exports that other programs can read, and imports of their files."""

from datetime import UTC, date, datetime, time, timedelta

import icalendar
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.changes import caller_of
from tests.factories import NOON, TaskFactory, TaskListFactory
from tests.todos.files import LATER, a_full_account, exported, import_for
from todos import actions
from todos.exports.ics import text
from todos.imports.files import FileRefused
from todos.imports.ics_components import unescape
from todos.models import Task


def todos_of(user):
    """Return the to-dos of an export by title, as the icalendar package parses them."""
    calendar = icalendar.Calendar.from_ical(exported(user, "ics"))
    return {str(todo["SUMMARY"]): todo for todo in calendar.walk("VTODO")}


def calendar_of(*todos):
    """Return a calendar with these to-dos, each given as lines of text."""
    body = "".join(f"BEGIN:VTODO\n{todo.strip()}\nEND:VTODO\n" for todo in todos)
    lines = f"BEGIN:VCALENDAR\nVERSION:2.0\n{body}END:VCALENDAR\n"
    return lines.replace("\n", "\r\n")


def import_todos(user, *todos):
    """Import to-dos; return the report and the tasks in order."""
    report = import_for(user, calendar_of(*todos), "ics")
    return report, list(Task.objects.filter(owner=user).order_by("position"))


# --- Export -----------------------------------------------------------------------


def test_other_programs_can_read_an_export(alice):
    a_full_account(alice)
    body = exported(alice, "ics")

    calendar = icalendar.Calendar.from_ical(body)

    assert calendar.errors == []
    assert len(calendar.walk("VTODO")) == 8
    assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == [
        "Europe/Berlin"
    ]
    assert all(len(line) <= 75 for line in body.split(b"\r\n"))
    assert not [line for line in body.split(b"\r\n") if b"\n" in line]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, None),
        ({"due_date": date(2027, 2, 28)}, b"DUE;VALUE=DATE:20270228"),
        (
            {"due_date": date(2027, 2, 28), "due_time": time(9)},
            b"DUE:20270228T090000",
        ),
        (
            {"due_date": date(2027, 2, 28), "due_time": time(9), "due_tz": "UTC"},
            b"DUE:20270228T090000Z",
        ),
        (
            {
                "due_date": date(2027, 2, 28),
                "due_time": time(9),
                "due_tz": "Pacific/Auckland",
            },
            b"DUE;TZID=Pacific/Auckland:20270228T090000",
        ),
    ],
    ids=["none", "a day", "floating", "UTC", "a zone"],
)
def test_exports_due_times_as_wall_clock(alice, fields, line):
    alice.timezone = "America/New_York"
    alice.save()
    TaskFactory(owner=alice, **fields)

    lines = [one for one in exported(alice, "ics").split(b"\r\n") if b"DUE" in one[:4]]

    assert lines == ([line] if line else [])


def test_keeps_dates_through_export_and_import(alice, bob):
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        alice.timezone = bob.timezone = zone
        alice.save()
        TaskFactory(owner=alice, due_date=date(2027, 2, 28), due_time=time(23, 59))

    import_for(bob, exported(alice, "ics"), "ics")

    due = Task.objects.filter(owner=bob).values_list("due_date", "due_time", "due_tz")
    assert set(due) == {(date(2027, 2, 28), time(23, 59), "")}


def test_exports_a_start_only_before_the_due_date_and_with_its_type(alice):
    days = {"start_date": date(2027, 2, 1), "due_date": date(2027, 2, 28)}
    TaskFactory(owner=alice, title="days", **days)
    TaskFactory(owner=alice, title="times", due_time=time(9), **days)
    TaskFactory(owner=alice, title="same", **days | {"start_date": date(2027, 2, 28)})

    todos = todos_of(alice)

    assert todos["days"]["DTSTART"].dt == date(2027, 2, 1)
    assert todos["times"]["DTSTART"].dt == datetime(2027, 2, 1)  # noqa: DTZ001
    assert "DTSTART" not in todos["same"]
    assert todos["same"]["X-OWNLIST-START"].dt == date(2027, 2, 28)


@pytest.mark.parametrize("fields", [{}, {"due_time": time(9)}])
def test_a_rule_that_describes_the_start_counts_from_it(alice, bob, fields):
    days = {"start_date": date(2027, 2, 1), "due_date": date(2027, 2, 5)} | fields
    TaskFactory(owner=alice, title="a", rrule="FREQ=MONTHLY;BYMONTHDAY=1", **days)

    start = todos_of(alice)["a"]["DTSTART"].dt
    import_for(bob, exported(alice, "ics"), "ics")

    assert (start.year, start.month, start.day) == (2027, 2, 1)
    task = Task.objects.get(owner=bob)
    assert (task.start_date, task.due_date) == (date(2027, 2, 1), date(2027, 2, 5))
    assert task.rrule == "FREQ=MONTHLY;BYMONTHDAY=1"


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({}, b"RRULE:FREQ=WEEKLY;UNTIL=20271231"),
        ({"due_time": time(9)}, b"RRULE:FREQ=WEEKLY;UNTIL=20271231T235959"),
        (
            {"due_time": time(9), "due_tz": "America/New_York"},
            b"RRULE:FREQ=WEEKLY;UNTIL=20280101T045959Z",
        ),
    ],
    ids=["a day", "floating", "a zone"],
)
def test_exports_until_with_the_type_of_the_start(alice, bob, fields, rule):
    TaskFactory(
        owner=alice,
        due_date=date(2027, 3, 1),
        rrule="FREQ=WEEKLY;UNTIL=20271231",
        **fields,
    )
    body = exported(alice, "ics")

    report = import_for(bob, body, "ics")

    assert rule in body.split(b"\r\n")
    assert report.notices == []
    task = Task.objects.get(owner=bob)
    assert (task.rrule, task.rrule_anchor) == ("FREQ=WEEKLY;UNTIL=20271231", "due")
    assert task.start_date is None


@pytest.mark.parametrize(
    ("fields", "trigger"),
    [
        ({"due_time": time(9), "reminder_minutes": 30}, "-PT30M"),
        ({"reminder_time": time(8, 30)}, "PT8H30M"),
        ({"due_time": time(9), "reminder_time": time(8)}, "-PT1H"),
        ({"due_time": time(9), "reminder_time": time(20)}, "PT11H"),
    ],
    ids=["before", "on a day", "before a time", "after a time"],
)
def test_exports_a_reminder_as_an_alarm_relative_to_the_due_time(
    alice, bob, fields, trigger
):
    TaskFactory(owner=alice, title="a", due_date=date(2027, 3, 1), **fields)

    [alarm] = todos_of(alice)["a"].walk("VALARM")
    import_for(bob, exported(alice, "ics"), "ics")

    assert alarm["TRIGGER"].params["RELATED"] == "END"
    assert alarm["TRIGGER"].to_ical().decode() == trigger
    task = Task.objects.get(owner=bob)
    given_minutes = fields.get("reminder_minutes", 60 if trigger == "-PT1H" else None)
    assert task.reminder_minutes == given_minutes
    if given_minutes is None:
        assert task.reminder_time == fields["reminder_time"]


def test_exports_labels_steps_and_state_as_standard_properties(alice):
    parent = TaskFactory(owner=alice, title="a", labels=["x, y", "z"], priority=1)
    TaskFactory(owner=alice, title="b", parent_id=parent.pk, priority=4)
    done = TaskFactory(owner=alice, title="c")
    actions.complete_task(caller_of(alice, NOON), task_id=done.pk)
    body = exported(alice, "ics")

    todos = todos_of(alice)

    assert b"CATEGORIES:x\\, y,z" in body.split(b"\r\n")
    assert f"RELATED-TO;RELTYPE=PARENT:{parent.pk}".encode() in body
    assert (todos["a"]["PRIORITY"], todos["b"]["PRIORITY"]) == (1, 9)
    assert (todos["c"]["STATUS"], todos["c"]["COMPLETED"].dt) == ("COMPLETED", NOON)
    assert todos["a"]["STATUS"] == "NEEDS-ACTION"
    assert (todos["a"]["SEQUENCE"], todos["c"]["SEQUENCE"]) == (0, 1)


def test_another_account_can_import_an_export(alice, bob):
    a_full_account(alice)
    columns = (
        "title",
        "notes",
        "priority",
        "due_date",
        "due_time",
        "due_tz",
        "start_date",
        "rrule",
        "rrule_anchor",
        "completed_at",
        "list__name",
        "parent__title",
    )

    report = import_for(bob, exported(alice, "ics"), "ics")

    def tasks(user):
        rows = Task.objects.filter(owner=user, trashed_at=None).order_by("created_at")
        return list(rows.values_list(*columns))

    assert (report.errors, report.notices) == ([], [])
    assert tasks(bob) == tasks(alice)
    assert import_for(bob, exported(alice, "ics"), "ics").created == 0


@settings(max_examples=300)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n")))
def test_unescaping_reverses_escaping(value):
    assert unescape(text(value)) == value


# --- Import -----------------------------------------------------------------------


def test_imports_a_to_do_of_another_program(alice):
    report, [task] = import_todos(
        alice,
        r"""
UID:4711@example.com
SUMMARY:Pay the
 \, rent; 100%2C
DESCRIPTION:To C:\\New\nat once
PRIORITY:5
CATEGORIES:home,a\,b
CATEGORIES;LANGUAGE=en:money
DTSTART;VALUE=DATE:20270201
DUE;TZID="Europe/Berlin":20270228T090000
STATUS:IN-PROCESS
CREATED:20270101T080000Z
        """,
    )

    assert (report.errors, report.notices) == ([], [])
    assert task.title == "Pay the, rent; 100%2C"
    assert task.notes == "To C:\\New\nat once"
    assert task.priority == 3
    assert task.start_date == date(2027, 2, 1)
    assert (task.due_date, task.due_time) == (date(2027, 2, 28), time(9))
    assert task.due_tz == "Europe/Berlin"
    assert task.created_at == datetime(2027, 1, 1, 8, tzinfo=UTC)
    assert sorted(task.labels.values_list("name", flat=True)) == [
        "a,b",
        "home",
        "money",
    ]


def test_imports_a_uid_once(alice):
    import_todos(alice, "UID:4711@example.com\nSUMMARY:a")

    report, tasks = import_todos(alice, "UID:4711@example.com\nSUMMARY:changed there")

    assert (report.created, report.skipped) == (0, 1)
    assert [task.title for task in tasks] == ["a"]


def test_the_same_uid_in_another_account_is_another_task(alice, bob):
    _, [hers] = import_todos(alice, "UID:4711@example.com\nSUMMARY:a")
    report, [his] = import_todos(bob, "UID:4711@example.com\nSUMMARY:b")

    assert report.created == 1
    assert hers.pk != his.pk


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("/freeassociation.sourceforge.net/Europe/Berlin", "Europe/Berlin"),
        (
            "/mozilla.org/20050126_1/America/Argentina/Buenos_Aires",
            "America/Argentina/Buenos_Aires",
        ),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Nowhere/At All", ""),
    ],
    ids=["IANA", "a path", "a long path", "Windows", "unknown"],
)
def test_reads_names_of_time_zones(alice, name, zone):
    report, [task] = import_todos(alice, f"SUMMARY:a\nDUE;TZID={name}:20270228T090000")

    assert task.due_date == date(2027, 2, 28)
    assert (task.due_time, task.due_tz) == ((time(9), zone) if zone else (None, ""))
    assert [issue.field for issue in report.notices] == ([] if zone else ["tzid"])
    assert (name in task.notes) == (not zone)


def test_imports_steps_below_their_tasks_in_any_order(alice):
    report, tasks = import_todos(
        alice,
        "UID:c\nSUMMARY:c\nRELATED-TO:b",
        "UID:b\nSUMMARY:b\nRELATED-TO;RELTYPE=PARENT:a",
        "UID:a\nSUMMARY:a",
        "UID:d\nSUMMARY:d\nRELATED-TO;RELTYPE=SIBLING:a",
        "UID:e\nSUMMARY:e\nRELATED-TO:gone",
        "UID:x\nSUMMARY:x\nRELATED-TO:y",
        "UID:y\nSUMMARY:y\nRELATED-TO:x",
        "UID:z\nSUMMARY:z\nRELATED-TO:z",
    )

    parents = {task.title: task.parent and task.parent.title for task in tasks}
    assert report.errors == []
    assert (
        parents
        == {
            "a": None,
            "b": "a",
            "c": "a",
            "d": None,
            "e": None,
            "x": None,
            "y": "x",
            "z": None,
        }
        or parents["x"] == "y"
    )
    told = {issue.row for issue in report.notices if issue.field == "related-to"}
    assert {1, 5, 8} <= told


@pytest.mark.parametrize(
    ("lines", "field", "kept"),
    [
        ("DUE:soon", "due", "soon"),
        ("DUE:20270230", "due", "20270230"),
        ("DUE;VALUE=DATE:00010101", "due", "00010101"),
        ("DUE:20270228T250000", "due", "20270228T250000"),
        ("DUE:20270228\nRRULE:FREQ=HOURLY", "rrule", "FREQ=HOURLY"),
        ("DUE:20270228\nRRULE:FREQ=DAILY;UNTIL=20279999T000000Z", "rrule", "9999"),
        ("RRULE:FREQ=DAILY", "rrule", "FREQ=DAILY"),
        ("DUE:20270228\nEXDATE:20270307", "exdate", "20270307"),
        ("LOCATION:At home\\, upstairs", "location", "At home, upstairs"),
        ("URL:https://example.com/?a=b", "url", "https://example.com/?a=b"),
        (
            "BEGIN:VALARM\nTRIGGER:-PT30M\nEND:VALARM",
            "trigger",
            "-PT30M",
        ),
        (
            "DUE:20270228\nBEGIN:VALARM\nTRIGGER:-P1D\nEND:VALARM",
            "trigger",
            "-P1D",
        ),
        (
            "DUE:20270228\nBEGIN:VALARM\nTRIGGER:garbage\nEND:VALARM",
            "trigger",
            "garbage",
        ),
    ],
    ids=range(13),
)
def test_adds_values_without_a_field_to_the_notes_with_a_notice(
    alice, lines, field, kept
):
    report, [task] = import_todos(alice, f"SUMMARY:a\n{lines}")

    assert report.errors == []
    assert [issue.field for issue in report.notices] == [field]
    assert kept in task.notes


def test_reads_states(alice):
    report, tasks = import_todos(
        alice,
        "SUMMARY:a\nSTATUS:COMPLETED\nCOMPLETED:20261101T120000Z",
        "SUMMARY:b\nSTATUS:COMPLETED",
        "SUMMARY:c\nSTATUS:CANCELLED",
        "SUMMARY:d\nPRIORITY:0",
        "SUMMARY:e\nCOMPLETED:20261101T120000Z",
        "STATUS:NEEDS-ACTION",
    )

    a, b, c, d, e, untitled = tasks
    assert a.completed_at == e.completed_at == datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert b.completed_at
    assert c.trashed_at
    assert not c.completed_at
    assert d.priority == 3
    assert untitled.title == "Untitled"
    assert report.notices[1].message.endswith("the task is named Untitled.")
    assert [issue.field for issue in report.notices] == ["status", "summary"]


def test_counts_events_without_importing_them(alice):
    event = "BEGIN:VEVENT\nSUMMARY:Party\nDTSTART:20270101\nEND:VEVENT\n"
    body = calendar_of("SUMMARY:a").replace("BEGIN:VTODO", f"{event}BEGIN:VTODO")

    report = import_for(alice, body, "ics")

    assert report.created == 1
    assert [issue.message for issue in report.notices] == [
        "Only to-dos are imported. Left out: events (1)."
    ]


def test_unfolds_a_line_folded_within_a_character(alice):
    body = calendar_of("SUMMARY:é").encode().replace(b"\xc3\xa9", b"\xc3\r\n \xa9")

    import_for(alice, body, "ics")

    assert Task.objects.get(owner=alice).title == "é"


@pytest.mark.parametrize(
    "position", range(30, 400, 37), ids=lambda position: f"cut-{position}"
)
def test_refuses_a_truncated_file(alice, position):
    body = calendar_of("SUMMARY:a\nDESCRIPTION:" + "b" * 400)

    with pytest.raises(FileRefused):
        import_for(alice, body[:position], "ics")

    assert not Task.objects.exists()


def test_finds_lists_by_name_or_creates_them(alice):
    known = TaskListFactory(owner=alice, name="Home")

    _, tasks = import_todos(
        alice,
        "SUMMARY:a\nX-OWNLIST-LIST:home",
        "SUMMARY:b\nX-OWNLIST-LIST:New\\, here",
        "SUMMARY:c",
    )

    assert [task.list.name for task in tasks] == ["Home", "New, here", "Inbox"]
    assert tasks[0].list_id == known.pk


def test_imports_an_alarm_at_an_instant_as_a_time_of_day(alice):
    alice.timezone = "Europe/Berlin"
    alice.save()
    alarm = "BEGIN:VALARM\nTRIGGER;VALUE=DATE-TIME:20270301T070000Z\nEND:VALARM"

    _, [task] = import_todos(alice, f"SUMMARY:a\nDUE;VALUE=DATE:20270301\n{alarm}")

    assert task.reminder_time == time(8)


def test_an_alarm_is_relative_to_the_start_by_default(alice):
    lines = "DTSTART:20270301T080000\nDUE:20270301T100000"
    alarm = "BEGIN:VALARM\nTRIGGER:-PT30M\nEND:VALARM"

    _, [task] = import_todos(alice, f"SUMMARY:a\n{lines}\n{alarm}")

    assert timedelta(minutes=task.reminder_minutes) == timedelta(hours=2, minutes=30)


def test_notices_between_rows_cost_no_queries(alice, django_assert_num_queries):
    todos = [f"UID:{{}}{n}\nSUMMARY:a\nLOCATION:Rome" for n in range(30)]
    silent = calendar_of(*(one.partition("\nLOC")[0].format("a") for one in todos))
    noisy = calendar_of(*(one.format("b") for one in todos))
    import_for(alice, calendar_of("SUMMARY:first"), "ics")  # reads the inbox
    with CaptureQueriesContext(connection) as queries:
        import_for(alice, silent, "ics")

    with django_assert_num_queries(len(queries)):
        report = import_for(alice, noisy, "ics")

    assert (report.created, len(report.notices)) == (30, 30)


def test_unfolds_a_line_folded_after_every_character(alice):
    letters = "\n ".join("abcde" * 2_000)

    report, [task] = import_todos(alice, f"SUMMARY:a\nDESCRIPTION:\n {letters}")

    assert report.errors == []
    assert task.notes == "abcde" * 2_000


def test_adds_an_instant_out_of_range_in_utc_to_the_notes(alice):
    body = calendar_of(
        "SUMMARY:a\nSTATUS:COMPLETED\nCOMPLETED;TZID=Asia/Tokyo:19000101T000000"
    )

    report = import_for(alice, body, "ics")

    [task] = Task.objects.all()
    assert task.completed_at == LATER
    assert task.notes == "Completed: 19000101T000000"
    assert [found.field for found in report.notices] == ["completed"]
