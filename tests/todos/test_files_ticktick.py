"""TickTick: a backup is imported, and what Ownlist can't hold is named."""

import csv
import io
from datetime import UTC, date, datetime, time

import pytest

from tests.changes import caller_of
from tests.todos.files import LATER, import_for, stored
from todos import actions
from todos.imports.files import FileRefused, TooManyRows
from todos.models import Task, TaskList

pytestmark = pytest.mark.any_database

COLUMNS = (
    "Folder Name,List Name,Title,Kind,Tags,Content,Is Check list,Start Date,Due Date,"
    "Reminder,Repeat,Priority,Status,Created Time,Completed Time,Order,Timezone,"
    "Is All Day,Is Floating,Column Name,Column Order,View Mode,taskId,parentId"
)
NAMES = COLUMNS.split(",")  # noqa: SIM905 - one line for each would be long
PREAMBLE = (
    '"Date: 2026-11-20+0000"\n"Version: 7.1"\n"Status: \n0 Normal\n1 Completed\n'
    '2 Archived"\n'
)
FIRST_ROW = 5  # of the tasks, after three records of the preamble and the header


def backup(*rows, names=NAMES, preamble=PREAMBLE):
    """Return a backup; each row is a mapping from some columns to their cells."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        cells = {"List Name": "Inbox", "Title": "a", "Status": "0"} | row
        writer.writerow([cells.get(name, "") for name in names])
    return preamble + text.getvalue()


@pytest.fixture
def berlin(alice):
    alice.timezone = "Europe/Berlin"
    alice.save()
    return alice


def import_row(user, **cells):
    """Import one row; return the report and its task."""
    row = {name.replace("_", " "): cell for name, cell in cells.items()}
    report = import_for(user, backup(row), "ticktick")
    assert report.errors == []
    return report, Task.objects.filter(owner=user).order_by("position").first()


def dated(user, due, **cells):
    cells = {"Timezone": "Europe/Berlin", "Is_All_Day": "false"} | cells
    return import_row(user, Due_Date=due, **cells)


def notices_of(report):
    return [(issue.row, issue.field) for issue in report.notices]


def labels_of(task):
    return sorted(task.labels.values_list("name", flat=True))


# --- A whole backup


def test_imports_a_backup_with_everything(berlin):
    report = import_for(
        berlin,
        backup(
            {
                "Folder Name": "Work",
                "List Name": "Reports",
                "Title": "Write the\nreport",
                "Kind": "TEXT",
                "Tags": "deep, office",
                "Content": 'First, "second"\rthird',
                "Is Check list": "N",
                "Start Date": "2027-02-08T23:00:00+0000",
                "Due Date": "2027-02-10T08:30:00+0000",
                "Reminder": "TRIGGER:-P1D",
                "Priority": "5",
                "Created Time": "2026-11-01T10:00:00+0000",
                "Order": "-1099511627776",
                "Timezone": "Europe/Berlin",
                "Is All Day": "false",
                "Is Floating": "false",
                "Column Name": "Doing",
                "Column Order": "0",
                "View Mode": "kanban",
                "taskId": "1",
            },
            {
                "Folder Name": "Work",
                "List Name": "Reports",
                "Title": "Ask Kim",
                "taskId": "2",
                "parentId": "1",
            },
            {
                "Title": "Pack",
                "Kind": "CHECKLIST",
                "Content": "For the trip\r▫Passport\r▪Socks",
                "Is Check list": "Y",
                "taskId": "3",
            },
            {
                "Title": "Old",
                "Status": "2",
                "Completed Time": "2026-10-01T10:00:00+0000",
                "taskId": "4",
            },
        ),
        "ticktick",
    )

    assert report.errors == []
    write, ask, pack, passport, socks, old = Task.objects.filter(owner=berlin).order_by(
        "position"
    )
    assert (write.title, write.list.name) == ("Write the report", "Work/Reports")
    assert labels_of(write) == ["Doing", "deep", "office"]
    assert write.notes.startswith('First, "second"\nthird')
    assert (write.start_date, write.due_date) == (date(2027, 2, 9), date(2027, 2, 10))
    assert (write.due_time, write.due_tz) == (time(9, 30), "")
    assert (write.priority, write.reminder_minutes) == (2, 2 * 24 * 60 + 9 * 60 + 30)
    assert write.created_at == datetime(2026, 11, 1, 10, tzinfo=UTC)
    assert (ask.parent_id, ask.list.name) == (write.pk, "Work/Reports")
    assert (pack.notes, pack.list.is_inbox) == ("For the trip", True)
    assert (passport.title, passport.completed_at) == ("Passport", None)
    assert (socks.title, socks.completed_at) == ("Socks", LATER)
    assert passport.parent_id == socks.parent_id == pack.pk
    assert old.completed_at == datetime(2026, 10, 1, 10, tzinfo=UTC)
    assert notices_of(report) == [
        (FIRST_ROW, "Column Name"),
        (FIRST_ROW, "Start Date"),
    ]


def test_finds_the_header_after_any_preamble(alice):
    for preamble in ("", '"Date: 2026-06-15+0000"\n\n', "\ufeff" + PREAMBLE):
        report = import_for(
            alice, backup({"Title": preamble}, preamble=preamble), "ticktick"
        )
        assert (report.created, report.errors) == (1, [])


def test_reads_a_backup_with_crlf(alice):
    body = backup({"Title": "a"}, {"Title": "b"}).replace("\n", "\r\n")

    assert import_for(alice, body, "ticktick").created == 2


def test_reads_a_backup_that_a_spreadsheet_saved(alice):
    names = [name.upper() for name in NAMES]
    body = backup({"Title": "a"}, names=names).replace('","', '";"')
    body = body.replace('""', "").replace('"";"', '"a";"') + ";Home;b;TEXT;;;;;;;;5;0\n"

    report = import_for(alice, body, "ticktick")

    assert report.errors == []
    assert Task.objects.get(title="b").priority == 2


def test_columns_may_be_missing(alice):
    names = ["List Name", "Title", "Tags", "Status", "Is Check list"]

    report = import_for(alice, backup({"Tags": "x"}, names=names), "ticktick")

    assert (report.created, report.notices) == (2, [])


def test_names_columns_that_it_does_not_know(alice):
    body = backup({"Weather": "rain"}, names=[*NAMES, "Weather"])

    report = import_for(alice, body, "ticktick")

    assert notices_of(report) == [(FIRST_ROW - 1, "Weather")]


# --- Dates


@pytest.mark.parametrize(
    ("cell", "zone", "day"),
    [
        ("2027-02-09T23:00:00+0000", "Europe/Berlin", date(2027, 2, 10)),
        ("2027-07-09T22:00:00+0000", "Europe/Berlin", date(2027, 7, 10)),
        ("2027-03-27T23:00:00+0000", "Europe/Berlin", date(2027, 3, 28)),
        ("2028-02-28T23:00:00+0000", "Europe/Berlin", date(2028, 2, 29)),
        ("2027-12-31T23:00:00+0000", "Europe/Berlin", date(2028, 1, 1)),
        ("2027-02-10T08:00:00+0000", "America/Los_Angeles", date(2027, 2, 10)),
        ("2027-02-09T15:00:00+0000", "Asia/Tokyo", date(2027, 2, 10)),
        ("2027-02-09T18:30:00+0000", "Asia/Kolkata", date(2027, 2, 10)),
        # Midnight is left out there: the day begins at 01:00.
        ("2027-04-29T22:00:00+0000", "Africa/Cairo", date(2027, 4, 30)),
        ("2027-02-10T00:00:00+0000", "UTC", date(2027, 2, 10)),
        ("2027-02-10T00:00:00+0000", "Europe/Moscow", date(2027, 2, 10)),
        ("2027-02-10T00:00:00+01:00", "Europe/Berlin", date(2027, 2, 10)),
        ("2027-02-09T23:00:00.000Z", "Europe/Berlin", date(2027, 2, 10)),
        ("2027-02-09T23:00:00+0000", "", date(2027, 2, 10)),
        ("2027-02-10 00:00:00", "Europe/Berlin", date(2027, 2, 10)),
        ("2027-02-09 23:00:00", "Europe/Berlin", date(2027, 2, 10)),
        ("2027-02-10", "America/Los_Angeles", date(2027, 2, 10)),
    ],
)
def test_a_whole_day_is_midnight_in_the_zone_of_the_task(berlin, cell, zone, day):
    report, task = dated(berlin, cell, Timezone=zone, Is_All_Day="true")

    assert (task.due_date, task.due_time, task.due_tz) == (day, None, "")
    assert report.notices == []


@pytest.mark.parametrize(
    ("cell", "zone"),
    [
        ("2027-02-10T00:00:00+0000", "America/Los_Angeles"),
        ("2027-02-09T22:00:00+0000", "Europe/Berlin"),
        ("2027-02-09T23:00:00+0000", "Asia/Tokyo"),
        ("2027-02-09 22:00:00", "Europe/Berlin"),
    ],
)
def test_a_whole_day_that_is_not_certain_goes_into_the_notes(berlin, cell, zone):
    report, task = dated(berlin, cell, Timezone=zone, Is_All_Day="true")

    assert task.due_date is None
    assert task.notes == f"Due date: {cell}"
    assert notices_of(report) == [(FIRST_ROW, "Due Date")]


@pytest.mark.parametrize(
    ("cell", "cells", "due"),
    [
        ("2027-02-10T08:30:00+0000", {}, (time(9, 30), "")),
        (
            "2027-02-10T08:30:00+0000",
            {"Timezone": "Asia/Kolkata"},
            (time(14), "Asia/Kolkata"),
        ),
        (
            "2027-02-10T08:30:00+0000",
            {"Timezone": "Asia/Kolkata", "Is_Floating": "true"},
            (time(14), ""),
        ),
        ("2027-02-10T08:30:00+0000", {"Timezone": ""}, (time(9, 30), "")),
        ("2027-02-09T23:00:00+0000", {}, (time(0), "")),
        ("2027-02-09T23:00:00+0000", {"Is_All_Day": ""}, (None, "")),
        ("2027-02-10T08:30:00+0000", {"Is_All_Day": ""}, (time(9, 30), "")),
        (
            "2027-02-10T08:30:00+0000",
            {"Timezone": "Pacific Standard Time"},
            (time(0, 30), "America/Los_Angeles"),
        ),
        ("2027-02-10 08:30:00", {"Timezone": "UTC"}, (time(8, 30), "UTC")),
    ],
    ids=range(9),
)
def test_a_time_is_in_the_zone_of_the_task(berlin, cell, cells, due):
    report, task = dated(berlin, cell, **cells)

    assert task.due_date == date(2027, 2, 10)
    assert (task.due_time, task.due_tz) == due
    assert report.notices == []


def test_a_time_without_an_offset_is_not_certain(berlin):
    report, task = dated(berlin, "2027-02-10 08:30:00")

    assert (task.due_date, task.due_time) == (date(2027, 2, 10), None)
    assert task.notes == "Due date: 2027-02-10 08:30:00"
    assert notices_of(report) == [(FIRST_ROW, "Due Date")]


def test_a_date_that_depends_on_the_missing_offset_goes_into_the_notes(berlin):
    report, task = dated(berlin, "2027-02-10 23:30:00")

    assert task.due_date is None
    assert task.notes == "Due date: 2027-02-10 23:30:00"


@pytest.mark.parametrize(
    "cell",
    [
        "tomorrow",
        "10/02/2027",
        "2027-02-30T10:00:00+0000",
        "2027-02-10T25:00:00+0000",
        "2027-W05-1T00:00:00+0000",
        "0001-01-01T00:00:00+0000",
        "9999-12-31T23:59:59-1200",
        "3000-01-02T00:00:00+0000",
        "1803276000000",
        "٢٠٢٧-٠٢-١٠T00:00:00+0000",
    ],
)
@pytest.mark.parametrize("is_all_day", ["true", "false", ""])
def test_an_invalid_date_goes_into_the_notes(berlin, cell, is_all_day):
    report, task = dated(berlin, cell, Is_All_Day=is_all_day)

    assert task.due_date is None
    assert cell in task.notes
    assert notices_of(report) == [(FIRST_ROW, "Due Date")]


def test_an_unknown_zone_is_named(berlin):
    report, task = dated(berlin, "2027-02-10T08:30:00+0000", Timezone="Mars/Base")

    assert (task.due_time, task.due_tz) == (time(9, 30), "")
    assert task.notes == "Timezone: Mars/Base"
    assert notices_of(report) == [(FIRST_ROW, "Timezone")]


@pytest.mark.parametrize(
    ("start", "due", "all_day", "columns", "noticed"),
    [
        # A date alone is both, or the start.
        ("09T23:00", "09T23:00", "true", (None, 10, None), []),
        ("09T23:00", "", "true", (None, 10, None), []),
        ("", "09T23:00", "true", (None, 10, None), []),
        ("10T08:00", "", "false", (None, 10, time(9)), []),
        # Whole days end at the midnight after the last one.
        ("09T23:00", "10T23:00", "true", (None, 10, None), ["Due Date"]),
        ("09T23:00", "12T23:00", "true", (10, 12, None), ["Due Date"]),
        # A start has no time.
        ("10T08:00", "10T09:00", "false", (None, 10, time(10)), ["Start Date"]),
        ("09T08:00", "10T09:00", "false", (9, 10, time(10)), ["Start Date"]),
        ("12T08:00", "10T09:00", "false", (None, 10, time(10)), ["Start Date"]),
    ],
)
def test_a_start_and_a_due_date(berlin, start, due, all_day, columns, noticed):
    report, task = import_row(
        berlin,
        Start_Date=start and f"2027-02-{start}:00+0000",
        Due_Date=due and f"2027-02-{due}:00+0000",
        Timezone="Europe/Berlin",
        Is_All_Day=all_day,
    )

    start_day, due_day, at = columns
    assert task.start_date == (start_day and date(2027, 2, start_day))
    assert (task.due_date, task.due_time) == (date(2027, 2, due_day), at)
    assert [issue.field for issue in report.notices] == noticed


# --- Repeats and reminders

THURSDAY = "2026-12-09T23:00:00+0000"  # 10 December in Berlin


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=TH", "FREQ=WEEKLY;INTERVAL=1;BYDAY=TH"),
        ("FREQ=DAILY;INTERVAL=3", "FREQ=DAILY;INTERVAL=3"),
        ("RRULE:FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=10", None),
        ("RRULE:FREQ=MONTHLY;BYDAY=2TH", None),
        ("RRULE:FREQ=WEEKLY;WKST=SU;BYDAY=MO,TH", None),
        ("RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=", "FREQ=WEEKLY;INTERVAL=1"),
        ("rrule:freq=daily;", "FREQ=DAILY"),
        ("RRULE:FREQ=DAILY;COUNT=5", None),
        ("RRULE:FREQ=DAILY;UNTIL=20261231T230000Z", "FREQ=DAILY;UNTIL=20270101"),
        ("RRULE:FREQ=DAILY;TT_SKIP=WEEKEND", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        (
            "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;TT_WORKDAY=-1",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        ),
        (
            "RRULE:FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=1;TT_WORKDAY=1",
            "FREQ=MONTHLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1",
        ),
    ],
)
def test_reads_rules(berlin, cell, rule):
    report, task = dated(berlin, THURSDAY, Is_All_Day="true", Repeat=cell)

    assert task.rrule == (rule or cell.removeprefix("RRULE:"))
    assert (task.rrule_anchor, task.due_date) == ("due", date(2026, 12, 10))
    assert report.notices == []


@pytest.mark.parametrize(
    "cell",
    [
        "ERULE:NAME=CUSTOM;BYDATE=20261210,20261224",
        "ERULE:NAME=FORGETTINGCURVE;CYCLE=0",
        "LUNAR:FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=28",
        "RRULE:FREQ=DAILY;INTERVAL=2;TT_SKIP=WEEKEND",
        "RRULE:FREQ=DAILY;TT_SKIP=HOLIDAY,WEEKEND",
        "RRULE:FREQ=WEEKLY;BYDAY=MO;TT_SKIP=WEEKEND",
        "RRULE:FREQ=MONTHLY;BYMONTHDAY=15;TT_WORKDAY=1",
        "RRULE:FREQ=MONTHLY;TT_WORKDAY=2",
        "RRULE:FREQ=DAILY;TT_CALENDAR=20260605T000000",
        "RRULE:FREQ=DAILY;BYHOUR=9",
        "RRULE:FREQ=DAILY FROM COMPLETION",
        "RRULE:FREQ=DAILY\nEXDATE:20261224",
        "RRULE:FREQ=WEEKLY;BYDAY=MO;BYDAY=TU",
        "RRULE:FREQ=DAILY;INTERVAL",
        "RRULE:FREQ=DAILY;COUNT=0",
        "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "every day",
        "FREQ=" + "A" * 5000,
    ],
)
def test_a_rule_that_can_not_be_kept_goes_into_the_notes(berlin, cell):
    report, task = dated(berlin, THURSDAY, Is_All_Day="true", Repeat=cell)

    assert (task.rrule, task.due_date) == ("", date(2026, 12, 10))
    assert task.notes == f"Repeat: {cell[:2000]}"
    assert notices_of(report) == [(FIRST_ROW, "Repeat")]


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("FREQ=MONTHLY;BYMONTHDAY=1", True),
        ("FREQ=WEEKLY;BYDAY=MO", True),
        ("FREQ=MONTHLY", True),
        ("FREQ=WEEKLY;INTERVAL=2", True),
        ("FREQ=WEEKLY;BYDAY=MO,FR", False),
        ("FREQ=WEEKLY;BYDAY=FR", False),
    ],
)
def test_the_days_of_a_rule_are_those_of_the_start(berlin, rule, kept):
    report, task = dated(
        berlin,
        "2027-02-05T22:59:00+0000",  # a Friday
        Start_Date="2027-01-31T23:00:00+0000",  # Monday, 1 February
        Repeat=rule,
    )

    assert task.rrule == (rule if kept else "")
    assert ("Repeat" in [issue.field for issue in report.notices]) == (not kept)


def test_a_rule_and_a_reminder_without_a_date_go_into_the_notes(berlin):
    report, task = import_row(berlin, Repeat="FREQ=DAILY", Reminder="TRIGGER:PT0S")

    assert (task.due_date, task.rrule) == (None, "")
    assert task.notes == "Repeat: FREQ=DAILY\n\nReminder: TRIGGER:PT0S"
    assert [issue.field for issue in report.notices] == ["Repeat", "Reminder"]


@pytest.mark.parametrize(
    ("cell", "minutes"),
    [
        ("TRIGGER:-PT30M", 30),
        ("TRIGGER:PT0S", 0),
        ("-PT1440M", 1440),
        ("TRIGGER:-P1DT2H", 26 * 60),
        ("TRIGGER:-P4W", 4 * 7 * 24 * 60),
        ("trigger:-pt1h", 60),
        ("TRIGGER;RELATED=END:-PT15M", 15),
    ],
)
def test_a_reminder_before_the_time(berlin, cell, minutes):
    report, task = dated(berlin, "2027-02-10T08:30:00+0000", Reminder=cell)

    assert (task.reminder_minutes, report.notices) == (minutes, [])


@pytest.mark.parametrize(
    ("cell", "at"),
    [("TRIGGER:P0DT9H0M0S", time(9)), ("TRIGGER:PT0S", time(0))],
)
def test_a_reminder_of_a_whole_day(berlin, cell, at):
    report, task = dated(berlin, THURSDAY, Is_All_Day="true", Reminder=cell)

    assert (task.reminder_time, report.notices) == (at, [])


def test_a_reminder_counts_from_the_start(berlin):
    _, task = dated(
        berlin,
        "2027-02-10T09:30:00+0000",
        Start_Date="2027-02-10T08:30:00+0000",
        Reminder="TRIGGER:-PT5M",
    )

    assert task.reminder_minutes == 65


@pytest.mark.parametrize("separator", ["\n", ",", ", ", "\r\n"])
def test_the_first_reminder_that_can_be_kept_is_kept(berlin, separator):
    cell = separator.join(["TRIGGER:-P90D", "TRIGGER:-PT5M", "TRIGGER:-PT10M"])

    report, task = dated(berlin, "2027-02-10T08:30:00+0000", Reminder=cell)

    assert task.reminder_minutes == 5
    assert task.notes == "Reminder: TRIGGER:-P90D, TRIGGER:-PT10M"
    assert notices_of(report) == [(FIRST_ROW, "Reminder")]


@pytest.mark.parametrize(
    "cell",
    ["TRIGGER:-P0DT15H0M0S", "TRIGGER:P", "TRIGGER:-PT", "soon", "-P99999999D"],
)
def test_a_reminder_that_can_not_be_kept_goes_into_the_notes(berlin, cell):
    report, task = dated(berlin, THURSDAY, Is_All_Day="true", Reminder=cell)

    assert (task.reminder_minutes, task.reminder_time) == (None, None)
    assert task.notes == f"Reminder: {cell}"


# --- The other columns


@pytest.mark.parametrize(
    ("cell", "priority"), [("0", 3), ("1", 4), ("3", 3), ("5", 2), ("", 3)]
)
def test_reads_priorities(alice, cell, priority):
    report, task = import_row(alice, Priority=cell)

    assert (task.priority, report.notices) == (priority, [])


@pytest.mark.parametrize(
    ("status", "completed", "completed_at", "noticed"),
    [
        ("0", "", None, []),
        ("1", "2026-10-01T10:00:00+0000", datetime(2026, 10, 1, 10, tzinfo=UTC), []),
        ("2", "2026-10-01T10:00:00+0000", datetime(2026, 10, 1, 10, tzinfo=UTC), []),
        ("2", "", LATER, ["Completed Time"]),
        ("0", "2026-10-01T10:00:00+0000", None, ["Completed Time"]),
        ("7", "", None, ["Status"]),
        ("", "", None, ["Status"]),
    ],
)
def test_reads_the_status(alice, status, completed, completed_at, noticed):
    report, task = import_row(alice, Status=status, Completed_Time=completed)

    assert task.completed_at == completed_at
    assert [issue.field for issue in report.notices] == noticed


def test_an_abandoned_task_goes_to_the_trash(alice):
    report, task = import_row(alice, Status="-1", Content="▫x", Is_Check_list="Y")

    assert task.trashed_at == LATER
    assert {one.trashed_at for one in Task.objects.filter(parent=task)} == {LATER}
    assert notices_of(report) == [(FIRST_ROW, "Status")]


@pytest.mark.parametrize(
    "cells", [{"Kind": "NOTE"}, {"Priority": "4"}, {"Created Time": "never"}]
)
def test_names_values_that_it_can_not_hold(alice, cells):
    report = import_for(alice, backup(cells), "ticktick")

    assert (report.created, notices_of(report)) == (1, [(FIRST_ROW, *cells)])


@pytest.mark.parametrize(
    ("folder", "name", "expected"),
    [
        ("", "Inbox", "Inbox"),
        ("", "", "Inbox"),
        ("", "Home", "Home"),
        ("Private", "Home", "Private/Home"),
        ("Private", "Inbox", "Private/Inbox"),
    ],
)
def test_names_lists_by_folder(alice, folder, name, expected):
    _, task = import_row(alice, Folder_Name=folder, List_Name=name)

    assert task.list.name == expected
    assert task.list.is_inbox == (expected == "Inbox")


def test_finds_a_list_by_its_name(alice):
    first = import_row(alice, Folder_Name="Private", List_Name="Home")[1]
    other = {"List Name": "PRIVATE/home", "Title": "b"}
    second = import_for(alice, backup(other), "ticktick")

    assert second.created == 1
    assert {task.list_id for task in Task.objects.all()} == {first.list_id}


def test_cuts_a_long_name_of_a_list(alice):
    report, task = import_row(alice, Folder_Name="x" * 60, List_Name="y" * 60)

    assert len(task.list.name) == 100
    assert notices_of(report) == [(None, "list")]


def test_long_texts_are_cut_with_a_notice(alice):
    report, task = import_row(alice, Title="t" * 501, Content="c" * 20_000)

    assert task.title == "t" * 500
    assert task.notes.startswith(f"Title: {'t' * 501}\n\nccc")
    assert len(task.notes) == 20_000
    assert [issue.field for issue in report.notices] == ["Title", "notes"]


def test_control_characters_are_removed(alice):
    report, task = import_row(alice, Title="a\x07b", Content="c\x07d\tē\x0be")

    assert (task.title, task.notes) == ("ab", "cd\tē\ne")
    assert report.notices == []


def test_a_task_without_a_title_has_one(alice):
    report, task = import_row(alice, Title="")

    assert task.title == "Untitled"
    assert notices_of(report) == [(FIRST_ROW, "Title")]


def test_labels_that_a_task_can_not_have_go_into_the_notes(alice):
    tags = [f"t{number:02}" for number in range(20)]

    report, task = import_row(alice, Tags=", ".join(["x" * 51, *tags, "over"]))

    assert labels_of(task) == tags
    assert task.notes == f"Tags: {'x' * 51}\n\nTags: over"
    assert notices_of(report) == [(FIRST_ROW, "Tags")] * 2


def test_a_section_is_a_label_with_one_notice(alice):
    rows = [{"Column Name": "Doing"}, {"Column Name": "Doing"}, {"Column Name": "Done"}]

    report = import_for(alice, backup(*rows), "ticktick")

    assert notices_of(report) == [
        (FIRST_ROW, "Column Name"),
        (FIRST_ROW + 2, "Column Name"),
    ]


# --- Steps


@pytest.mark.parametrize(
    ("content", "notes", "items"),
    [
        ("▫Milk\n▪Bread", "", ["Milk", "Bread"]),
        ("▫ Milk\r▪ Bread", "", ["Milk", "Bread"]),
        ("Buy:\r\n▫Milk\r\n\r\n▫\r\n▪Bread", "Buy:", ["Milk", "Bread"]),
        ("No items", "No items", []),
        ("▫\ufe0fMilk", "", ["Milk"]),
    ],
)
def test_items_of_a_checklist_become_steps(alice, content, notes, items):
    report, task = import_row(alice, Content=content, Is_Check_list="Y")

    steps = Task.objects.filter(parent=task).order_by("position")
    assert [step.title for step in steps] == items
    assert (task.notes, report.notices) == (notes, [])


def test_text_with_such_marks_is_not_a_checklist(alice):
    _, task = import_row(alice, Content="▫Milk", Is_Check_list="N")

    assert (task.notes, Task.objects.count()) == ("▫Milk", 1)


def test_only_as_many_items_as_a_task_can_have_become_steps(alice):
    content = "\n".join(f"▫{number}" for number in range(502))

    report, task = import_row(alice, Content=content, Is_Check_list="Y")

    assert Task.objects.filter(parent=task).count() == 500
    assert task.notes == "▫500\n▫501"
    assert notices_of(report) == [(FIRST_ROW, "Content")]


def test_steps_may_come_first_and_have_steps(alice):
    rows = [
        {"Title": "c", "taskId": "3", "parentId": "2"},
        {"Title": "b", "taskId": "2", "parentId": "1", "Is Check list": "Y"}
        | {"Content": "▫d"},
        {"Title": "a", "taskId": "1", "Kind": "CHECKLIST", "Content": "▫e"},
        {"Title": "f", "taskId": "4", "parentId": "9"},
    ]

    report = import_for(alice, backup(*rows), "ticktick")

    top = Task.objects.get(title="a")
    steps = Task.objects.filter(parent=top).values_list("title", flat=True)
    assert sorted(steps) == ["b", "c", "d", "e"]
    assert Task.objects.get(title="f").parent is None
    assert sorted(notices_of(report)) == [
        (FIRST_ROW, "parentId"),
        (FIRST_ROW + 1, "parentId"),
        (FIRST_ROW + 3, "parentId"),
    ]


def test_rows_with_the_same_id_are_different_tasks(alice):
    rows = [
        {"Title": "a", "taskId": "1"},
        {"Title": "b", "taskId": "1"},
        {"Title": "c", "taskId": "2", "parentId": "1"},
    ]

    report = import_for(alice, backup(*rows), "ticktick")

    assert Task.objects.get(title="c").parent.title == "a"
    assert notices_of(report) == [(FIRST_ROW + 1, "taskId")]


# --- Once more, and undone


def test_importing_a_backup_again_stores_nothing(alice):
    rows = [
        {"Title": "a", "taskId": "1", "Content": "▫x", "Is Check list": "Y"},
        {"Title": "b", "taskId": "2", "parentId": "1"},
        {"Title": "b", "taskId": "3"},
        {"Title": "b", "taskId": "4"},
    ]
    first = import_for(alice, backup(*rows), "ticktick")
    before = stored(alice)

    second = import_for(alice, backup(*rows), "ticktick")

    assert (first.created, second.created, second.skipped) == (5, 0, 5)
    assert stored(alice) == before


def test_another_backup_has_other_tasks_with_the_same_ids(alice):
    import_for(alice, backup({"Title": "a", "taskId": "1"}), "ticktick")

    rows = [{"Title": "new", "taskId": "1"}, {"Title": "a", "taskId": "2"}]
    report = import_for(alice, backup(*rows), "ticktick")

    assert (report.created, report.skipped) == (1, 1)


def test_an_import_can_be_undone(alice):
    rows = [{"Title": "a", "List Name": "New", "Content": "▫x", "Is Check list": "Y"}]
    batch = import_for(alice, backup(*rows), "ticktick").batch

    actions.undo(caller_of(alice, LATER), batch_id=batch)

    assert not Task.objects.filter(trashed_at=None).exists()
    assert not TaskList.objects.filter(name="New", trashed_at=None).exists()


# --- Wrong files


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\n",
        "title,notes\na,b\n",
        "TYPE,CONTENT\ntask,a\n",
        "BEGIN:VCALENDAR\nEND:VCALENDAR\n",
        '{"format": "ownlist"}',
        PREAMBLE,
        "a\n" * 1000,
        "[" * 100_000,
        "\x00\x01",
        "PK\x03\x04" + "\x00" * 100,
    ],
    ids=range(11),
)
def test_refuses_other_files(alice, body):
    with pytest.raises(FileRefused):
        import_for(alice, body, "ticktick")


def test_refuses_a_backup_that_is_cut_in_a_cell(alice):
    with pytest.raises(FileRefused, match="quotes"):
        import_for(alice, backup({"Content": "abc"}, {})[:-30] + '"', "ticktick")


def test_a_row_with_too_many_cells_is_an_error(alice):
    body = backup({}) + ",".join(["x"] * 30) + "\n"

    report = import_for(alice, body, "ticktick")

    assert [issue.row for issue in report.errors] == [FIRST_ROW + 1]
    assert Task.objects.count() == 0


def test_limits_the_rows(alice):
    body = backup(*[{}] * 20)

    import_for(alice, body, "ticktick", rows_max=20)
    with pytest.raises(TooManyRows):
        import_for(alice, body, "ticktick", rows_max=19)
