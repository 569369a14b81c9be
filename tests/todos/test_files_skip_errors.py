"""Imports that leave out the rows with an error, and store the others."""

import json

import pytest
from django.core.management import CommandError, call_command

from tests.todos.files import (
    INBOX,
    document_of,
    exported,
    id_of,
    import_for,
    sealed,
    stored,
)
from tests.todos.test_api_import import send
from todos.actions.lists import LISTS_MAX
from todos.imports.files import FileRefused
from todos.models import Task, TaskList


def titles_of(user):
    return sorted(Task.objects.filter(owner=user).values_list("title", flat=True))


def rows_and_fields(issues):
    return [(issue.row, issue.field) for issue in issues]


def both(user, body, name="csv", **options):
    """Import a file after a dry run, whose report must be the same."""
    before = stored(user)
    dry = import_for(user, body, name, dry_run=True, skip_errors=True, **options)
    assert stored(user) == before
    report = import_for(user, body, name, skip_errors=True, **options)
    assert (dry.created, dry.skipped, dry.errors, dry.notices) == (
        report.created,
        report.skipped,
        report.errors,
        report.notices,
    )
    return report


def test_stores_the_other_rows_and_names_row_and_column(alice):
    table = "title,due_date\nBuy milk,2027-02-10\nCall Ann,soon\n,\nRead,2027-02-11\n"

    report = both(alice, table)

    assert titles_of(alice) == ["Buy milk", "Read"]
    assert report.created == 2
    assert report.batch is not None
    assert (3, "due_date") in rows_and_fields(report.errors)


def test_the_default_stores_nothing(alice):
    report = import_for(alice, "title,priority\nBuy milk,1\nCall Ann,9\n", "csv")

    assert report.batch is None
    assert titles_of(alice) == []


def test_steps_of_a_task_that_is_left_out_are_named(alice):
    table = (
        # The planning of tasks refuses a time without a date, not the reader.
        "id,parent,title,due_time\n"
        "a,,Bad,09:00\n"
        "b,a,Step,\n"
        "c,,Good,\n"
        "d,c,Step of good,\n"
    )

    report = both(alice, table)

    assert titles_of(alice) == ["Good", "Step of good"]
    assert rows_and_fields(report.errors) == [(2, "due_time"), (3, "parent")]


def test_a_list_of_rejected_tasks_only_is_not_created(alice):
    table = "title,list,due_time\nBad,Only bad,09:00\nGood,Home,\nBad too,Home,09:00\n"

    report = both(alice, table)

    names = TaskList.objects.filter(owner=alice, is_inbox=False)
    assert list(names.values_list("name", flat=True)) == ["Home"]
    assert report.created == 2


def test_importing_again_after_a_correction_adds_the_rest(alice):
    bad = "id,title,priority\na,Buy milk,1\nb,Call Ann,9\n"
    both(alice, bad)

    report = both(alice, bad.replace("9", "2"))

    assert titles_of(alice) == ["Buy milk", "Call Ann"]
    assert (report.created, report.skipped) == (1, 1)


def test_a_duplicate_id_leaves_out_its_second_row(alice):
    both(alice, "id,title\na,First\na,Second\nb,Third\n")

    assert titles_of(alice) == ["First", "Third"]


def test_an_export_with_one_invalid_task(alice):
    good, bad = {"title": "Good"}, {"title": "Bad", "priority": 9}

    report = both(alice, sealed(document_of(good, bad)), "json")

    assert titles_of(alice) == ["Good"]
    assert rows_and_fields(report.errors) == [(2, "tasks.priority")]


def test_an_error_of_the_whole_file_still_refuses_it(alice):
    document = json.loads(sealed(document_of({"title": "Good"})))
    document["manifest"]["tasks"]["sha256"] = "0" * 64
    before = stored(alice)

    with pytest.raises(FileRefused):
        import_for(alice, json.dumps(document), skip_errors=True)
    assert stored(alice) == before


def test_too_many_lists_still_refuse_the_file(alice):
    rows = "".join(f"Task {n},List {n}\n" for n in range(LISTS_MAX))
    lists = [
        {"id": id_of(1000 + n), "name": f"List {n}", "is_inbox": False}
        for n in range(LISTS_MAX)
    ]
    document = document_of({"title": "Good", "list": INBOX}, lists=lists)
    before = stored(alice)

    report = import_for(alice, sealed(document), "json", skip_errors=True)

    assert report.is_refused
    assert report.batch is None
    assert stored(alice) == before
    # A table names lists row by row: those that fit are stored.
    assert both(alice, "title,list\n" + rows).error_count == 1


def test_over_the_api(api_as, alice):
    response = send(
        api_as(alice), "title,priority\nBuy milk,1\nCall Ann,9\n", skip_errors="true"
    )

    assert response.status_code == 200
    report = response.json()
    assert report["created"] == 1
    assert report["batch"] is not None
    assert [error["row"] for error in report["errors"]] == [3]


def test_by_the_command(alice, tmp_path, capsys):
    file = tmp_path / "tasks.csv"
    file.write_text("title,priority\nBuy milk,1\nCall Ann,9\n")
    arguments = ["import_tasks", str(file), f"--user={alice.email}", "--format=csv"]

    with pytest.raises(CommandError, match="nothing was stored"):
        call_command(*arguments)
    call_command(*arguments, "--skip-errors")

    assert titles_of(alice) == ["Buy milk"]
    assert "1 created, 0 already exist, 1 left out" in capsys.readouterr().out


def test_the_round_trip_is_not_affected(alice, bob):
    import_for(alice, "title\nBuy milk\n", "csv")

    report = both(bob, exported(alice), "json")

    assert (report.created, report.errors) == (1, [])
