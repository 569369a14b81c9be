"""Microsoft To Do: lists and tasks as JSON of Microsoft Graph."""

import json
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from tests.factories import TaskListFactory
from tests.tables import as_one_test
from tests.todos.files import LATER, import_for
from todos.imports import microsoft_todo
from todos.imports.files import FileRefused, TooManyRows
from todos.models import Task, TaskList

pytestmark = pytest.mark.any_database

EXPORT = (Path(__file__).parent.parent / "data" / "microsoft-todo.json").read_bytes()
MIDNIGHT = {"dateTime": "2027-02-10T00:00:00.0000000", "timeZone": "UTC"}


@pytest.fixture
def alice(alice):
    alice.timezone = "Europe/Berlin"
    alice.save()
    return alice


def of_list(*tasks, **fields):
    """Return an export with one list of these tasks."""
    items = [
        {"id": f"t{n}", "title": "Walk", "status": "notStarted", "importance": "normal"}
        | task
        for n, task in enumerate(tasks)
    ]
    return json.dumps({"value": [{"displayName": "Home", "tasks": items} | fields]})


def import_tasks(user, *tasks, **options):
    """Import these tasks; return the report and the tasks that the user has."""
    report = import_for(user, of_list(*tasks), "microsoft-todo", **options)
    return report, list(Task.objects.filter(owner=user).order_by("position"))


def import_task(user, **fields):
    report, tasks = import_tasks(user, fields)
    return report, tasks[0] if tasks else None


def fields_of(issues):
    return [(issue.row, issue.field) for issue in issues]


def at(text, zone="UTC"):
    return {"dateTime": text, "timeZone": zone}


def repeats(kind, *, span=None, **pattern):
    """Return a recurrence as Graph writes it, with the defaults of unused fields."""
    defaults = {"interval": 1, "month": 0, "dayOfMonth": 0, "daysOfWeek": []}
    defaults |= {"firstDayOfWeek": "sunday", "index": "first"}
    endless = {"type": "noEnd", "startDate": "2027-02-10", "endDate": "0001-01-01"}
    endless |= {"recurrenceTimeZone": "UTC", "numberOfOccurrences": 0}
    return {
        "pattern": defaults | {"type": kind} | pattern,
        "range": endless | (span or {}),
    }


def labels_of(task):
    return sorted(task.labels.values_list("name", flat=True))


# --- A whole export -------------------------------------------------------------------


def test_imports_an_export(alice):
    report = import_for(alice, EXPORT, "microsoft-todo")

    assert report.errors == []
    tasks = Task.objects.filter(owner=alice).order_by("position")
    oil, buy, clean, sweep, quote = tasks
    assert (oil.title, oil.list.name, oil.priority) == ("Oil the lathe", "Workshop", 2)
    assert (oil.due_date, oil.due_time) == (date(2027, 2, 10), None)
    assert oil.start_date == date(2027, 2, 8)
    assert oil.rrule == "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;WKST=SU;UNTIL=20271231"
    assert (oil.rrule_anchor, oil.reminder_time) == ("due", time(8, 30))
    assert labels_of(oil) == ["Machines", "Red category"]
    assert oil.notes == (
        "Use the thin oil\n\n"
        "Manual: page 7 (https://lathe.example/oil?a=1&b=2)\n\n"
        "Linked resources: Service plan - Outlook: https://outlook.example/mail/17"
    )
    assert oil.created_at == datetime(2026, 10, 5, 6, 12, 30, 123456, tzinfo=UTC)
    assert oil.updated_at == datetime(2026, 10, 6, 7, 0, 0, 765432, tzinfo=UTC)
    assert buy.parent_id == clean.parent_id == oil.pk
    assert buy.completed_at == datetime(2026, 10, 7, 16, tzinfo=UTC)
    assert buy.created_at == datetime(2026, 10, 5, 6, 13, tzinfo=UTC)
    assert (clean.title, clean.completed_at) == ("Clean the bed", None)
    # Midnight in UTC means the date of completion, which begins two hours earlier.
    assert sweep.completed_at == datetime(2026, 10, 1, 22, tzinfo=UTC)
    assert (sweep.priority, sweep.reminder_time, sweep.rrule) == (4, None, "")
    assert (quote.list.name, quote.due_date) == ("Tasks", date(2027, 3, 1))
    assert quote.notes == (
        "Ask for two blades\nand a guide\n\nStatus: Waiting on others"
    )


