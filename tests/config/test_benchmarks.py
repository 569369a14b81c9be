"""`make bench` with its smallest options runs, and all responses are correct."""

import json
import subprocess
import sys

import pytest

from tests.benchmarks.bench import KINDS, sides_on

pytestmark = pytest.mark.slow


def test_measures_ownlist_and_the_limit_on_sqlite(tmp_path):
    figures = tmp_path / "figures.json"
    least = ["--database=sqlite", "--users=4", "--rounds=1", "--requests=10"]

    subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", *least, f"--json={figures}"],
        check=True,
    )

    result = json.loads(figures.read_text())["sqlite"]
    assert result["errors"] == 0
    assert set(result["calls"]) == set(KINDS)
    for kind in KINDS:
        for side in sides_on("sqlite"):
            assert result["calls"][kind]["median"][side.name]["rate"]
