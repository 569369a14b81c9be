"""The disk of PostgreSQL is full."""

import tempfile
from pathlib import Path

import pytest

from tests import postgres
from tests.faults import small_disk

pytestmark = pytest.mark.faults

PART = "PostgreSQL"
MEBIBYTES = 512  # with the programs, which root copies


@pytest.fixture(scope="module")
def disk():
    # The user nobody, as whom root runs PostgreSQL, can not enter folders of pytest.
    directory = Path(tempfile.mkdtemp(prefix="ownlist-disk-"))
    with small_disk.mounted(directory, mebibytes=MEBIBYTES):
        yield directory
    directory.rmdir()


@pytest.fixture(scope="module")
def postgresql(disk):
    """A durable PostgreSQL on that disk, in place of the usual one."""
    with postgres.Server(disk, ()) as server:
        yield server


@pytest.fixture(scope="module")
def instances(start, prepared):
    with start(**prepared) as running:
        running.wait_for_workers(running.ports[0])
        yield running


def test_full(fault, instances, disk):
    with (
        fault("disk full for 10 s", instances) as load,
        small_disk.full(disk),
    ):
        load.wait_for_requests(200)

    assert load.refused
