"""The calculation of docs/growth.md follows from the stored figures."""

import pytest

from tests.benchmarks import capacity

PERFORMANCE = {
    "postgresql": {
        "calls": {
            kind: {"median": {"ownlist": {"cpu": 1.0, "database_cpu": 0.5}}}
            for kind in ("list", "get", "create", "complete")
        }
    }
}
FIGURES = {
    "bytes": {"user": 5_000, "task": 1_000, "change": 500, "log": 2_000},
    "milliseconds": {"page": [1.0, 0.5], "feed": [1.0, 0.5], "refresh": [1.0, 0.5]},
}


def test_the_document_has_the_stored_figures():
    text = capacity.DOCUMENT.read_text("utf-8")

    assert capacity.with_tables(text) == text, "run it with --only-write"


def test_needs_grow_with_the_users():
    found = capacity.need(1_000_000, FIGURES, PERFORMANCE)

    # 200,000 active users send 148 requests a day: 342.6 a second, and 4 × as many.
    assert found["requests a second, at the peak"] == "1,370"
    assert found["processors for the web"] == "2.7"
    assert found["processors for the database"] == "1.4"
    assert found["web machines of 8 processors"] == "1"
    assert found["their connections"] == "40"
    # Of 8 writes a day each: 18.5 a second, and 4 × as many.
    assert found["writes a second, at the peak"] == "74"
    assert found["log a second, at the peak"] == "148 KB"
    assert found["accounts"] == "5 GB"
    # 365 days × 200,000 users × (4 tasks × 1,000 + 8 changes × 500)
    assert found["tasks and history of a year"] == "584 GB"


@pytest.mark.parametrize(
    ("octets", "text"),
    [(999, "999 B"), (1_000, "1 KB"), (2_500_000, "2 MB"), (3.2e12, "3.2 TB")],
)
def test_sizes_are_written_in_decimal_units(octets, text):
    assert capacity._size(octets) == text
