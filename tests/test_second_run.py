"""What fails once is named and does not fail the run; what fails twice does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.second_run import MOST

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
PASSES = "def test_passes(): pass\n"
FAILS = "def test_fails(): assert False\n"
FAILS_ONCE = """
from pathlib import Path

def test_fails_once():
    done = Path(__file__).with_suffix(".done")
    assert done.exists() or done.touch()
"""


@pytest.fixture
def run(tmp_path):
    """Run these files as a suite of their own: status, output and summary."""

    def run(files, *arguments):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(text)
        (tmp_path / "pytest.ini").write_text(
            "[pytest]\naddopts = --import-mode=importlib\n"
        )
        summary = tmp_path / "summary.txt"
        summary.touch()
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST_", "COV_", "COVERAGE_"))
        }
        environment |= {
            "OWNLIST_TEST_SUMMARY": str(summary),
            "PYTHONPATH": str(ROOT),
            # The others take seconds to be loaded.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "-p xdist",
        }
        done = subprocess.run(
            [sys.executable, "-m", "tests.second_run", "--quiet", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, summary.read_text()

    return run


@pytest.mark.parametrize("arguments", [(), ("--numprocesses=2", "--dist=worksteal")])
def test_a_failure_that_does_not_happen_again_is_named(run, arguments):
    files = {"tests/test_a.py": PASSES, "tests/test_b.py": FAILS_ONCE}

    status, printed, summary = run(files, *arguments)

    assert status == 0, printed
    assert "1 failed, 1 passed" in printed
    assert summary == "UNSTABLE, to be fixed: tests/test_b.py::test_fails_once\n"


def test_a_failure_that_happens_again_fails_the_run(run):
    status, printed, summary = run({"test_a.py": FAILS, "test_b.py": FAILS_ONCE})

    assert status == 1
    assert printed.count("FAILED test_a.py::test_fails") == 2
    assert not summary


@pytest.mark.parametrize(
    "name",
    ["tests/isolation/test_a.py", "tests/security/test_a.py", "test_access_matrix.py"],
)
def test_a_guarantee_has_no_second_run(run, name):
    status, printed, summary = run({name: FAILS_ONCE})

    assert status == 1
    assert "again" not in printed
    assert not summary


def test_many_failures_are_not_chance(run):
    files = {f"test_{number}.py": FAILS_ONCE for number in range(MOST + 1)}

    status, printed, _ = run(files)

    assert status == 1
    assert "again" not in printed


def test_a_run_without_failures_is_the_only_one(run):
    status, printed, summary = run({"test_a.py": PASSES})

    assert status == 0
    assert printed.count("1 passed") == 1
    assert not summary


def test_a_suite_that_can_not_be_collected_fails(run):
    status, _, summary = run({"test_a.py": "import no_such_module\n"})

    assert status
    assert not summary