def test_reports_what_it_adapts_and_leaves_out(alice):
    report = import_for(alice, EXPORT, "microsoft-todo")

    assert fields_of(report.notices) == [
        (1, "linkedResources"),
        (1, "hasAttachments"),
        (3, "status"),
        (None, "list"),
    ]
    assert report.created == 5 + 2 + 2  # tasks, lists and labels


def test_tasks_without_ids_are_imported_again(alice):
    import_task(alice, id=None, checklistItems=[{"displayName": "Step"}])

    report, tasks = import_task(alice, id=None)

    assert report.created == 1
    assert Task.objects.filter(owner=alice).count() == 3


def test_finds_a_list_by_its_name(alice):
    own = TaskListFactory(owner=alice, name="WORKSHOP")

    import_for(alice, EXPORT, "microsoft-todo")

    assert own.tasks.count() == 4


# --- Dates ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dueDateTime", "startDateTime"])
@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        (at("2027-02-10T00:00:00.0000000"), "America/New_York", date(2027, 2, 10)),
        (at("2027-02-09T23:00:00.0000000"), "Europe/Berlin", date(2027, 2, 10)),
        (at("2027-07-09T22:00:00.0000000"), "Europe/Berlin", date(2027, 7, 10)),
        (at("2027-02-10T05:00:00.0000000"), "America/New_York", date(2027, 2, 10)),
        (at("2027-02-09T11:00:00"), "Pacific/Auckland", date(2027, 2, 10)),
        (at("2027-02-09T18:30:00"), "Asia/Kolkata", date(2027, 2, 10)),
        (at("2028-02-28T23:00:00"), "Europe/Berlin", date(2028, 2, 29)),
        (at("2027-12-31T23:00:00"), "Europe/Berlin", date(2028, 1, 1)),
        (
            at("2027-02-10T00:00:00", "W. Europe Standard Time"),
            "Asia/Tokyo",
            date(2027, 2, 10),
        ),
        (
            at("2027-02-09T15:00:00", "Pacific Standard Time"),
            "Europe/Berlin",
            date(2027, 2, 10),
        ),
        (at("2027-02-10T00:00:00", "Europe/Berlin"), "UTC", date(2027, 2, 10)),
        (
            at("2027-02-09T23:00:00", "tzone://Microsoft/Utc"),
            "Europe/Berlin",
            date(2027, 2, 10),
        ),
        (
            at("2027-02-10T00:00:00", "tzone://Microsoft/Custom"),
            "UTC",
            date(2027, 2, 10),
        ),
        (at("2027-02-10T00:00:00", None), "Asia/Tokyo", date(2027, 2, 10)),
        (at("2027-02-09T23:00:00Z", None), "Europe/Berlin", date(2027, 2, 10)),
        (at("2027-02-09T23:00:00Z"), "Europe/Berlin", date(2027, 2, 10)),
        (at("2027-02-10"), "Europe/Berlin", date(2027, 2, 10)),
        # A tool that adds a Z to the local time of the zone.
        (
            at("2027-02-10T00:00:00Z", "Pacific Standard Time"),
            "UTC",
            date(2027, 2, 10),
        ),
        # Clocks go forward at 24:00, so this date begins at 01:00.
        (at("2026-09-06T04:00:00"), "America/Santiago", date(2026, 9, 6)),
        (at("0001-01-01T00:00:00"), "UTC", None),
        ({"dateTime": None, "timeZone": "UTC"}, "UTC", None),
        ({}, "UTC", None),
    ],
)
def test_reads_a_date(alice, name, value, zone, expected):
    alice.timezone = zone
    alice.save()

    report, task = import_task(alice, **{name: value})

    column = {"dueDateTime": "due_date", "startDateTime": "start_date"}[name]
    assert (getattr(task, column), task.due_time) == (expected, None)
    assert (report.notices, task.notes) == ([], "")


