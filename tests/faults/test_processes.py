"""Processes of Ownlist are killed, stopped and replaced."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.faults import accounts, judgement, killing
from tests.faults.client import ask
from tests.faults.drill import Readiness
from tests.patience import until

pytestmark = pytest.mark.faults

PART = "Ownlist"
ROWS = 8_000
BOUNDARY = "part-of-the-form"
OLD_TRANSACTION = (
    "SELECT count(*) FROM pg_stat_activity WHERE usename = 'ownlist_app'"
    " AND clock_timestamp() - xact_start > make_interval(secs => %s)"
)


@pytest.fixture(scope="module")
def instances(start, prepared):
    with start(**prepared) as running:
        running.wait_for_workers(running.ports[0])
        yield running


def test_stopped_and_started(fault, instances):
    (port,) = instances.ports
    name = "stopped (SIGTERM) and started"
    with fault(name, instances, readiness=Readiness.EITHER, breaks_connections=True):
        instances.stop(port)
        instances.start(port)


def test_killed_and_started(fault, instances):
    name = "all processes killed (SIGKILL), and started"
    killing.kill_all_processes(fault, instances, name)


def test_its_processes_are_replaced(fault, instances):
    (port,) = instances.ports
    name = "its processes replaced (SIGHUP)"
    with fault(name, instances, readiness=Readiness.READY) as load:
        instances.replace_processes(port)
        instances.wait_for_workers(port)

    assert load.refused == 0


def test_a_worker_is_killed_again_and_again(fault, instances):
    name = "a worker killed (SIGKILL), three times"
    killing.kill_a_worker_again_and_again(fault, instances, name)


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.0])
def test_an_import_is_cut_off(fault, instances, postgresql, seconds):
    (port,) = instances.ports
    name = f"its workers killed {seconds} s into the transaction of {ROWS:,} rows"
    importer = accounts.register(port)
    with (
        fault(name, instances, readiness=Readiness.EITHER, breaks_connections=True),
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(postgresql.url, autocommit=True) as admin,
    ):
        imported = pool.submit(_import, port, importer)
        until(lambda: admin.execute(OLD_TRANSACTION, [seconds]).fetchone()[0])
        for worker in instances.workers_of(port):
            os.kill(worker, signal.SIGKILL)
        *failed, answer = imported.result()
    titles = sorted(judgement.titles_of(port, importer))

    assert failed[0].failure == "cut"
    assert answer.body["created"] == ROWS
    assert titles == sorted(f"Row {number}" for number in range(ROWS))


def _import(port, importer):
    """Import until it is done, always with the same key; return all answers."""
    rows = "".join(f"Row {number}\n" for number in range(ROWS))
    headers = importer.headers | {
        "Idempotency-Key": "import",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    }
    form = _field('name="format"', "csv")
    form += _field('name="file"; filename="tasks.csv"', f"title\n{rows}")
    body = f"{form}--{BOUNDARY}--\r\n".encode()
    answers = []
    while True:
        answer = ask(port, "POST", "/api/v1/import", headers, body)
        answers.append(answer)
        if answer.is_good:
            return answers
        assert answer.failure or answer.asks_to_repeat, answer
        time.sleep(0.5)


def _field(disposition, value):
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n"
    return f"{head}{value}\r\n"
