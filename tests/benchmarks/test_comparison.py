"""The ratios are those of the rounds, and their medians decide about the gates."""

import pytest

from tests.benchmarks import comparison
from tests.benchmarks.report import Figures


def rounds_of(*costs):
    """Return figures with these processor times of server and database."""
    return [
        Figures(100, 1, 2, 3, cpu=cpu, database_cpu=database, errors=[])
        for cpu, database in costs
    ]


def test_the_ratio_is_the_median_of_the_ratios_of_the_rounds():
    ours = rounds_of((1.0, 0.5), (6.0, 2.0), (3.0, 1.0))
    theirs = rounds_of((2.0, 1.0), (3.0, 1.0), (4.0, 1.0))

    ratio = comparison.ratio_of(ours, theirs)

    assert ratio == comparison.Ratio(median=0.8, lowest=0.5, highest=2.0)


def test_there_is_no_ratio_without_processor_times():
    unknown, known = rounds_of((None, None)), rounds_of((1.0, 1.0))

    assert comparison.ratio_of(unknown, known) is None
    assert comparison.ratio_of(known, unknown) is None


@pytest.mark.parametrize(
    ("ratio", "verdict"), [(0.7, "PASS"), (0.71, "FAIL"), (0.4, "AIM")]
)
def test_the_verdict_compares_with_gate_and_aim(ratio, verdict):
    assert comparison.verdict("get", ratio) == verdict


def test_each_of_our_sides_is_compared_with_the_asynchronous_peer():
    rounds = {
        "get": {
            "ownlist": rounds_of((1.0, 0.0)),
            "ownlist plan": rounds_of((3.0, 0.0)),
            "fastapi async": rounds_of((2.0, 0.0)),
            "limit": rounds_of((0.5, 0.0)),
        }
    }

    records = comparison.as_json(rounds)

    assert [(r["side"], r["median"], r["verdict"]) for r in records] == [
        ("ownlist", 0.5, "PASS"),
        ("ownlist plan", 1.5, "FAIL"),
    ]
    assert "ownlist plan" in comparison.table(rounds)


def test_without_the_peer_nothing_is_compared():
    rounds = {"get": {"ownlist": rounds_of((1.0, 0.0)), "limit": rounds_of((1.0, 0))}}

    assert comparison.as_json(rounds) == []
    assert comparison.table(rounds) == ""
