"""Todoist: the CSV export of a project is imported without loss."""

import io
import zipfile
from datetime import date, time
from pathlib import Path

import pytest

from tests.todos.files import import_for, stored
from todos.imports.files import FileRefused, MappingRefused, TooManyRows
from todos.models import Task, TaskList

pytestmark = pytest.mark.any_database

HEADER = (
    "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,"
    "TIMEZONE,DURATION,DURATION_UNIT,DEADLINE,DEADLINE_LANG"
)
TABLES = Path(__file__).parents[1] / "data" / "tables"
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
    names = list(dict.fromkeys([*HEADER.split(","), *cells]))
    row = {"TYPE": "task", "CONTENT": "a", "PRIORITY": "4", "INDENT": "1"} | cells
    line = ",".join(f'"{row.get(name, "")}"' for name in names)
    report = import_for(user, f"{','.join(names)}\n{line}\n", "todoist")
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
        ({"LABELS": "x" * 51}, "labels"),
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


# --- Cases of other programs --------------------------------------------------------


def import_case(user, name):
    user.timezone = "Europe/Berlin"
    user.save()
    report = import_for(user, (TABLES / name).read_bytes(), "todoist")
    assert report.errors == []
    return report, {task.title: task for task in tasks_of(user)}


def test_reads_the_dates_of_the_help_of_todoist(alice):
    report, tasks = import_case(alice, "todoist-dates.csv")

    assert report.notices == []
    found = {
        title: (task.due_date, task.due_time, task.rrule, task.rrule_anchor)
        for title, task in tasks.items()
    }
    # Imported on 22 December 2026, a Tuesday.
    today, due = date(2026, 12, 22), "due"
    assert found == {
        "daily": (today, None, "FREQ=DAILY", due),
        "every morning": (date(2026, 12, 23), time(9), "FREQ=DAILY", due),
        "every evening": (today, time(19), "FREQ=DAILY", due),
        "weekly": (today, None, "FREQ=WEEKLY", due),
        "every weekend": (date(2026, 12, 26), None, "FREQ=WEEKLY;BYDAY=SA", due),
        "every 27": (date(2026, 12, 27), None, "FREQ=MONTHLY;BYMONTHDAY=27", due),
        "every 2, 15, 27": (
            date(2026, 12, 27),
            None,
            "FREQ=MONTHLY;BYMONTHDAY=2,15,27",
            due,
        ),
        "every day ending aug 3": (today, None, "FREQ=DAILY;UNTIL=20270803", due),
        "every day for 3 weeks": (today, None, "FREQ=DAILY;UNTIL=20270111", due),
        "every 1st workday": (
            date(2027, 1, 1),
            None,
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1",
            due,
        ),
        "after 10 days": (today, None, "FREQ=DAILY;INTERVAL=10", "completion"),
        "ev mon": (date(2026, 12, 28), None, "FREQ=WEEKLY;BYDAY=MO", due),
        "2027-02-05T09:00:00": (date(2027, 2, 5), time(9), "", ""),
    }


def test_reads_repeats_on_two_dates(alice):
    report, tasks = import_case(alice, "todoist-two-dates.csv")

    garage, meter = tasks["Pay the garage"], tasks["Meter reading"]
    assert report.notices == []
    assert (garage.due_date, garage.rrule) == (
        date(2027, 1, 1),
        "FREQ=YEARLY;BYMONTH=1,7;BYMONTHDAY=1",
    )
    assert (meter.due_date, meter.rrule) == (
        date(2027, 1, 14),
        "FREQ=YEARLY;BYMONTH=1,4;BYMONTHDAY=14",
    )


def test_reads_the_older_names_of_the_columns_of_a_date(alice):
    report, tasks = import_case(alice, "todoist-due-date-column.csv")

    assert report.notices == []
    assert tasks["Do it"].due_date == date(2027, 2, 10)


def test_labels_end_before_punctuation_and_are_names(alice):
    report, tasks = import_case(alice, "todoist-labels.csv")

    assert report.notices == []
    assert {title: labels_of(task) for title, task in tasks.items()} == {
        "Meet then go": ["home"],
        "Install @types/node": [],
    }


def test_keeps_the_names_and_addresses_of_files(alice):
    report, tasks = import_case(alice, "todoist-file.csv")

    assert tasks["With a file"].notes == "see shot.png: https://example.com/shot.png"
    assert [(one.row, one.field) for one in report.notices] == [(3, "content")]


