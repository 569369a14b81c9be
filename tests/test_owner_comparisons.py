"""The check of statements itself; `tests.plugins.owners` runs it on every statement."""

import pytest
from django.conf import settings
from django.db import connection

from tests.owner_comparisons import unowned
from tests.plugins import owners
from todos.models import Task

TABLES = {"todos_task", "todos_tasklist", "todos_label", "todos_tasklabel"}


def found(statement, *parameters):
    return unowned(statement, parameters, TABLES, ["accounts_user"])


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        "SELECT * FROM accounts_user",
        "SET LOCAL app.user_id = 'todos_task'",
        "SELECT id FROM todos_task WHERE owner_id = %s",
        'SELECT "t"."id" FROM "todos_task" "t" WHERE ("t"."owner_id" = (%s)::uuid)',
        "SELECT id FROM todos_task WHERE owner_id IN (%s) FOR UPDATE",
        "SELECT t.id FROM todos_task t JOIN todos_tasklist l"
        " ON l.id = t.list_id AND l.owner_id = t.owner_id WHERE t.owner_id = %s",
        "SELECT t.id FROM todos_task t, todos_tasklist l"
        " WHERE l.id = t.list_id AND l.owner_id = t.owner_id AND l.owner_id = %s",
        "SELECT t.id FROM todos_task t JOIN accounts_user u ON u.id = t.owner_id"
        " WHERE u.id = %s",
        "SELECT t.id FROM todos_task t LEFT JOIN todos_task p"
        " ON p.id = t.parent_id AND p.owner_id = t.owner_id WHERE t.owner_id = %s",
        "SELECT t.id FROM todos_task t JOIN todos_tasklist l USING (owner_id)"
        " WHERE t.owner_id = %s",
        "SELECT id FROM todos_task t WHERE owner_id = %s AND (version = 1 OR EXISTS"
        " (SELECT 1 FROM todos_task s"
        "  WHERE s.parent_id = t.id AND s.owner_id = t.owner_id))",
        "SELECT (SELECT COUNT(*) FROM todos_task s WHERE s.parent_id = t.id"
        " AND s.owner_id = t.owner_id) FROM todos_task t WHERE t.owner_id = %s",
        "WITH page AS (SELECT * FROM todos_task WHERE owner_id = %s)"
        " SELECT page.id, l.name FROM page JOIN todos_tasklist l"
        " ON l.id = page.list_id AND l.owner_id = page.owner_id",
        "SELECT c.n FROM (SELECT owner_id, COUNT(*) AS n FROM todos_task"
        " WHERE owner_id = %s GROUP BY owner_id) c",
        "SELECT id FROM todos_task t WHERE (t.id, t.owner_id) = (1, %s)",
        "UPDATE todos_task SET version = 2 WHERE owner_id = %s AND id = 1",
        "UPDATE todos_task SET version = 2 FROM todos_tasklist l"
        " WHERE todos_task.owner_id = %s AND l.owner_id = todos_task.owner_id",
        "DELETE FROM todos_task WHERE owner_id = %s",
        "DELETE FROM todos_task USING todos_tasklist l"
        " WHERE todos_task.owner_id = %s AND l.owner_id = todos_task.owner_id",
        "INSERT INTO todos_task (id, owner_id) VALUES (1, %s)",
        "INSERT INTO todos_task (id, owner_id) VALUES (1, %s)"
        " ON CONFLICT (owner_id, id) DO NOTHING",
        "INSERT INTO todos_task (id, owner_id)"
        " SELECT id, owner_id FROM todos_tasklist WHERE owner_id = %s",
    ],
)
def test_accepts_a_statement_for_one_owner(statement):
    assert found(statement, "alice") == []


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("SELECT id FROM todos_task", "todos_task"),
        ("SELECT id FROM todos_task WHERE owner_id <> %s", "todos_task"),
        ("SELECT id FROM todos_task WHERE owner_id = %s OR version = 1", "todos_task"),
        ("SELECT id FROM todos_task WHERE NOT (owner_id = %s)", "todos_task"),
        ("SELECT id FROM todos_task WHERE owner_id IN (%s, 'bob')", "todos_task"),
        (
            "SELECT t.id FROM todos_task t JOIN todos_tasklist l"
            " ON l.id = t.list_id WHERE t.owner_id = %s",
            "todos_tasklist",
        ),
        (
            "SELECT t.id FROM todos_task t, todos_tasklist l"
            " WHERE l.id = t.list_id AND t.owner_id = %s",
            "todos_tasklist",
        ),
        (
            "SELECT t.id FROM todos_task t LEFT JOIN todos_task p"
            " ON p.id = t.parent_id AND p.owner_id = t.owner_id AND p.owner_id = %s",
            "todos_task",
        ),
        (
            "SELECT id FROM todos_task t WHERE owner_id = %s AND EXISTS"
            " (SELECT 1 FROM todos_tasklabel l WHERE l.task_id = t.id)",
            "todos_tasklabel",
        ),
        (
            "SELECT id FROM todos_task t WHERE NOT EXISTS (SELECT 1 FROM"
            " todos_tasklabel l WHERE l.owner_id = t.owner_id AND l.owner_id = %s)",
            "todos_task",
        ),
        (
            "SELECT id FROM todos_task WHERE owner_id = %s AND list_id IN"
            " (SELECT id FROM todos_tasklist)",
            "todos_tasklist",
        ),
        (
            "SELECT (SELECT COUNT(*) FROM todos_tasklabel s WHERE s.task_id = t.id)"
            " FROM todos_task t WHERE t.owner_id = %s",
            "todos_tasklabel",
        ),
        (
            "SELECT t.id FROM todos_task t CROSS JOIN LATERAL (SELECT 1 FROM"
            " todos_label l) AS x WHERE t.owner_id = %s",
            "todos_label",
        ),
        (
            "WITH all_lists AS (SELECT * FROM todos_tasklist)"
            " SELECT t.id FROM todos_task t JOIN all_lists l ON l.id = t.list_id"
            " WHERE t.owner_id = %s",
            "todos_tasklist",
        ),
        (
            "SELECT id FROM todos_task WHERE owner_id = %s"
            " UNION SELECT id FROM todos_tasklist",
            "todos_tasklist",
        ),
        ("UPDATE todos_task SET owner_id = %s WHERE id = 1", "todos_task"),
        (
            "UPDATE todos_task SET version = 2 FROM todos_tasklist l"
            " WHERE todos_task.owner_id = %s AND l.id = todos_task.list_id",
            "todos_tasklist",
        ),
        ("DELETE FROM todos_task WHERE id = %s", "todos_task"),
        (
            "DELETE FROM todos_task USING todos_tasklist l"
            " WHERE todos_task.owner_id = %s AND l.id = todos_task.list_id",
            "todos_tasklist",
        ),
        (
            "WITH gone AS (DELETE FROM todos_label WHERE id = %s RETURNING id)"
            " SELECT id FROM gone",
            "todos_label",
        ),
    ],
)
def test_finds_a_table_without_its_owner(statement, table):
    assert found(statement, "alice") == [f"{table}: no comparison with an owner"]


