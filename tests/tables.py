"""Tests with a table of inputs, at the cost of one test.

    @as_one_test
    @pytest.mark.parametrize("value", [7, None, []])
    def test_a_wrong_type_is_refused(alice, value): ...

Each test of pytest costs its fixtures, its transaction and its reports, which is more
than most rows of a long table cost. Fixtures are set up once here, and every row begins
with the database as they left it. All rows are tried, and a failure names each row that
failed. It suits tests that change nothing else: no settings, no time, no mails.
"""

import copy
import inspect
from collections import ChainMap
from contextlib import contextmanager
from functools import wraps
from itertools import product

import pytest
from django.db import connection, transaction
from django.db.models import Model

from tests import limits

SHOWN = 120  # characters of a row in the list of those that failed


def as_one_test(test):
    """Try all rows of a parametrised test in one."""
    marks = [mark for mark in test.pytestmark if mark.name == "parametrize"]
    rows = [dict(ChainMap(*chosen)) for chosen in product(*map(_rows_of, marks))]
    assert rows, f"{test.__name__} has no row"

    @wraps(test)
    def try_all(**fixtures):
        failed = [
            error
            for row in rows
            if (error := _error_of(test, row, fixtures)) is not None
        ]
        if failed:
            names = "\n".join(note for error in failed for note in error.__notes__[-1:])
            message = f"{len(failed)} of {len(rows)} rows failed\n{names}\n"
            raise BaseExceptionGroup(message, failed)

    signature = inspect.signature(test)
    kept = [one for name, one in signature.parameters.items() if name not in rows[0]]
    try_all.__signature__ = signature.replace(parameters=kept)
    try_all.pytestmark = [mark for mark in test.pytestmark if mark not in marks]
    return try_all


def _rows_of(mark):
    """Return the rows of one `parametrize`, each as the values by name."""
    names, values = mark.args
    one = isinstance(names, str) and "," not in names
    if isinstance(names, str):
        names = [name.strip() for name in names.split(",")]
    return [
        dict(zip(names, _cells_of(value, alone=one), strict=True)) for value in values
    ]


def _cells_of(value, *, alone):
    if isinstance(value, type(pytest.param())):
        return value.values  # noqa: PD011 - of a row, not of pandas
    return [value] if alone else value


def _error_of(test, row, fixtures):
    """Run one row, and return what it raised."""
    try:
        with _as_before():
            test(**{name: _fresh(one) for name, one in fixtures.items()}, **row)
    except (Exception, pytest.fail.Exception) as error:
        cells = ", ".join(f"{name}={value!r}" for name, value in row.items())
        error.add_note(f"Row: {cells[:SHOWN]}")
        return error
    return None


def _fresh(fixture):
    """Copy a row of the database, which a test may change before it saves it."""
    return copy.deepcopy(fixture) if isinstance(fixture, Model) else fixture


@contextmanager
def _as_before():
    """Begin without counts, and undo what is written to the database of the test."""
    limits.forget()
    if not connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
