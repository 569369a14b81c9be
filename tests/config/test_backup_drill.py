"""The drill: a backup under load is restored, compared row by row, and served from."""

import http.client
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Event
from urllib.parse import urlsplit

import psycopg
import pytest

from tests import backups
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

WRITERS = 3
WARM = 10  # tasks of each writer before the backup begins


@pytest.fixture(params=["sqlite", "postgresql"])
def deployment(request, tmp_path):
    directory = tmp_path / "deployed"
    directory.mkdir()
    with backups.deployed(request.param, directory) as ready:
        yield ready


def call(server, headers, method, path, body=None):
    """Return status and content of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    with closing(connection):
        content = json.dumps(body) if body is not None else None
        connection.request(
            method, path, content, {"Content-Type": "application/json", **headers}
        )
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")


class Writer:
    """A user that adds tasks one after the other until told to stop."""

    def __init__(self, server, stop):
        self.headers = server.register()
        self.acknowledged = []
        self.is_warm = Event()
        self._server, self._stop = server, stop

    def write(self):
        while not self._stop.is_set():
            title = f"Task {len(self.acknowledged)}, with\ttab, \\ and “quotes” ✓"
            status, task = call(
                self._server,
                self.headers,
                "POST",
                "/api/v1/tasks",
                {
                    "title": title.replace("\t", " "),
                    "notes": "a\nb\\N",
                    "labels": ["x"],
                },
            )
            assert status == 201, task
            self.acknowledged.append(task["id"])
            if len(self.acknowledged) == WARM:
                self.is_warm.set()


@contextmanager
def writing(server):
    """Write during the block; yield the writers when all have begun."""
    stop = Event()
    writers = [Writer(server, stop) for _ in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        running = [pool.submit(writer.write) for writer in writers]
        try:
            for writer in writers:
                assert writer.is_warm.wait(PATIENCE)
            yield writers
        finally:
            stop.set()
        for one in running:
            one.result()


def test_a_backup_under_load_is_restored_row_by_row_and_served(deployment, tmp_path):
    with deployment.serving(tmp_path / "first") as server:
        with writing(server) as writers:
            before = [list(writer.acknowledged) for writer in writers]
            backup = deployment.backup("drill.backup")
            during = [list(writer.acknowledged) for writer in writers]
        late = server.register()
        position = feed(server, writers[0].headers, "latest")["next"]

        quiet = deployment.backup("quiet.backup")
        with deployment.connected() as rows:
            ((stored,),) = rows("SELECT count(*) FROM todos_task")
        refused = deployment.manage("restore", backup)
    status, printed = deployment.manage("restore", backup)

    assert all(len(a) < len(b) for a, b in zip(before, during, strict=True))
    # Also what SQLite has only in its log.
    assert manifest_of(quiet)["tables"]["todos_task"] == stored
    assert refused[0] == 1
    assert "Stop" in refused[1]
    assert status == 0, printed
    assert "Warning" not in printed
    assert_same_rows_as_the_file(deployment, backup)
    earlier = printed.partition("The earlier one is kept as ")[2].split("\n")[0]
    assert_one_moment_of(deployment, earlier, before)
    with deployment.serving(tmp_path / "second") as server:
        assert_served(server, writers[0], deployment, position)
        assert call(server, late, "GET", "/api/v1/tasks")[0] == 401


def manifest_of(backup):
    with zipfile.ZipFile(backup) as archive:
        return json.loads(archive.read("manifest.json"))


def feed(server, headers, since):
    status, page = call(server, headers, "GET", f"/api/v1/changes?since={since}")
    assert status == 200, page
    return page


def assert_same_rows_as_the_file(deployment, backup):
    """Compare every row of every table, but for the positions, which ended."""
    manifest = manifest_of(backup)
    if deployment.kind == "sqlite":
        with zipfile.ZipFile(backup) as archive:
            copy = archive.extract("ownlist.sqlite3", deployment.directory / "copy")
    for table in manifest["tables"].keys() - {"todos_ledger"}:
        if deployment.kind == "sqlite":
            expected = rows_of(deployment, table, copy)
            found = rows_of(deployment, table)
        else:
            with zipfile.ZipFile(backup) as archive:
                text = archive.read(f"tables/{table}.copy")
            expected = sorted(text.splitlines())
            found = copied(deployment, table, manifest["columns"][table])
        assert len(found) == manifest["tables"][table]
        assert found == expected, table


def rows_of(deployment, table, name=None):
    with deployment.connected(name) as rows:
        return sorted(map(repr, rows(f"SELECT * FROM {table}")))  # noqa: S608


def copied(deployment, table, columns):
    quoted = ", ".join(f'"{name}"' for name in columns)
    query = f"COPY {table} ({quoted}) TO STDOUT"
    with (
        psycopg.connect(deployment.admin) as admin,
        admin.cursor().copy(query) as rows,
    ):
        return sorted(b"".join(map(bytes, rows)).splitlines())


def assert_one_moment_of(deployment, earlier, before):
    """Compare the restored rows with those of the database that was written to.

    Each user's changes up to one number are there, and exactly the tasks that they
    made.
    """
    with deployment.connected() as rows:
        last = "SELECT owner_id, max(seq) FROM todos_change GROUP BY owner_id"
        until = dict(rows(last))
        ledgers = rows("SELECT owner_id, last_seq, purged_seq FROM todos_ledger")
        changes, tasks = by_id(rows, "todos_change"), by_id(rows, "todos_task")
    with deployment.connected(earlier) as rows:
        made = {
            change: (task, seq <= until.get(owner, 0))
            for change, task, owner, seq in rows(
                "SELECT id, entity_id, owner_id, seq FROM todos_change"
            )
        }
        all_changes, all_tasks = by_id(rows, "todos_change"), by_id(rows, "todos_task")
    lost = {change for change, (_, is_in) in made.items() if not is_in}
    lost_tasks = {made[change][0] for change in lost}

    assert {owner for owner, *_ in ledgers} == until.keys()
    assert all(now == purged > max(until.values()) for _, now, purged in ledgers)
    assert lost_tasks & all_tasks.keys(), "nothing was written after the backup"
    assert changes == without(all_changes, lost)
    assert tasks == without(all_tasks, lost_tasks)
    stored = {str(key).replace("-", "") for key in tasks}
    assert {key.replace("-", "") for keys in before for key in keys} <= stored


def by_id(rows, table):
    """Return all rows of a table."""
    return {key: repr(row) for key, *row in rows(f"SELECT id, * FROM {table}")}  # noqa: S608


def without(rows, keys):
    return {key: row for key, row in rows.items() if key not in keys}


def assert_served(server, writer, deployment, position):
    """The old token still works, and the old position in the changes never again."""
    tasks, path = [], "/api/v1/tasks?view=all&page_size=200"
    while path:
        status, page = call(server, writer.headers, "GET", path)
        assert status == 200, page
        tasks += [task["id"] for task in page["results"]]
        path = page["next"] and "?".join(urlsplit(page["next"])[2:4])
    assert set(tasks) <= set(writer.acknowledged)
    assert set(writer.acknowledged[:WARM]) <= set(tasks)
    since = f"/api/v1/changes?since={position}"
    assert call(server, writer.headers, "GET", since)[0] == 410
    for _ in writer.acknowledged:  # more than were lost
        body = {"title": "After the restore"}
        assert call(server, writer.headers, "POST", "/api/v1/tasks", body)[0] == 201
    assert call(server, writer.headers, "GET", since)[0] == 410
