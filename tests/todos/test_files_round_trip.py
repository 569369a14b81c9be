"""Export, import into an empty account, export again: the files are the same."""

import json

from tests.todos.files import (
    a_full_account,
    before_manifest,
    exported,
    import_for,
    moved,
    stored,
)


def test_an_empty_account_imports_everything(alice, bob):
    a_full_account(alice)
    body = exported(alice)

    report = import_for(bob, body)

    assert (report.errors, report.notices, report.skipped) == ([], [], 0)
    assert report.created == 10 + 3 + 2
    again = exported(bob)
    assert before_manifest(again) == moved(body, source=alice, target=bob)
    assert json.loads(again)["manifest"]["tasks"]["count"] == 10


def test_importing_an_own_export_changes_nothing(alice):
    a_full_account(alice)
    body, before = exported(alice), stored(alice)

    report = import_for(alice, body)

    assert (report.batch, report.created, report.errors) == (None, 0, [])
    assert report.skipped == 10 + 3 + 2
    assert stored(alice) == before
    assert exported(alice) == body


def test_importing_again_into_another_account_changes_nothing(alice, bob):
    a_full_account(alice)
    body = exported(alice)
    import_for(bob, body)
    before, first = stored(bob), exported(bob)

    report = import_for(bob, body)

    assert (report.batch, report.created, report.errors) == (None, 0, [])
    assert stored(bob) == before
    assert exported(bob) == first


def test_importing_the_export_of_an_import_changes_nothing(alice, bob):
    a_full_account(alice)
    import_for(bob, exported(alice))

    report = import_for(bob, exported(bob))

    assert (report.created, report.errors) == (0, [])
