"""A dry run says exactly what the import does, whatever the format and the file."""

import csv
import io
import json
from dataclasses import asdict

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.factories import TaskListFactory, UserFactory
from tests.todos.files import a_full_account, exported, import_for, stored
from tests.todos.test_files_ticktick import backup
from tests.todos.test_files_vikunja import export, project
from tests.todos.test_files_vikunja import task as vikunja_task
from todos.imports.files import FileRefused
from todos.imports.formats import FORMATS

pytestmark = pytest.mark.django_db

MAYBE_TEXT = [
    "",
    "a",
    "Ä, ö",
    "=SUM(A1)",
    "\x00",
    "x" * 501,
    "@home p1",
    "\u202e",
    "\ud7ff",
]
MAYBE_DATE = ["", "2027-02-10", "2027-02-30", "2027-02-09T23:00:00+0000", "tomorrow"]
MAYBE_DATE += ["2027-02-10T08:30:00Z", "2027-02-10 08:30:00", "0001-01-01T00:00:00Z"]
MAYBE_RULE = [
    "",
    "FREQ=DAILY",
    "FREQ=WEEKLY;BYDAY=MO,",
    "FREQ=HOURLY",
    "FREQ=DAILY;COUNT=0",
]
MAYBE_NUMBER = ["", "1", "2", "3", "4", "0", "x"]
MAYBE_ZONE = ["", "Europe/Berlin", "UTC", "Mars/Base"]
MAYBE_ID = ["", "1", "2", "3", "4"]


def texts(*groups):
    return st.sampled_from([value for group in groups for value in group])


def rows_of(cells, **options):
    """Return lists of rows with some of these columns."""
    row = st.fixed_dictionaries({}, optional=cells)
    return st.lists(row, min_size=1, max_size=5, **options)


def table(names, rows):
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


# Most titles are valid, so that some files are imported.
TITLES = texts(["a"] * 30, MAYBE_TEXT)
CSV_CELLS = {
    "id": texts(MAYBE_ID),
    "parent": texts(MAYBE_ID),
    "list": texts(["", "Home", "x" * 101]),
    "notes": texts(MAYBE_TEXT),
    "labels": texts(["", "a", "a,b", 'x"', "y" * 51]),
    "priority": texts(MAYBE_NUMBER, ["high"]),
    "due_date": texts(MAYBE_DATE),
    "due_time": texts(["", "09:30", "9 pm", "25:00"]),
    "due_tz": texts(MAYBE_ZONE),
    "start_date": texts(MAYBE_DATE),
    "rrule": texts(MAYBE_RULE),
    "anchor": texts(["", "due", "completion", "x"]),
    "reminder": texts(["", "30m", "09:00", "x"]),
    "completed_at": texts(MAYBE_DATE),
}
TODOIST_CELLS = {
    "DESCRIPTION": texts(MAYBE_TEXT),
    "PRIORITY": texts(MAYBE_NUMBER),
    "INDENT": texts(MAYBE_NUMBER),
    "DATE": texts(MAYBE_DATE, ["every day", "every full moon", "today 9am"]),
    "TIMEZONE": texts(MAYBE_ZONE),
    "DEADLINE": texts(MAYBE_DATE),
    "DURATION": texts(MAYBE_NUMBER),
}
TICKTICK_CELLS = {
    "Folder Name": texts(["", "Work", "x" * 101]),
    "List Name": texts(["", "Inbox", "Home"]),
    "Kind": texts(["TEXT", "NOTE", "CHECKLIST"]),
    "Tags": texts(["", "a", "a, b", "y" * 51]),
    "Content": texts(MAYBE_TEXT, ["▫a\n▪b", "c\r▫"]),
    "Start Date": texts(MAYBE_DATE),
    "Due Date": texts(MAYBE_DATE),
    "Is All Day": texts(["", "true", "false", "x"]),
    "Timezone": texts(MAYBE_ZONE),
    "Reminder": texts(["", "TRIGGER:-PT30M", "TRIGGER:P0DT9H0M0S", "x"]),
    "Repeat": texts(MAYBE_RULE, ["ERULE:NAME=CUSTOM", "FREQ=DAILY;TT_SKIP=WEEKEND"]),
    "Priority": texts(MAYBE_NUMBER),
    "Status": texts(["0", "1", "2", "-1", "x"]),
    "Created Time": texts(MAYBE_DATE),
    "Completed Time": texts(MAYBE_DATE),
    "Column Name": texts(["", "Doing"]),
    "taskId": texts(MAYBE_ID),
    "parentId": texts(MAYBE_ID),
}
ICS_LINES = {
    "UID": texts(MAYBE_ID),
    "RELATED-TO": texts(MAYBE_ID),
    "DESCRIPTION": texts(["", "a\\, b", "x" * 20_001, "a\x07"]),
    "DUE": texts(["", "20270210", "20270210T083000Z", "20270230", "x"]),
    "DTSTART": texts(["", "20270208", "20270208T083000", "x"]),
    "DURATION": texts(["PT2H", "P1D", "x"]),
    "RRULE": texts(MAYBE_RULE),
    "PRIORITY": texts(MAYBE_NUMBER),
    "STATUS": texts(["", "COMPLETED", "CANCELLED", "NEEDS-ACTION", "x"]),
    "COMPLETED": texts(["", "20261101T100000Z", "x"]),
    "CATEGORIES": texts(["", "a", "a,b", "y" * 51]),
    "PERCENT-COMPLETE": texts(["", "50", "100", "x"]),
    "X-BAD LINE": texts(["a", '"']),
    "RECURRENCE-ID": texts(["20270210"]),
}
JSON_VALUES = st.sampled_from([None, "", "a", 5, 0.5, True, [], {}, [1], {"a": 1}])


