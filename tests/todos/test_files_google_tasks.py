"""Google Tasks: Tasks.json of Google Takeout."""

import io
import json
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.factories import TaskListFactory
from tests.todos.files import LATER, import_for
from todos.imports import google_tasks
from todos.imports.files import FileRefused, TooManyRows
from todos.limits import LIST_NAME_MAX_LENGTH, NOTES_MAX_LENGTH
from todos.models import Task, TaskList

pytestmark = pytest.mark.any_database

EXPORT = (Path(__file__).parent.parent / "data" / "google-tasks.json").read_bytes()


def of_list(*tasks, title="Errands"):
    """Return an export with one list of these tasks."""
    items = [
        {"kind": "tasks#task", "id": f"t{n}", "title": "Walk", "status": "needsAction"}
        | task
        for n, task in enumerate(tasks)
    ]
    one = {"kind": "tasks#tasks", "id": "l", "title": title, "items": items}
    return json.dumps({"kind": "tasks#taskLists", "items": [one]})


def import_tasks(user, *tasks, **options):
    """Import these tasks; return the report and the tasks that the user has."""
    report = import_for(user, of_list(*tasks), "google-tasks", **options)
    return report, list(Task.objects.filter(owner=user).order_by("position"))


def import_task(user, **fields):
    report, tasks = import_tasks(user, fields)
    return report, tasks[0] if tasks else None


def fields_of(issues):
    return [(issue.row, issue.field) for issue in issues]


# --- A whole export -------------------------------------------------------------------


def test_imports_an_export(alice):
    report = import_for(alice, EXPORT, "google-tasks")

    assert report.errors == []
    windows, cress, soil, pots = Task.objects.filter(owner=alice).order_by("position")
    assert [task.title for task in (windows, cress, soil, pots)] == [
        "Clean the windows",
        "Sow the cress",
        "Buy soil",
        "Fill the pots",
    ]
    assert {task.list.name for task in (windows, cress, soil, pots)} == {"Balcony"}
    assert (cress.due_date, cress.due_time, cress.rrule) == (
        date(2027, 2, 10),
        None,
        "",
    )
    assert cress.notes == (
        "Half of the seeds now,\nhalf in March\n\n"
        "Links: Order 4711: https://mail.google.com/mail/#all/4711\n"
        "https://seeds.example/cress"
    )
    assert cress.priority == 2
    assert cress.created_at == datetime(2026, 11, 1, 7, 15, tzinfo=UTC)
    assert cress.updated_at == datetime(2026, 11, 2, 8, 0, 0, 123456, tzinfo=UTC)
    assert soil.parent_id == pots.parent_id == cress.pk
    assert soil.completed_at == datetime(2026, 11, 3, 17, 30, tzinfo=UTC)
    assert pots.completed_at is None
    assert windows.notes == "Assignment info: https://chat.google.com/room/AAA"


def test_reports_what_it_adapts_and_leaves_out(alice):
    report = import_for(alice, EXPORT, "google-tasks")

    assert sorted(fields_of(report.notices), key=str) == [
        (1, "links"),
        (4, "assignmentInfo"),
        (None, "deleted"),
        (None, "list"),
    ]
    assert "Deleted tasks are not imported: 1." in [i.message for i in report.notices]
    assert report.created == 5


def test_finds_a_list_by_its_name(alice):
    own = TaskListFactory(owner=alice, name="balcony")

    report = import_for(alice, EXPORT, "google-tasks")

    assert report.created == 4
    assert own.tasks.count() == 4


def test_imports_the_archive_of_takeout(alice):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Takeout/archive_browser.html", "<html>")
        archive.writestr("Takeout/Keep/note.json", "{}")
        archive.writestr("Takeout/Tasks/Tasks.json", EXPORT)

    assert import_for(alice, body.getvalue(), "google-tasks").created == 5


