"""The JSON format: its canonical form, its schema, and inconsistent files."""

import json
import sys
import tracemalloc
from datetime import UTC, date, datetime, time

import pytest
from django.conf import settings
from jsonschema import Draft202012Validator, FormatChecker

from tests.changes import caller_of
from tests.factories import NOON, TaskFactory, TaskListFactory
from tests.todos.files import (
    LATER,
    a_full_account,
    before_manifest,
    document_of,
    exported,
    id_of,
    import_for,
    moved,
    sealed,
    stored,
)
from todos import actions
from todos.actions import labels as label_actions
from todos.actions import lists as list_actions
from todos.actions.imports import planning
from todos.imports.files import FileRefused
from todos.imports.json import read
from todos.models import Change, Label, Task, TaskList

LIST = "019c0000-0000-7000-8000-000000000000"


def errors_of(report):
    return [(found.row, found.field) for found in report.errors]


def refusal_of(user, body):
    """Import a file that must be refused as a whole; return the message."""
    before = stored(user)
    with pytest.raises(FileRefused) as refused:
        import_for(user, body)
    assert stored(user) == before
    return str(refused.value)


# --- Writing ----------------------------------------------------------------------


def test_two_exports_without_a_change_are_the_same_bytes(alice):
    a_full_account(alice)

    assert exported(alice) == exported(alice)


def test_each_item_is_a_line_in_canonical_form(alice):
    a_full_account(alice)

    _, _, *lines, _ = exported(alice).splitlines()

    items = [line.rstrip(b",") for line in lines if line.startswith(b"{")]
    assert len(items) == 10 + 4 + 2
    for item in items:
        spelled = json.dumps(
            json.loads(item), sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )
        assert item == spelled.encode()


def test_exports_an_empty_account_as_a_complete_document(alice):
    document = json.loads(exported(alice))

    assert list(document) == [
        "format",
        "version",
        "person",
        "lists",
        "labels",
        "tasks",
        "manifest",
    ]
    assert (document["format"], document["version"]) == ("ownlist", 1)
    assert document["manifest"]["tasks"]["count"] == 0
    assert [row["is_inbox"] for row in document["lists"]] == [True]


def test_exports_every_field_of_a_task(alice):
    home = TaskListFactory(owner=alice, name="Home")
    task = TaskFactory(
        owner=alice,
        at=NOON,
        list_id=home.pk,
        title="Pay",
        notes="a\tb\nc",
        priority=1,
        due_date=date(2027, 2, 28),
        due_time=time(9, 30, 15),
        due_tz="Europe/Berlin",
        start_date=date(2027, 2, 1),
        rrule="FREQ=MONTHLY;BYMONTHDAY=-1",
        labels=["b", "A"],
        reminder_minutes=30,
    )

    [found] = json.loads(exported(alice))["tasks"]

    assert found == {
        "id": str(task.pk),
        "list": str(home.pk),
        "parent": None,
        "title": "Pay",
        "notes": "a\tb\nc",
        "priority": 1,
        "due_date": "2027-02-28",
        "due_time": "09:30:15",
        "due_tz": "Europe/Berlin",
        "start_date": "2027-02-01",
        "recurrence": {"rrule": "FREQ=MONTHLY;BYMONTHDAY=-1", "anchor": "due"},
        "series": {"id": str(task.series), "occurrence": 1},
        "reminder": {"minutes_before": 30},
        "labels": ["A", "b"],
        "position": task.position,
        "completed_at": None,
        "trashed_at": None,
        "created_at": "2026-11-22T12:00:00Z",
        "updated_at": "2026-11-22T12:00:00Z",
        "version": 1,
    }


def test_exports_no_sign_in_data(alice):
    a_full_account(alice)

    body = exported(alice)

    assert b"alice" not in body.lower()
    assert str(alice.pk).encode() not in body


