"""Hypothesis tries the same examples in each run, whatever was loaded before."""

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import HypothesisProvider


def tried():
    """Return the numbers that a test with these settings tries."""
    found = []

    @settings(max_examples=200, database=None)
    @given(st.integers())
    def test(number):
        found.append(number)

    test()
    return found


def test_every_run_tries_the_same():
    assert tried() == tried()


def test_constants_of_loaded_modules_are_not_among_the_examples():
    assert not len(HypothesisProvider(None)._local_constants)
