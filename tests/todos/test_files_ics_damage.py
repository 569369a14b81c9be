"""Calendars with lines, components and ends that are damaged: the rest is imported."""

import io
from datetime import date, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.todos.files import import_for, stored
from tests.todos.test_files_ics import calendar_of, import_todos
from todos.imports.files import FileRefused
from todos.imports.ics_lines import CHUNK, LINE_MAX, content_lines
from todos.models import Task, TaskLabel

pytestmark = pytest.mark.any_database

FIRST = "SUMMARY:First\nDUE;VALUE=DATE:20270210"
LAST = "SUMMARY:Last"


def lines_of(text):
    body = text if isinstance(text, bytes) else text.encode()
    return list(content_lines(io.BytesIO(body)))


# --- Lines ------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_reads_every_kind_of_line_end(alice, end):
    body = calendar_of(FIRST, LAST).replace("\r\n", end)

    report = import_for(alice, body, "ics")

    assert (report.created, report.notices) == (2, [])


def test_counts_the_lines_of_the_file():
    text = "A:1\r\nB:2\r\n 3\r\n\t4\r\n\r\nC:5\r\n\r\n D:6\r\nE:7"

    assert lines_of(text) == [
        (1, "A:1", False),
        (2, "B:234", False),
        (6, "C:5", False),
        (7, " D:6", False),
        (9, "E:7", False),
    ]


def test_counts_the_folds_within_a_character():
    assert lines_of(b"A:\xc3\r\n \xa9\r\nB:1") == [(1, "A:é", False), (3, "B:1", False)]


@pytest.mark.parametrize("over", [0, 1, 20 * CHUNK])
def test_keeps_only_the_start_of_a_line_that_is_too_long(over):
    long = "A:" + "é" * (LINE_MAX - 2 + over)

    first, second = lines_of(f"{long}\r\nB:1\r\n")

    assert (first[0], first[1][:4], first[2]) == (1, "A:éé", over > 0)
    assert second == (2, "B:1", False)


def test_counts_the_folds_of_a_line_that_is_too_long():
    folds = 20 * CHUNK // 70
    long = "A:" + ("é" * 70 + "\r\n ") * folds

    first, second = lines_of(f"{long}\r\nB:1\r\n C:2")

    assert first[2]
    assert second == (2 + folds, "B:1C:2", False)


def test_a_control_character_for_folds_is_none_of_the_file():
    assert lines_of("A:a\x1fb\r\nB:1") == [(1, "A:a\x1ab", False), (2, "B:1", False)]


@pytest.mark.parametrize(
    "line",
    [
        r"X-APPLE-STRUCTURED-LOCATION;X-ADDRESS=\"A\":geo:1.5,2.5",
        "PERCENT_COMPLETE:100",
        "item1.DUE:20280101",
        "X-A;B:c",
        'X-A;CN="Ann:mailto:ann@example.com',
        "words without a colon",
        "\\",
        ":value",
        "END:VALARM",
        "END:VEVENT",
        f"X-A:{'a' * LINE_MAX}",
    ],
    ids=lambda line: line[:20],
)
@pytest.mark.parametrize("alarm", [False, True])
def test_a_bad_line_costs_only_itself(alice, line, alarm):
    if alarm and line == "END:VALARM":
        pytest.skip("This one is right there.")
    lines = "BEGIN:VALARM\nTRIGGER:PT9H\n{}\nEND:VALARM" if alarm else "{}"

    report, tasks = import_todos(alice, f"{FIRST}\n{lines.format(line)}", LAST)

    assert [task.title for task in tasks] == ["First", "Last"]
    assert tasks[0].due_date == date(2027, 2, 10)
    assert tasks[0].reminder_time == (time(9) if alarm else None)
    [notice] = report.notices
    assert (notice.row, notice.is_error) == (1, False)
    assert notice.message.startswith(f"“First”, line {8 if alarm else 6}: This is ")


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("DUE;DATE:20270211", "DUE;DATE:20270211"),
        ('ATTENDEE;CN="Ann:mailto:ann@example.com', 'ATTENDEE;CN="Ann:mailto'),
        ("ATTACH;BASE64:iVBORw0KGgo=", ""),
        ("X-PICTURE;A;ENCODING=BASE64:iVBORw0KGgo=", ""),
    ],
)
def test_keeps_a_bad_line_that_the_user_may_need(alice, line, kept):
    report, [task] = import_todos(alice, f"SUMMARY:First\n{line}")

    assert len(report.notices) == 1
    assert task.due_date is None
    assert (kept in task.notes) if kept else (task.notes == "")