@pytest.mark.parametrize("name", ["dueDateTime", "startDateTime"])
@pytest.mark.parametrize(
    "value",
    [
        at("2027-02-09T22:00:00"),
        at("2027-07-09T23:00:00"),
        at("2027-02-10T10:00:00"),
        at("2027-02-09T23:00:00", "tzone://Microsoft/Custom"),
        at("2027-02-09T23:00:00", "Mars Standard Time"),
        at("2027-02-09T23:00:00", ""),
        at("2027-02-09T23:00:00Z", "Pacific Standard Time"),
        at("2027-02-30T00:00:00"),
        at("tomorrow"),
        at("9999-12-31T23:00:00"),
        at("1899-12-31T00:00:00"),
        at("3000-01-01T00:00:00"),
        at("2027-02-10T24:00:00"),
        at("1" * 5000),
    ],
)
def test_an_uncertain_date_goes_to_the_notes(alice, name, value):
    report, task = import_task(alice, **{name: value})

    assert (task.due_date, task.start_date) == (None, None)
    assert value["dateTime"] in task.notes
    assert fields_of(report.notices) == [(1, name)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (at("2027-02-10T08:30:00"), time(9, 30)),
        (at("2027-02-10T22:59:59.9990000"), time(23, 59, 59)),
        (at("2027-02-09T23:00:00"), time(0, 0)),
        (at("2027-02-10T09:30:00", "W. Europe Standard Time"), time(9, 30)),
        (at("2027-02-10T00:30:00", "Pacific Standard Time"), time(9, 30)),
    ],
)
def test_a_reminder_on_the_due_date_is_kept(alice, value, expected):
    report, task = import_task(
        alice, dueDateTime=MIDNIGHT, isReminderOn=True, reminderDateTime=value
    )

    assert task.reminder_time == expected
    assert report.notices == []


@pytest.mark.parametrize(
    ("due", "value"),
    [
        (MIDNIGHT, at("2027-02-10T23:00:00")),
        (MIDNIGHT, at("2027-02-09T22:59:00")),
        (MIDNIGHT, at("2027-02-10T08:30:00", "Mars Standard Time")),
        (None, at("2027-02-10T08:30:00")),
        (MIDNIGHT, at("9999-12-31T23:59:00")),
    ],
)
def test_another_reminder_goes_to_the_notes(alice, due, value):
    report, task = import_task(
        alice, dueDateTime=due, isReminderOn=True, reminderDateTime=value
    )

    assert task.reminder_time is None
    assert f"Reminder date time: {value['dateTime']}" in task.notes
    assert fields_of(report.notices) == [(1, "reminderDateTime")]


def test_a_reminder_that_is_off_is_reported(alice):
    report, task = import_task(
        alice,
        dueDateTime=MIDNIGHT,
        isReminderOn=False,
        reminderDateTime=at("2027-02-10T08:30:00"),
    )

    assert (task.reminder_time, task.notes) == (None, "")
    assert fields_of(report.notices) == [(1, "reminderDateTime")]


