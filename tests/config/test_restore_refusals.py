"""What `manage.py restore` refuses before it looks at the database."""

import tomllib

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from config.backups import postgresql, sqlite
from config.backups.archive import created, opened
from config.backups.manifest import FORMAT, Manifest, Part
from config.version import VERSION

MIGRATIONS = sorted(".".join(key) for key in MigrationLoader(None).graph.nodes)
KINDS = {"sqlite": "postgresql", "postgresql": "sqlite"}


@pytest.fixture(autouse=True)
def nothing_is_restored(monkeypatch):
    """Fail if a backup is accepted: there is a database of other tests."""

    def accepted(*args, **options):
        raise AssertionError("accepted")

    monkeypatch.setattr(sqlite, "restore", accepted)
    monkeypatch.setattr(postgresql, "restore", accepted)


@pytest.fixture
def backup(tmp_path):
    """Write a backup without content, whose checksum is right."""

    def write(**values):
        path = tmp_path / "a.backup"
        given = {
            "version": VERSION,
            "kind": connection.vendor,
            "at": "2026-11-30T12:00:00+00:00",
            "migrations": MIGRATIONS,
            "tables": {},
            "parts": {},
        }
        with created(path) as writer:
            writer.finish(Manifest(**given | values))
        return path

    return write


def refused(path, *options):
    with pytest.raises(CommandError) as caught:
        call_command("restore", str(path), *options)
    return str(caught.value)


def test_an_error_of_the_restore_itself_does_not_blame_the_backup(backup):
    with pytest.raises(KeyError), opened(backup()):
        raise KeyError


def test_a_part_of_the_manifest_must_be_there(backup):
    path = backup(parts={"ownlist.sqlite3": Part(1, "0" * 64)})

    assert refused(path) == f"{path} is not a backup of Ownlist."


def test_accepts_one_of_this_version_and_kind(backup):
    with pytest.raises(AssertionError, match="accepted"):
        call_command("restore", str(backup()))


def test_a_damaged_file(backup):
    path = backup()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    assert "is damaged: its checksum does not match" in refused(path)


def test_a_truncated_file(backup):
    path = backup()
    path.write_bytes(path.read_bytes()[:-100])

    assert "was cut off" in refused(path)


def test_a_newer_format(backup):
    path = backup(format=FORMAT + 1, version="9.1")

    assert "Restore it with Ownlist 9.1" in refused(path)


def test_the_other_kind_of_database(backup):
    other = KINDS[connection.vendor]

    assert f"a database of the kind {other}" in refused(backup(kind=other))


def test_a_newer_version_whatever_the_options(backup):
    newer = [*MIGRATIONS, "todos.9999_of_the_future"]
    path = backup(migrations=newer, version="9.0")

    found = refused(path, "--other-version")

    assert "newer version of Ownlist (9.0" in found
    assert "todos.9999_of_the_future" in found


@pytest.mark.parametrize(
    "values",
    [
        {"version": "0.0.1"},
        {"migrations": [m for m in MIGRATIONS if not m.startswith("config.")]},
    ],
)
def test_another_version_without_the_option(backup, values):
    path = backup(**values)

    assert "add --other-version" in refused(path)
    with pytest.raises(AssertionError, match="accepted"):
        call_command("restore", str(path), "--other-version")


def test_migrations_of_an_app_that_was_removed_do_not_matter(backup):
    path = backup(migrations=[*MIGRATIONS, "token_blacklist.0001_initial"])

    with pytest.raises(AssertionError, match="accepted"):
        call_command("restore", str(path))


def test_the_version_is_that_of_the_project(settings):
    text = (settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8")

    assert tomllib.loads(text)["project"]["version"] == VERSION