def or_other(usual):
    """Return a strategy of usual values and, less often, of any others."""
    return st.one_of(usual, usual, usual, usual, usual, JSON_VALUES)


INSTANTS = or_other(texts(MAYBE_DATE))
VIKUNJA_MEMBERS = {
    "id": or_other(st.integers(0, 4)),
    "title": or_other(texts(MAYBE_TEXT)),
    "description": or_other(texts(["<p>a</p>", "b", "x" * 20_001])),
    "done": or_other(st.booleans()),
    "done_at": INSTANTS,
    "due_date": INSTANTS,
    "start_date": INSTANTS,
    "end_date": INSTANTS,
    "created": INSTANTS,
    "updated": INSTANTS,
    "priority": or_other(st.integers(-1, 6)),
    "repeat_after": or_other(st.sampled_from([86400, 3600, 7 * 86400])),
    "repeat_mode": or_other(st.integers(0, 3)),
    "labels": or_other(st.just([{"title": "a"}])),
    "percent_done": or_other(st.just(0.5)),
    "reminders": or_other(
        st.just([{"relative_period": -60, "relative_to": "due_date"}])
    ),
    "assignees": or_other(st.just([{"username": "kim"}])),
    "comments": or_other(st.just([{"comment": "a"}])),
    "related_tasks": or_other(
        st.integers(1, 5).map(lambda n: {"parenttask": [{"id": n, "title": "x"}]})
    ),
    "bucket_id": or_other(st.integers(0, 2)),
}