# --- Repeats --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recurrence", "due", "rule"),
    [
        (repeats("daily"), "2027-02-10", "FREQ=DAILY"),
        (repeats("daily", interval=3), "2027-02-10", "FREQ=DAILY;INTERVAL=3"),
        (
            repeats("weekly", daysOfWeek=["wednesday"]),
            "2027-02-10",
            "FREQ=WEEKLY;BYDAY=WE",
        ),
        (
            repeats("weekly", interval=2, daysOfWeek=["wednesday"]),
            "2027-02-10",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=WE",
        ),
        (
            repeats("weekly", interval=2, daysOfWeek=["Sunday", "Wednesday"]),
            "2027-02-10",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=WE,SU;WKST=SU",
        ),
        (
            repeats(
                "weekly",
                interval=2,
                daysOfWeek=["sunday", "wednesday"],
                firstDayOfWeek="monday",
            ),
            "2027-02-10",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=WE,SU",
        ),
        (
            repeats(
                "weekly",
                daysOfWeek=["monday", "tuesday", "wednesday", "thursday", "friday"],
            ),
            "2027-02-10",
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        ),
        (
            repeats("absoluteMonthly", dayOfMonth=10),
            "2027-02-10",
            "FREQ=MONTHLY;BYMONTHDAY=10",
        ),
        (
            repeats("absoluteMonthly", interval=3, dayOfMonth=31),
            "2027-02-28",
            "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
        ),
        (
            repeats("relativeMonthly", daysOfWeek=["wednesday"], index="second"),
            "2027-02-10",
            "FREQ=MONTHLY;BYDAY=2WE",
        ),
        (
            repeats("relativeMonthly", daysOfWeek=["friday"], index="last"),
            "2027-02-26",
            "FREQ=MONTHLY;BYDAY=-1FR",
        ),
        (
            repeats(
                "relativeMonthly",
                daysOfWeek=["monday", "tuesday", "wednesday", "thursday", "friday"],
                index="first",
            ),
            "2027-05-03",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1",
        ),
        (
            repeats("absoluteYearly", month=2, dayOfMonth=10),
            "2027-02-10",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=10",
        ),
        (
            repeats("absoluteYearly", month=2, dayOfMonth=29),
            "2027-02-28",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1",
        ),
        (
            repeats("absoluteYearly", month=12, dayOfMonth=31),
            "2027-12-31",
            "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31",
        ),
        (
            repeats("relativeYearly", month=5, daysOfWeek=["sunday"], index="second"),
            "2027-05-09",
            "FREQ=YEARLY;BYMONTH=5;BYDAY=2SU",
        ),
        (
            repeats("daily", span={"type": "endDate", "endDate": "2027-03-01"}),
            "2027-02-10",
            "FREQ=DAILY;UNTIL=20270301",
        ),
        (
            repeats("daily", span={"type": "numbered", "numberOfOccurrences": 5}),
            "2027-02-10",
            "FREQ=DAILY;COUNT=5",
        ),
        (
            {"pattern": {"type": "daily", "interval": 1}, "range": None},
            "2027-02-10",
            "FREQ=DAILY",
        ),
    ],
)
def test_reads_a_recurrence(alice, recurrence, due, rule):
    report, task = import_task(
        alice, dueDateTime=at(f"{due}T00:00:00"), recurrence=recurrence
    )

    assert (task.rrule, task.due_date.isoformat()) == (rule, due)
    assert report.notices == []


@pytest.mark.parametrize(
    ("recurrence", "note"),
    [
        (repeats("hourly"), "type hourly"),
        (repeats("weekly"), "type weekly"),
        (repeats("weekly", daysOfWeek=["someday"]), "daysOfWeek someday"),
        # The due date, a Wednesday, is not one of its dates.
        (repeats("weekly", daysOfWeek=["tuesday"]), "daysOfWeek tuesday"),
        (repeats("absoluteMonthly", dayOfMonth=9), "dayOfMonth 9"),
        (repeats("absoluteMonthly", dayOfMonth=32), "dayOfMonth 32"),
        (repeats("absoluteMonthly"), "absoluteMonthly"),
        (repeats("absoluteYearly", month=4, dayOfMonth=31), "month 4"),
        (repeats("absoluteYearly", month=13, dayOfMonth=1), "month 13"),
        (repeats("daily", interval=1000), "interval 1000"),
        (repeats("daily", interval=-1), "interval -1"),
        (
            repeats("relativeMonthly", daysOfWeek=["wednesday"], index="fifth"),
            "index fifth",
        ),
        (
            repeats(
                "weekly",
                interval=2,
                daysOfWeek=["monday", "wednesday"],
                firstDayOfWeek="x",
            ),
            "firstDayOfWeek x",
        ),
        (
            repeats("daily", span={"type": "endDate", "endDate": "0001-01-01"}),
            "type endDate",
        ),
        (
            repeats("daily", span={"type": "endDate", "endDate": "2027-01-01"}),
            "endDate 2027-01-01",
        ),
        (
            repeats(
                "daily",
                span={
                    "type": "numbered",
                    "startDate": "2027-01-01",
                    "numberOfOccurrences": 50,
                },
            ),
            "numberOfOccurrences 50",
        ),
        (repeats("daily", span={"type": "numbered"}), "type numbered"),
        (repeats("daily", span={"type": "odd"}), "type odd"),
        ({"pattern": None, "range": {"type": "noEnd"}}, "type noEnd"),
    ],
)
def test_another_recurrence_goes_to_the_notes(alice, recurrence, note):
    report, task = import_task(alice, dueDateTime=MIDNIGHT, recurrence=recurrence)

    assert (task.rrule, task.due_date) == ("", date(2027, 2, 10))
    assert task.notes.startswith("Recurrence: ")
    assert note in task.notes
    assert fields_of(report.notices) == [(1, "recurrence")]


