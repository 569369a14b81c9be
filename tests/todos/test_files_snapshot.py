"""An export shows one moment, and an import stores all of a file or nothing."""

import json
import signal
import subprocess
import sys
import threading

import pytest
from django.conf import settings
from django.db import connection

from config.read_snapshot import read_snapshot
from tests.environment import environment_of_tests
from tests.factories import TaskFactory, TaskListFactory, UserFactory
from tests.patience import PATIENCE
from tests.todos.files import (
    document_of,
    exported,
    id_of,
    import_for,
    sealed,
    stored,
)
from todos.actions.imports import ImportClash, ids, planning
from todos.actions.imports.tasks import TaskStage
from todos.exports import formats
from todos.models import Task, TaskList

KILLED_HALF_WAY = """
import os, signal, sys
import django
django.setup()
from django.core.management import call_command
from todos.ledger import Batch

flush = Batch.flush

def die_before_the_end(self):
    flush(self)
    print("half-way", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

Batch.flush = die_before_the_end
call_command("import_tasks", sys.argv[1], "--user", sys.argv[2], "--format", "json")
"""


def in_another_thread(act):
    """Run `act` in a thread with its own connection, and wait for it."""

    def run():
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.mark.django_db(transaction=True)
def test_an_export_does_not_contain_concurrent_changes():
    alice = UserFactory()
    before = TaskFactory(owner=alice, title="before")

    def write():
        home = TaskListFactory(owner=alice, name="meanwhile")
        TaskFactory(owner=alice, title="meanwhile", list_id=home.pk)
        Task.objects.filter(pk=before.pk).update(title="changed meanwhile")

    pieces = formats.export(alice, "json")
    first = next(pieces)
    second = next(pieces)  # the settings: by now the snapshot exists
    lists = next(pieces)
    in_another_thread(write)
    body = b"".join([first, second, lists, *pieces])

    assert b"meanwhile" not in body
    assert b"before" in body
    assert b"changed meanwhile" in exported(alice)
    import_for(UserFactory(), body)


@pytest.mark.django_db(transaction=True)
def test_an_export_blocks_no_writes():
    alice = UserFactory()
    with read_snapshot():
        assert TaskList.objects.count() == 1
        in_another_thread(lambda: TaskFactory(owner=alice))
        assert Task.objects.count() == 0

    assert Task.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_abandoned_export_blocks_no_writes():
    alice = UserFactory()
    pieces = formats.export(alice, "json")
    next(pieces)
    next(pieces)
    next(pieces)

    pieces.close()

    TaskFactory(owner=alice)
    assert not connection.in_atomic_block


@pytest.mark.django_db(transaction=True)
def test_an_import_killed_halfway_stores_nothing(tmp_path):
    alice = UserFactory()
    before = stored(alice)
    file = tmp_path / "archive.json"
    tasks = [{"title": f"Task {n}", "labels": [f"l{n % 9}"]} for n in range(3_500)]
    file.write_bytes(sealed(document_of(*tasks)))

    process = subprocess.run(
        [sys.executable, "-c", KILLED_HALF_WAY, str(file), str(alice.pk)],
        cwd=settings.BASE_DIR,
        env=environment_of_tests(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.stdout == "half-way\n", process.stderr
    assert process.returncode == -signal.SIGKILL
    assert stored(alice) == before
    report = import_for(alice, file.read_bytes())
    assert (report.created, report.errors) == (3_509, [])


def test_an_import_that_fails_halfway_stores_nothing(alice, monkeypatch):
    monkeypatch.setattr(planning, "CHUNK", 2)
    before = stored(alice)
    document = json.loads(sealed(document_of(*({"title": "a"} for _ in range(9)))))
    document["manifest"]["tasks"]["sha256"] = "0" * 64

    with pytest.raises(Exception, match="differs from its manifest"):
        import_for(alice, json.dumps(document))

    assert stored(alice) == before


@pytest.mark.django_db(transaction=True)
def test_concurrent_imports_of_a_user_import_once():
    alice = UserFactory()
    body = sealed(document_of(*({"title": f"a{n}"} for n in range(20))))
    reports = []

    threads = [
        threading.Thread(target=_import_in_a_thread, args=(alice, body, reports))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()

    assert sorted(report.created for report in reports) == [0, 0, 0, 20]
    assert Task.objects.filter(owner=alice).count() == 20


def _import_in_a_thread(user, body, reports):
    try:
        reports.append(import_for(user, body))
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_refuses_an_import_when_its_rows_were_created_meanwhile(monkeypatch):
    alice = UserFactory()
    owner = {"owner_id": alice.pk}
    list_id = TaskList.objects.get(owner=alice).pk
    known = TaskStage._known

    def meanwhile(self, rows):
        found = known(self, rows)
        taken = ids.resolve_id(alice, id_of(0), {})
        Task.objects.create(id=taken, title="x", list_id=list_id, **owner)
        return found

    monkeypatch.setattr(TaskStage, "_known", meanwhile)

    with pytest.raises(ImportClash):
        import_for(alice, sealed(document_of({"title": "a"})))

    assert Task.objects.get().title == "x"
