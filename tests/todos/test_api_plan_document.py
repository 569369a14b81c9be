"""The tables of docs/api.md for clients of the plan say what the routes do."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from todos.api.plan.fields import PRIORITIES, STATUSES
from todos.api.plan.query import ALIASES, NAMES
from todos.api.plan.repeats import OTHER_RULES, RULES

PAGE = (Path(settings.BASE_DIR) / "docs" / "api.md").read_text(encoding="utf-8")
PLAN = PAGE[PAGE.index("## The plan's contract") : PAGE.index("## TypeScript")]
QUERY, FIELDS = PLAN.split("### Parameters of the list")[1].split("### Fields and")


def rows(text):
    """Return the rows of a table, each as the names in code of its cells."""
    lines = re.findall(r"^\| (.*) \|$", text, re.MULTILINE)[2:]
    cells = (re.split(r" ?\| ?", line) for line in lines)
    return [[re.findall("`([^`]+)`", cell) for cell in row] for row in cells]


def columns_of(text):
    """Return what the first, second and third column of a table have."""
    columns = zip(*rows(text), strict=True)
    return [[name for cell in column for name in cell] for column in columns]


SAMPLES = {"status": "done", "priority": "high", "sort": "title", "order": "asc"}
SAMPLES |= {"completed": "true", "page": "1", "skip": "0", "limit": "5"}
SAMPLES |= {"search": "milk", "tag": "home", "user_id": "me"}


def test_every_parameter_is_in_the_table():
    names, others, _ = columns_of(QUERY)

    assert sorted(names) == sorted(NAMES)
    assert {name.replace("_", "").lower() for name in others if "[" not in name} == (
        {*ALIASES}
    )


@pytest.mark.parametrize("row", rows(QUERY), ids=lambda row: row[0][0])
def test_every_parameter_of_the_table_is_served(api_as, alice, row):
    (name,), others, values = row
    client = api_as(alice)

    for sent in [name, *others]:
        answer = client.get("/api/tasks", {sent: SAMPLES[name]})
        assert answer.status_code == 200, sent
    if name in {"sort", "order", "completed"}:
        for value in values:
            assert client.get("/api/tasks", {name: value}).status_code == 200, value


def test_every_word_is_in_the_table_of_fields():
    by_name = {row[0][0]: row for row in rows(FIELDS) if row[0]}

    assert {*STATUSES} <= {*by_name["status"][2]}
    assert {*PRIORITIES} == {*by_name["priority"][2]}
    words = {word for word in by_name["recurrence"][2] if not word.startswith("{")}
    assert {*RULES, *OTHER_RULES, "none", "once"} == words


@pytest.mark.parametrize(
    "key", [row for row in rows(FIELDS) if row[0] == ["recurrence"]][0][1]
)
def test_every_key_of_a_recurrence_is_read(api_as, alice, key):
    body = {"title": "Rent", "due_date": "2027-01-15", key: "weekly"}
    if key == "is_recurring":
        body |= {key: True, "repeat": "weekly"}

    response = api_as(alice).post("/api/tasks", body)

    assert response.json()["recurrence"] == "weekly"
