"""CSV: cells are safe in a spreadsheet, and columns can be imported again."""

import csv
import io
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.csv_cells import guarded, unguarded
from tests.changes import caller_of
from tests.factories import NOON, TaskFactory, TaskListFactory
from tests.todos.files import LATER, a_full_account, exported, import_for
from todos import actions
from todos.actions import lists as list_actions
from todos.exports.csv import join_names, split_names
from todos.imports import tables
from todos.imports.files import FileRefused, MappingRefused
from todos.models import Task, TaskList
from todos.task_fields import CSV_NAMES

pytestmark = pytest.mark.any_database

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1)
# What a spreadsheet could interpret as a formula (OWASP, CSV injection).
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


def rows_of(user):
    body = exported(user, "csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(body, newline="")))


def tasks_of(user):
    return list(Task.objects.filter(owner=user).order_by("position"))


def errors_of(report):
    return [(found.row, found.field) for found in report.errors]


# --- Export -----------------------------------------------------------------------


def test_exports_a_row_for_every_task_with_named_columns(alice):
    home = TaskListFactory(owner=alice, name="Home")
    parent = TaskFactory(
        owner=alice,
        title="Pay, soon",
        notes='Two\n"lines"',
        list_id=home.pk,
        labels=["a", "b, c"],
        priority=2,
        due_date=date(2027, 2, 28),
        due_time=time(9, 30),
        due_tz="Europe/Berlin",
        start_date=date(2027, 2, 1),
        rrule="FREQ=MONTHLY;BYMONTHDAY=-1",
        rrule_anchor="completion",
        reminder_minutes=30,
        at=NOON,
    )
    step = TaskFactory(owner=alice, title="step", parent_id=parent.pk, at=NOON)
    actions.trash_task(caller_of(alice, LATER), task_id=step.pk)

    first, second = rows_of(alice)

    assert tuple(first) == tuple(CSV_NAMES)
    assert first == {
        "id": str(parent.pk),
        "parent": "",
        "list": "Home",
        "title": "Pay, soon",
        "notes": 'Two\n"lines"',
        "labels": 'a,"b, c"',
        "priority": "2",
        "due_date": "2027-02-28",
        "due_time": "09:30",
        "due_tz": "Europe/Berlin",
        "start_date": "2027-02-01",
        "rrule": "FREQ=MONTHLY;BYMONTHDAY=-1",
        "anchor": "completion",
        "reminder": "30m",
        "completed_at": "",
        "trashed_at": "",
        "created_at": "2026-11-22T12:00:00Z",
        "updated_at": "2026-11-22T12:00:00Z",
    }
    assert (second["parent"], second["trashed_at"]) == (
        str(parent.pk),
        "2026-12-22T12:00:00Z",
    )


@pytest.mark.parametrize("start", [*DANGEROUS, "'", "'=", "＝"])  # noqa: RUF001
def test_guards_cells_that_begin_like_a_formula(start):
    assert guarded(f"{start}1+1")[0] == "'"


@given(TEXTS)
def test_unguarding_reverses_guarding(text):
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(DANGEROUS)


@pytest.mark.parametrize("text", ["'tis the season", "-5 degrees", "=1+1", "it's"])
def test_keeps_apostrophes_of_other_programs(text):
    assert unguarded(text) == text


def test_exports_a_formula_as_text_and_imports_it_unchanged(alice, bob):
    title, note = '=HYPERLINK("http://example.com","x")', "-1\n=2"
    home = TaskListFactory(owner=alice, name="@home")
    TaskFactory(
        owner=alice, title=title, notes=note, list_id=home.pk, labels=["+label"]
    )

    [row] = rows_of(alice)
    import_for(bob, exported(alice, "csv"), "csv")

    assert not [cell for cell in row.values() if cell.startswith(DANGEROUS)]
    task = Task.objects.get(owner=bob)
    assert (task.title, task.notes, task.list.name) == (title, note, "@home")
    assert task.labels.get().name == "+label"


@given(st.lists(NAMES.map(str.strip).filter(bool)))
def test_splits_a_cell_into_the_labels_it_was_joined_from(names):
    assert split_names(join_names(names)) == names


def test_another_account_can_import_an_export(alice, bob):
    a_full_account(alice)
    stays = [name for name in CSV_NAMES if name not in {"id", "parent"}]

    report = import_for(bob, exported(alice, "csv"), "csv")

    assert (report.errors, report.notices) == ([], [])
    assert [[row[name] for name in stays] for row in rows_of(bob)] == [
        [row[name] for name in stays] for row in rows_of(alice)
    ]
    assert import_for(bob, exported(alice, "csv"), "csv").created == 0
    assert import_for(alice, exported(alice, "csv"), "csv").created == 0


# --- Import -----------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "marked"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_reads_every_delimiter_encoding_mark_and_line_end(alice, delimiter, mark, end):
    lines = [["title", "notes"], ["a", '"x\ny"'], ["", ""], ["b", ""]]
    body = mark + end.join(delimiter.join(line) for line in lines)

    report = import_for(alice, body, "csv")

    assert (report.created, report.errors) == (2, [])
    assert [(task.title, task.notes) for task in tasks_of(alice)] == [
        ("a", "x\ny"),
        ("b", ""),
    ]


@pytest.mark.parametrize(
    ("cell", "order", "due", "at"),
    [
        ("2027-02-28", "ymd", date(2027, 2, 28), None),
        ("2027/2/8", "ymd", date(2027, 2, 8), None),
        ("28.02.2027", "dmy", date(2027, 2, 28), None),
        ("02/28/2027", "mdy", date(2027, 2, 28), None),
        ("2027-02-28 9:05", "ymd", date(2027, 2, 28), time(9, 5)),
        ("2027-02-28T21:05:30", "ymd", date(2027, 2, 28), time(21, 5, 30)),
        ("2/28/2027 12:05 am", "mdy", date(2027, 2, 28), time(0, 5)),
        ("28.2.2027 12:05 PM", "dmy", date(2027, 2, 28), time(12, 5)),
    ],
)
def test_reads_dates_in_the_order_of_the_mapping(alice, cell, order, due, at):
    mapping = {"title": "title", "due_date": "due", "dates": order}

    import_for(alice, f"title,due\na,{cell}\n", "csv", mapping=mapping)

    [task] = tasks_of(alice)
    assert (task.due_date, task.due_time) == (due, at)


@pytest.mark.parametrize(
    ("cell", "order", "at"),
    [
        ("28.02.2027 9:05", "dmy", datetime(2027, 2, 28, 0, 5, tzinfo=UTC)),
        ("2/28/2027 9:05:30 PM", "mdy", datetime(2027, 2, 28, 12, 5, 30, tzinfo=UTC)),
        ("2027-02-28 09:05", "dmy", datetime(2027, 2, 28, 0, 5, tzinfo=UTC)),
        ("28.02.2027", "dmy", datetime(2027, 2, 27, 15, tzinfo=UTC)),
    ],
)
def test_reads_instants_in_the_order_of_the_mapping(alice, cell, order, at):
    alice.timezone = "Asia/Tokyo"
    alice.save()
    mapping = {"title": "title", "completed_at": "done", "dates": order}

    import_for(alice, f"title,done\na,{cell}\n", "csv", mapping=mapping)

    [task] = tasks_of(alice)
    assert task.completed_at == at


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("title", ""),
        ("title", "x" * 501),
        ("notes", "x" * 20_001),
        ("priority", "0"),
        ("priority", "5"),
        ("priority", "soon"),
        ("due_date", "28.02.2027"),
        ("due_date", "2027-02-30"),
        ("due_date", "1899-12-31"),
        ("due_date", "3000-01-01"),
        ("due_date", "27-02-28"),
        ("due_time", "25:00"),
        ("due_time", "13:00 pm"),
        ("due_time", "9"),
        ("due_tz", "Mars/Base"),
        ("start_date", "soon"),
        ("rrule", "x" * 201),
        ("completed_at", "soon"),
        ("created_at", "9999-12-31T23:59:59-23:59"),
        ("completed", "perhaps"),
        ("reminder", "soon"),
        ("reminder", "999999m"),
        ("labels", "x" * 51),
        ("list", "x" * 101),
        ("title", "a\x00b"),
    ],
    ids=range(25),
)
def test_reports_an_invalid_cell_by_row_and_column(alice, column, cell):
    cells = {"title": "a", "notes": "b"} | {column: cell}
    fine = ["fine" if name == "title" else "" for name in cells]
    body = "\n".join(map(",".join, [list(cells), fine, list(cells.values())]))

    report = import_for(alice, body, "csv")

    assert errors_of(report) == [(3, column)]
    assert not Task.objects.exists()


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"due_time": "9:00"}, "due_time"),
        ({"due_date": "2027-01-01", "due_tz": "UTC"}, "due_tz"),
        ({"due_date": "2027-01-01", "rrule": "FREQ=HOURLY"}, "recurrence"),
        ({"due_date": "2027-01-01", "reminder": "5m"}, "reminder"),
        ({"reminder": "9:00"}, "reminder"),
        ({"parent": "no such"}, "parent"),
        ({"labels": '"' + ",".join(map(str, range(21))) + '"'}, "labels"),
    ],
    ids=range(7),
)
def test_cells_must_be_consistent(alice, cells, field):
    cells = {"title": "a"} | cells

    report = import_for(
        alice, f"{','.join(cells)}\n{','.join(cells.values())}\n", "csv"
    )

    assert errors_of(report) == [(2, field)]
    assert not Task.objects.exists()


