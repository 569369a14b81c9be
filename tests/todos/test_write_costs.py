"""What the most frequent writes ask of the database."""

import pytest
from django.db import connection

from tests.factories import TaskFactory

# The statement that reads the user is alone, so preparing it takes one more round trip.
PREPARED = 1
TASK = {"title": "Buy milk", "priority": 2, "due_date": "2027-02-28"}


@pytest.fixture
def round_trips(tmp_path):
    """Return a function that counts the round trips to PostgreSQL during some calls."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no round trips")

    def count(call, *, times):
        connection.close()  # nothing is prepared in a new session
        connection.ensure_connection()
        path = tmp_path / "trace"
        with path.open("wb") as file:
            connection.connection.pgconn.trace(file.fileno())
            try:
                for _ in range(times):
                    call()
            finally:
                connection.connection.pgconn.untrace()
        return path.read_text().count("ReadyForQuery")

    return count


def test_creating_a_task_runs_four_statements(api_as, alice, django_assert_num_queries):
    client = api_as(alice)
    # The savepoint of the test, the user, the number, the inbox, the task, the entry.
    with django_assert_num_queries(7):
        assert client.post("/api/v1/tasks", TASK).status_code == 201


def test_completing_a_task_runs_four_statements(
    api_as, alice, django_assert_num_queries
):
    client, task = api_as(alice), TaskFactory(owner=alice)
    with django_assert_num_queries(7):
        answer = client.post(f"/api/v1/tasks/{task.pk}/complete")
    assert answer.status_code == 200


@pytest.mark.django_db(transaction=True)
def test_creating_a_task_takes_three_round_trips(api_as, alice, round_trips):
    client = api_as(alice)

    def create():
        assert client.post("/api/v1/tasks", TASK).status_code == 201

    # The user; what locks the ledger, and the inbox; what is stored, and COMMIT.
    assert round_trips(create, times=6) == 6 * 3 + PREPARED


@pytest.mark.django_db(transaction=True)
def test_completing_a_task_takes_three_round_trips(api_as, alice, round_trips):
    client = api_as(alice)
    tasks = [TaskFactory(owner=alice) for _ in range(6)]

    def complete():
        answer = client.post(f"/api/v1/tasks/{tasks.pop().pk}/complete")
        assert answer.status_code == 200

    assert round_trips(complete, times=6) == 6 * 3 + PREPARED
