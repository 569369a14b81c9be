"""Slow requests and statements are logged, with placeholders and without values."""

import logging

import pytest
from django.db import connection, transaction
from psycopg import sql

from config import slowness
from config.slowness import normalised, note_statement, tally
from tests.factories import TaskFactory


@pytest.fixture
def lines(caplog):
    """The fields of the lines with this message."""
    caplog.set_level(logging.WARNING, logger="config.slowness")

    def with_message(message):
        return [
            record.__dict__ for record in caplog.records if record.message == message
        ]

    return with_message


def test_a_slow_request_says_how_long_the_database_took(api_as, alice, settings, lines):
    TaskFactory(owner=alice)
    client = api_as(alice)
    settings.SLOW_REQUEST_MS = 0.001

    response = client.get("/api/v1/tasks?q=Zanzibar")

    (line,) = lines("slow request")
    assert (line["method"], line["status"]) == ("GET", 200)
    assert line["route"] == "api/v1/tasks"
    assert 1 <= line["statements"] <= 3
    assert 0 < line["database_ms"] <= line["duration_ms"]
    assert "Zanzibar" not in str(line)
    assert response.status_code == 200


def test_each_request_counts_its_own_statements(api_as, alice, settings, lines):
    client = api_as(alice)
    settings.SLOW_REQUEST_MS = 0.001

    client.get("/api/v1/tasks")
    client.get("/api/v1/tasks")

    first, second = lines("slow request")
    assert second["statements"] <= first["statements"]


@pytest.mark.parametrize("limit", [0, 60_000])
def test_other_requests_get_no_line(api_as, alice, settings, lines, limit):
    settings.SLOW_REQUEST_MS = settings.SLOW_QUERY_MS = limit

    api_as(alice).get("/api/v1/tasks")

    assert lines("slow request") == lines("slow statement") == []


def test_a_slow_statement_is_logged_without_its_values(
    api_as, alice, settings, lines, caplog
):
    client = api_as(alice)
    settings.SLOW_QUERY_MS = 0.000_1

    task = client.post("/api/v1/tasks", {"title": "Zanzibar", "labels": ["Mombasa"]})
    client.get(f"/api/v1/tasks/{task.json()['id']}")
    client.patch(f"/api/v1/tasks/{task.json()['id']}", {"notes": "Kilimanjaro"})
    client.get("/api/v1/tasks?q=Zanzibar")

    found = lines("slow statement")
    text = " ".join(line["statement"] for line in found)
    assert "todos_task" in text
    assert len(found) > 5
    for secret in ("anzibar", "ombasa", "ilimanjaro", str(alice.pk), alice.pk.hex):
        assert secret.lower() not in text.lower()
        assert secret.lower() not in caplog.text.lower()


def test_a_failed_statement_is_counted_and_logged(db, settings, lines):
    settings.SLOW_QUERY_MS = 0.000_1

    with (
        pytest.raises(Exception, match="missing"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT missing FROM todos_task")

    assert any("missing" in line["statement"] for line in lines("slow statement"))


def test_a_statement_of_the_hot_path_is_counted(transactional_db):
    tally.begin()

    connection.fetch("SELECT 1 WHERE %s = 1", [1])

    assert tally.statements == 1
    assert tally.seconds > 0


def test_many_rows_are_one_statement(transactional_db):
    tally.begin()

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany("UPDATE todos_task SET title = %s WHERE false", [["a"]] * 3)

    assert 1 <= tally.statements <= 4  # with BEGIN, the user and COMMIT


# --- Fingerprints -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("SELECT  a\n FROM b", "SELECT a FROM b"),
        ("SELECT a WHERE b = 'it''s' AND c", "SELECT a WHERE b = ? AND c"),
        ("SELECT $x$secret$x$", "SELECT ?"),
        ("SELECT a LIMIT 51 OFFSET 3", "SELECT a LIMIT ? OFFSET ?"),
        ("SELECT a WHERE b IN (%s, %s,%s)", "SELECT a WHERE b IN (%s, …)"),
        ("SELECT a WHERE b IN (?, ?)", "SELECT a WHERE b IN (?, …)"),
        ('SELECT U0."id", "t1"."a2" FROM t1', 'SELECT U0."id", "t1"."a2" FROM t1'),
    ],
)
def test_a_statement_is_shown_without_values(statement, text):
    assert normalised(statement) == text


def test_a_composed_statement_is_not_shown():
    statement = sql.SQL("CREATE ROLE x PASSWORD {}").format("hunter2")

    assert normalised(statement) == "(Composed)"


def test_calls_that_differ_in_values_have_one_fingerprint(settings, lines):
    settings.SLOW_QUERY_MS = 100

    note_statement("SELECT a WHERE b IN (%s, %s)", 0.2)
    note_statement("SELECT a  WHERE b IN (%s, %s, %s)", 0.3)
    note_statement("SELECT c", 0.1)
    note_statement("SELECT d", 0.099)

    first, second, other = lines("slow statement")
    assert first["fingerprint"] == second["fingerprint"] != other["fingerprint"]
    assert (first["duration_ms"], second["duration_ms"]) == (200, 300)


def test_a_long_statement_is_cut(settings, lines):
    settings.SLOW_QUERY_MS = 1

    note_statement("SELECT " + "column, " * 1000, 1)

    (line,) = lines("slow statement")
    assert len(line["statement"]) == slowness.STATEMENT_MAX_LENGTH