def test_a_recurrence_without_a_certain_due_date_goes_to_the_notes(alice):
    report, task = import_task(
        alice, dueDateTime=at("2027-02-10T10:00:00"), recurrence=repeats("daily")
    )

    assert (task.rrule, task.due_date) == ("", None)
    assert fields_of(report.notices) == [(1, "dueDateTime"), (1, "recurrence")]


# --- Other fields ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "completed_at"),
    [
        ({"status": "notStarted"}, None),
        ({"status": None}, None),
        ({"status": "completed"}, LATER),
        (
            {"status": "completed", "lastModifiedDateTime": "2026-05-01T10:00:00Z"},
            datetime(2026, 5, 1, 10, tzinfo=UTC),
        ),
        (
            {"status": "completed", "completedDateTime": at("2026-05-01T10:00:00")},
            datetime(2026, 5, 1, 10, tzinfo=UTC),
        ),
        (
            {"status": "completed", "completedDateTime": at("2026-05-01T00:00:00")},
            datetime(2026, 4, 30, 22, tzinfo=UTC),
        ),
        (
            {
                "status": "completed",
                "completedDateTime": at("2026-05-01T10:00:00", "Mars"),
            },
            datetime(2026, 5, 1, 8, tzinfo=UTC),
        ),
    ],
)
def test_reads_the_status(alice, fields, completed_at):
    report, task = import_task(alice, **fields)

    assert task.completed_at == completed_at
    assert report.notices == []


@pytest.mark.parametrize(
    ("fields", "field", "note"),
    [
        ({"status": "inProgress"}, "status", "Status: In progress"),
        ({"status": "deferred"}, "status", "Status: Deferred"),
        ({"status": "odd"}, "status", "Status: odd"),
        (
            {"completedDateTime": at("2026-05-01T10:00:00")},
            "completedDateTime",
            "Completed date time: 2026-05-01T10:00:00 (UTC)",
        ),
        (
            {"status": "completed", "completedDateTime": at("soon")},
            "completedDateTime",
            "Completed date time: soon (UTC)",
        ),
        ({"importance": "urgent"}, "importance", "Importance: urgent"),
        ({"createdDateTime": "soon"}, "createdDateTime", "Created date time: soon"),
        (
            {"linkedResources": [{"webUrl": "https://a.example"}]},
            "linkedResources",
            "Linked resources: https://a.example",
        ),
        (
            {"attachments": [{"name": "plan.pdf", "contentBytes": "AAAA"}]},
            "attachments",
            "Attachments: plan.pdf",
        ),
        ({"categories": ["x" * 60]}, "categories", f"Categories: {'x' * 60}"),
        (
            {"categories": [f"label {n}" for n in range(21)]},
            "categories",
            "Categories: label 20",
        ),
    ],
    ids=range(11),
)
def test_adds_values_without_a_field_to_the_notes(alice, fields, field, note):
    report, task = import_task(alice, **fields)

    assert note in task.notes
    assert fields_of(report.notices) == [(1, field)]


def test_attachments_that_are_not_in_the_file_are_reported(alice):
    report, _ = import_task(alice, hasAttachments=True)

    assert fields_of(report.notices) == [(1, "hasAttachments")]


@pytest.mark.parametrize(
    ("body", "notes"),
    [
        ({"content": " a\r\n\vb <b> ", "contentType": "text"}, "a\n\nb <b>"),
        ({"content": "<p>a</p><p>b<br>c</p>", "contentType": "html"}, "a\n\nb\nc"),
        ({"content": "<p>a</p>"}, "<p>a</p>"),
        ({"content": "<p>a</p>", "contentType": "HTML"}, "a"),
        ({"content": None, "contentType": "html"}, ""),
        (None, ""),
    ],
)
def test_reads_the_body(alice, body, notes):
    report, task = import_task(alice, body=body)

    assert task.notes == notes
    assert report.notices == []


def test_pictures_in_the_body_are_reported(alice):
    content = f'<p>See <img src="data:image/png;base64,{"A" * 30_000}"> here</p>'

    report, task = import_task(alice, body={"content": content, "contentType": "html"})

    assert task.notes == "See here"
    assert fields_of(report.notices) == [(1, "body")]