# --- Fields ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due", "zone", "expected"),
    [
        ("2027-02-10T00:00:00.000Z", "America/New_York", date(2027, 2, 10)),
        ("2027-02-10T00:00:00.000Z", "Pacific/Auckland", date(2027, 2, 10)),
        ("2028-02-29T00:00:00Z", "UTC", date(2028, 2, 29)),
        ("2027-02-10T03:00:00Z", "America/Sao_Paulo", date(2027, 2, 10)),
        ("2027-02-09T23:00:00Z", "Europe/Berlin", date(2027, 2, 10)),
        ("2027-07-09T22:00:00Z", "Europe/Berlin", date(2027, 7, 10)),
        ("2027-02-10", "Europe/Berlin", date(2027, 2, 10)),
        ("2027-02-10T00:00:00-08:00", "Europe/Berlin", date(2027, 2, 10)),
        # Midnight does not exist on this date: clocks go forward at 24:00.
        ("2026-09-06T04:00:00Z", "America/Santiago", date(2026, 9, 6)),
    ],
)
def test_reads_a_due_date(alice, due, zone, expected):
    alice.timezone = zone
    alice.save()

    report, task = import_task(alice, due=due)

    assert (task.due_date, task.due_time) == (expected, None)
    assert report.notices == []


@pytest.mark.parametrize(
    "due",
    [
        "2027-02-09T23:00:00Z",
        "2027-07-09T23:00:00Z",
        "2027-02-10T09:30:00Z",
        "2027-02-30T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:30:00+14:00",
        "tomorrow",
        "2" * 5000,
    ],
)
def test_an_uncertain_due_date_goes_to_the_notes(alice, due):
    alice.timezone = "America/New_York"
    alice.save()

    report, task = import_task(alice, due=due)

    assert task.due_date is None
    assert f"Due: {due}" in task.notes
    assert fields_of(report.notices) == [(1, "due")]