@pytest.mark.parametrize(
    ("content", "title", "labels"),
    [
        ("Call @home.", "Call", ["home"]),
        ("Pay @2.50 now", "Pay @2.50 now", []),
        ("Ask @anna/ben", "Ask @anna/ben", []),
        ("Two @a @a", "Two", ["a"]),
        ("Käse @Büro!", "Käse", ["Büro"]),
        ("a @" + "x" * 51, "a @" + "x" * 51, []),
    ],
)
def test_reads_labels_as_quick_add_does(alice, content, title, labels):
    report, task = import_task(alice, CONTENT=content)

    assert report.errors == []
    assert (task.title, labels_of(task)) == (title, labels)


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("home", ["home"]),
        ("home, deep work", ["deep work", "home"]),
        ("client; launch", ["client", "launch"]),
        ("@home @work", ["home", "work"]),
        ("@home,@work", ["home", "work"]),
        ("None", []),
    ],
)
def test_reads_a_column_of_labels(alice, cell, labels):
    report, task = import_task(alice, CONTENT="b @own", LABELS=cell)

    assert report.notices == []
    assert labels_of(task) == sorted([*labels, "own"])


def test_names_columns_that_are_not_imported(alice):
    report, _ = import_task(alice, CHECKED="x")

    assert [(one.row, one.field) for one in report.notices] == [(1, "CHECKED")]


def test_a_task_that_can_not_be_completed_is_imported_with_a_notice(alice):
    report, task = import_task(alice, CONTENT="* Shopping")

    assert task.title == "Shopping"
    assert [(one.row, one.field) for one in report.notices] == [(2, "content")]


@pytest.mark.parametrize(
    ("cells", "due", "at", "zone"),
    [
        ({"DATE": "2027-02-05T09:00:00Z"}, date(2027, 2, 5), time(10), ""),
        ({"DATE": "2027-02-05T09:00:00+0900"}, date(2027, 2, 5), time(1), ""),
        ({"DATE": "2027-02-05T00:00:00Z"}, date(2027, 2, 5), None, ""),
        (
            {"DATE": "2027-02-05T09:00:00Z", "TIMEZONE": "Asia/Tokyo"},
            date(2027, 2, 5),
            time(18),
            "Asia/Tokyo",
        ),
        (
            {"DATE": "today", "TIMEZONE": "Pacific/Kiritimati"},
            date(2026, 12, 22),
            None,
            "",
        ),
        (
            {"DATE": "today 9am", "TIMEZONE": "Pacific/Kiritimati"},
            date(2026, 12, 23),
            time(9),
            "Pacific/Kiritimati",
        ),
        ({"DATE": "10.02.2027", "DATE_LANG": "en"}, date(2027, 2, 10), None, ""),
        (
            {"DATE": "2027-02-05 09:30", "DATE_LANG": "ja"},
            date(2027, 2, 5),
            time(9, 30),
            "",
        ),
        ({"DEADLINE": "2027-02-05"}, date(2027, 2, 5), None, ""),
    ],
    ids=range(9),
)
def test_reads_dates_by_the_clock_of_their_zone(alice, cells, due, at, zone):
    alice.timezone = "Europe/Berlin"
    alice.save()

    report, task = import_task(alice, **cells)

    assert report.notices == []
    assert (task.due_date, task.due_time, task.due_tz) == (due, at, zone)


@pytest.mark.parametrize(
    ("cells", "notes"),
    [
        ({"DATE": "03/04/2027"}, "Date: 03/04/2027"),
        ({"DATE": "10 feb 2027", "DATE_LANG": "fi"}, "Date: 10 feb 2027"),
        ({"DATE": "10.02.2027", "DATE_LANG": "de"}, "Date: 10.02.2027"),
        ({"DUE_DATE": "mañana", "DUE_DATE_LANG": "es"}, "Due date: mañana"),
        ({"DATE": "today", "DUE_DATE": "tomorrow"}, "Due date: tomorrow"),
        ({"DEADLINE": "soon"}, "Deadline: soon"),
        ({"DATE": "every day " * 20}, "Date: every day"),
    ],
    ids=range(7),
)
def test_a_date_that_is_not_certain_stays_text(alice, cells, notes):
    report, task = import_task(alice, **cells)

    assert len(report.notices) == 1
    assert notes in task.notes


def test_the_same_date_twice_is_one(alice):
    report, task = import_task(alice, DATE="2027-02-05", DUE_DATE="2027-02-05")

    assert (report.notices, task.notes) == ([], "")


@pytest.mark.parametrize(
    "text",
    [
        "[[file ",
        "[[file {}]]",
        '[[file {"file_name": 7}]]',
        '[[file {"file_name": "a"} ]]',
        '[[file {"file_name": "a"',
        "[[file " + "[" * 20_000,
        '[[file {"a":' * 2_000,
    ],
    ids=range(7),
)
def test_text_that_is_not_a_file_stays_as_it_is(alice, text):
    quoted = text.replace('"', '""')

    report = import_for(alice, f'{HEADER}\ntask,a\nnote,"{quoted}"\n', "todoist")

    if len(text) <= 20_000:
        assert tasks_of(alice)[0].notes == text.strip()
        assert report.notices == []
    else:
        assert [one.field for one in report.errors] == ["notes"]


