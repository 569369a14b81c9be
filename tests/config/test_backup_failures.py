"""Errors of files and databases end a backup or a restore with a plain text."""

import errno
import os
import sqlite3

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import InterfaceError, OperationalError

from config.backups import postgresql, sqlite
from config.backups.errors import BackupError, ending_plainly


def operational_error(cause):
    error = OperationalError(str(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (BackupError("Choose another name."), "Choose another name."),
        (OSError(errno.EIO, os.strerror(errno.EIO), "/backups/x"), "/backups/x: Input"),
        (OperationalError("secret-word"), "Run manage.py doctor"),
        (InterfaceError("secret-word"), "Run manage.py doctor"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_command_ends_with_what_to_do(error, says):
    with pytest.raises(CommandError, match=says) as raised, ending_plainly():
        raise error

    assert "secret-word" not in str(raised.value)


def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), ending_plainly():
        _ = 1 / 0


def test_a_full_disk_of_sqlite_says_what_to_do(tmp_path):
    with (
        sqlite3.connect(tmp_path / "full") as database,
        pytest.raises(BackupError, match="disk is full. Free some space") as raised,
        sqlite._explained("/backups/new can't be made"),
    ):
        database.execute("PRAGMA max_page_count = 1")
        try:
            database.execute("CREATE TABLE words (word text)")
        except sqlite3.Error as exc:
            raise operational_error(exc) from exc
    database.close()

    assert str(raised.value).startswith("/backups/new can't be made.")


def test_a_text_of_libpq_that_quotes_the_password_is_not_shown():
    text = 'could not translate host name "secret-word@db" to address'

    with (
        pytest.raises(BackupError, match="unknown host") as raised,
        postgresql._explained("The backup can't be restored"),
    ):
        raise operational_error(psycopg.OperationalError(text))

    assert "secret-word" not in str(raised.value)


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_both_commands_end_plainly(command, tmp_path):
    with pytest.raises(CommandError, match="Not a directory"):
        call_command(command, tmp_path_file(tmp_path) / "x" / "y")


def tmp_path_file(folder):
    file = folder / "file"
    file.touch()
    return file