def test_finds_two_owners():
    statement = (
        "SELECT t.id FROM todos_task t JOIN todos_tasklist l ON l.id = t.list_id"
        " WHERE t.owner_id = %s AND l.owner_id = %s"
    )

    assert found(statement, "alice", "alice") == []
    assert found(statement, "alice", "bob") == [
        "todos_task, todos_tasklist: compared with different owners"
    ]


def test_finds_a_table_that_is_on_another_server():
    statement = (
        "SELECT t.id FROM todos_task t WHERE owner_id = %s AND EXISTS (SELECT 1 FROM"
        " accounts_refreshfamily f JOIN accounts_user u ON u.id = f.user_id)"
    )

    assert unowned(statement, ["alice"], TABLES, ["accounts_user"]) == [
        "accounts_refreshfamily: not on the server of the owner"
    ]


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        (
            "INSERT INTO todos_task (id) VALUES (%s)",
            "todos_task: a new row without an owner",
        ),
        (
            "INSERT INTO todos_task (id, owner_id) VALUES (1, %s)"
            " ON CONFLICT (id) DO NOTHING",
            "todos_task: ON CONFLICT without the owner",
        ),
        (
            "SELECT 1 FROM accounts_user RIGHT JOIN todos_task ON owner_id = %s"
            " WHERE owner_id = %s",
            "RIGHT JOIN: write a LEFT JOIN",
        ),
    ],
)
def test_finds_what_no_owner_can_be_told_of(statement, finding):
    assert finding in found(statement, "alice", "alice")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("folder", "is_seen"), [("todos", True), ("accounts", True), ("tests", False)]
)
def test_the_suite_examines_what_the_product_sends(monkeypatch, folder, is_seen):
    if connection.vendor != "postgresql":
        pytest.skip("statements are examined on PostgreSQL only")
    monkeypatch.setattr(owners, "_known", set())
    monkeypatch.setattr(owners, "_new", [])
    name = str(settings.BASE_DIR / folder / "example.py")

    exec(compile("list(tasks)", name, "exec"), {"tasks": Task.objects.all()})  # noqa: S102

    seen = [sender for _, _, sender in owners._new]
    owners._new.clear()  # or this test fails, as it should
    assert seen == ([f"{folder}/example.py:1"] if is_seen else [])
