"""`manage.py doctor` runs every check, and says what it found and what to do."""

import io
import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from config.doctor import running
from config.doctor.findings import Level, ok, warning
from config.doctor.regular import check_backups
from config.doctor.running import Check
from config.management.commands import doctor
from config.models import CommandRun
from config.private_files import restrict_database
from config.regular_commands import LATE_AFTER, record_success
from tests.patience import PATIENCE

CHECKS = {"settings", "files", "disk", "mail", "issuers", "database"} | {
    *("role", "pooler", "migrations", "cache", "commands", "backups")
}


def report_of(*options):
    """The exit code and the parsed report of a run in this process."""
    out = io.StringIO()
    try:
        call_command("doctor", "--json", *options, stdout=out)
    except SystemExit as exc:
        return exc.code, json.loads(out.getvalue())
    return 0, json.loads(out.getvalue())


def by_name(report):
    return {check["name"]: check for check in report["checks"]}


# --- Words --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(0), "0 minutes"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(days=3), "3 days"),
    ],
)
def test_the_age_of_a_success_is_in_words(db, age, words):
    now = timezone.now()
    record_success("backup", at=now - age, done=1)

    texts = [finding.text for finding in check_backups(at=now)]

    assert f"backup last succeeded {words} ago." in texts


def test_no_sentence_of_the_doctor_has_a_plural_after_a_number_that_may_be_one():
    """`counted` writes "1 worker"."""
    nouns = "workers|proxies|minutes|hours|days|accounts|tables|migrations"

    found = [
        (path.name, line.strip())
        for path in (settings.BASE_DIR / "config" / "doctor").glob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if re.search(rf"\}} ([a-z]+ )?({nouns})\b", line)
    ]

    assert found == []


# --- Running checks -----------------------------------------------------------------


def test_a_check_that_fails_hides_no_other_and_no_secret():
    def fail():
        yield ok("The first half is fine.")
        raise ValueError("password=hunter2")

    first, second = running.run(
        [Check("bad", fail), Check("good", lambda: [ok("Fine.")])]
    )

    assert (first.level, second.level) == (Level.ERROR, Level.OK)
    assert first.findings[0].text == "The first half is fine."
    assert "ValueError" in first.findings[1].text
    assert "hunter2" not in repr(first)


def test_a_check_that_hangs_is_reported_and_abandoned(monkeypatch):
    # At its beginning, and when it waits for the first and for the second check.
    times = iter([0.0, PATIENCE, 0.0])
    clock = SimpleNamespace(monotonic=lambda: next(times))
    monkeypatch.setattr(running, "time", clock)
    end = Event()

    def hang():
        yield ok("Begun.")
        end.wait()

    try:
        late, other = running.run(
            [Check("late", hang), Check("other", lambda: [ok("Fine.")])],
            seconds=PATIENCE,
        )
    finally:
        end.set()

    assert late.level == Level.ERROR
    assert "did not end within" in late.findings[-1].text
    assert other.level == Level.OK


# --- The command --------------------------------------------------------------------


@pytest.fixture
def healthy(transactional_db, monkeypatch, settings):
    """A deployment about which there is nothing to say."""
    for name in LATE_AFTER:
        record_success(name, at=timezone.now(), done=0)
    record_success("restore_test", at=timezone.now(), done=1)
    monkeypatch.setenv("WORKERS", "1")
    settings.SILENCED_SYSTEM_CHECKS = ["async.E001"]  # a setting of the browser
    if connection.vendor == "sqlite":
        restrict_database(Path(connection.settings_dict["NAME"]))
    settings.VAR_DIR.chmod(0o700)


def test_a_healthy_deployment_exits_with_0(healthy):
    status, report = report_of()

    problems = [check for check in report["checks"] if check["status"] != "ok"]
    assert problems == []
    assert (status, report["status"]) == (0, "ok")
    assert by_name(report).keys() == CHECKS


def test_a_warning_exits_with_1_and_says_what_to_do(healthy):
    CommandRun.objects.filter(name="purge_trash").delete()

    status, report = report_of()

    assert (status, report["status"]) == (1, "warning")
    (finding,) = [
        finding
        for finding in by_name(report)["commands"]["findings"]
        if finding["status"] != "ok"
    ]
    assert finding["text"] == "purge_trash has never succeeded."
    assert "crontab" in finding["hint"]


def test_lines_for_a_reader_name_check_and_remedy(monkeypatch):
    reports = [
        running.Report("disk", [ok("Enough."), warning("Full\x1b[2J.", "Free some.")])
    ]
    monkeypatch.setattr(doctor, "examine", lambda **_: reports)
    out = io.StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("doctor", stdout=out, no_color=True)

    assert ended.value.code == 1
    assert out.getvalue().splitlines() == [
        "ok      disk       Enough.",
        "warning disk       Full\N{REPLACEMENT CHARACTER}[2J.",
        "                   → Free some.",
    ]


def run_doctor(tmp_path, url):
    """Run the command as an operator does, with this database."""
    environment = {
        "OWNLIST_ENV_FILE": "",
        "PATH": os.environ["PATH"],
        "SECRET_KEY": settings.SECRET_KEY,
        "JWT_SIGNING_KEY": settings.JWT_SIGNING_KEY,
        "FACTOR_ENCRYPTION_KEY": settings.FACTOR_ENCRYPTION_KEY,
        "VAR_DIR": str(tmp_path),
        "DATABASE_URL": url,
    }
    return subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_database_that_is_away_leaves_the_other_checks(tmp_path, closed_port):
    url = f"postgres://ownlist:hunter2@127.0.0.1:{closed_port}/ownlist"

    done = run_doctor(tmp_path, url)

    checks = by_name(json.loads(done.stdout))
    assert done.returncode == 2
    assert checks.keys() == CHECKS
    (finding,) = checks["database"]["findings"]
    assert finding["status"] == "error"
    assert "Nothing listens there" in finding["hint"]
    assert "Not checked" in checks["migrations"]["findings"][0]["text"]
    assert checks["disk"]["status"] == "ok"
    assert "hunter2" not in done.stdout + done.stderr


@pytest.mark.slow
def test_a_missing_sqlite_file_is_an_error_and_not_created(tmp_path):
    file = tmp_path / "none.sqlite3"

    done = run_doctor(tmp_path, f"sqlite:///{file}")

    (finding,) = by_name(json.loads(done.stdout))["database"]["findings"]
    assert done.returncode == 2
    assert "does not exist" in finding["text"]
    assert not file.exists()


@pytest.mark.slow
@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
def test_a_wrong_password_is_named_and_not_shown(tmp_path):
    url = urlsplit(os.environ["TEST_DATABASE_URL"])
    place = url.netloc.rpartition("@")[2]
    wrong = url._replace(netloc=f"{url.username}:hunter2@{place}").geturl()

    done = run_doctor(tmp_path, wrong)

    (finding,) = by_name(json.loads(done.stdout))["database"]["findings"]
    assert "its password in the URL is wrong" in finding["hint"]
    assert "hunter2" not in done.stdout + done.stderr