def test_reads_several_files_in_one_comment(alice):
    one = '[[file {""file_name"":""a ]] b"",""file_url"":""https:\\/\\/example.com""}]]'

    import_for(alice, f'{HEADER}\ntask,a\nnote,"{one} and {one}"\n', "todoist")

    found = "a ]] b: https://example.com"
    assert tasks_of(alice)[0].notes == f"{found} and {found}"


# --- Backups ------------------------------------------------------------------------


def archive_of(**files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


SMALL = "TYPE,CONTENT,INDENT\ntask,{0},1\ntask,{0} step,2\n"


def test_imports_the_projects_of_a_backup_into_lists(alice):
    body = archive_of(
        **{
            "Inbox [2203306141].csv": SMALL.format("a"),
            "Work & more [2203306142].csv": SMALL.format("b"),
            "folder/Pläne [6XGgm6PHrGgMpCFX].csv": "\ufeff" + SMALL.format("c"),
            "Old [draft].csv": SMALL.format("d"),
        }
    )

    report = import_for(alice, body, "todoist")

    assert (report.errors, report.notices) == ([], [])
    assert {task.title: task.list.name for task in tasks_of(alice)} == {
        "a": "Inbox",
        "a step": "Inbox",
        "b": "Work & more",
        "b step": "Work & more",
        "c": "Pläne",
        "c step": "Pläne",
        "d": "Old [draft]",
        "d step": "Old [draft]",
    }
    assert all(
        task.parent.title == task.title.removesuffix(" step")
        for task in tasks_of(alice)
        if task.title.endswith("step")
    )


def test_issues_of_a_backup_name_their_project(alice):
    body = archive_of(
        **{
            "Work [22033061].csv": "TYPE,CONTENT,DATE,X\ntask,a,soon,\n",
            "Home [22033062].csv": "TYPE,CONTENT,PRIORITY\ntask,a,9\n",
            "readme.txt": "-",
        }
    )

    report = import_for(alice, body, "todoist")

    assert [(one.row, one.field) for one in report.errors] == [(2, "Home: priority")]
    assert [(one.row, one.field) for one in report.notices] == [
        (1, "Work: X"),
        (2, "Work: date"),
        (None, ""),
    ]
    assert not tasks_of(alice)


def test_projects_with_one_name_become_one_list_with_a_notice(alice):
    body = archive_of(
        **{
            "Home [22033061].csv": SMALL.format("a"),
            "home [22033062].csv": SMALL.format("b"),
        }
    )

    report = import_for(alice, body, "todoist")

    assert [one.field for one in report.notices] == ["home: list"]
    assert {task.list.name for task in tasks_of(alice)} == {"Home"}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"readme.txt": "-"}, "no CSV files"),
        ({}, "no CSV files"),
        ({"Home [22033061].csv": "title\na\n"}, "^Home: The header must have"),
        ({"Home.csv": "%PDF-1.7"}, "^Home: The file is a PDF"),
        ({"a.csv": b"\0" * 20_000_000}, "too large"),
    ],
    ids=range(5),
)
def test_refuses_an_archive_that_is_not_a_backup(alice, files, words):
    before = stored(alice)

    with pytest.raises(FileRefused, match=words):
        import_for(alice, archive_of(**files), "todoist")
    assert stored(alice) == before


def test_a_backup_can_not_have_one_list(alice):
    with pytest.raises(MappingRefused, match="name their lists"):
        import_for(alice, archive_of(), "todoist", mapping={"list": "Work"})


@pytest.mark.parametrize("row", ["task,a", "note,a", ","])
def test_counts_the_rows_of_all_files_of_a_backup(alice, row):
    files = {f"{n}.csv": "TYPE,CONTENT\n" + f"{row}\n" * 10 for n in range(10)}

    import_for(alice, archive_of(**files), "todoist", rows_max=100, dry_run=True)
    with pytest.raises(TooManyRows, match="more than 99 rows"):
        import_for(alice, archive_of(**files), "todoist", rows_max=99)


def test_reads_a_file_of_a_backup_in_another_encoding(alice):
    body = archive_of(**{"Home.csv": SMALL.format("Käse").encode("utf-16")})

    report = import_for(alice, body, "todoist")

    assert [one.field for one in report.notices] == ["Home"]
    assert tasks_of(alice)[0].title == "Käse"
