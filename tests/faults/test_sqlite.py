"""SQLite is locked, its disk is full, and its processes are killed."""

import sqlite3
from contextlib import closing

import pytest

from tests.faults import killing, small_disk
from tests.faults.drill import Readiness

pytestmark = pytest.mark.faults

PART = "SQLite"


@pytest.fixture(scope="module")
def instances(start):
    with start() as running:
        running.wait_for_workers(running.ports[0])
        yield running


def assert_intact(instances):
    with closing(sqlite3.connect(instances.database)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_locked(fault, instances):
    name = "locked by another process for 10 s"
    with (
        fault(name, instances, readiness=Readiness.EITHER) as load,
        closing(sqlite3.connect(instances.database, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        load.wait_for_requests(200)
        other.execute("ROLLBACK")


def test_a_worker_is_killed_again_and_again(fault, instances):
    name = "a worker of Ownlist killed (SIGKILL), three times"
    killing.kill_a_worker_again_and_again(fault, instances, name)

    assert_intact(instances)


def test_all_processes_are_killed(fault, instances):
    name = "all processes of Ownlist killed (SIGKILL), and started"
    killing.kill_all_processes(fault, instances, name)

    assert_intact(instances)


def test_two_servers_share_one_file(fault, start):
    name = "two servers on one file, each restarted in turn"
    with start(count=2, workers=1) as both:
        with fault(
            name, both, readiness=Readiness.EITHER, breaks_connections=True
        ) as load:
            for port in both.ports:
                load.wait_for_requests(40)
                both.stop(port)
                both.start(port)
        assert_intact(both)


# --- A full disk ------------------------------------------------------------------


@pytest.fixture
def on_small_disk(start, tmp_path):
    """An instance whose database is on a disk of 16 MiB, and that disk."""
    directory = tmp_path / "disk"
    directory.mkdir()
    with small_disk.mounted(directory, mebibytes=16):
        file = directory / "ownlist.sqlite3"
        with start(DATABASE_URL=f"sqlite:///{file}") as running:
            running.database = file
            running.wait_for_workers(running.ports[0])
            yield running, directory


def test_the_disk_is_full(fault, on_small_disk):
    instances, directory = on_small_disk
    with (
        fault("disk full for 5 s", instances) as load,
        small_disk.full(directory),
    ):
        load.wait_for_requests(100)

    assert load.refused
    assert_intact(instances)
