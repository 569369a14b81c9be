"""Every statement that the product sends says whose rows it reads.

On PostgreSQL, the statements of each test are recorded, and the test that first sends
one to an owned table without comparing its owner fails; see `tests.owner_comparisons`.
So does one that joins a table which is not shared by all servers of a split database.
Each text is examined once in a run. Statements of the tests themselves are free.
"""

import re
import sys
from pathlib import Path

import pytest

from config.postgresql.scoped_cursor import ScopedCursor
from tests.owner_comparisons import unowned
from tests.runtime_role import owned_models
from todos.management.commands.distribute import SHARED

ROOT = Path(__file__).parents[2]
PRODUCT = tuple(f"{ROOT / name}/" for name in ("accounts", "config", "todos"))
TESTS = f"{ROOT / 'tests'}/"
DRIVER = f"{ROOT / 'config' / 'postgresql'}/"
LIST_OF_VALUES, SHORT = re.compile(r"IN \((?:%s, )+%s\)"), "IN (%s, %s)"

# Files whose statements may look at the rows of all users, and why.
EXCUSED = {
    "todos/migrations/0004_fill_search.py": "changes all rows, once",
    "todos/migrations/0005_count_what_is_stored.py": "changes all rows, once",
}

_known: set[str] = set()  # texts of the product, with lists of values cut short
_new: list[tuple[str, object, str]] = []


def pytest_configure(config):
    """Listen to all statements."""
    execute, execute_many = ScopedCursor.execute, ScopedCursor._execute_many

    def execute_and_note(self, query, params=None, **options):
        _note(query, params)
        return execute(self, query, params, **options)

    def execute_many_and_note(self, query, params_seq, **options):
        rows = list(params_seq)
        _note(query, rows[0] if rows else None)
        return execute_many(self, query, rows, **options)

    ScopedCursor.execute = execute_and_note
    ScopedCursor._execute_many = execute_many_and_note


def _note(query, params):
    if not isinstance(query, str) or "todos_" not in query:
        return
    text = LIST_OF_VALUES.sub(SHORT, query)
    if text not in _known and (sender := _sender()):
        _known.add(text)
        _new.append((query, params, sender))


def _sender():
    """Return the file and line of the product that sends it, or None for a test."""
    frame = sys._getframe(3)
    while frame:
        name = frame.f_code.co_filename
        if name.startswith(TESTS):
            return None
        if name.startswith(PRODUCT) and not name.startswith(DRIVER):
            return f"{name.removeprefix(f'{ROOT}/')}:{frame.f_lineno}"
        frame = frame.f_back
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Run the test, then examine what it was the first to send."""
    result = yield
    examined, _new[:] = _new[:], []
    if "no_owned_by" in item.fixturenames:  # it sends what the product never does
        _known.difference_update(
            LIST_OF_VALUES.sub(SHORT, text) for text, *_ in examined
        )
        return result
    found = []
    tables = [model._meta.db_table for model in owned_models()] if examined else ()
    for statement, parameters, sender in examined:
        if sender.partition(":")[0] not in EXCUSED:
            reasons = unowned(statement, parameters, tables, SHARED)
            found += [f"{sender}: {reason}\n  {statement}" for reason in reasons]
    assert not found, "\n".join(found)
    return result