@pytest.mark.parametrize(
    ("fields", "completed_at"),
    [
        ({"status": "needsAction"}, None),
        ({"status": "completed"}, LATER),
        (
            {"status": "completed", "updated": "2026-05-01T10:00:00Z"},
            datetime(2026, 5, 1, 10, tzinfo=UTC),
        ),
        (
            {
                "status": "completed",
                "updated": "2026-06-01T10:00:00Z",
                "completed": "2026-05-01T10:00:00Z",
            },
            datetime(2026, 5, 1, 10, tzinfo=UTC),
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
        ({"status": "paused"}, "status", "Status: paused"),
        ({"completed": "2026-05-01T10:00:00Z"}, "completed", "Completed: 2026-05-01"),
        (
            {"status": "completed", "completed": "soon", "updated": ""},
            "completed",
            "Completed: soon",
        ),
        ({"updated": "soon"}, "updated", "Updated: soon"),
        ({"created": "soon"}, "created", "Created: soon"),
        ({"links": [{"link": "https://a.example"}]}, "links", "Links: https://a.exam"),
        (
            {"assignmentInfo": {"surfaceType": "DOCUMENT"}},
            "assignmentInfo",
            "Assignment info: DOCUMENT",
        ),
    ],
    ids=range(7),
)
def test_adds_values_without_a_field_to_the_notes(alice, fields, field, note):
    report, task = import_task(alice, **fields)

    assert note in task.notes
    assert fields_of(report.notices) == [(1, field)]


def test_an_unknown_field_is_reported_once(alice):
    report, tasks = import_tasks(
        alice, {"colour": "red", "x\ud800": 1.5}, {"colour": "blue", "empty": []}
    )

    assert len(tasks) == 2
    assert fields_of(report.notices) == [(None, "colour"), (None, "x\\ud800")]


def test_a_task_without_a_title_is_untitled(alice):
    report, task = import_task(alice, title=" \n ")

    assert task.title == "Untitled"
    assert fields_of(report.notices) == [(1, "title")]
    assert report.notices[0].message.endswith("the task is named Untitled.")


def test_a_long_title_is_cut_and_kept_in_the_notes(alice):
    title = "word " * 200

    report, task = import_task(alice, title=title, notes="More")

    assert task.title == title[:499]
    assert task.notes == f"Title: {title.strip()}\n\nMore"
    assert fields_of(report.notices) == [(1, "title")]


def test_a_title_is_one_line_without_control_characters(alice):
    _, task = import_task(alice, title="a\x00 b\nc\ud800")

    assert task.title == "a b c"


def test_long_notes_are_cut_with_a_notice(alice):
    report, task = import_task(alice, notes="é" * (NOTES_MAX_LENGTH + 1))

    assert task.notes == "é" * NOTES_MAX_LENGTH
    assert fields_of(report.notices) == [(1, "notes")]


def test_a_long_name_of_a_list_is_cut(alice):
    report = import_for(alice, of_list({}, title="L" * 300), "google-tasks")

    assert Task.objects.get(owner=alice).list.name == "L" * LIST_NAME_MAX_LENGTH
    assert fields_of(report.notices) == [(None, "list")]


def test_a_list_without_a_name_is_the_inbox(alice):
    import_for(alice, of_list({}, title=""), "google-tasks")

    assert Task.objects.get(owner=alice).list.is_inbox


# --- Steps ----------------------------------------------------------------------------


def test_a_step_may_come_before_its_task(alice):
    _, (task, step) = import_tasks(
        alice, {"id": "s", "parent": "t", "title": "Step"}, {"id": "t"}
    )

    assert (step.title, step.parent_id) == ("Step", task.pk)


def test_deeper_steps_become_steps_of_the_top_level_task(alice):
    report, (task, *steps) = import_tasks(
        alice,
        {"id": "c", "parent": "b"},
        {"id": "b", "parent": "a"},
        {"id": "a"},
        {"id": "d", "parent": "c"},
    )

    assert {step.parent_id for step in steps} == {task.pk}
    assert fields_of(report.notices) == [(1, "parent"), (4, "parent")]


@pytest.mark.parametrize(
    "tasks",
    [
        [{"id": "a", "parent": "gone"}],
        [{"id": "a", "parent": "a"}],
        [{"id": "a", "parent": "b"}, {"id": "b", "parent": "a"}],
        [{"id": "a", "parent": "b"}, {"id": "b", "deleted": True}],
    ],
    ids=["missing", "itself", "circle", "deleted"],
)
def test_a_step_without_a_task_becomes_a_task(alice, tasks):
    report, stored_tasks = import_tasks(alice, *tasks)

    assert sum(task.parent_id is None for task in stored_tasks) == 1
    assert any(issue.field == "parent" for issue in report.notices)


def test_keeps_the_order_of_the_file_if_a_position_is_missing(alice):
    _, tasks = import_tasks(
        alice, {"title": "b", "position": "2"}, {"title": "a", "position": "1"}, {}
    )

    assert [task.title for task in tasks] == ["b", "a", "Walk"]


def test_a_duplicate_id_is_imported_once(alice):
    report, tasks = import_tasks(alice, {"id": "a"}, {"id": "a", "title": "Again"})

    assert [task.title for task in tasks] == ["Walk"]
    assert fields_of(report.notices) == [(2, "id")]


def test_repeated_tasks_stay_separate(alice):
    _, tasks = import_tasks(
        alice,
        {"title": "Bins", "due": "2027-02-03T00:00:00Z", "status": "completed"},
        {"title": "Bins", "due": "2027-02-10T00:00:00Z"},
    )

    assert [task.due_date.day for task in tasks] == [3, 10]


# --- Other shapes ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "tasks#tasks", "items": [{"title": "a", "status": "needsAction"}]},
        {"items": [{"title": "L", "items": [{"title": "a", "status": "completed"}]}]},
        [{"title": "L", "items": [{"kind": "tasks#task", "title": "a"}]}],
    ],
    ids=["one list", "without kinds", "array of lists"],
)
def test_reads_what_other_tools_write(alice, document):
    if document == 2:
        document = document["items"]

    import_for(alice, json.dumps(document), "google-tasks")

    assert Task.objects.get(owner=alice).title == "a"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"items": []}',
        b'"text"',
        b"7",
        b"title,notes\na,b\n",
        EXPORT[:-300],
        EXPORT + b"{}",
        b'{"kind": "tasks#taskLists", "items": [7]}',
        b'{"kind": "tasks#taskLists", "items": [{"title": 7, "items": []}]}',
        b'{"items": [{"title": "a", "title": "b", "items": []}]}',
        b'{"items": [{"items": [{"id": "a", "id": "b"}]}]}',
        b'{"value": [{"title": "a", "status": "completed"}]}',
        b'[{"title": "a", "status": "completed", "importance": "high"}]',
        b'{"format": "ownlist", "version": 1, "lists": [], "tasks": []}',
        b'{"items":' * 100_000,
        b"[" * 100_000,
        b'{"kind": "tasks#tasks", "items": [{"title": ' + b"[" * 5_000,
        b'{"kind": "tasks#tasks", "items": [{"notes": "' + b"x" * 600_000,
        b"PK\x03\x04damaged",
    ],
    ids=range(21),
)
def test_refuses_another_file(alice, body):
    with pytest.raises(FileRefused):
        import_for(alice, body, "google-tasks")

    assert Task.objects.filter(owner=alice).count() == 0


