"""The real server survives a dead worker and a locked database."""

import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from tests import served
from tests.benchmarks import processes
from tests.patience import PATIENCE, until

GOOD = {200, 201}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served.serving(tmp_path_factory.mktemp("served"), workers=2) as running:
        yield running


def ask(server, method="GET", path="/healthz", body=None, headers=None):
    """Return the status of a request on a new connection, or 0 without a response."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers or {})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def workers_of(server):
    return processes.children_of(server.pid)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_a_dead_worker_is_replaced_while_the_others_serve(server):
    before = workers_of(server)
    victim = min(before)

    os.kill(victim, signal.SIGKILL)
    until(lambda: victim not in workers_of(server))
    meanwhile = [ask(server) for _ in range(20)]
    server.wait_for_workers(2)
    after = workers_of(server)

    # A connection that the dead worker had accepted may break.
    assert meanwhile.count(200) >= 19
    assert len(before) == len(after) == 2
    assert after - before
    assert [ask(server) for _ in range(20)] == [200] * 20


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_the_workers_share_the_memory_of_the_application(server):
    for worker in workers_of(server):
        text = Path(f"/proc/{worker}/smaps_rollup").read_text()
        resident, proportional = (
            int(re.search(rf"^{kind}: +(\d+) kB", text, re.MULTILINE)[1])
            for kind in ("Rss", "Pss")
        )
        assert proportional < 0.7 * resident


def test_a_second_server_on_the_same_port_is_refused(server):
    second = subprocess.run(
        [sys.executable, "-m", "config.server"],
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )

    assert second.returncode == 1
    assert second.stderr == (
        f"Can't listen on 127.0.0.1:{server.port}: Address already in use.\n"
        "Stop what listens there, or choose another port, such as"
        f" PORT={server.port + 2}.\n"
    )


@pytest.mark.skipif(connection.vendor != "sqlite", reason="is about SQLite")
def test_the_server_recovers_when_the_database_is_unlocked(server):
    headers = server.register() | {"Content-Type": "application/json"}
    path = server.directory / "ownlist.sqlite3"

    def add(number):
        body = json.dumps({"title": f"Task {number}"})
        return ask(server, "POST", "/api/v1/tasks", body, headers)

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        with ThreadPoolExecutor(8) as pool:
            other.execute("BEGIN IMMEDIATE")
            # Every thread of both workers times out once.
            locked = list(pool.map(add, range(8)))
            # These are waiting when the lock is released.
            caught = [pool.submit(add, number) for number in range(8)]
            other.execute("ROLLBACK")
            released = [future.result() for future in caught]
        with ThreadPoolExecutor(8) as pool:
            after = list(pool.map(add, range(100)))

    assert set(locked) == {503}
    assert set(released) <= GOOD | {503}
    assert set(after) == {201}
    assert ask(server) == 200
