"""A context of several parts leaves none of them behind."""

import pytest

from tests.made_whole import MadeWhole


class Parts(MadeWhole):
    def __init__(self, fails):
        self.fails, self.present = fails, []

    def _create(self):
        self.present.append("first")
        if self.fails:
            raise RuntimeError("no second part")
        self.present.append("second")

    def _remove(self):
        self.present.clear()


def test_it_is_whole_inside_and_gone_afterwards():
    with Parts(fails=False) as parts:
        assert parts.present == ["first", "second"]

    assert parts.present == []


def test_a_part_that_can_not_be_made_leaves_no_other():
    parts = Parts(fails=True)

    with pytest.raises(RuntimeError), parts:
        pass

    assert parts.present == []