def test_exports_match_the_schema(alice):
    schema = json.loads((settings.BASE_DIR / "docs/export.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    a_full_account(alice)
    document = json.loads(exported(alice))

    assert [error.message for error in validator.iter_errors(document)] == []
    del document["tasks"][0]["title"]
    document["lists"][0]["owner"] = "x"
    assert len(list(validator.iter_errors(document))) == 2


# --- Reading ----------------------------------------------------------------------


def test_imports_a_reformatted_export(alice):
    document = document_of({"title": "a"}, {"title": "é 🙂", "notes": "x"})
    sealed_document = json.loads(sealed(document))

    report = import_for(alice, "\ufeff" + json.dumps(sealed_document, indent=4))

    assert (report.created, report.errors) == (2, [])
    assert [task.title for task in Task.objects.order_by("position")] == ["a", "é 🙂"]


def test_missing_members_take_their_defaults(alice):
    import_for(alice, sealed(document_of({"title": "a"})))

    task = Task.objects.get()
    assert (task.priority, task.notes, task.version) == (3, "", 1)
    assert task.created_at == task.updated_at == LATER


def test_an_existing_list_keeps_its_name(alice):
    home = TaskListFactory(owner=alice, name="Home", at=NOON)
    body = exported(alice)
    caller = caller_of(alice, NOON)
    actions.update_list(caller, list_id=home.pk, changes={"name": "Flat"})

    report = import_for(alice, body)

    assert (report.created, report.skipped) == (0, 1)
    assert TaskList.objects.get(pk=home.pk).name == "Flat"


def test_restores_permanently_deleted_tasks(alice):
    caller = caller_of(alice, NOON)
    parent = TaskFactory(owner=alice, title="a", labels=["x"])
    TaskFactory(owner=alice, title="b", parent_id=parent.pk)
    body = exported(alice)
    actions.trash_task(caller, task_id=parent.pk)
    actions.remove_task(caller, task_id=parent.pk)
    assert not Task.objects.exists()

    report = import_for(alice, body)

    assert (report.created, report.errors) == (2, [])
    assert Task.objects.get(title="b").parent.title == "a"
    assert import_for(alice, body).created == 0


def test_reports_known_tasks_in_the_trash(alice):
    task = TaskFactory(owner=alice)
    body = exported(alice)
    actions.trash_task(caller_of(alice, NOON), task_id=task.pk)

    report = import_for(alice, body)

    assert (report.created, report.skipped) == (0, 1)
    assert "1 of the tasks that you already have are in the trash" in (
        report.notices[0].message
    )


def test_imports_a_task_of_a_trashed_list_into_the_inbox(alice):
    caller = caller_of(alice, NOON)
    home = TaskListFactory(owner=alice, name="Home")
    task = TaskFactory(owner=alice, list_id=home.pk)
    TaskFactory(owner=alice, parent_id=task.pk, title="step")
    body = exported(alice)
    actions.trash_list(caller, list_id=home.pk)
    actions.remove_task(caller, task_id=task.pk)

    report = import_for(alice, body)

    assert report.errors == []
    assert [task.list.is_inbox for task in Task.objects.all()] == [True, True]
    assert {issue.field for issue in report.notices} == {"list"}


def test_imports_a_step_of_a_trashed_task_as_a_task(alice):
    caller = caller_of(alice, NOON)
    task = TaskFactory(owner=alice)
    step = TaskFactory(owner=alice, parent_id=task.pk, title="step")
    body = exported(alice)
    actions.trash_task(caller, task_id=task.pk)
    actions.remove_task(caller, task_id=step.pk)

    report = import_for(alice, body)

    assert report.created == 1
    assert Task.objects.get(title="step").parent is None
    assert "parent" in {issue.field for issue in report.notices}


def test_skips_an_occurrence_that_exists_already(alice):
    caller = caller_of(alice, NOON)
    task = TaskFactory(owner=alice, due_date=NOON.date(), rrule="FREQ=DAILY", at=NOON)
    upcoming = actions.complete_task(caller, task_id=task.pk).next
    body = exported(alice)
    actions.reopen_task(caller, task_id=task.pk)
    assert not Task.objects.filter(pk=upcoming.pk).exists()
    actions.complete_task(caller, task_id=task.pk)

    report = import_for(alice, body)

    assert (report.created, report.skipped, report.errors) == (0, 2, [])
    assert [issue.field for issue in report.notices] == ["series"]


def test_a_series_continues_in_another_account(alice, bob):
    task = TaskFactory(owner=alice, due_date=NOON.date(), rrule="FREQ=DAILY", at=NOON)
    actions.complete_task(caller_of(alice, NOON), task_id=task.pk)

    import_for(bob, exported(alice))

    done, upcoming = Task.objects.filter(owner=bob).order_by("occurrence")
    assert done.series == upcoming.series != task.series
    actions.reopen_task(caller_of(bob, NOON), task_id=done.pk)
    assert not Task.objects.filter(pk=upcoming.pk).exists()


def test_plans_a_reminder_only_in_the_future(alice):
    soon = {"due_date": "2027-01-01", "reminder": {"time": "09:00"}}
    past = {"due_date": "2026-12-01", "reminder": {"time": "09:00"}}

    import_for(
        alice, sealed(document_of({"title": "soon"} | soon, {"title": "past"} | past))
    )

    planned = dict(Task.objects.values_list("title", "remind_on"))
    assert planned == {"soon": date(2027, 1, 1), "past": None}


def test_finds_labels_of_the_owner_ignoring_case(alice):
    TaskFactory(owner=alice, labels=["Home"])
    document = document_of(
        {"title": "a", "labels": ["HOME", "new"]},
        labels=[{"name": "home", "colour": "red"}],
    )

    report = import_for(alice, sealed(document))

    assert report.skipped == 1
    names = Task.objects.get(title="a").labels.values_list("name", flat=True)
    assert sorted(names) == ["Home", "new"]
    assert Label.objects.get(name="Home").colour == "grey"


def test_records_an_import_as_one_batch_in_the_ledger(alice, bob):
    a_full_account(alice)

    report = import_for(bob, exported(alice))

    changes = Change.objects.filter(owner=bob).order_by("seq")
    assert {change.batch for change in changes} == {report.batch}
    assert {change.kind for change in changes} == {"created"}
    assert len(changes) == report.created == 15
    assert {change.credential for change in changes} == {"command"}
    milk = next(one for one in changes if (one.after or {}).get("title") == "Buy milk")
    assert milk.after["labels"] == ["errand", "Ätzend, sehr"]


def test_undo_reverts_an_import_which_can_be_repeated(alice, bob):
    a_full_account(alice)
    body = exported(alice)
    batch = import_for(bob, body).batch

    actions.undo(caller_of(bob, LATER), batch_id=batch)

    assert not Task.objects.filter(owner=bob, trashed_at=None).exists()
    assert import_for(bob, body).errors == []


# --- Inconsistent files -----------------------------------------------------------


def _without(document, *path):
    for name in path[:-1]:
        document = document[name]
    del document[path[-1]]


def _set(document, value, *path):
    for name in path[:-1]:
        document = document[name]
    document[path[-1]] = value


INCONSISTENCIES = {
    "a changed title": lambda it: _set(it, "b", "tasks", 0, "title"),
    "a task too few": lambda it: it["tasks"].pop(),
    "a task too many": lambda it: it["tasks"].append({"id": id_of(9), "title": "x"}),
    "tasks the other way round": lambda it: it["tasks"].reverse(),
    "another checksum": lambda it: _set(it, "0" * 64, "manifest", "tasks", "sha256"),
    "another count": lambda it: _set(it, 3, "manifest", "tasks", "count"),
    "no checksum": lambda it: _without(it, "manifest", "tasks", "sha256"),
    "no entry": lambda it: _without(it, "manifest", "lists"),
    "no manifest": lambda it: _without(it, "manifest"),
    "an odd manifest": lambda it: _set(it, [], "manifest"),
    "no object as manifest": lambda it: _set(it, 7, "manifest"),
    "another version in it": lambda it: _set(it, 2, "manifest", "version"),
    "another person": lambda it: _set(it, "Asia/Tokyo", "person", "timezone"),
    "another version": lambda it: _set(it, 2, "version"),
    "a version as text": lambda it: _set(it, "1", "version"),
    "another format": lambda it: _set(it, "other", "format"),
    "no format": lambda it: _without(it, "format"),
    "no version": lambda it: _without(it, "version"),
    "no person": lambda it: _without(it, "person"),
    "no labels": lambda it: _without(it, "labels"),
    "one part more": lambda it: _set(it, [], "others"),
    "tasks as an object": lambda it: _set(it, {}, "tasks"),
    "tasks as a number": lambda it: _set(it, 7, "tasks"),
    "tasks as null": lambda it: _set(it, None, "tasks"),
    "person as a list": lambda it: _set(it, [it["person"]], "person"),
    "a task that is a text": lambda it: _set(it, "a", "tasks", 0),
    "a task that is a list": lambda it: _set(it, [], "tasks", 0),
    "a fraction": lambda it: _set(it, 1.5, "tasks", 0, "priority"),
    "a number without end": lambda it: _set(it, 10**4400, "tasks", 0, "priority"),
    "a number beyond 64 bits": lambda it: _set(it, 2**70, "tasks", 0, "position"),
}


def _dumped(document):
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        return json.dumps(document)
    finally:
        sys.set_int_max_str_digits(limit)


@pytest.mark.parametrize("name", INCONSISTENCIES)
def test_refuses_an_inconsistent_export(alice, name):
    document = json.loads(sealed(document_of({"title": "a"}, {"title": "c"})))
    INCONSISTENCIES[name](document)

    words = refusal_of(alice, _dumped(document))

    assert words.endswith(".")


@pytest.mark.parametrize("place", range(0, 1000, 83), ids=lambda place: f"at-{place}")
def test_refuses_a_truncated_export(alice, place):
    body = sealed(document_of({"title": "a"}, {"title": "b"}))

    assert refusal_of(alice, body[: min(place, len(body) - 1)])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"7",
        b'"text"',
        b"\x00",
        b"\x1f\x8b\x08\x00garbage",
        b"PK\x03\x04garbage",
        b"[" * 1_000_000,
        b'{"format":' + b"[" * 1_000_000,
        b'{"a":' * 300_000,
        b'{"format":"ownlist","version":1,"person":' + b'{"a":' * 100_000,
        '{"format":"ownlist"}'.encode("utf-16"),
        '{"format":"ownlist"}'.encode("utf-32"),
        b'{"format":"\xff"}',
        b'{"format":NaN}',
        b'{"format":"ownlist","format":"ownlist"}',
        b'{"format":"ownlist","version":1,"person":{"a":1,"a":2}}',
        b'{"format":"ownlist"} {"format":"ownlist"}',
        sealed(document_of({"title": "a"})) + b"x",
        b'{"format":"ownlist","version":1,"person":{},"lists":["' + b"a" * 3_000_000,
    ],
    ids=range(22),
)
def test_refuses_a_file_that_is_not_an_export(alice, body):
    words = refusal_of(alice, body)

    assert len(words) < 120
    assert "aaa" not in words