def test_reads_a_title_with_bad_parameters(alice):
    report, [task] = import_todos(alice, "SUMMARY;LANGUAGE:Buy milk: 2 l")

    assert task.title == "Buy milk: 2 l"
    assert "line 4: This is not valid iCalendar." in report.notices[0].message


def test_a_text_ends_where_a_property_begins(alice):
    _, [task] = import_todos(
        alice, "SUMMARY:a\nDESCRIPTION:one\ntwo words\n- three\nDUE:20270210\nfour"
    )

    assert task.notes == "one\ntwo words\n- three"
    assert task.due_date == date(2027, 2, 10)


def test_leaves_out_control_characters(alice):
    report, [task] = import_todos(alice, "SUMMARY:a\x07b\nDESCRIPTION:c\x0bd\x1fe")

    assert (task.title, task.notes) == ("ab", "cde")
    assert [found.field for found in report.notices] == ["summary", "description"]


# --- Components -------------------------------------------------------------------


def test_leaves_out_an_alarm_without_an_end(alice):
    lines = f"{FIRST}\nBEGIN:VALARM\nTRIGGER:PT8H\nCOMMENT:mine"

    report, tasks = import_todos(alice, lines, LAST)

    assert len(tasks) == 2
    assert (tasks[0].reminder_time, tasks[0].notes) == (None, "")
    [notice] = report.notices
    assert notice.message.startswith("“First”, lines 6, 7, 8: ")


def test_an_alarm_ends_where_another_begins(alice):
    alarm = "BEGIN:VALARM\nTRIGGER:PT9H\nEND:VALARM"

    report, [task] = import_todos(
        alice, f"{FIRST}\nBEGIN:VALARM\nTRIGGER:PT8H\n{alarm}"
    )

    assert task.reminder_time == time(9)
    assert "lines 6, 7: " in report.notices[0].message


@pytest.mark.parametrize("other", ["VTODO", "VEVENT"])
def test_a_component_ends_where_another_begins(alice, other):
    body = calendar_of(FIRST, LAST).replace("END:VTODO\r\n", "", 1)
    body = body.replace("BEGIN:VTODO", f"BEGIN:{other}", 1)

    report = import_for(alice, body, "ics")

    titles = list(Task.objects.values_list("title", flat=True).order_by("position"))
    assert titles == (["First", "Last"] if other == "VTODO" else ["Last"])
    [notice] = report.notices
    assert notice.row == (1 if other == "VTODO" else None)


@pytest.mark.parametrize("start", ["", "BEGIN:VCALENDAR\r\n"])
def test_refuses_a_file_that_ends_within_its_first_to_do(alice, start):
    with pytest.raises(FileRefused, match="before its first component"):
        import_for(alice, f"{start}BEGIN:VTODO\r\nSUMMARY:Buy\r\nEND:X\r\n", "ics")


@pytest.mark.parametrize("cut", [12, 25, 40, 55])
def test_imports_what_is_complete_of_a_cut_file(alice, cut):
    whole = calendar_of(FIRST, f"{LAST}\nDUE;VALUE=DATE:20270210\nCOMMENT:{'a' * 20}")
    body = whole[: -len("END:VTODO\r\nEND:VCALENDAR\r\n") - cut]

    report = import_for(alice, body, "ics")

    assert [task.title for task in Task.objects.all()] == ["First"]
    named, cut_off = report.notices
    assert (named.row, cut_off.row) == (2, None)
    assert named.message.startswith("“Last”, line 7: The file ends within")


def test_imports_everything_if_only_the_end_of_the_calendar_is_missing(alice):
    body = calendar_of(FIRST, LAST).replace("END:VCALENDAR\r\n", "")

    report = import_for(alice, body, "ics")

    assert report.created == 2
    assert [found.row for found in report.notices] == [None]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\r\n \r\n",
        "title,due\r\na,\r\n",
        "title\r\n" * 300,
        '{"tasks": []}',
        "<html></html>",
        "BEGIN:VCARD\r\nFN:Ann\r\nEND:VCARD\r\n",
        "BEGIN:VCALENDAR\r\n",
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    ],
    ids=["empty", "blank", "csv", "long", "json", "html", "vcard", "begun", "binary"],
)
def test_refuses_what_is_not_a_calendar(alice, body):
    before = stored(alice)

    with pytest.raises(FileRefused):
        import_for(alice, body, "ics")

    assert stored(alice) == before


