"""Other users of the machine can't read the files that Ownlist writes."""

import os
import stat
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from django.conf import settings

from config import checks, launch, private_files
from config.databases import database_settings

OPEN_TO_ALL = 0o022  # the default umask of most systems


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def umask(mask):
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture
def var(tmp_path, settings, monkeypatch):
    """A folder with a database that is readable for everyone."""
    folder = tmp_path / "var"
    with umask(OPEN_TO_ALL):
        folder.mkdir()
        for name in ("ownlist.sqlite3", "ownlist.sqlite3-wal", "ownlist.sqlite3-shm"):
            (folder / name).touch()
    settings.VAR_DIR = folder
    settings.BASE_DIR = tmp_path
    database = database_settings(f"sqlite:///{folder}/ownlist.sqlite3", pooled=False)
    monkeypatch.setitem(settings.DATABASES, "default", database)
    return folder


def run(code, folder):
    """Run a program with the default umask and a database in `folder`."""
    database = f"sqlite:///{folder}/ownlist.sqlite3"
    environment = {"DATABASE_URL": database, "VAR_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, *code],
        cwd=settings.BASE_DIR,
        env=os.environ | environment | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        umask=OPEN_TO_ALL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_files_created_by_a_command_are_private(tmp_path):
    run(["manage.py", "migrate", "--plan"], tmp_path)

    assert mode_of(tmp_path / "ownlist.sqlite3") == 0o600


@pytest.mark.parametrize("module", ["config.server", "config.launch"])
def test_files_created_by_the_server_are_private(tmp_path, module):
    """The umask is set first, so a refused start is enough to see it."""
    code = (
        "import atexit, pathlib, runpy, sys\n"
        f"atexit.register(pathlib.Path({str(tmp_path / 'made')!r}).touch)\n"
        f"sys.argv = [{module!r}, 'run']\n"
        "try:\n"
        f"    runpy.run_module({module!r}, run_name='__main__')\n"
        "except SystemExit:\n"
        "    pass\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PORT", "none")
        run(["-c", code], tmp_path)

    assert mode_of(tmp_path / "made") == 0o600


def test_starting_restricts_existing_files(var):
    launch._prepare_folder(var)

    assert mode_of(var) == 0o700
    assert {mode_of(file) for file in var.iterdir()} == {0o600}


def test_starting_creates_a_private_folder(tmp_path, settings):
    settings.VAR_DIR = tmp_path / "made" / "var"

    with umask(OPEN_TO_ALL):
        launch._prepare_folder(settings.VAR_DIR)

    assert mode_of(settings.VAR_DIR) == 0o700


def test_a_configured_folder_keeps_its_mode(var, settings, tmp_path):
    settings.BASE_DIR = tmp_path / "elsewhere"

    launch._prepare_folder(var)

    assert mode_of(var) == 0o755
    assert {mode_of(file) for file in var.iterdir()} == {0o600}


def test_a_database_readable_by_others_gives_a_warning(var):
    found = list(checks.check_private_files())

    assert [message.id for message in found] == ["config.W021"] * 3 + ["config.W022"]
    assert str(var / "ownlist.sqlite3-wal") in found[1].msg
    assert found[0].hint == f"chmod 600 {var / 'ownlist.sqlite3'}"


def test_the_files_behind_a_symbolic_link_are_restricted(var, tmp_path):
    link = tmp_path / "link.sqlite3"
    link.symlink_to(var / "ownlist.sqlite3")

    private_files.restrict_database(link)

    assert {mode_of(file) for file in var.iterdir()} == {0o600}


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o602, 0o620])
def test_every_permission_of_others_gives_a_warning(var, mode):
    launch._prepare_folder(var)
    (var / "ownlist.sqlite3").chmod(mode)

    assert [message.id for message in checks.check_private_files()] == ["config.W021"]


def test_a_private_database_gives_no_warning(var):
    launch._prepare_folder(var)

    assert list(checks.check_private_files()) == []


def test_a_database_server_gives_no_warning(var, settings, monkeypatch):
    url = "postgres://ownlist@db.example/ownlist"
    database = database_settings(url, pooled=False)
    monkeypatch.setitem(settings.DATABASES, "default", database)

    assert list(checks.check_private_files()) == []


def test_restricting_keeps_the_permissions_of_the_owner(tmp_path):
    file = tmp_path / "ownlist.sqlite3"
    file.touch()
    file.chmod(0o544)

    private_files.restrict_database(file)

    assert mode_of(file) == 0o500


# --- Root ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "owner", "refused"), [(0, 990, True), (0, 0, False), (990, 990, False)]
)
def test_root_writes_no_files_that_the_service_can_not_use(
    var, monkeypatch, user, owner, refused
):
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr("pathlib.Path.stat", lambda _: SimpleNamespace(st_uid=owner))
    monkeypatch.setattr("pathlib.Path.exists", lambda _: True)
    monkeypatch.setattr(private_files, "user_name", lambda _: "ownlist")
    monkeypatch.setattr(sys, "orig_argv", ["python", "manage.py", "backup"])

    if not refused:
        private_files.refuse_root()
        return
    with pytest.raises(SystemExit, match=r"runuser -u ownlist -- \S+ manage.py backup"):
        private_files.refuse_root()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a folder away")
def test_a_command_of_root_is_refused_and_writes_nothing(tmp_path):
    os.chown(tmp_path, 12345, 12345)
    environment = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/one",
        "VAR_DIR": str(tmp_path),
    }

    done = subprocess.run(
        [sys.executable, "manage.py", "migrate"],
        cwd=settings.BASE_DIR,
        env=os.environ | environment | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    # `runuser` refuses a user without a name.
    _, printed = done.stderr.rstrip().split("\n  ")
    become, _, command = printed.partition(f" {sys.executable} ")
    assert become == "setpriv --reuid=12345 --regid=12345 --clear-groups"
    assert command == "manage.py migrate"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a folder away")
def test_make_tells_root_whose_folder_this_is(tmp_path):
    os.chown(tmp_path, 12345, 12345)
    makefile = settings.BASE_DIR / "Makefile"

    done = subprocess.run(
        ["make", "--file", makefile, "warn-root"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    become = "setpriv --reuid=12345 --regid=12345 --clear-groups"
    assert f"  {become} make warn-root\n" in done.stderr


def test_the_settings_of_the_command_line_count(tmp_path):
    """Also where something before Django reads a setting, which it then keeps."""
    (tmp_path / "chosen.py").write_text(
        "from config.settings import *\nBASE_URL = 'https://chosen.example.com'\n"
    )
    environment = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/one",
        "VAR_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }

    done = subprocess.run(
        [sys.executable, "manage.py", "diffsettings"]
        + ["--settings=chosen", f"--pythonpath={tmp_path}"],
        cwd=settings.BASE_DIR,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "BASE_URL = 'https://chosen.example.com'" in done.stdout, done.stderr


def test_settings_that_do_not_exist_are_named():
    done = subprocess.run(
        [sys.executable, "manage.py", "backup", "--settings=missing.settings"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("No module named 'missing'")