def test_names_json_of_another_program_as_what_it_is(alice):
    assert refusal_of(alice, b'[{"title": "a"}]') == (
        "The file is not an export of Ownlist."
    )


def test_refuses_a_value_of_100_mb_before_it_is_in_memory(alice):
    class Endless:
        """A file with one value of 100 MB."""

        def __init__(self):
            self.start = b'{"format":"ownlist","version":1,"person":{"timezone":"'
            self.place = 0

        def seek(self, place):
            self.place = place

        def read(self, size):
            piece = (self.start[self.place :] + b"a" * size)[:size]
            self.place += size
            return piece if self.place < 100_000_000 else b""

    tracemalloc.start()
    with pytest.raises(FileRefused, match="over 524288 characters"):
        list(read(Endless(), None))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 20_000_000


# --- Invalid rows -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"title": ""}, "tasks.title"),
        ({"title": "x" * 501}, "tasks.title"),
        ({"title": None}, "tasks.title"),
        ({"title": 7}, "tasks.title"),
        ({"title": "a\x00b"}, "tasks.title"),
        ({"title": "a\nb"}, "tasks.title"),
        ({"notes": "x" * 20_001}, "tasks.notes"),
        ({"notes": ["x"]}, "tasks.notes"),
        ({"priority": 0}, "tasks.priority"),
        ({"priority": 5}, "tasks.priority"),
        ({"priority": True}, "tasks.priority"),
        ({"priority": "1"}, "tasks.priority"),
        ({"due_date": "2027-02-30"}, "tasks.due_date"),
        ({"due_date": "1899-12-31"}, "tasks.due_date"),
        ({"due_date": "3000-01-01"}, "tasks.due_date"),
        ({"due_date": 20270228}, "tasks.due_date"),
        ({"due_date": "2027-02-28T00:00:00Z"}, "tasks.due_date"),
        ({"due_time": "24:00"}, "tasks.due_time"),
        ({"due_time": "09:00Z"}, "tasks.due_time"),
        ({"due_time": "09:00:00.5"}, "tasks.due_time"),
        ({"due_tz": "Mars/Base"}, "tasks.due_tz"),
        ({"due_tz": "../etc/passwd"}, "tasks.due_tz"),
        ({"start_date": "soon"}, "tasks.start_date"),
        ({"completed_at": "2027-01-01T00:00:00"}, "tasks.completed_at"),
        ({"completed_at": "9999-12-31T23:59:59-23:59"}, "tasks.completed_at"),
        ({"created_at": "0001-01-01T00:00:00+23:59"}, "tasks.created_at"),
        ({"created_at": 7}, "tasks.created_at"),
        ({"position": 2**62 + 1}, "tasks.position"),
        ({"position": -(2**62) - 1}, "tasks.position"),
        ({"position": "1"}, "tasks.position"),
        ({"version": 0}, "tasks.version"),
        ({"version": 2**30 + 1}, "tasks.version"),
        ({"labels": "a"}, "tasks.labels"),
        ({"labels": [7]}, "tasks.labels"),
        ({"labels": ["x" * 51]}, "tasks.labels"),
        ({"labels": [""]}, "tasks.labels"),
        ({"labels": ["\u0390" * 50]}, "tasks.labels"),
        ({"labels": [f"l{n}" for n in range(21)]}, "labels"),
        ({"recurrence": "FREQ=DAILY"}, "tasks.recurrence"),
        ({"recurrence": {"rrule": 7, "anchor": "due"}}, "tasks.recurrence.rrule"),
        ({"recurrence": {"rrule": "FREQ=DAILY"}}, "tasks.recurrence.anchor"),
        (
            {"recurrence": {"rrule": "FREQ=SECONDLY", "anchor": "due"}},
            "recurrence",
        ),
        ({"series": {"id": "x", "occurrence": 1}}, "tasks.series.id"),
        ({"series": {"id": id_of(5)}}, "tasks.series.occurrence"),
        ({"series": {"id": id_of(5), "occurrence": 0}}, "tasks.series.occurrence"),
        ({"series": id_of(5)}, "tasks.series"),
        ({"reminder": {"time": "09:00", "minutes_before": 5}}, "tasks.reminder"),
        ({"reminder": {"minutes_before": -1}}, "tasks.reminder.minutes_before"),
        ({"reminder": {"minutes_before": 5}}, "reminder"),
        ({"reminder": {"at": "09:00"}}, "tasks.reminder"),
        ({"id": None}, "tasks.id"),
        ({"id": "42"}, "tasks.id"),
        ({"id": 7}, "tasks.id"),
        ({"list": None}, "tasks.list"),
        ({"list": id_of(77)}, "list"),
        ({"parent": "x"}, "tasks.parent"),
        ({"parent": id_of(77)}, "parent"),
        ({"parent": id_of(1)}, "parent"),  # itself
        ({"due_time": "09:00"}, "due_time"),
        ({"due_date": "2027-01-01", "due_tz": "UTC"}, "due_tz"),
        ({"owner": id_of(1)}, "tasks.owner"),
    ],
    ids=range(61),
)
def test_reports_an_invalid_task_and_stores_nothing(alice, fields, named):
    before = stored(alice)
    document = document_of({"title": "fine"}, {"title": "a"} | fields)

    report = import_for(alice, sealed(document))

    # Issues of the domain rules have no prefix.
    assert errors_of(report) in ([(2, named)], [(2, f"tasks.{named}")])
    assert (report.batch, report.created) == (None, 0)
    assert stored(alice) == before


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": ""}, "lists.name"),
        ({"name": "x" * 101}, "lists.name"),
        ({"name": 7}, "lists.name"),
        ({"colour": "mauve"}, "lists.colour"),
        ({"id": "x"}, "lists.id"),
        ({"archived_at": "soon"}, "lists.archived_at"),
        ({"owner": LIST}, "lists.owner"),
    ],
    ids=range(7),
)
def test_reports_an_invalid_list(alice, fields, named):
    document = document_of(lists=[{"id": LIST, "name": "Home"} | fields])

    report = import_for(alice, sealed(document))

    assert errors_of(report) == [(2, named)]
    assert TaskList.objects.filter(owner=alice).count() == 1