def test_reads_the_words_of_other_programs(alice):
    body = (
        "title,priority,completed,completed_at\n"
        "a,High,no,\nb,p1,yes,\nc,low,,2026-11-01\nd,,x,2026-11-01T09:00:00+02:00\n"
    )
    alice.timezone = "Asia/Tokyo"
    alice.save()

    import_for(alice, body, "csv")

    a, b, c, d = tasks_of(alice)
    assert [task.priority for task in (a, b, c, d)] == [2, 1, 4, 3]
    assert (a.completed_at, b.completed_at) == (None, LATER)
    assert c.completed_at == datetime(2026, 10, 31, 15, tzinfo=UTC)
    assert d.completed_at == datetime(2026, 11, 1, 7, tzinfo=UTC)


def test_does_not_import_a_row_with_a_known_id_again(alice):
    body = "id,title,parent\n42,a,\n43,b,42\n"

    first, second = import_for(alice, body, "csv"), import_for(alice, body, "csv")

    assert (first.created, second.created, second.skipped) == (2, 0, 2)
    a, b = tasks_of(alice)
    assert b.parent_id == a.pk


def test_finds_lists_by_name_or_creates_them_once(alice):
    TaskListFactory(owner=alice, name="Home")
    body = "title,list\na,HOME\nb,New\nc,new\nd,\n"

    report = import_for(alice, body, "csv")

    names = [task.list.name for task in tasks_of(alice)]
    assert names == ["Home", "New", "New", "Inbox"]
    assert report.created == 5
    assert TaskList.objects.filter(owner=alice).count() == 3