def calendar(todos):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    for todo in todos:
        properties = [f"{name}:{value}" for name, value in todo.items()]
        lines += ["BEGIN:VTODO", "SUMMARY:a", *properties, "END:VTODO"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def google(tasks):
    items = [
        {"kind": "tasks#task", "status": "needsAction", "title": "a"} | t for t in tasks
    ]
    return json.dumps({"kind": "tasks#tasks", "title": "Home", "items": items})


def microsoft(tasks):
    usual = {"title": "a", "status": "notStarted", "importance": "normal"}
    items = [usual | task for task in tasks]
    return json.dumps({"value": [{"displayName": "Home", "tasks": items}]})


MICROSOFT_DATES = or_other(
    st.builds(
        lambda text, zone: {"dateTime": text, "timeZone": zone},
        texts(MAYBE_DATE, ["2027-02-10T00:00:00.0000000"]),
        texts(MAYBE_ZONE),
    )
)
FILES = {
    "csv": rows_of(CSV_CELLS | {"title": TITLES}).map(
        lambda rows: table(
            ["title", *CSV_CELLS], [{"title": "a"} | row for row in rows]
        )
    ),
    "todoist": rows_of(TODOIST_CELLS | {"CONTENT": TITLES}).map(
        lambda rows: table(
            ["TYPE", "CONTENT", *TODOIST_CELLS],
            [{"TYPE": "task", "CONTENT": "a"} | row for row in rows],
        )
    ),
    "ticktick": rows_of(TICKTICK_CELLS | {"Title": TITLES}).map(
        lambda rows: backup(*rows)
    ),
    "ics": rows_of(ICS_LINES).map(calendar),
    "vikunja": st.builds(
        lambda rows, is_archived: export(
            project(
                *(vikunja_task(number, **row) for number, row in enumerate(rows, 1)),
                title="Home",
                is_archived=is_archived,
                buckets=[{"id": 1, "title": "Doing"}],
            )
        ),
        rows_of(VIKUNJA_MEMBERS),
        st.booleans(),
    ),
    "microsoft-todo": rows_of(
        {
            "id": or_other(texts(MAYBE_ID)),
            "title": or_other(texts(MAYBE_TEXT)),
            "status": or_other(texts(["completed", "notStarted", "x"])),
            "importance": or_other(texts(["low", "high", "x"])),
            "dueDateTime": MICROSOFT_DATES,
            "startDateTime": MICROSOFT_DATES,
            "reminderDateTime": MICROSOFT_DATES,
            "isReminderOn": or_other(st.booleans()),
            "categories": or_other(st.just(["a"])),
            "checklistItems": or_other(
                st.just([{"displayName": "b", "isChecked": True}])
            ),
            "recurrence": or_other(
                st.just({"pattern": {"type": "daily", "interval": 2}})
            ),
        }
    ).map(microsoft),
    "google-tasks": rows_of(
        {
            "id": or_other(texts(MAYBE_ID)),
            "parent": or_other(texts(MAYBE_ID)),
            "title": or_other(texts(MAYBE_TEXT)),
            "due": INSTANTS,
            "status": or_other(texts(["completed", "needsAction", "x"])),
            "completed": INSTANTS,
            "links": JSON_VALUES,
            "position": or_other(texts(MAYBE_ID)),
        }
    ).map(google),
}


def outcome(user, body, name, **options):
    """Return the report without its batch, or the reason of a refusal."""
    try:
        report = import_for(user, body, name, **options)
    except FileRefused as exc:
        return str(exc)
    return asdict(report) | {"batch": None}


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
@settings(max_examples=30)
def test_the_dry_run_reports_what_the_import_does(name, data):
    user = UserFactory(timezone="Europe/Berlin")
    TaskListFactory(owner=user, name="Home")
    body = data.draw(FILES[name]).encode("utf-8", "surrogatepass")
    before = stored(user)

    expected = outcome(user, body, name, dry_run=True)
    assert stored(user) == before
    assert outcome(user, body, name) == expected

    if isinstance(expected, str) or expected["errors"]:
        assert stored(user) == before
    else:
        event("imported")
        tasks, lists, labels, _ = (
            now - then for now, then in zip(stored(user), before, strict=True)
        )
        assert tasks + lists + labels == expected["created"]


def test_the_dry_run_of_an_export_reports_what_the_import_does(alice, bob):
    a_full_account(alice)
    body, before = exported(alice), stored(bob)

    expected = outcome(bob, body, "json", dry_run=True)

    assert stored(bob) == before
    assert outcome(bob, body, "json") == expected
    assert expected["created"] > 10


def test_every_format_is_compared():
    assert {*FILES, "json"} == set(FORMATS)
