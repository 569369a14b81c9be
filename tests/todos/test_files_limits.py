"""The work to read a file is bounded, whatever it contains.

The tests count work instead of time; `tests/benchmarks/hostile.py` measures time.
"""

import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todos.actions.imports.rows import RowIssue
from todos.imports import (
    checks,
    csv,
    formats,
    ics,
    ics_components,
    todoist,
    todoist_dates,
)
from todos.imports import json as json_import
from todos.imports.files import FileRefused, Options, TooManyRows
from todos.imports.json_document import VALUES_MAX, JSONDocument
from todos.schedule.days import Clock

CLOCK = Clock(datetime(2026, 11, 25, 14, 30, tzinfo=UTC), UTC)
BOUNDED = Options(clock=CLOCK, rows_max=100)
ID = "00000000-0000-7000-8000-000000000000"


def rows_of(reader, text, options=BOUNDED):
    return list(reader.read(io.BytesIO(text.encode()), options))


def calendar(*pieces):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", *pieces, "END:VCALENDAR", ""]
    return "\r\n".join(lines)


TODO = "BEGIN:VTODO\r\nSUMMARY:a\r\nEND:VTODO"
EVENT = "BEGIN:VEVENT\r\nSUMMARY:a\r\nEND:VEVENT"


@pytest.mark.parametrize(
    ("reader", "make"),
    [
        (csv, lambda rows: "title\n" + "a\n" * rows),
        (csv, lambda rows: "title\n" + "\n" * rows),
        (csv, lambda rows: "title\n" + " , \n" * rows),
        (todoist, lambda rows: "TYPE,CONTENT\n" + "task,a\n" * rows),
        (todoist, lambda rows: "TYPE,CONTENT\n" + "note,a\n" * rows),
        (ics, lambda rows: calendar(*[TODO] * rows)),
        (ics, lambda rows: calendar(*[EVENT] * rows)),
    ],
    ids=["rows", "blank rows", "empty cells", "tasks", "comments", "to-dos", "events"],
)
def test_counts_rows_without_a_task_as_well(reader, make):
    rows_of(reader, make(100))

    with pytest.raises(TooManyRows, match="more than 100 rows"):
        rows_of(reader, make(101))
    assert rows_of(reader, make(101), Options(clock=CLOCK)) is not None


def test_limits_the_lines_of_a_calendar_per_row(monkeypatch):
    def with_lines(number):
        return calendar("BEGIN:VTODO", *["COMMENT:a"] * number, "END:VTODO")

    monkeypatch.setattr(ics_components, "LINES_BESIDE", 50)

    rows_of(ics, with_lines(40))
    with pytest.raises(TooManyRows, match="more than 25 lines per to-do"):
        rows_of(ics, with_lines(60))
    rows_of(
        ics,
        calendar(*[TODO] * 20).replace("MMARY:a", "MMARY:a" + "\r\nX-A:b" * 20),
    )


def test_counts_a_folded_line_once():
    folded = "SUMMARY:a\r\n" + " b\r\n" * 400 + "END:VTODO"
    short = Options(clock=CLOCK, rows_max=1)

    (task,) = rows_of(ics, calendar("BEGIN:VTODO\r\n" + folded), short)

    assert task.fields["title"] == "a" + "b" * 400


def test_reports_repeated_properties_without_a_field_once():
    comments = ["COMMENT:one", "COMMENT:two", "LOCATION:here"]

    found = rows_of(ics, calendar("BEGIN:VTODO", "SUMMARY:a", *comments, "END:VTODO"))

    notices = [one.field for one in found if isinstance(one, RowIssue)]
    assert notices == ["location", "comment"]
    assert "Comment: one" in found[-1].fields["notes"]
    assert "Comment: two" in found[-1].fields["notes"]


def test_limits_the_parameters_of_a_property():
    def with_parameters(number):
        line = "SUMMARY" + ";A=B" * number + ":a"
        return calendar("BEGIN:VTODO", line, "END:VTODO")

    (fine,) = rows_of(ics, with_parameters(50))
    notice, damaged = rows_of(ics, with_parameters(51))

    assert fine.fields["title"] == damaged.fields["title"] == "a"
    assert "line 4: This is not valid iCalendar." in notice.message


ANY_BYTES = st.binary(max_size=200) | st.builds(
    lambda start, pieces: start + b"".join(pieces),
    st.sampled_from([b"", b"title,due_date\n", b"TYPE,CONTENT,DATE\n", b"PK\3\4"]),
    st.lists(
        st.sampled_from(
            [b"a", b",", b'"', b"\n", b"\r", b"\0", b"\xff\xfe", b"\xc3", b"\xe9 "]
            + [b"task,", b"note,", b"2027-02-10T", b"09:30Z", b"every ", b"[[file {"]
        ),
        max_size=40,
    ),
)


