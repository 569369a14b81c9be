"""A table in one test tries every row, and says which of them failed."""

import inspect

import pytest

from accounts.models import User
from tests.tables import as_one_test


def test_a_failure_names_every_row_that_failed():
    tried = []

    @as_one_test
    @pytest.mark.parametrize("size", [1, 2])
    @pytest.mark.parametrize(
        ("name", "value"), [("a", []), pytest.param("b", 0), ("c", None)]
    )
    def table(name, value, size):
        tried.append((name, value, size))
        assert name == "b"
        if size == 2:
            pytest.fail("a value was refused")

    with pytest.raises(BaseExceptionGroup) as caught:
        table()

    assert len(tried) == len({name + str(size) for name, _, size in tried}) == 6
    assert "5 of 6 rows failed" in str(caught.value)
    assert "Row: size=1, name='c', value=None" in str(caught.value)


def test_only_fixtures_are_left_as_arguments_and_the_marks_stay():
    @pytest.mark.database
    @as_one_test
    @pytest.mark.slow
    @pytest.mark.parametrize("row", [1])
    def table(alice, row): ...

    assert list(inspect.signature(table).parameters) == ["alice"]
    assert {mark.name for mark in table.pytestmark} == {"database", "slow"}


def test_each_row_begins_with_the_same_database(alice):
    @as_one_test
    @pytest.mark.parametrize("name", ["One", "Two"])
    def rename(alice, name):
        assert alice.display_name == "Alice"
        assert User.objects.get().display_name == "Alice"
        alice.display_name = name
        alice.save()

    rename(alice=alice)

    assert User.objects.get().display_name == alice.display_name == "Alice"


def test_a_table_without_rows_is_refused():
    with pytest.raises(AssertionError, match="no row"):

        @as_one_test
        @pytest.mark.parametrize("row", [])
        def table(row): ...