@pytest.mark.parametrize(
    ("labels", "named"),
    [
        ([{"name": ""}], [(1, "labels.name")]),
        ([{"name": "x" * 51}], [(1, "labels.name")]),
        ([{"name": "a", "colour": "mauve"}], [(1, "labels.colour")]),
        ([{"name": "a"}, {"name": "A"}], [(2, "labels.name")]),
        ([{"name": "a", "tasks": []}], [(1, "labels.tasks")]),
    ],
    ids=range(5),
)
def test_reports_an_invalid_label(alice, labels, named):
    report = import_for(alice, sealed(document_of(labels=labels)))

    assert errors_of(report) == named
    assert not Label.objects.exists()


def test_reports_a_duplicate_id(alice):
    twice = document_of({"title": "a"}, {"title": "b", "id": id_of(0)})
    capitals = document_of({"title": "a"}, {"title": "b", "id": id_of(0).upper()})
    lists = document_of(
        lists=[{"id": LIST, "name": "a"}, {"id": LIST, "name": "b"}],
    )

    assert errors_of(import_for(alice, sealed(twice))) == [(2, "id")]
    assert errors_of(import_for(alice, sealed(capitals))) == [(2, "id")]
    assert errors_of(import_for(alice, sealed(lists))) == [(3, "id")]
    assert not Task.objects.exists()