@pytest.mark.parametrize("name", ["csv", "todoist"])
@given(body=ANY_BYTES)
def test_any_file_is_read_or_refused(name, body):
    try:
        with formats._opened(io.BytesIO(body), name) as (file, _):
            found = list(formats.FORMATS[name].read(file, BOUNDED))
    except FileRefused as exc:
        assert str(exc).endswith((".", "}."))
    else:
        assert all(item.row is None or item.row > 0 for item in found)


def test_limits_the_files_that_are_looked_for_in_a_comment_of_todoist():
    file = '[[file {""file_name"":""a""}]] '
    comment = f'"{file * 20}"'

    *_, task = rows_of(todoist, f"TYPE,CONTENT\ntask,a\nnote,{comment}\n")

    assert task.fields["notes"].count("[[file") == 10


def test_limits_the_columns_of_a_table():
    assert rows_of(csv, "title" + ",x" * 1023 + "\na\n")
    with pytest.raises(FileRefused, match="more than 1024 columns"):
        rows_of(csv, "title" + ",x" * 1024 + "\na\n")


MANY = [f"l{number}" for number in range(21)]
ITEM = {"id": ID, "list": ID, "title": "a", "labels": MANY}


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (csv, f'title,labels\na,"{",".join(MANY)}"\n'),
        (todoist, f"TYPE,CONTENT\ntask,a {' '.join('@' + one for one in MANY)}\n"),
    ],
    ids=["csv", "todoist"],
)
def test_refuses_too_many_labels_without_checking_each(reader, text):
    errors = [one for one in rows_of(reader, text) if getattr(one, "is_error", False)]

    assert [one.message for one in errors] == ["Use at most 20 labels."]


def test_does_not_check_more_categories_than_a_task_can_have(monkeypatch):
    asked = []
    real = checks.label_name
    monkeypatch.setattr(
        checks, "label_name", lambda name: asked.append(name) or real(name)
    )
    many = ",".join(f"l{number}" for number in range(10_000))

    notice, task = rows_of(
        ics, calendar("BEGIN:VTODO", "SUMMARY:a", f"CATEGORIES:{many}", "END:VTODO")
    )

    assert task.labels == tuple(f"l{number}" for number in range(20))
    assert len(asked) == 20
    assert "at most 20 labels" in notice.message
    assert "l20, l21" in task.fields["notes"]


def test_does_not_search_a_long_content_of_todoist_for_labels():
    content = "@a " * 5_000

    (found,) = rows_of(todoist, f"TYPE,CONTENT\ntask,{content}\n")

    assert (found.field, found.message) == ("title", "Use at most 500 characters.")


def test_adds_a_long_date_of_todoist_to_the_notes():
    phrase = "every mon " * 11

    notice, task = rows_of(todoist, f"TYPE,CONTENT,DATE\ntask,a,{phrase}\n")

    assert notice.field == "date"
    assert "due_date" not in task.fields
    assert phrase.strip() in task.fields["notes"]


def counted(monkeypatch):
    """Return the phrases of Todoist that are parsed."""
    asked = []
    real = todoist_dates.parse_phrase
    monkeypatch.setattr(
        todoist_dates,
        "parse_phrase",
        lambda text, **more: asked.append(text) or real(text, **more),
    )
    return asked


def test_parses_a_repeated_date_of_todoist_once(monkeypatch):
    asked = counted(monkeypatch)

    tasks = rows_of(todoist, "TYPE,CONTENT,DATE\n" + "task,a,every mon\n" * 50)

    assert len(asked) == 1
    assert {task.fields["rrule"] for task in tasks} == {"FREQ=WEEKLY;BYDAY=MO"}


def test_remembers_a_limited_number_of_dates_of_todoist(monkeypatch):
    monkeypatch.setattr(todoist_dates, "REMEMBERED_MAX", 2)
    asked = counted(monkeypatch)
    rows = "".join(f"task,a,in {number % 3 + 1} days\n" for number in range(30))

    tasks = rows_of(todoist, "TYPE,CONTENT,DATE\n" + rows, Options(clock=CLOCK))

    assert len(asked) == 2 + 10
    assert len({task.fields["due_date"] for task in tasks}) == 3


@pytest.mark.parametrize(
    "value", [[0] * (VALUES_MAX + 1), {"labels": ["a"] * VALUES_MAX}, [[]] * 2_000]
)
def test_limits_the_values_of_an_item_of_an_export(value):
    with pytest.raises(FileRefused, match=f"more than {VALUES_MAX} values"):
        JSONDocument(io.BytesIO(json.dumps(value).encode())).value()


def test_refuses_too_many_labels_of_an_export_without_checking_each():
    found = list(json_import._rows("tasks", ITEM, 1))

    assert [one.message for one in found] == ["Use at most 20 labels."]


def test_does_not_decode_a_long_value_again_with_every_chunk():
    text = json.dumps("a" * 500_000).encode()
    document = JSONDocument(io.BytesIO(text))
    starts = []
    real = document._decoder.raw_decode
    document._decoder.raw_decode = lambda text, at: (
        starts.append(len(text)) or real(text, at)
    )

    assert document.value() == "a" * 500_000
    assert sum(starts) < 3 * len(text)