def test_refuses_an_archive_without_tasks(alice):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("Takeout/Keep/note.json", "{}")

    with pytest.raises(FileRefused, match=r"Tasks\.json"):
        import_for(alice, body.getvalue(), "google-tasks")


WRONG = [7, 1.5, True, "x", [], [7], {}, {"a": {"b": [None]}}, "\ud800", "\x00"]


@pytest.mark.parametrize(
    "name", sorted({*google_tasks.USED, *google_tasks.UNUSED} - {"kind"})
)
def test_a_wrong_type_is_an_error_of_its_row_or_harmless(alice, name):
    for value in WRONG:
        body = of_list({name: value}, {"title": "Other"})
        report = import_for(alice, body, "google-tasks", dry_run=True)

        assert {issue.row for issue in report.errors} <= {1}, value
        assert all(issue.field.startswith(name) for issue in report.errors), value
        assert (report.created > 0) is not bool(report.errors), value


def test_limits_the_number_of_tasks(alice):
    with pytest.raises(TooManyRows):
        import_tasks(alice, {}, {}, {}, rows_max=2)


def test_more_steps_than_a_task_can_have_are_an_error(alice):
    steps = [{"parent": "top"} for _ in range(501)]

    report, tasks = import_tasks(alice, {"id": "top"}, *steps)

    assert {issue.field for issue in report.errors} == {"parent"}
    assert tasks == []


def test_the_list_of_lists_stays_within_the_limit_of_the_account(alice):
    lists = [
        {
            "kind": "tasks#tasks",
            "title": f"L{n}",
            "items": [{"id": f"{n}", "title": "a", "status": "needsAction"}],
        }
        for n in range(501)
    ]
    body = json.dumps({"kind": "tasks#taskLists", "items": lists})

    report = import_for(alice, body, "google-tasks")

    assert report.errors
    assert TaskList.objects.filter(owner=alice).count() == 1


@pytest.mark.parametrize("value", [[], {}, [None], 5, True])
@pytest.mark.parametrize("name", ["kind", "status"])
def test_a_mark_of_another_type_is_refused_without_an_error(alice, name, value):
    one = {"title": "Walk", name: value}
    for document in ({"kind": value, "items": [one]}, {"items": [one]}):
        with pytest.raises(FileRefused):
            import_for(alice, json.dumps(document), "google-tasks")


@pytest.mark.parametrize("body", ["title\nA\n", "BEGIN:VCALENDAR\n", "5", '"a"'])
@pytest.mark.parametrize("name", ["google-tasks", "microsoft-todo"])
def test_a_file_of_another_kind_is_named_as_that(alice, name, body):
    with pytest.raises(FileRefused, match="The file is not "):
        import_for(alice, body, name)