def test_a_checked_step_of_a_completed_task_has_its_time(alice):
    _, (task, step, other) = import_tasks(
        alice,
        {
            "status": "completed",
            "completedDateTime": at("2026-05-01T10:00:00"),
            "checklistItems": [
                {"displayName": "a", "isChecked": True},
                {"displayName": "b", "isChecked": False},
            ],
        },
    )

    assert step.completed_at == task.completed_at
    assert other.completed_at is None


def test_an_unknown_field_is_reported_once(alice):
    report, _ = import_tasks(alice, {"colour": "red"}, {"colour": 1.5, "@odata.x": 1})

    assert fields_of(report.notices) == [(None, "colour")]


def test_a_duplicate_id_is_imported_once(alice):
    steps = [{"id": "s", "displayName": "a"}, {"id": "s", "displayName": "b"}]

    report, tasks = import_tasks(
        alice, {"id": "a", "checklistItems": steps}, {"id": "a", "title": "Again"}
    )

    assert [task.title for task in tasks] == ["Walk", "a"]
    assert fields_of(report.notices) == [(1, "id"), (2, "id")]


# --- Other shapes ---------------------------------------------------------------------

TASK = {"title": "a", "status": "notStarted", "importance": "normal"}


@pytest.mark.parametrize(
    ("document", "list_name"),
    [
        ([{"displayName": "Home", "tasks": [TASK]}], "Home"),
        ({"lists": [{"displayName": "Home", "tasks": [TASK]}]}, "Home"),
        ({"displayName": "Home", "tasks": [{"title": "a"}]}, "Home"),
        ({"displayName": "Home", "tasks": {"value": [TASK]}}, "Home"),
        ({"value": [{"tasks": [TASK], "displayName": "Home"}]}, "Home"),
        ({"value": [TASK]}, None),
        ([TASK], None),
        ([[TASK]], None),
        ([{"value": [TASK]}], None),
    ],
    ids=range(9),
)
def test_reads_what_tools_write(alice, document, list_name):
    report = import_for(alice, json.dumps(document), "microsoft-todo")

    task = Task.objects.get(owner=alice)
    assert task.list.is_inbox is (list_name is None)
    assert list_name in {None, task.list.name}
    assert report.notices == []


@pytest.mark.parametrize(
    "document",
    [
        {"@odata.nextLink": "https://graph.example/next", "value": [TASK]},
        {"displayName": "Home", "tasks@odata.nextLink": "https://x", "tasks": [TASK]},
        {"displayName": "L", "tasks": {"value": [TASK], "@odata.nextLink": "https:"}},
        [TASK | {"checklistItems@odata.nextLink": "https://graph.example/next"}],
    ],
    ids=range(4),
)
def test_a_further_page_is_reported(alice, document):
    report = import_for(alice, json.dumps(document), "microsoft-todo")

    assert fields_of(report.notices) == [(None, "@odata.nextLink")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"value": []}',
        b'"text"',
        b"7",
        b"title,notes\na,b\n",
        EXPORT[:-300],
        EXPORT + b"{}",
        b'{"value": [7]}',
        b'{"value": [{"displayName": 7, "tasks": []}]}',
        b'{"value": [{"displayName": "a", "displayName": "b", "tasks": []}]}',
        b'{"displayName": "a", "tasks": [{"title": "a", "title": "b"}]}',
        b'{"displayName": "a", "tasks": [{"title": "a", "body": {"a": 1, "a": 2}}]}',
        b'{"kind": "tasks#taskLists", "items": [{"title": "a"}]}',
        b'{"format": "ownlist", "lists": [], "tasks": [{"title": "a", "notes": ""}]}',
        b'[{"title": "a", "description": "", "done": false}]',
        b'{"error": {"code": "InvalidAuthenticationToken"}}',
        b'{"value":' * 100_000,
        b'{"value":[' * 100_000,
        b"[" * 100_000,
        b'{"value": [{"title": ' + b"[" * 5_000,
        b'{"value": [{"title": "' + b"x" * 600_000,
        b'{"value": [{"title": "a", "status": [' + b"1," * 6_000 + b"1]}]}",
        b'{"value": [{"title": "a", "status": ' + b"1" * 5_000 + b"}]}",
        b'{"value": [{"title": "a", "status": NaN}]}',
    ],
    ids=range(26),
)
def test_refuses_another_file(alice, body):
    with pytest.raises(FileRefused):
        import_for(alice, body, "microsoft-todo")

    assert Task.objects.filter(owner=alice).count() == 0


