"""A database error leaves nothing behind for the garbage collector.

If the collector frees a cursor in another thread, that thread waits for the connection
of the cursor, and two such threads can wait for each other.
"""

import gc
import sqlite3
from contextlib import closing, contextmanager, suppress
from threading import Event, Thread

import pytest
from django.core.cache import cache
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test import Client

from tests.factories import PASSWORD, UserFactory
from tests.patience import PATIENCE
from tests.signing_in import browser_of, program_of
from todos.models import Label

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="is about SQLite"),
    pytest.mark.django_db(transaction=True),
]


def cursors():
    # By type, because reading `__class__` would load a lazy object.
    return sum(issubclass(type(thing), sqlite3.Cursor) for thing in gc.get_objects())


@contextmanager
def no_cursor_left():
    """Fail if the block leaves a cursor to the garbage collector."""
    gc.collect()
    before = cursors()
    gc.disable()
    try:
        yield
        left = cursors() - before
    finally:
        gc.enable()
    assert left == 0


@pytest.fixture
def locked():
    """Lock the database on another connection, with a short timeout for waiting."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 20")
    path = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
    connection.close()


def test_collecting_garbage_never_waits_for_another_thread():
    """Two threads would wait for each other until one of them times out.

    One has failed before and now waits for the write lock. The other holds the lock and
    collects the garbage of the failure.
    """
    failed, freed, waiting = Event(), Event(), Event()
    outcomes = []

    def fail_once_and_try_again():
        try:
            with suppress(OperationalError), transaction.atomic():
                Label.objects.count()
            failed.set()
            assert freed.wait(PATIENCE)
            connection.connection.set_trace_callback(lambda _: waiting.set())
            with transaction.atomic():
                outcomes.append(Label.objects.count())
        except OperationalError as error:
            outcomes.append(str(error))
        finally:
            connection.close()
            waiting.set()

    gc.disable()
    try:
        thread = Thread(target=fail_once_and_try_again)
        with transaction.atomic():
            thread.start()
            assert failed.wait(PATIENCE)
            freed.set()
            assert waiting.wait(PATIENCE)
            gc.collect()
        thread.join(PATIENCE)
        assert not thread.is_alive()
    finally:
        gc.enable()

    assert outcomes == [0]


@pytest.fixture
def alice():
    return UserFactory(email="alice@example.com")


@pytest.fixture
def program(alice):
    """A signed-in API client that gets the response to an error."""
    client = program_of(alice)
    client.raise_request_exception = False
    return client


@pytest.fixture
def visitor(alice):
    """A signed-in browser that gets the response to an error."""
    client = browser_of(alice)
    client.raise_request_exception = False
    return client


def test_a_response_without_an_error(program, visitor):
    task = {"title": "Buy milk", "labels": ["home", "errands"]}

    with no_cursor_left():
        statuses = [
            program.post("/api/v1/tasks", task, headers={"Idempotency-Key": "k"}),
            program.post("/api/v1/tasks", task, headers={"Idempotency-Key": "k"}),
            program.get("/api/v1/tasks"),
            program.get("/api/v1/export", {"format": "json"}),
            program.post("/api/v1/undo"),
            visitor.get("/"),
            visitor.get("/accounts/security/"),
        ]
        statuses = [response.status_code for response in statuses]

    assert statuses == [201, 201, 200, 200, 200, 200, 200]


def test_a_caught_error(locked):
    with no_cursor_left(), suppress(OperationalError), transaction.atomic():
        Label.objects.count()


def test_an_error_of_a_statement(alice):
    Label.objects.create(owner=alice, name="home")

    with no_cursor_left(), suppress(IntegrityError):
        Label.objects.create(owner=alice, name="home")


def test_an_error_that_the_cache_suppresses(locked):
    with no_cursor_left():
        cache.set("name", "value")


@pytest.mark.parametrize("path", ["/api/v1/tasks", "/api/me/tasks", "/api/v1/undo"])
def test_a_refusal_of_the_api(program, locked, path):
    with no_cursor_left():
        status = program.post(path, {"title": "Buy milk"}).status_code

    assert status == 503


def test_a_request_with_an_idempotency_key(program, locked):
    with no_cursor_left():
        status = program.post(
            "/api/v1/tasks", {"title": "Milk"}, headers={"Idempotency-Key": "k"}
        ).status_code

    assert status == 503


def test_a_page(visitor, locked):
    with no_cursor_left():
        status = visitor.post("/accounts/sign-out-everywhere/").status_code

    assert status == 503


def test_signing_in(alice, locked):
    client = Client(raise_request_exception=False)

    with no_cursor_left():
        client.post(
            "/accounts/login/", {"login": "alice@example.com", "password": PASSWORD}
        )


def test_the_readiness_check(client, monkeypatch):
    """A file that isn't a database can't be read."""
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "NAME", __file__)

    with no_cursor_left():
        status = client.get("/readyz").status_code
        connection.close()

    assert status == 503


@pytest.mark.parametrize(
    ("path", "view"),
    [
        ("/accounts/security/", "accounts.pages.views.SecurityView.get"),
        ("/api/v1/labels", "todos.api.labels.LabelListView.get"),
    ],
)
def test_an_unexpected_exception(visitor, monkeypatch, path, view):
    """The frames of the error refer to everything that was open."""

    def broken(*args, **kwargs):
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        raise RuntimeError

    monkeypatch.setattr(view, broken)

    with no_cursor_left():
        status = visitor.get(path).status_code

    assert status == 500
