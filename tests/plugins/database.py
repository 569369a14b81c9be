"""The database and the static files that the tests run on."""

import shutil
from contextlib import ExitStack
from unittest import mock

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import TransactionTestCase, override_settings

from tests.runtime_role import runtime_role

# Fixtures that open the database of the tests.
OPENS_THE_DATABASE = {"db", "live_server", "transactional_db"}
COMPRESSIBLE = ("css", "html", "js", "json", "map", "md", "svg", "txt", "webmanifest")


def pytest_configure(config):
    """Make the markers known."""
    config.addinivalue_line(
        "markers",
        "database: depends on the kind of database; added to every test that opens it,"
        " and to modules that import its connection. `make test` runs only these on"
        " PostgreSQL as well.",
    )
    config.addinivalue_line(
        "markers",
        "any_database: opens the database, but tests what does not depend on its kind:"
        " a text, a page, a format. Other tests try the same statements on both. Within"
        " such a module, `database` brings a test back.",
    )


def pytest_itemcollected(item):
    """Mark the tests that open the database, or can ask which one it is."""
    if item.get_closest_marker("any_database"):
        return
    opens = OPENS_THE_DATABASE.intersection(item.fixturenames)
    is_case = item.cls is not None and issubclass(item.cls, TransactionTestCase)
    is_marked = any(map(item.get_closest_marker, ("django_db", "needs_postgresql")))
    if opens or is_case or is_marked or hasattr(item.module, "connection"):
        item.add_marker("database")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix, tmp_path_factory
):
    """Put SQLite's test database into a file.

    The default, a database in memory, is shared by all threads through one
    connection, so a test with a live server would not see what the product does:
    write-ahead log, locks, one connection for each thread.
    """
    database = settings.DATABASES["default"]
    if database["ENGINE"] == "config.sqlite":
        folder = tmp_path_factory.mktemp("database")
        database.setdefault("TEST", {})["NAME"] = str(folder / "test.sqlite3")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Run as the role of a deployment, and end every other session at the end.

    PostgreSQL does not drop a database that is in use, and a thread of the live server
    keeps its session for as long as a browser keeps its connection to that thread.

    Django asks SQLite once in a process whether it knows JSON. It does so here, not in
    the first test that counts queries.
    """
    with django_db_blocker.unblock():
        assert connection.features.supports_json_field
    if connection.vendor != "postgresql":
        yield
        return
    with ExitStack() as stack:
        with django_db_blocker.unblock():
            stack.enter_context(runtime_role())
        yield
        with django_db_blocker.unblock():
            stack.close()
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid, 10_000) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    # Not those that clean up, which belong to no role and end by
                    # themselves. (The kind of a session is shown to its role only.)
                    " AND usesysid IS NOT NULL"
                )


@pytest.fixture(scope="session", autouse=True)
def static_files():
    """Collect the static files: a page can't name one that has no hash yet.

    Compressing them would take seconds in every process, and no test looks at it.
    """
    settings.VAR_DIR.mkdir(mode=0o700, exist_ok=True)
    with override_settings(WHITENOISE_SKIP_COMPRESS_EXTENSIONS=COMPRESSIBLE):
        call_command("collectstatic", interactive=False, verbosity=0)
    yield
    shutil.rmtree(settings.VAR_DIR, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def whitenoise():
    """Let live servers serve static files as the product does.

    The handler that they would put before it knows the plain names only, not those
    with a hash that the pages ask for.
    """
    handler = "django.contrib.staticfiles.handlers.StaticFilesHandler"
    with mock.patch(handler, lambda application: application):
        yield
