"""Todoist: the CSV export of a project is imported without loss."""

from datetime import date, time

import pytest

from tests.todos.files import import_for
from todos.imports.files import FileRefused, MappingRefused
from todos.models import Task, TaskList

HEADER = (
    "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,"
    "TIMEZONE,DURATION,DURATION_UNIT,DEADLINE,DEADLINE_LANG"
)
# As Todoist writes it, with the byte order mark, blank rows and CRLF.
PROJECT = "\ufeff" + "\r\n".join(
    [
        HEADER,
        "meta,view_style=list,,,,,,,,,,,,",
        "task,Repot the basil @garden @weekend,Terracotta pot,1,1,Kai (1),,"
        "Dec 5 2026,en,Africa/Cairo,,None,,",
        "task,Buy compost,,4,2,Kai (1),,,en,Africa/Cairo,,None,,",
        "note,Get the *peat-free* one,,,,Kai (1),,,,,,,,",
        "task,Ask Ann,,2,3,Kai (1),,,en,Africa/Cairo,,None,,",
        ",,,,,,,,,,,,,",
        "section,Weekly chores,,,,,,,,,,,,",
        "task,Water the ferns,,2,1,Kai (1),,every monday at 9am,en,UTC,,None,,",
        'task,"Order seeds, ""heirloom"" kind",,3,1,Kai (1),,tomorrow 18:00,en,'
        "Africa/Cairo,,None,,",
        "",
    ]
)


def tasks_of(user):
    return list(Task.objects.filter(owner=user).order_by("position"))


def labels_of(task):
    return sorted(task.labels.values_list("name", flat=True))


def import_task(user, **cells):
    """Import one task with these cells; return the report and the task."""
    names = HEADER.split(",")
    row = {"TYPE": "task", "CONTENT": "a", "PRIORITY": "4", "INDENT": "1"} | cells
    line = ",".join(f'"{row.get(name, "")}"' for name in names)
    report = import_for(user, f"{HEADER}\n{line}\n", "todoist")
    return report, Task.objects.filter(owner=user).first()


def test_imports_a_project(alice):
    report = import_for(alice, PROJECT, "todoist", mapping={"list": "Home"})

    assert report.errors == []
    basil, compost, ann, ferns, seeds = tasks_of(alice)
    assert basil.title == "Repot the basil"
    assert labels_of(basil) == ["garden", "weekend"]
    assert (basil.notes, basil.priority) == ("Terracotta pot", 1)
    assert (basil.due_date, basil.due_time) == (date(2026, 12, 5), None)
    assert compost.parent_id == ann.parent_id == basil.pk
    assert compost.notes == "Get the *peat-free* one"
    assert (compost.priority, ann.priority) == (4, 2)
    assert (ferns.rrule, ferns.due_time) == ("FREQ=WEEKLY;BYDAY=MO", time(9))
    assert labels_of(ferns) == labels_of(seeds) == ["Weekly chores"]
    assert seeds.title == 'Order seeds, "heirloom" kind'
    assert (seeds.due_time, seeds.due_tz) == (time(18), "Africa/Cairo")
    assert {task.list.name for task in tasks_of(alice)} == {"Home"}


def test_reports_adaptations_by_row(alice):
    report = import_for(alice, PROJECT, "todoist")

    assert [(issue.row, issue.field) for issue in report.notices] == [
        (6, "indent"),
        (8, "section"),
    ]


def test_imports_into_the_inbox_without_a_list(alice):
    import_for(alice, PROJECT, "todoist")

    assert {task.list.is_inbox for task in tasks_of(alice)} == {True}
    assert TaskList.objects.filter(owner=alice).count() == 1


def test_two_projects_have_different_ids(alice):
    first = import_for(alice, PROJECT, "todoist")
    second = import_for(alice, PROJECT, "todoist")

    assert first.created > second.created == 5  # the labels are there already


def test_a_time_in_the_users_zone_has_no_zone(alice):
    alice.timezone = "Africa/Cairo"
    alice.save()

    _, task = import_task(alice, DATE="tomorrow 18:00", TIMEZONE="Africa/Cairo")

    assert (task.due_time, task.due_tz) == (time(18), "")