def test_does_not_use_a_list_in_the_trash(alice):
    gone = TaskListFactory(owner=alice, name="Home")
    actions.trash_list(caller_of(alice, NOON), list_id=gone.pk)

    import_for(alice, "title,list\na,Home\n", "csv")

    [task] = tasks_of(alice)
    assert task.list_id != gone.pk


def test_limits_the_number_of_blank_rows(alice, monkeypatch):
    monkeypatch.setattr(tables, "RECORDS_MAX", 3)

    assert import_for(alice, "title\na\n\n", "csv").created == 1
    with pytest.raises(FileRefused, match="more than 3 rows"):
        import_for(alice, "title\n\n\n\n", "csv")


def test_ignores_empty_cells_beyond_the_header(alice):
    report = import_for(alice, "title,notes,\na,b,,, \n", "csv")

    assert (report.created, report.errors) == (1, [])


def test_reports_a_list_beyond_the_limit(alice, monkeypatch):
    monkeypatch.setattr(list_actions, "LISTS_MAX", 2)

    report = import_for(alice, "title,list\na,Home\nb,home\nc,Work\n", "csv")

    assert errors_of(report) == [(4, "list")]
    assert not Task.objects.exists()


def test_reports_a_row_with_too_many_cells(alice):
    report = import_for(alice, "title\na,b\n", "csv")

    assert errors_of(report) == [(2, "")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\nname\na\n",
        b"\xef\xbb\xbf",
        "title\nмолоко\n".encode("cp1251"),
        "title\na\n".encode("utf-16-le"),
        b'title\n"a\n',
        b'title\n"a"b\n',
        b"title\n" + b"a" * 140_000 + b"\n",
        b"title\n" + b"a" * 2_000_000,
        b'title\n"' + b"a\n" * 200_000 + b'"\n',
    ],
    ids=range(10),
)
def test_refuses_a_file_that_is_not_a_table(alice, body):
    with pytest.raises(FileRefused) as refusal:
        import_for(alice, body, "csv")

    assert "aaa" not in str(refusal.value)
    assert not Task.objects.exists()


@pytest.mark.parametrize(
    "mapping",
    [
        {"title": "missing"},
        {"title": "twice"},
        {"notes": "title"},
        {"title": "title", "owner": "title"},
        {"title": ["title"]},
        {"title": "title", "dates": "dym"},
        {"title": "title", "dates": []},
    ],
    ids=range(7),
)
def test_refuses_a_mapping_of_missing_columns(alice, mapping):
    with pytest.raises(MappingRefused):
        import_for(alice, "title,twice,Twice\na,b,c\n", "csv", mapping=mapping)


def test_refuses_a_table_without_a_column_of_titles(alice):
    with pytest.raises(MappingRefused, match="titles"):
        import_for(alice, "name,notes\na,b\n", "csv")
