"""The file of a backup: complete or absent, private, and every damage is noticed."""

import json
import os
import resource
import signal
import stat
import zipfile
from contextlib import contextmanager

import pytest

from config.backups.archive import SEAL_BYTES, created, opened, refuse_little_space
from config.backups.errors import BackupError
from config.backups.manifest import FORMAT, Manifest
from config.backups.signals import cleaning_up_on_signals

CONTENT = b"1\tAlice\n2\tBob\n"
NOBODY = 65534


def write(path, **values):
    """Write a small backup."""
    with created(path) as writer:
        with writer.part("tables/users.copy") as part:
            part.write(CONTENT)
        given = {
            "version": "1.0",
            "kind": "sqlite",
            "at": "2026-11-30T12:00:00+00:00",
            "migrations": ["todos.0001_initial"],
            "tables": {"users": 2},
            "parts": writer.parts,
        }
        writer.finish(Manifest(**given | values))
    return path


def read(path):
    with opened(path) as archive:
        return archive.manifest, b"".join(archive.read("tables/users.copy"))


@pytest.fixture
def backup(tmp_path):
    return write(tmp_path / "a.backup")


def test_what_was_written_is_read(backup):
    manifest, content = read(backup)

    assert content == CONTENT
    assert manifest.tables == {"users": 2}
    assert manifest.parts["tables/users.copy"].bytes == len(CONTENT)


def test_only_its_user_can_read_it(tmp_path):
    before = os.umask(0)
    try:
        backup = write(tmp_path / "a.backup")
    finally:
        os.umask(before)

    assert stat.S_IMODE(backup.stat().st_mode) == 0o600


def test_any_program_for_zip_files_can_read_it(backup):
    with zipfile.ZipFile(backup) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))

    assert manifest["format"] == FORMAT


def test_never_replaces_a_file(backup):
    before = backup.read_bytes()

    with pytest.raises(BackupError, match="exists already"):
        write(backup)

    assert backup.read_bytes() == before
    assert list(backup.parent.iterdir()) == [backup]


def test_never_replaces_a_file_that_appears_meanwhile(tmp_path):
    path = tmp_path / "a.backup"

    with pytest.raises(BackupError, match="exists already"), created(path):
        path.write_text("of another process")

    assert path.read_text() == "of another process"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_remains_of_an_unfinished_one(tmp_path):
    path = tmp_path / "a.backup"

    with (
        pytest.raises(KeyboardInterrupt),
        created(path) as writer,
        writer.part("tables/users.copy") as part,
    ):
        part.write(CONTENT)
        assert list(tmp_path.iterdir()) != []
        raise KeyboardInterrupt

    assert list(tmp_path.iterdir()) == []


@contextmanager
def file_size_of_at_most(limit):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_nothing_behind(tmp_path):
    path = tmp_path / "a.backup"

    with (
        pytest.raises(BackupError, match="can't be written: File too large"),
        file_size_of_at_most(100_000),
        created(path) as writer,
        writer.part("tables/users.copy") as part,
    ):
        for _ in range(100):
            part.write(os.urandom(10_000))

    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_too_full_is_named_before_anything_is_written(tmp_path):
    with pytest.raises(BackupError, match=rf"{tmp_path} has .* MB free, and 1,0"):
        refuse_little_space(tmp_path, 10**15)


@contextmanager
def handling(number, handler):
    """Handle a signal so during the block, whatever started the tests."""
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_nothing_remains_after_a_signal(tmp_path, number):
    with (
        handling(number, signal.SIG_DFL),
        pytest.raises(SystemExit) as end,
        cleaning_up_on_signals(),
        created(tmp_path / "a.backup"),
    ):
        os.kill(os.getpid(), number)

    assert end.value.code == 128 + number
    assert list(tmp_path.iterdir()) == []


def test_a_backup_by_nohup_survives_the_end_of_its_terminal():
    with handling(signal.SIGHUP, signal.SIG_IGN), cleaning_up_on_signals():
        os.kill(os.getpid(), signal.SIGHUP)


def test_a_folder_without_rights_is_named(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    before = os.geteuid()
    if before == 0:  # who may write everywhere
        os.seteuid(NOBODY)
    try:
        with pytest.raises(BackupError, match="closed/a.backup can't be written: Perm"):
            write(folder / "a.backup")
    finally:
        os.seteuid(before)


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(BackupError, match="can't be written: No such file"):
        write(tmp_path / "absent" / "a.backup")


def test_every_truncation_is_noticed(backup):
    whole = backup.read_bytes()

    for length in range(len(whole)):
        backup.write_bytes(whole[:length])
        with pytest.raises(BackupError, match="cut off|damaged"):
            read(backup)


def test_every_changed_byte_is_noticed(backup):
    whole = backup.read_bytes()

    for place in range(len(whole)):
        changed = bytes([whole[place] ^ 1])
        backup.write_bytes(whole[:place] + changed + whole[place + 1 :])
        with pytest.raises(BackupError, match="cut off|damaged"):
            read(backup)


def test_a_newer_format_names_the_version_that_wrote_it(tmp_path):
    backup = write(tmp_path / "a.backup", format=FORMAT + 1, version="9.1")

    with pytest.raises(BackupError, match=r"format 2.* Restore it with Ownlist 9\.1"):
        read(backup)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": "x"}'])
def test_a_manifest_that_is_none_is_refused(text):
    with pytest.raises(BackupError, match="manifest that can't be read"):
        Manifest.from_json(text.encode())


@pytest.mark.parametrize(
    "changed",
    [
        {"migrations": None},
        {"migrations": [1]},
        {"tables": []},
        {"tables": {"users": "2"}},
        {"parts": {"users": {"bytes": None, "sha256": ""}}},
        {"columns": {"users": "id"}},
        {"sequences": {"numbers": True}},
        {"at": 1},
    ],
)
def test_a_manifest_with_a_value_of_another_type_is_refused(tmp_path, changed):
    write(tmp_path / "a.backup")
    manifest, _ = read(tmp_path / "a.backup")
    values = json.loads(manifest.as_json()) | changed

    with pytest.raises(BackupError, match="manifest that can't be read"):
        Manifest.from_json(json.dumps(values).encode())


def test_a_part_that_is_not_the_one_of_the_manifest_is_refused(tmp_path):
    part = {"bytes": 1, "sha256": "0" * 64}
    backup = write(tmp_path / "a.backup", parts={"tables/users.copy": part})

    with pytest.raises(BackupError, match="not the one that was backed up"):
        read(backup)


def test_other_files_are_refused(tmp_path):
    other = tmp_path / "other"
    other.write_bytes(b"SQLite format 3\0" + bytes(SEAL_BYTES))

    with pytest.raises(BackupError, match="not a complete backup"):
        read(other)
    with pytest.raises(BackupError, match="does not exist"):
        read(tmp_path / "absent")
    with pytest.raises(BackupError, match="is a folder"):
        read(tmp_path)