def test_names_what_is_beside_the_tasks(alice):
    others = "".join(
        f"BEGIN:{name}\r\nSUMMARY:x\r\nnot valid\r\nEND:{name}\r\n"
        for name in ("VEVENT", "VJOURNAL", "VFREEBUSY", "X-OWN")
    )
    zone = "BEGIN:VTIMEZONE\r\nTZID:Mine\r\nnot valid\r\nEND:VTIMEZONE\r\n"
    body = calendar_of("SUMMARY:a\nX-SORT:1\nCOLOR:red", "SUMMARY:b\nX-SORT:2")
    body = body.replace(
        "BEGIN:VTODO", f"X-WR-CALNAME:Home\r\n{others}{zone}BEGIN:VTODO", 1
    )

    report = import_for(alice, body, "ics")

    assert [(found.row, found.message) for found in report.notices] == [
        (None, "Lines that are not valid iCalendar were left out: 22."),
        (
            None,
            "Only to-dos are imported. Left out: other components (2), events (1),"
            " journals (1).",
        ),
        (
            None,
            "Properties that are not imported: X-SORT (2), COLOR (1),"
            " X-WR-CALNAME (1).",
        ),
    ]


def test_reports_at_most_a_thousand_of_ten_thousand_bad_to_dos(alice):
    bad = ["SUMMARY:a\nDUE:soon\nPERCENT_COMPLETE:1\n\\\nX-A;B:c"] * 10_000
    event = "BEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR"
    body = calendar_of(*bad).replace("END:VCALENDAR", event)

    report = import_for(alice, body, "ics", dry_run=True)

    assert (report.created, report.errors) == (10_000, [])
    assert len(report.notices) == 1_002
    assert [found.message for found in report.notices[-2:]] == [
        "Only to-dos are imported. Left out: events (1).",
        "Only the first 1000 of 20001 notices are listed.",
    ]
    assert max(len(found.message) for found in report.notices) < 500


PIECES = st.sampled_from(
    [
        "BEGIN:VTODO",
        "END:VTODO",
        "BEGIN:VALARM",
        "END:VALARM",
        "BEGIN:VEVENT",
        "END:VEVENT",
        "BEGIN:VTIMEZONE",
        "END:VCALENDAR",
        "BEGIN:VCALENDAR",
        "UID:a",
        "UID:b",
        "SUMMARY:some text",
        "DESCRIPTION:a\\",
        "some words",
        "",
        " folded",
        "DUE:20270210",
        "DUE;TZID=Europe/Berlin:20270327T023000",
        "DTSTART:20270131T000000Z",
        "DURATION:P1DT2H",
        "RRULE:FREQ=MONTHLY;COUNT=3;",
        "EXDATE:20270131,20270228",
        "RECURRENCE-ID:20270131",
        "STATUS:COMPLETED",
        "PERCENT-COMPLETE:100",
        "COMPLETED:29991231T235959Z",
        "TRIGGER:-PT15M",
        "TRIGGER;VALUE=DATE-TIME:20270210T090000Z",
        "RELATED-TO:a",
        "RELATED-TO;RELTYPE=CHILD:b",
        "CATEGORIES:a,,b\x07",
        "X-OWNLIST-LIST:",
        "PERCENT_COMPLETE:1",
        'X-A;B="c:d',
    ]
)


@settings(max_examples=150)
@given(st.lists(PIECES, max_size=40), st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_dry_run_says_what_the_import_of_any_lines_does(alice, lines, end):
    TaskLabel.objects.filter(owner=alice).delete()
    Task.objects.filter(owner=alice).delete()
    body = end.join(["BEGIN:VCALENDAR", "BEGIN:VTODO", *lines, "END:VTODO", "X:Y"])

    try:
        dry = import_for(alice, body, "ics", dry_run=True)
    except FileRefused:
        return
    real = import_for(alice, body, "ics")

    assert dry.errors == []
    assert (dry.created, dry.skipped) == (real.created, real.skipped)
    assert (dry.errors, dry.notices) == (real.errors, real.notices)
