"""An import blocks other requests only while it stores rows."""

from contextlib import contextmanager
from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.changes import caller_of
from tests.factories import NOON, UserFactory
from tests.todos.files import document_of, id_of, import_for, sealed
from todos import actions
from todos.actions.imports import ImportClash, PreparedImport, planning, storing
from todos.actions.imports.rows import TaskRow
from todos.imports import formats
from todos.limits import STEPS_MAX
from todos.models import Change, Task, TaskLabel, TaskList


def rows_of(count, **more):
    return [
        TaskRow(row=number, source=f"task {number}", fields={"title": "Task"}, **more)
        for number in range(count)
    ]


def prepared(owner, rows):
    return PreparedImport(caller_of(owner, NOON), rows)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", [None, "once"])
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_file_is_read_before_anything_is_locked(api_as, monkeypatch, key, dry_run):
    alice = UserFactory()
    table, seen = formats.FORMATS["csv"], []

    def watched(file, options):
        for row in table.read(file, options):
            seen.append(connection.in_atomic_block)
            yield row

    monkeypatch.setitem(formats.FORMATS, "csv", replace(table, read=watched))
    body = {
        "file": SimpleUploadedFile("tasks.csv", b"title\na\nb\n"),
        "format": "csv",
        "dry_run": dry_run,
    }

    answer = api_as(alice).post(
        reverse("api:import"),
        body,
        format="multipart",
        headers={"Idempotency-Key": key} if key else {},
    )

    assert (answer.status_code, answer.json()["created"]) == (200, 2)
    assert seen == [False, False]


@pytest.mark.django_db(transaction=True)
def test_a_repeated_import_is_not_read_again(api_as, monkeypatch):
    alice = UserFactory()
    client, answers = api_as(alice), []
    for _ in range(2):
        body = {
            "file": SimpleUploadedFile("tasks.csv", b"title\na\n"),
            "format": "csv",
        }
        answers.append(
            client.post(
                reverse("api:import"),
                body,
                format="multipart",
                headers={"Idempotency-Key": "1"},
            )
        )
        monkeypatch.delitem(formats.FORMATS, "csv", raising=False)

    assert answers[0].content == answers[1].content
    assert answers[1].headers["Idempotency-Replayed"] == "true"


def test_storing_uses_the_same_statements_for_any_number_of_rows(alice):
    counts = []
    for count in (20, 900):
        labels = tuple(f"label {number}" for number in range(20))
        ready = prepared(alice, rows_of(count, labels=labels, list_name=f"L {count}"))
        with CaptureQueriesContext(connection) as captured:
            ready.store()
        counts.append(len(captured))
        TaskLabel.objects.filter(owner=alice).delete()
        alice.tasks.all().delete()

    assert counts[0] - 1 == counts[1]  # the labels are there by then
    assert counts[0] <= 10


def test_preparing_looks_up_rows_in_chunks_of_a_thousand(alice):
    counts = []
    for count in (900, 1_900):
        with CaptureQueriesContext(connection) as captured:
            prepared(alice, rows_of(count, labels=("home",)))
        counts.append(len(captured))

    assert counts[1] - counts[0] <= 3


def test_preparing_stores_nothing(alice):
    ready = prepared(alice, rows_of(3, labels=("home",), list_name="New"))

    assert ready.report.created == 5
    assert not Change.objects.exists()


def test_plans_again_if_data_changed_after_reading(alice):
    ready = prepared(alice, rows_of(3, list_name="New"))
    made = actions.create_list(caller_of(alice, NOON), name="New")

    report = ready.store()

    assert report.created == 3
    assert set(alice.tasks.values_list("list", flat=True)) == {made.pk}


def test_refuses_if_data_keeps_changing(alice, monkeypatch):
    monkeypatch.setattr(planning, "last_number", lambda owner: -1)

    with pytest.raises(ImportClash):
        prepared(alice, rows_of(3)).store()

    assert not alice.tasks.exists()


# --- Several transactions ---------------------------------------------------------


def test_many_tasks_are_stored_in_parts_of_one_batch(alice, monkeypatch):
    monkeypatch.setattr(storing, "PART", 10)
    rows = rows_of(25, list_name="New", labels=("home",))

    report = prepared(alice, rows).store()

    assert report.created == 27
    assert set(Change.objects.values_list("batch", flat=True)) == {report.batch}
    actions.undo(caller_of(alice, NOON))
    assert not alice.tasks.exists()
    assert not TaskList.objects.filter(name="New").exists()


def test_stores_no_part_if_any_row_is_invalid(alice, monkeypatch):
    monkeypatch.setattr(storing, "PART", 10)
    rows = rows_of(25) + rows_of(1)

    report = prepared(alice, rows).store()

    assert (report.created, report.batch, len(report.errors)) == (0, None, 1)
    assert not alice.tasks.exists()


def test_a_change_between_two_parts_reports_what_is_stored(alice, monkeypatch):
    monkeypatch.setattr(storing, "PART", 10)
    open_batch = storing.open_batch

    @contextmanager
    def and_then_a_change(caller, **kwargs):
        with open_batch(caller, **kwargs) as batch:
            yield batch
        actions.create_task(caller_of(alice, NOON), title="Meanwhile")

    monkeypatch.setattr(storing, "open_batch", and_then_a_change)

    with pytest.raises(ImportClash, match="10 of 25 tasks are stored"):
        prepared(alice, rows_of(25)).store()

    monkeypatch.setattr(storing, "open_batch", open_batch)
    report = prepared(alice, rows_of(25)).store()
    assert (report.created, report.skipped) == (15, 10)


# --- Steps ------------------------------------------------------------------------


def test_imports_no_more_steps_than_a_task_can_have(alice):
    steps = [
        {"title": "Step", "id": id_of(1_000 + number), "parent": id_of(0)}
        for number in range(STEPS_MAX)
    ]
    import_for(alice, sealed(document_of({"title": "Task"}, *steps[:-1])))

    report = import_for(alice, sealed(document_of({"title": "Task"}, *steps)))

    assert (report.created, report.errors) == (1, [])

    more = {"title": "Step", "id": id_of(9_999), "parent": id_of(0)}
    report = import_for(alice, sealed(document_of({"title": "Task"}, more)))

    (error,) = report.errors
    assert (error.field, error.message) == (
        "parent",
        "A task can have at most 500 steps, including the trash.",
    )
    assert Task.objects.filter(parent__isnull=False).count() == STEPS_MAX