@pytest.mark.parametrize(
    ("phrase", "language", "due", "rule"),
    [
        ("2027-02-28", "en", date(2027, 2, 28), ""),
        ("2027-02-28", "de", date(2027, 2, 28), ""),
        ("Feb 28 2027", "en", date(2027, 2, 28), ""),
        ("every day", "", date(2026, 12, 22), "FREQ=DAILY"),
        ("every! 2 weeks", "en", date(2026, 12, 22), "FREQ=WEEKLY;INTERVAL=2"),
    ],
)
def test_reads_dates_as_quick_add_does(alice, phrase, language, due, rule):
    report, task = import_task(alice, DATE=phrase, DATE_LANG=language)

    assert (task.due_date, task.rrule) == (due, rule)
    assert report.notices == []


@pytest.mark.parametrize(
    ("cells", "field", "note"),
    [
        ({"DATE": "every full moon"}, "date", "Date: every full moon"),
        ({"DATE": "tomorrow or so"}, "date", "Date: tomorrow or so"),
        ({"DATE": "morgen", "DATE_LANG": "de"}, "date", "Date: morgen"),
        ({"DATE": "tomorrow #Home @x p1"}, "date", "Date: tomorrow #Home @x p1"),
        ({"DURATION": "30", "DURATION_UNIT": "minute"}, "duration", "30 minute"),
        ({"RESPONSIBLE": "Kai (1)"}, "responsible", "Responsible: Kai (1)"),
        ({"DATE": "today", "DEADLINE": "2027-01-01"}, "deadline", "2027-01-01"),
        ({"DATE": "today 9am", "TIMEZONE": "Mars/Base"}, "timezone", "Mars/Base"),
    ],
    ids=range(8),
)
def test_adds_values_without_a_field_to_the_notes_with_a_notice(
    alice, cells, field, note
):
    report, task = import_task(alice, **cells)

    assert [issue.field for issue in report.notices] == [field]
    assert note in task.notes


def test_a_deadline_alone_is_the_due_date(alice):
    report, task = import_task(alice, DEADLINE="2027-01-01")

    assert task.due_date == date(2027, 1, 1)
    assert report.notices == []


@pytest.mark.parametrize(
    ("content", "title", "labels"),
    [
        ("Mail ann@example.com @home", "Mail ann@example.com", ["home"]),
        ("@home", "@home", ["home"]),
        ("Meet @ 5", "Meet @ 5", []),
        ("@a b @c", "b", ["a", "c"]),
    ],
)
def test_reads_labels_from_the_content(alice, content, title, labels):
    _, task = import_task(alice, CONTENT=content)

    assert (task.title, labels_of(task)) == (title, labels)


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"CONTENT": ""}, "title"),
        ({"CONTENT": "x" * 501}, "title"),
        ({"PRIORITY": "5"}, "priority"),
        ({"DESCRIPTION": "x" * 20_001}, "notes"),
        ({"CONTENT": "a @" + "x" * 51}, "labels"),
        ({"CONTENT": "a " + " ".join(f"@l{n}" for n in range(21))}, "labels"),
        ({"CONTENT": "a\x00b"}, "title"),
    ],
    ids=range(7),
)
def test_reports_values_that_can_not_be_stored(alice, cells, field):
    report, task = import_task(alice, **cells)

    assert [(found.row, found.field) for found in report.errors] == [(2, field)]
    assert task is None


def test_a_comment_without_a_task_is_reported(alice):
    report = import_for(alice, f"{HEADER}\nnote,Hello\nodd,Hello\n", "todoist")

    assert [issue.row for issue in report.notices] == [2, 3]
    assert report.created == 0


def test_refuses_another_table(alice):
    with pytest.raises(FileRefused, match="TYPE and CONTENT"):
        import_for(alice, "title,notes\na,b\n", "todoist")


@pytest.mark.parametrize(
    "mapping", [{"title": "CONTENT"}, {"list": 7}, {"list": "\x00"}]
)
def test_refuses_a_mapping_of_more_than_a_list(alice, mapping):
    with pytest.raises(MappingRefused):
        import_for(alice, PROJECT, "todoist", mapping=mapping)
