"""A command that can't use its database says why, in plain words."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import psycopg
import pytest
from django.db import OperationalError, connection

from config import connection_failures
from tests.environment import environment_of_tests


def run(command, url):
    return subprocess.run(
        [sys.executable, "manage.py", *command.split()],
        env=os.environ | environment_of_tests() | {"TEST_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )


def printed_by(command, url):
    done = run(command, url)
    assert done.returncode == 1
    assert "secret-word" not in done.stdout + done.stderr
    return done.stderr


COMMANDS = [
    "migrate",
    "migrate --check",
    "create_runtime_role ownlist_app",
    "check --deploy --database default",
    "purge_trash",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_can_not_connect_ends_with_a_plain_message(command, closed_port):
    url = f"postgres://ownlist:secret-word@127.0.0.1:{closed_port}/ownlist"

    printed = printed_by(command, url)

    assert "Can't connect to the database: connection refused." in printed
    assert "Nothing listens there" in printed
    assert "Traceback" not in printed


def test_a_wrong_password_is_named():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no passwords")
    url = environment_of_tests()["TEST_DATABASE_URL"]
    credentials, _, place = url.rpartition("@")
    wrong = f"{credentials.rpartition(':')[0]}:secret-word@{place}"

    printed = printed_by("migrate", wrong)

    assert "Can't connect to the database: wrong password." in printed
    assert "percent-encoded" in printed
    assert "Traceback" not in printed


def test_the_traceback_can_be_had(capsys, monkeypatch):
    error = OperationalError()
    error.__cause__ = psycopg.OperationalError("connection refused")
    monkeypatch.setattr(sys, "argv", ["manage.py", "migrate", "--traceback"])

    connection_failures._explain(OperationalError, error, None)

    assert "OperationalError" in capsys.readouterr().err


def test_an_error_of_a_statement_keeps_its_traceback(capsys, monkeypatch):
    error = OperationalError("canceling statement due to lock timeout")
    error.__cause__ = psycopg.errors.LockNotAvailable("lock timeout")
    monkeypatch.setattr(sys, "argv", ["manage.py", "migrate"])

    connection_failures._explain(OperationalError, error, None)

    assert "Can't connect" not in capsys.readouterr().err


# --- SQLite -------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["purge_trash", "migrate --check", "doctor"])
def test_a_missing_file_of_sqlite_ends_without_a_traceback(command, tmp_path):
    done = run(command, f"sqlite:///{tmp_path}/missing/ownlist.sqlite3")

    assert done.returncode
    assert "Traceback" not in done.stderr
    if command != "doctor":
        assert "Can't use the SQLite database: the file can't be opened." in done.stderr
        assert "manage.py migrate creates a missing file" in done.stderr


def test_a_file_of_something_else_ends_without_a_traceback(tmp_path):
    (tmp_path / "notes.txt").write_text("not a database" * 100)

    done = run("purge_trash", f"sqlite:///{tmp_path}/notes.txt")

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "the file is not a database.\nRestore a backup." in done.stderr


def failed(statement):
    """Return the error of SQLite in a statement."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("PRAGMA max_page_count = 1")
        with pytest.raises(sqlite3.Error) as raised:
            database.execute(statement)
        return raised.value


def test_a_full_disk_is_named_behind_an_error_of_django(capsys, monkeypatch):
    error = OperationalError("database or disk is full")
    error.__cause__ = failed("CREATE TABLE words (word text)")
    monkeypatch.setattr(sys, "argv", ["manage.py", "purge_trash"])

    connection_failures._explain(OperationalError, error, None)

    assert "the disk is full.\nFree some space" in capsys.readouterr().err


def test_a_wrong_statement_of_sqlite_keeps_its_traceback(capsys, monkeypatch):
    error = OperationalError("no such column: x")
    error.__cause__ = failed("SELECT x")
    monkeypatch.setattr(sys, "argv", ["manage.py", "purge_trash"])

    connection_failures._explain(OperationalError, error, None)

    assert "Can't use" not in capsys.readouterr().err
