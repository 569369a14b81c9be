"""Instructions are counted where the machine can, and are unknown elsewhere."""

import shutil
import subprocess
import sys

import pytest

from tests.benchmarks import instructions


@pytest.mark.parametrize(
    ("printed", "count"),
    [
        ("123456,,instructions:u,1000,100.00,,\n", 123456),
        ("<not supported>,,instructions:u,0,100.00,,\n", None),
        ("Error: No permission\n", None),
        ("", None),
    ],
)
def test_reads_what_perf_prints(printed, count):
    assert instructions.read(printed) == count


def perf_works():
    """Whether perf is installed, and this user may use it."""
    perf = shutil.which("perf")
    tried = [perf, "stat", "--event=task-clock", "true"]
    return perf and not subprocess.run(tried, capture_output=True).returncode


@pytest.mark.skipif(not perf_works(), reason="perf is not installed, or not allowed")
def test_counts_a_process_that_is_running():
    program = "input(); sum(range(100_000)); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        # Unlike instructions, every machine counts this.
        with instructions.counted([process.pid], event="task-clock") as count:
            process.stdin.write("\n")
            process.stdin.flush()
            process.stdout.readline()
        process.communicate("\n")

    assert count() > 0
