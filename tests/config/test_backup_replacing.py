"""How a restored SQLite database takes the place of the present one, or does not."""

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from config.backups import sqlite
from config.backups.errors import BackupError


def content_of(path):
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT word FROM words").fetchall()


def write(path, word):
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE words (word text)")
        database.execute("INSERT INTO words VALUES (?)", [word])
    return path


@pytest.fixture
def database(tmp_path):
    return write(tmp_path / "ownlist.sqlite3", "present")


@pytest.fixture
def target(tmp_path):
    return write(tmp_path / "new", "restored")


@pytest.fixture
def before(tmp_path):
    return tmp_path / "ownlist.sqlite3.before"


@pytest.fixture(params=[True, False], ids=["links", "no-links"])
def with_links(request, monkeypatch):
    if not request.param:
        monkeypatch.setattr(os, "link", fail_with(errno.EOPNOTSUPP))


def fail_with(number):
    def fail(*args, **options):
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.usefixtures("with_links")
def test_keeps_the_present_one_and_takes_its_place(database, target, before):
    assert sqlite._replace(database, target, before)

    assert content_of(database) == [("restored",)]
    assert content_of(before) == [("present",)]


@pytest.mark.usefixtures("with_links")
@pytest.mark.parametrize("failure", [OSError(errno.EXDEV, "far"), SystemExit(143)])
def test_if_it_fails_all_is_as_before(database, target, before, monkeypatch, failure):
    def fail(*args):
        raise failure

    monkeypatch.setattr(Path, "replace", fail)

    with pytest.raises((BackupError, SystemExit)):
        sqlite._replace(database, target, before)

    assert [path.name for path in database.parent.iterdir()] == [database.name]
    assert content_of(database) == [("present",)]
    assert database.stat().st_nlink == 1


@pytest.mark.usefixtures("with_links")
def test_if_it_fails_a_damaged_one_still_has_its_log(
    database, target, before, monkeypatch
):
    database.write_bytes(b"damaged" * 100)
    log = database.with_name(f"{database.name}-wal")
    log.write_bytes(b"log")
    monkeypatch.setattr(Path, "replace", fail_with(errno.EXDEV))

    with pytest.raises(BackupError):
        sqlite._replace(database, target, before)

    assert set(database.parent.iterdir()) == {database, log}
    assert log.read_bytes() == b"log"


def test_another_disk_is_refused(database):
    here = database.parent

    with pytest.raises(BackupError, match="is on another disk"):
        sqlite._refuse_other_disk(Path("/proc/new"), database)
    sqlite._refuse_other_disk(here / "new", database)
