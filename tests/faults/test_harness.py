"""The load and its judgement find what must not happen."""

import sqlite3
from contextlib import closing
from itertools import cycle, islice

import pytest

from tests.benchmarks import figures
from tests.faults import document, judgement
from tests.faults.load import MIX, Load

PART = "SQLite"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def instances(start):
    with start(workers=1) as running:
        yield running


def worked(instances, requests):
    """Return a load that has sent so many requests, each after the last was answered.

    At a fixed rate, a slow machine would not answer them all.
    """
    load = Load(instances.ports)
    for account, send in islice(zip(cycle(load.accounts), cycle(MIX)), requests):
        send(load, account)
    return load


def test_lost_and_doubled_writes_are_found(instances):
    load = worked(instances, 60)
    right = judgement.judge(instances.ports[0], load.accounts)
    account = next(one for one in load.accounts if one.changed and one.completed)
    lost, doubled = list(account.created.values())[-2:]
    (completed, *_), (changed, *_) = account.completed, account.changed
    with closing(sqlite3.connect(instances.database)) as database, database:
        _change(database, "UPDATE todos_task SET notes = '' WHERE id = ?", changed)
        reopen = "UPDATE todos_task SET completed_at = NULL WHERE id = ?"
        _change(database, reopen, completed)
        _change(database, "DELETE FROM todos_tasklabel WHERE task_id = ?", lost)
        _change(database, "DELETE FROM todos_task WHERE id = ?", lost)
        columns = [row[1] for row in database.execute("PRAGMA table_info(todos_task)")]
        values = ["'00' || substr(id, 3)" if one == "id" else one for one in columns]
        copy = f"INSERT INTO todos_task SELECT {', '.join(values)} FROM todos_task"  # noqa: S608
        _change(database, f"{copy} WHERE id = ?", doubled)
    wrong = judgement.judge(instances.ports[0], load.accounts)

    assert right == judgement.Findings()
    titles = {key: title for title, key in account.created.items()}
    assert sorted(wrong.lost) == sorted(
        [f"created {titles[lost]}", f"changed {changed}", f"completed {completed}"]
    )
    assert wrong.doubled == [f"created {titles[doubled]}"]


def test_the_document_shows_the_recorded_faults():
    text = document.DOCUMENT.read_text("utf-8")

    assert document.with_table(text, figures.read(document.STORED)) == text


def _change(database, statement, key):
    database.execute(statement, [key.replace("-", "")])


def test_a_repetition_that_is_carried_out_twice_is_found(instances):
    load = worked(instances, 40)
    account = load.accounts[0]
    load.write(account, "POST", "/api/v1/tasks", {"title": "Twice"})
    answer = load.write(account, "POST", "/api/v1/tasks", {"title": "Twice"})
    account.created["Twice"] = answer.body["id"]
    found = judgement.judge(instances.ports[0], load.accounts)

    assert found == judgement.Findings(doubled=["created Twice"])