def test_moves_are_possible_beyond_the_extreme_positions(alice):
    ends = {"title": "low", "position": -(2**62)}, {"title": "top", "position": 2**62}
    import_for(alice, sealed(document_of({"title": "a"}, *ends)))
    named = {task.title: task.pk for task in Task.objects.all()}
    caller = caller_of(alice, LATER)

    for to in (
        actions.Beside("after", named["top"]),
        actions.Beside("before", named["low"]),
    ):
        actions.move_task(caller, task_id=named["a"], to=to)

    titles = Task.objects.order_by("position").values_list("title", flat=True)
    assert list(titles) == ["a", "low", "top"]


def test_the_highest_occurrence_and_version_can_be_incremented(alice):
    rule = {"rrule": "FREQ=DAILY", "anchor": "due"}
    task = {
        "title": "a",
        "due_date": "2027-02-28",
        "recurrence": rule,
        "series": {"id": id_of(7), "occurrence": 2**30},
        "version": 2**30,
    }
    import_for(alice, sealed(document_of(task)))
    caller = caller_of(alice, LATER)

    done = actions.complete_task(caller, task_id=Task.objects.get().pk)

    assert done.task.version == 2**30 + 1
    assert Task.objects.filter(occurrence=2**30 + 1).exists()


def test_creates_no_more_lists_than_allowed(alice, monkeypatch):
    monkeypatch.setattr(list_actions, "LISTS_MAX", 2)
    ids = [{"id": id_of(900 + number)} for number in range(3)]
    gone = ids[0] | {"name": "gone", "trashed_at": "2026-11-01T00:00:00Z"}
    first, second = ids[1] | {"name": "first"}, ids[2] | {"name": "second"}

    report = import_for(alice, sealed(document_of(lists=[gone, first, second])))

    assert errors_of(report) == [(4, "lists.name")]
    assert TaskList.objects.filter(owner=alice).count() == 1

    assert import_for(alice, sealed(document_of(lists=[gone, first]))).created == 2


