"""The commands export_tasks and import_tasks."""

import fcntl
import json
import os
import stat
import struct
import subprocess
import sys
import termios
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from tests.environment import environment_of_tests
from tests.factories import TaskFactory, UserFactory
from tests.patience import PATIENCE
from tests.todos.files import a_full_account, exported, stored
from todos.api import files as files_api
from todos.management.commands import export_tasks
from todos.models import Change, Task

pytestmark = pytest.mark.slow


def run(name, *arguments):
    """Run a command; return what it wrote to stdout and stderr."""
    out, err = StringIO(), StringIO()
    call_command(name, *map(str, arguments), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def file_of(tmp_path, body, name="tasks.csv"):
    path = tmp_path / name
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    return path


# --- Export -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["json", "csv", "ics", "markdown"])
def test_writes_a_file_that_only_its_owner_can_read(alice, tmp_path, name):
    a_full_account(alice)
    path = tmp_path / "export"

    run(
        "export_tasks",
        "--user",
        "Alice@example.com",
        "--format",
        name,
        "--output",
        path,
    )

    assert path.read_bytes() == exported(alice, name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["export"]


@pytest.mark.parametrize("name", ["json", "csv"])
def test_writes_utf_8_to_the_standard_output_without_a_file(alice, name):
    a_full_account(alice)
    written, err = BytesIO(), StringIO()
    out = TextIOWrapper(written, encoding="latin-1", newline="\r\n")

    arguments = ["--user", str(alice.pk), "--format", name]
    call_command("export_tasks", *arguments, stdout=out, stderr=err)

    assert written.getvalue() == exported(alice, name)
    assert err.getvalue() == ""


def test_names_a_file_that_can_not_be_written(alice, tmp_path):
    path = tmp_path / "no" / "such" / "folder"

    with pytest.raises(CommandError, match="can't be written"):
        run("export_tasks", "--user", alice.pk, "--output", path)


def test_leaves_no_incomplete_export(alice, tmp_path, monkeypatch):
    def broken(user, name):
        yield b"half"
        raise OSError(28, "No space left on device")

    path = file_of(tmp_path, "the last one", "export")
    monkeypatch.setattr(export_tasks, "export", broken)

    with pytest.raises(CommandError, match="No space left"):
        run("export_tasks", "--user", alice.pk, "--output", path)

    assert path.read_text() == "the last one"
    assert os.listdir(tmp_path) == ["export"]


@pytest.mark.parametrize(
    "name", ["nobody@example.com", "019b0000-0000-7000-8000-000000000000", "x", ""]
)
@pytest.mark.parametrize("command", ["export_tasks", "import_tasks"])
def test_names_an_unknown_user(db, tmp_path, command, name):
    file = [file_of(tmp_path, "title\na\n"), "--format", "csv"]
    arguments = file if command == "import_tasks" else []

    with pytest.raises(CommandError, match="There is no user"):
        run(command, *arguments, "--user", name)


# --- Import -----------------------------------------------------------------------


def test_imports_a_file_and_names_the_batch(alice, tmp_path):
    path = file_of(tmp_path, "title,odd\na,\nb,\n")

    out, err = run("import_tasks", path, "--user", alice.email, "--format", "csv")

    batch = Change.objects.values_list("batch", flat=True).distinct().get()
    assert out == (
        f"Done: 2 created, 0 already exist, 1 notice. The batch is {batch}.\n"
    )
    assert err == "notice: row 1: odd: This column is not imported.\n"
    assert Task.objects.filter(owner=alice).count() == 2


def test_copies_an_export_to_another_account(alice, bob, tmp_path):
    a_full_account(alice)
    path = tmp_path / "export.json"
    run("export_tasks", "--user", alice.pk, "--output", path)

    out, _ = run("import_tasks", path, "--user", bob.pk, "--format", "json")
    again, _ = run("import_tasks", path, "--user", bob.pk, "--format", "json")

    assert out.startswith("Done: 15 created, 0 already exist, 0 notices.")
    assert again == "Done: 0 created, 15 already exist, 1 notice.\n"


def test_a_dry_run_stores_nothing(alice, tmp_path):
    before = stored(alice)
    path = file_of(tmp_path, "title\na\nb\n")

    out, _ = run(
        "import_tasks", path, "--user", alice.pk, "--format", "csv", "--dry-run"
    )

    assert out == "Dry run: 2 would be created, 0 already exist, 0 notices.\n"
    assert stored(alice) == before


def test_reads_a_mapping_from_a_file(alice, tmp_path):
    path = file_of(tmp_path, "What,When\na,28.02.2027\n")
    columns = {"title": "What", "due_date": "When", "dates": "dmy"}
    mapping = file_of(tmp_path, json.dumps(columns), "mapping.json")

    run(
        "import_tasks",
        *(path, "--user", alice.pk, "--format", "csv", "--mapping", mapping),
    )

    assert str(Task.objects.get().due_date) == "2027-02-28"


def test_lists_invalid_rows_and_stores_nothing(alice, tmp_path):
    before = stored(alice)
    path = file_of(tmp_path, "title,priority,odd\na,1,\n,2,\nb,9,\n")
    err = StringIO()

    with pytest.raises(CommandError, match="2 errors; nothing was stored"):
        call_command(
            "import_tasks",
            str(path),
            *("--user", str(alice.pk), "--format", "csv"),
            stderr=err,
        )

    assert err.getvalue().splitlines() == [
        "notice: row 1: odd: This column is not imported.",
        "error: row 3: title: This field may not be blank.",
        "error: row 4: priority: Must be an integer from 1 to 4.",
    ]
    assert stored(alice) == before


def test_counts_a_single_error_in_the_singular(alice, tmp_path):
    path = file_of(tmp_path, "title,priority\na,9\n")

    with pytest.raises(CommandError, match="^1 error; nothing was stored"):
        run("import_tasks", path, "--user", alice.pk, "--format", "csv")


def test_counts_errors_that_are_not_listed(alice, tmp_path):
    path = file_of(tmp_path, b"title,priority\n" + b"a,9\n" * 3_000)

    with pytest.raises(CommandError, match="^3000 errors; nothing was stored"):
        run("import_tasks", path, "--user", alice.pk, "--format", "csv")


@pytest.mark.parametrize(
    ("body", "mapping", "words"),
    [
        (b"\x81\xff", None, "Save it as UTF-8"),
        (b"a\nb\n", None, "titles"),
        (b"title\na\n", b"[]", "must hold a JSON object"),
        (b"title\na\n", b"{", "holds no JSON"),
        (b"title\na\n", b'{"title": "x"}', "must have the column"),
    ],
    ids=range(5),
)
def test_reports_an_unusable_file(alice, tmp_path, body, mapping, words):
    path = file_of(tmp_path, body)
    options = []
    if mapping is not None:
        options = ["--mapping", file_of(tmp_path, mapping, "mapping.json")]

    with pytest.raises(CommandError, match=words):
        run("import_tasks", path, "--user", alice.pk, "--format", "csv", *options)

    assert not Task.objects.exists()


def test_names_a_missing_file(alice, tmp_path):
    with pytest.raises(CommandError, match="can't be read"):
        run("import_tasks", tmp_path / "x", "--user", alice.pk, "--format", "csv")


def test_names_a_missing_mapping(alice, tmp_path):
    path = file_of(tmp_path, "title\na\n")
    options = ["--format", "csv", "--mapping", tmp_path / "x"]

    with pytest.raises(CommandError, match="x can't be read: No such file"):
        run("import_tasks", path, "--user", alice.pk, *options)


def test_the_command_accepts_more_rows_than_the_api(alice, tmp_path, monkeypatch):
    monkeypatch.setattr(files_api, "ROWS_MAX", 1)
    path = file_of(tmp_path, "title\na\nb\n")

    out, _ = run("import_tasks", path, "--user", alice.pk, "--format", "csv")

    assert out.startswith("Done: 2 created")


@pytest.mark.django_db(transaction=True)
def test_shows_a_progress_bar_only_on_a_terminal(tmp_path):
    alice = UserFactory()
    TaskFactory(owner=alice)
    path = file_of(tmp_path, "title\n" + "a\n" * 50)
    command = [sys.executable, "manage.py"]
    bring_in = ["import_tasks", path, "--user", str(alice.pk), "--format", "csv"]
    write = ["export_tasks", "--user", str(alice.pk), "--output", tmp_path / "x"]

    for arguments in (bring_in, write):
        arguments.append("--skip-checks")  # they warn about the tests' own database
        plain = subprocess.run(
            [*command, *arguments],
            cwd=settings.BASE_DIR,
            env=environment_of_tests(),
            capture_output=True,
            check=True,
        )
        shown = on_a_terminal([*command, *arguments])

        # Nothing but the log, which has the event of an export.
        assert all(line[:1] == b"{" for line in plain.stderr.splitlines())
        assert b"B/s" in shown


def on_a_terminal(command):
    """Run a command whose stderr is a terminal; return what it showed there."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    process = subprocess.Popen(
        command,
        cwd=settings.BASE_DIR,
        env=environment_of_tests(),
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # so Linux says that the other end is closed
        pass
    finally:
        os.close(ours)
    assert process.wait(PATIENCE) == 0
    return shown
