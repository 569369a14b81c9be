"""A command that can't connect says why, in plain words."""

import os
import subprocess
import sys

import psycopg
import pytest
from django.db import OperationalError, connection

from config import connection_failures
from tests.benchmarks.processes import free_port
from tests.environment import environment_of_tests


def printed_by(command, url, *options):
    done = subprocess.run(
        [sys.executable, "manage.py", *command.split(), *options],
        env=os.environ | environment_of_tests() | {"TEST_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
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
def test_a_command_that_can_not_connect_ends_with_a_plain_message(command):
    url = f"postgres://ownlist:secret-word@127.0.0.1:{free_port()}/ownlist"

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
