"""The success of regular commands is recorded, so that a stopped scheduler shows."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from config.doctor.findings import Level
from config.doctor.regular import check_backups, check_regular_commands
from config.models import CommandRun
from config.regular_commands import (
    LATE_AFTER,
    last_success,
    last_successes,
    record_success,
)

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)


def found(name, at=AT):
    findings = [*check_regular_commands(at=at), *check_backups(at=at)]
    (finding,) = [one for one in findings if one.text.startswith(name)]
    return finding


@pytest.mark.parametrize("name", sorted(LATE_AFTER.keys() - {"backup"}))
def test_a_command_records_its_success(db, name):
    before = timezone.now()

    call_command(name)

    assert before <= last_successes()[name] <= timezone.now()
    assert found(name, timezone.now()).level == Level.OK


def test_a_backup_records_its_success(transactional_db, tmp_path):
    before = timezone.now()

    call_command("backup", str(tmp_path / "a.backup"))

    assert before <= last_successes()["backup"] <= timezone.now()


def test_a_backup_that_is_refused_is_not_a_success(transactional_db, tmp_path):
    with pytest.raises(CommandError, match="exists already"):
        call_command("backup", str(tmp_path))

    assert not CommandRun.objects.exists()


@pytest.mark.parametrize("name", ["purge_accounts", "purge_trash"])
def test_a_dry_run_is_not_a_success(db, name):
    call_command(name, "--dry-run")

    assert not CommandRun.objects.exists()


def test_reminders_that_can_not_be_sent_are_not_a_success(db, monkeypatch):
    def refuse(**_):
        raise ConnectionRefusedError

    monkeypatch.setattr("todos.management.commands.send_reminders.send_due", refuse)

    with pytest.raises(CommandError):
        call_command("send_reminders")

    assert not CommandRun.objects.exists()


def test_only_the_last_success_is_kept(db):
    record_success("purge_trash", at=AT - LATE_AFTER["purge_trash"], done=0)
    record_success("purge_trash", at=AT, done=0)

    assert last_successes()["purge_trash"] == AT
    assert CommandRun.objects.count() == 1


@pytest.mark.parametrize("name", LATE_AFTER)
def test_the_doctor_warns_of_a_command_that_stopped(db, name):
    record_success(name, at=AT - 1.1 * LATE_AFTER[name], done=0)

    finding = found(name)

    assert finding.level == Level.WARNING
    assert "ago" in finding.text
    assert "crontab" in finding.hint


def test_the_doctor_warns_of_a_command_that_never_ran(db):
    assert found("purge_history").text == "purge_history has never succeeded."
    assert found("purge_history").level == Level.WARNING


def test_accounts_that_should_be_gone_are_an_error(alice):
    alice.delete_after = AT - LATE_AFTER["purge_accounts"]
    alice.save(update_fields=["delete_after"])

    finding = found("1 account should")

    assert finding.level == Level.ERROR
    assert "purge_accounts" in finding.hint


# --- Backups ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "level"), [(30, Level.OK), (100, Level.WARNING), (None, Level.WARNING)]
)
def test_the_doctor_warns_of_untested_backups(db, days, level):
    record_success("backup", at=AT, done=1)
    if days is not None:
        record_success("restore_test", at=AT - timedelta(days=days), done=1)

    made, finding = check_backups(at=AT)

    assert made.level == Level.OK
    assert finding.level == level
    assert "as a test" in finding.text


def test_without_any_backup_the_doctor_warns_once(db):
    findings = [*check_regular_commands(at=AT), *check_backups(at=AT)]

    (finding,) = [one for one in findings if "ackup" in one.text]
    assert finding.level == Level.WARNING
    assert "BACKUPS_ELSEWHERE" in finding.hint


def test_backups_of_another_program_are_not_looked_for(db, settings):
    settings.BACKUPS_ELSEWHERE = True

    findings = [*check_regular_commands(at=AT), *check_backups(at=AT)]

    (finding,) = [one for one in findings if "ackup" in one.text]
    assert finding.level == Level.OK


@pytest.mark.skipif(connection.vendor != "sqlite", reason="needs no pg_dump there")
def test_a_backup_and_its_test_are_recorded(transactional_db, tmp_path):
    file, new = tmp_path / "one.backup", tmp_path / "new.sqlite3"

    call_command("backup", str(file))
    assert last_success("backup")
    assert last_success("restore_test") is None
    call_command("restore", str(file), "--no-switch", "--into", str(new))

    assert last_success("restore_test")
