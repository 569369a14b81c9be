"""Fixtures of the tests of tasks, lists and labels."""

import pytest

from tests.changes import AT, caller_of


@pytest.fixture
def as_alice(alice):
    """Alice as the caller of actions, at `AT`."""
    return caller_of(alice, AT)