def test_creates_no_more_labels_than_allowed(alice, monkeypatch):
    monkeypatch.setattr(label_actions, "LABELS_PER_USER_MAX", 2)
    task = {"title": "a", "labels": ["one", "three"]}
    labels = [{"name": "one"}, {"name": "two"}]

    by_tasks = import_for(alice, sealed(document_of(task, labels=labels)))
    by_labels = import_for(
        alice, sealed(document_of(labels=[*labels, {"name": "three"}]))
    )

    assert errors_of(by_tasks) == errors_of(by_labels) == [(None, "labels")]
    assert not Label.objects.exists()
    assert not Task.objects.exists()

    import_for(alice, sealed(document_of(labels=labels)))
    assert import_for(alice, sealed(document_of(labels=labels))).skipped == 2


def test_imports_a_series_that_has_ended(alice, bob):
    rule = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;INTERVAL=3"  # 2036, then 2048
    first = TaskFactory(owner=alice, due_date=date(2027, 1, 31), rrule=rule)
    caller = caller_of(alice, LATER)
    last = actions.complete_task(caller, task_id=first.pk).next
    body = exported(alice)

    report = import_for(bob, body)

    assert last.due_date == date(2036, 2, 29)
    assert report.errors == []
    assert before_manifest(exported(bob)) == moved(body, source=alice, target=bob)


