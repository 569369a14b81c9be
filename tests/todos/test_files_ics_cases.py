"""Calendars as other programs write them, in `tests/data/calendars`."""

from datetime import date, time
from pathlib import Path

import pytest

from tests.todos.files import LATER, exported, import_for
from todos.models import Task

pytestmark = pytest.mark.any_database

CALENDARS = Path(__file__).parent.parent / "data" / "calendars"
COLUMNS = {
    "title": "",
    "notes": "",
    "priority": 3,
    "due_date": None,
    "due_time": None,
    "due_tz": "",
    "start_date": None,
    "rrule": "",
    "completed_at": None,
    "reminder_minutes": None,
    "reminder_time": None,
    "parent__title": None,
}


def imported(user, name):
    """Import a calendar; return the notices and the columns that are not empty."""
    report = import_for(user, (CALENDARS / f"{name}.ics").read_bytes(), "ics")
    assert report.errors == []
    tasks = Task.objects.filter(owner=user).order_by("position").values(*COLUMNS)
    return report.notices, [
        {name: value for name, value in task.items() if value != COLUMNS[name]}
        for task in tasks
    ]


DAY = date(2027, 2, 10)
CASES = {
    "ios-place": [
        {"title": "Freezer list", "priority": 1},
        {"title": "Second task", "due_date": DAY},
    ],
    "underscore": [
        {
            "title": "Done on the NAS",
            "due_date": date(2027, 1, 12),
            "due_time": time(8),
            "due_tz": "Europe/Prague",
            "completed_at": LATER,
        },
        {"title": "Another"},
    ],
    "raw-line-break": [
        {"title": "Before"},
        {"title": "With a broken text", "notes": "first line\n\nNumber: five"},
        {"title": "After"},
    ],
    "dummy-alarm": [
        {
            "title": "Call the dentist",
            "due_date": DAY,
            "due_time": time(9),
            "due_tz": "Europe/Berlin",
            "reminder_minutes": 15,
        }
    ],
    "second-alarm": [
        {
            "title": "Two alarms",
            "due_date": DAY,
            "reminder_time": time(9),
            "notes": "Trigger: -P1D",
        }
    ],
    "duration": [
        {
            "title": "Paint the door",
            "start_date": DAY,
            "due_date": DAY,
            "due_time": time(11),
            "due_tz": "Europe/Berlin",
        }
    ],
    "rule-semicolon": [
        {
            "title": "Bins",
            "due_date": date(2027, 2, 8),
            "rrule": "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO",
        }
    ],
    "percent-100": [{"title": "Done elsewhere", "completed_at": LATER}],
    "silent": [
        {"title": "Half done", "notes": "Percent-complete: 60\n\nGeo: 48.1;11.5"}
    ],
    "done-occurrences": [
        {
            "title": "Water plants",
            "due_date": date(2026, 11, 29),
            "rrule": "FREQ=WEEKLY",
        }
    ],
    "child": [{"title": "Parent"}, {"title": "Child", "parent__title": "Parent"}],
    "empty-values": [{"title": "Nothing set"}],
    "inline-picture": [
        {"title": "With a picture", "notes": "See the picture"},
        {"title": "Another"},
    ],
    "window-month": [
        {
            "title": "Rent window",
            "start_date": date(2027, 2, 1),
            "due_date": date(2027, 2, 5),
            "rrule": "FREQ=MONTHLY;BYMONTHDAY=1",
        }
    ],
    "window-year": [
        {
            "title": "Tax window",
            "start_date": date(2027, 1, 1),
            "due_date": date(2027, 3, 1),
            "rrule": "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1",
        }
    ],
}
NOTICES = {
    "ios-place": [
        "“Freezer list”, line 13: This is not valid iCalendar. It was left out.",
        "“Freezer list”, line 8: A reminder at a place was left out.",
    ],
    "underscore": [
        "“Done on the NAS”, line 10: This is not valid iCalendar. It was left out.",
        "Properties that are not imported: LAST-MOD (1).",
    ],
    "raw-line-break": [
        "“With a broken text”, lines 13, 14: The line end before this is not"
        " escaped. It was added to the notes.",
    ],
    "second-alarm": [
        "“Two alarms”, line 10: A task has one reminder. It was added to the notes."
    ],
    "duration": [
        "“Paint the door”, line 7: A task starts on a date:"
        " the time 09:00 was left out."
    ],
    "silent": [
        "“Half done”, line 8: Tasks have no field for it. It was added to the notes.",
        "“Half done”, line 9: Tasks have no field for it. It was added to the notes.",
        "“Half done”, line 10: It was left out, as every task is private.",
    ],
    "done-occurrences": [
        "“Water plants”, lines 12, 21, 30, 39: Done or cancelled occurrences: 4."
        " The task is due on the first that is not."
    ],
    "inline-picture": ["“With a picture”, line 8: An attached file was left out."],
}


def test_every_calendar_is_a_case():
    assert {path.stem for path in CALENDARS.glob("*.ics")} == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_imports_it_with_the_right_values(alice, name):
    notices, tasks = imported(alice, name)

    assert tasks == CASES[name]
    assert [found.message for found in notices] == NOTICES.get(name, [])


@pytest.mark.parametrize("size", [30_000, 200_000, 3_000_000])
def test_a_picture_of_any_size_costs_only_itself(alice, size):
    body = (CALENDARS / "inline-picture.ics").read_bytes()
    picture = body.replace(b"BINARY:", b"BINARY:" + b"A" * size)

    report = import_for(alice, picture, "ics")

    assert (report.created, report.errors) == (2, [])
    [notice] = report.notices
    assert notice.message.startswith("“With a picture”, line 8: ")
    assert Task.objects.filter(owner=alice, notes="See the picture").count() == 1


@pytest.mark.parametrize("name", CASES)
def test_a_dry_run_gives_the_same_report(alice, name):
    body = (CALENDARS / f"{name}.ics").read_bytes()

    dry = import_for(alice, body, "ics", dry_run=True)
    real = import_for(alice, body, "ics")

    assert (dry.created, dry.skipped, dry.errors, dry.notices) == (
        real.created,
        real.skipped,
        real.errors,
        real.notices,
    )


@pytest.mark.parametrize("name", CASES)
def test_its_export_can_be_imported_as_it_is(alice, bob, name):
    _, tasks = imported(alice, name)
    body = exported(alice, "ics")

    report = import_for(bob, body, "ics")

    assert (report.errors, report.notices) == ([], [])
    again = Task.objects.filter(owner=bob).order_by("position").values(*COLUMNS)
    shown = [
        {name: value for name, value in task.items() if value != COLUMNS[name]}
        for task in again
    ]
    assert shown == tasks