NUMBERED = {"type": "numbered", "numberOfOccurrences": 3}
WRONG = [7, 1.5, True, "x", [], [7], {}, {"a": {"b": [None]}}, "\ud800", "\x00"]


def check_wrong_types(user, name, task_with):
    """Check that each wrong value of a field is an error of its row, or harmless."""
    for value in WRONG:
        body = of_list(task_with(value), {"title": "Other"})
        report = import_for(user, body, "microsoft-todo", dry_run=True)

        assert {issue.row for issue in report.errors} <= {1}, value
        assert all(issue.field.startswith(name) for issue in report.errors), value
        assert (report.created > 0) is not bool(report.errors), value


@as_one_test
@pytest.mark.parametrize("name", sorted({*microsoft_todo.USED, *microsoft_todo.UNUSED}))
def test_a_wrong_type_is_an_error_of_its_row(alice, name):
    check_wrong_types(alice, name, lambda value: {name: value})


@as_one_test
@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("body", "content"),
        ("body", "contentType"),
        ("dueDateTime", "dateTime"),
        ("dueDateTime", "timeZone"),
        ("reminderDateTime", "dateTime"),
        ("completedDateTime", "timeZone"),
        ("recurrence", "pattern"),
        ("recurrence", "range"),
    ],
)
def test_a_wrong_type_within_a_field_is_an_error_of_its_row(alice, name, inner):
    check_wrong_types(alice, name, lambda value: {name: {inner: value}})


@as_one_test
@pytest.mark.parametrize(
    ("name", "inner"),
    [
        ("checklistItems", "id"),
        ("checklistItems", "displayName"),
        ("checklistItems", "createdDateTime"),
        ("checklistItems", "isChecked"),
        ("linkedResources", "webUrl"),
        ("linkedResources", "displayName"),
        ("linkedResources", "applicationName"),
        ("attachments", "name"),
    ],
)
def test_a_wrong_type_within_a_list_is_an_error_of_its_row(alice, name, inner):
    check_wrong_types(alice, name, lambda value: {name: [{inner: value}]})


@as_one_test
@pytest.mark.parametrize("kind", ["weekly", "relativeYearly", "absoluteYearly"])
@pytest.mark.parametrize(
    ("part", "inner"),
    [
        *(("pattern", name) for name in repeats("daily")["pattern"]),
        *(("range", name) for name in repeats("daily")["range"]),
    ],
)
def test_a_wrong_type_in_a_recurrence_is_an_error_of_its_row(alice, kind, part, inner):
    def task_with(value):
        days = ["monday", "wednesday"]
        recurrence = repeats(
            kind, interval=2, month=2, dayOfMonth=10, daysOfWeek=days, span=NUMBERED
        )
        recurrence[part][inner] = value
        return {"dueDateTime": MIDNIGHT, "recurrence": recurrence}

    check_wrong_types(alice, "recurrence", task_with)


def test_limits_the_number_of_tasks_and_steps(alice):
    with pytest.raises(TooManyRows):
        import_tasks(alice, {}, {}, {}, rows_max=2)
    with pytest.raises(TooManyRows):
        steps = [{"displayName": "a"}, {"displayName": "b"}]
        import_tasks(alice, {"checklistItems": steps}, rows_max=2)


def test_more_steps_than_a_task_can_have_are_an_error(alice):
    steps = [{"displayName": "a"} for _ in range(501)]

    report, tasks = import_tasks(alice, {"checklistItems": steps})

    assert {issue.field for issue in report.errors} == {"parent"}
    assert tasks == []


def test_an_empty_list_is_not_created(alice):
    import_for(alice, of_list(displayName="Nothing"), "microsoft-todo")

    assert TaskList.objects.filter(owner=alice).count() == 1


def test_html_that_is_too_long_is_cut_with_a_notice(alice):
    body = {"content": "<b></b>" * 20_000 + "lost", "contentType": "html"}

    report, task = import_task(alice, body=body)

    assert fields_of(report.notices) == [(1, "body")]
    assert "100000 characters" in report.notices[0].message
    assert task.notes == ""
