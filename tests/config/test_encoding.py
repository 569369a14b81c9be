"""A database that can't store every character is found before it is used."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from config.backups import servers
from config.checks import check_encoding
from tests.environment import environment_of_tests

NAME = "ownlist_in_ascii"
RESTORED = "ownlist_in_utf8"


@pytest.fixture
def owner(transactional_db):
    """A session of the owner, in autocommit."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite always stores UTF-8")
    chosen = settings.MIGRATION_DATABASE
    place = {"host": chosen["HOST"], "port": chosen["PORT"], "dbname": "postgres"}
    with psycopg.connect(
        user=chosen["USER"], password=chosen["PASSWORD"], autocommit=True, **place
    ) as session:
        yield session
        for name in (NAME, RESTORED):
            session.execute(f"DROP DATABASE IF EXISTS {name}")


@pytest.fixture
def in_ascii(owner):
    """The URL of an empty database, as `createdb` makes it with the locale C."""
    owner.execute(
        f"CREATE DATABASE {NAME} TEMPLATE template0 ENCODING 'SQL_ASCII'"
        " LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    chosen = settings.MIGRATION_DATABASE
    url = urlsplit(environment_of_tests()["TEST_DATABASE_URL"])
    place = url.netloc.rpartition("@")[2]
    credentials = f"{chosen['USER']}:{chosen['PASSWORD']}"
    return url._replace(netloc=f"{credentials}@{place}", path=f"/{NAME}").geturl()


def run(url, *command):
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        env=os.environ | environment_of_tests() | {"TEST_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", ["migrate", "check --database default"])
def test_a_new_database_in_another_encoding_is_refused(in_ascii, command):
    done = run(in_ascii, *command.split())

    assert done.returncode == 1
    assert "config.E036" in done.stderr
    assert "--encoding=UTF8" in done.stderr


def test_one_that_is_in_use_is_reported(in_ascii):
    with psycopg.connect(in_ascii, autocommit=True) as session:
        session.execute("CREATE TABLE django_migrations (id integer)")

    checked = run(in_ascii, "check", "--database", "default")
    doctor = run(in_ascii, "doctor")

    assert checked.returncode == 0
    assert "config.W037" in checked.stderr
    assert "config.W037" in doctor.stdout


def test_the_database_of_the_tests_passes(db):
    assert list(check_encoding(databases=["default"])) == []


def test_a_restore_makes_one_in_utf8(owner, in_ascii):
    servers._create(owner, RESTORED, like=NAME)

    row = owner.execute(
        "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = %s",
        [RESTORED],
    ).fetchone()
    assert row == ("UTF8",)


def test_a_restore_into_another_encoding_is_refused(in_ascii):
    with (
        pytest.raises(servers.BackupError, match="--encoding=UTF8"),
        servers.new_database(NAME, like=NAME, may_exist=True),
    ):
        pass
