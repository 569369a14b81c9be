"""The page about ASVS lists every requirement, with evidence that exists."""

import ast
import re

import pytest
from django.conf import settings

from tests.tables import as_one_test

ROOT = settings.BASE_DIR
PAGE = (ROOT / "docs" / "asvs.md").read_text("utf-8")

# Levels 1 and 2 of ASVS 5.0 that apply: chapter.section, and the numbers in it.
APPLICABLE = """
1.1 1 2, 1.2 1 2 3 4 5 9, 1.3 1 2 3 5 6 7 10 11, 1.4 2, 1.5 1 2,
2.1 1 2 3, 2.2 1 2 3, 2.3 1 2 3 4, 2.4 1,
3.2 1 2, 3.3 1 2 3 4, 3.4 1 2 3 4 5 6, 3.5 1 2 3 4, 3.7 1 2,
4.1 1 2 3, 4.2 1,
5.1 1, 5.2 1 2 3, 5.3 1 2, 5.4 1 2 3,
6.1 1 2 3, 6.2 1 2 3 4 5 6 7 8 9 10 11 12, 6.3 1 2 3 4, 6.4 1 2 3 4,
6.5 1 2 3 4 5, 6.6 2 3, 6.8 1 2 4,
7.1 1 2 3, 7.2 1 2 3 4, 7.3 1 2, 7.4 1 2 3 4 5, 7.5 1 2, 7.6 1,
8.1 1 2, 8.2 1 2 3, 8.3 1, 8.4 1,
9.1 1 2 3, 9.2 1 2 3 4,
10.1 1 2, 10.3 1 2 3 4, 10.4 5 8,
11.1 1 2, 11.2 1 2 3, 11.3 1 2 3, 11.4 1 2 3 4, 11.5 1, 11.6 1,
12.1 1 2 3, 12.2 1 2, 12.3 1 2 3 4,
13.1 1, 13.2 1 2 3 4 5, 13.3 1 2, 13.4 1 2 3 4 5,
14.1 1 2, 14.2 1 2 3 4, 14.3 1 2 3,
15.1 1 2 3, 15.2 1 2 3, 15.3 1 2 3 4 5 6 7,
16.1 1, 16.2 1 2 3 4 5, 16.3 1 2 3 4, 16.4 1 2 3, 16.5 1 2 3
"""


def applicable():
    for section in APPLICABLE.replace("\n", " ").split(","):
        name, *numbers = section.split()
        yield from (f"{name}.{number}" for number in numbers)


def rows():
    """Return the evidence of each requirement, several if it is listed twice."""
    return re.findall(r"^\| (\d+\.\d+\.\d+) \| [12] \| (.+?) \| (.+) \|$", PAGE, re.M)


def test_every_applicable_requirement_is_listed_once():
    listed = [name for name, _, _ in rows()]

    assert sorted(listed) == sorted(applicable())
    assert len(listed) > 150


def named(evidence):
    """Return the files, folders and tests that a cell names."""
    words = re.findall(r"`([\w./-]+(?:::\w+)?)`", evidence)
    return [
        word for word in words if "/" in word or word.endswith((".md", ".txt", ".toml"))
    ]


def is_there(word):
    path, _, test = word.partition("::")
    if not test:
        return (ROOT / path).exists()
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return any(isinstance(x, ast.FunctionDef) and x.name == test for x in tree.body)


@as_one_test
@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_each_requirement_has_evidence_or_an_excuse(row):
    _, _, evidence = row

    assert named(evidence) or "**Excuse**" in evidence
    assert [word for word in named(evidence) if not is_there(word)] == []


def test_few_requirements_are_only_excused():
    excused = [name for name, _, text in rows() if "**Excuse**" in text]

    assert len(excused) < len(rows()) / 8


@pytest.mark.parametrize(
    "word", ["tests/nothing.py", "tests/test_asvs.py::test_nothing", "docs/none.md"]
)
def test_missing_evidence_is_noticed(word):
    assert named(f"`{word}`") == [word]
    if word.startswith("tests/test_asvs"):
        assert not is_there(word)
    else:
        assert not (ROOT / word).exists()
