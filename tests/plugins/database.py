"""The database and the static files that the tests run on."""

import shutil
from unittest import mock

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings

COMPRESSIBLE = ("css", "html", "js", "json", "map", "md", "svg", "txt", "webmanifest")


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