@pytest.mark.parametrize("rule", ["FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "freq=hourly"])
def test_refuses_an_invalid_rule_of_any_series(alice, rule):
    task = {
        "title": "a",
        "due_date": "2027-02-28",
        "recurrence": {"rrule": rule, "anchor": "due"},
        "series": {"id": id_of(7), "occurrence": 3},
    }

    assert errors_of(import_for(alice, sealed(document_of(task)))) == [
        (1, "recurrence")
    ]


def test_refuses_steps_of_steps(alice):
    document = document_of(
        {"title": "a"},
        {"title": "b", "parent": id_of(0)},
        {"title": "c", "parent": id_of(1)},
    )

    assert errors_of(import_for(alice, sealed(document))) == [(3, "parent")]
    assert not Task.objects.exists()


def test_refuses_circular_parents(alice):
    document = document_of(
        {"title": "a", "parent": id_of(1)}, {"title": "b", "parent": id_of(0)}
    )

    assert (1, "parent") in errors_of(import_for(alice, sealed(document)))
    assert not Task.objects.exists()


def test_refuses_a_step_in_another_list_than_its_task(alice):
    document = document_of(
        {"title": "a"},
        {"title": "b", "parent": id_of(0), "list": LIST},
        lists=[{"id": LIST, "name": "Home"}],
    )

    assert errors_of(import_for(alice, sealed(document))) == [(2, "list")]
    assert not Task.objects.exists()


def test_counts_the_errors_that_it_does_not_list(alice):
    document = document_of(*({"title": ""} for _ in range(2_500)))

    report = import_for(alice, sealed(document))

    assert len(report.errors) == 1_001
    assert report.errors[-1].message == "Only the first 1000 of 2500 errors are listed."


def test_many_chunks_give_the_same_result_as_one(alice, monkeypatch):
    monkeypatch.setattr(planning, "CHUNK", 2)
    tasks = [{"title": f"a{n}", "labels": ["x", f"l{n % 3}"]} for n in range(7)]
    steps = [{"title": f"s{n}", "parent": id_of(n)} for n in range(7)]

    report = import_for(alice, sealed(document_of(*tasks, *steps)))

    assert (report.created, report.errors) == (18, [])
    parents = Task.objects.filter(parent__isnull=False)
    assert {step.parent.title[1:] == step.title[1:] for step in parents} == {True}
    seqs = Change.objects.filter(owner=alice).values_list("seq", flat=True)
    assert sorted(seqs) == list(range(1, 19))


def test_maps_the_inbox_of_the_file_to_the_inbox(alice):
    document = document_of({"title": "a"})
    document["lists"][0] |= {"name": "Eingang", "colour": "red"}

    report = import_for(alice, sealed(document))

    assert report.created == 1
    task = Task.objects.get()
    assert (task.list.is_inbox, task.list.name, task.list.colour) == (
        True,
        "Inbox",
        "grey",
    )


def test_keeps_microseconds_of_instants(alice):
    moment = "2026-11-01T09:00:00.123456+02:00"
    import_for(alice, sealed(document_of({"title": "a", "created_at": moment})))

    assert Task.objects.get().created_at == datetime(
        2026, 11, 1, 7, 0, 0, 123456, tzinfo=UTC
    )
