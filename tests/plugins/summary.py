"""Keep the last line of a run, for `make test` to repeat after everything else."""

import os
from pathlib import Path

import pytest
from django.db import connection


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter, config):
    """Append the counts, in pytest's words, to the file that is named for them."""
    path = os.environ.get("OWNLIST_TEST_SUMMARY")
    if not path or hasattr(config, "workerinput"):  # a worker has a part of the run
        return
    parts, _ = terminalreporter.build_summary_stats_line()
    counts = ", ".join(text for text, _ in parts)
    with Path(path).open("a", encoding="utf-8") as stream:
        stream.write(f"{counts} on {connection.display_name}\n")
