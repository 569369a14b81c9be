"""No property is computed under a lock that all objects of the process share.

`functools.cached_property` has such a lock before Python 3.12. A thread that waited in
one for a row stopped the thread that had locked the row, until PostgreSQL ended one of
them after five seconds. The one of Django has no lock.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for part in ("accounts", "config", "todos")
    for path in sorted((ROOT / part).rglob("*.py"))
]


def uses(path):
    """Yield the lines that take it from `functools`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.ImportFrom(module="functools", names=names):
                if any(one.name == "cached_property" for one in names):
                    yield node.lineno
            case ast.Attribute(attr="cached_property", value=ast.Name(id="functools")):
                yield node.lineno


def test_no_cached_property_has_a_lock():
    found = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCES
        if (lines := [*uses(path)])
    }

    assert len(SOURCES) > 100
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "from functools import cache, cached_property",
        "from functools import cached_property as kept",
        "import functools\n\n@functools.cached_property\ndef x(self): ...",
    ],
)
def test_each_way_to_take_it_is_found(tmp_path, text):
    path = tmp_path / "module.py"
    path.write_text(text)

    assert [*uses(path)]
