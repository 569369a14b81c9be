"""The doctor's checks of mail, cache, issuers, disk, files and settings."""

import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.mail.backends import locmem
from django.db import connection

from config import private_files
from config.doctor import files
from config.doctor.cache import check_cache
from config.doctor.files import check_disk, check_files
from config.doctor.findings import Level
from config.doctor.issuers import check_issuers
from config.doctor.mail import check_mail
from config.doctor.system_checks import check_settings
from tests.mail_server import mail_server

Usage = namedtuple("Usage", "total used free")


def problems(findings):
    return [finding for finding in findings if finding.level != Level.OK]


@pytest.fixture(autouse=True)
def private(settings):
    """What a deployment has and the tests lack: a private database, a clean process."""
    settings.SILENCED_SYSTEM_CHECKS = ["async.E001"]  # a setting of the browser
    if connection.vendor == "sqlite":
        private_files.restrict_database(Path(connection.settings_dict["NAME"]))


def only(findings):
    (finding,) = problems(findings)
    return finding


# --- Mail -----------------------------------------------------------------------


@pytest.fixture
def mails(settings):
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


def test_connects_and_sends_nothing(mails):
    (finding,) = check_mail()

    assert finding.level == Level.OK
    assert mails.mails.empty()


def test_sends_one_mail_if_asked(mails):
    assert problems(check_mail("admin@example.com")) == []

    mail = mails.next()
    assert mail["To"] == "admin@example.com"
    assert mail["Subject"] == "Test mail of Ownlist"
    assert mails.mails.empty()


def test_a_refused_recipient_is_explained(mails):
    mails.answers["RCPT"] = "550 No such mailbox"

    finding = only(check_mail("nobody@example.com"))

    assert finding.level == Level.ERROR
    assert "refuses this recipient" in finding.hint
    assert "nobody@example.com" not in repr(finding)


def test_a_server_without_starttls_is_explained(mails, settings):
    settings.EMAIL_USE_TLS = True

    assert "STARTTLS" in only(check_mail()).hint


def test_a_server_that_does_not_sign_in_is_explained(mails, settings):
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "ownlist", "hunter2"

    finding = only(check_mail())

    assert "sign-in" in finding.hint
    assert "hunter2" not in repr(finding)


def test_a_mail_server_that_is_away_is_an_error(mails, settings, closed_port):
    settings.EMAIL_PORT = closed_port

    finding = only(check_mail())

    assert finding.level == Level.ERROR
    assert "Nothing listens there" in finding.hint


@pytest.mark.parametrize("host", ["mail.example.com", "127.0.0.2"])
def test_mails_over_a_network_must_be_encrypted(settings, monkeypatch, host):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = host
    server = locmem.EmailBackend()
    monkeypatch.setattr("config.doctor.mail.get_connection", lambda: server)

    finding = only(check_mail())

    assert finding.level == Level.WARNING
    assert "smtp+tls://" in finding.hint


def test_printed_mails_are_a_warning_for_a_public_service(settings):
    settings.EMAIL_BACKEND = "config.mails.TerminalBackend"
    assert problems(check_mail()) == []

    settings.IS_HTTPS = True

    assert "EMAIL_URL" in only(check_mail()).hint


# --- The cache ----------------------------------------------------------------------


def test_the_cache_keeps_what_it_is_given(db):
    assert problems(check_cache()) == []


def test_a_cache_that_forgets_is_an_error(settings):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
    }

    assert "forgot" in only(check_cache()).text


def test_a_cache_that_is_away_is_an_error(settings, monkeypatch):
    def fail(*args, **kwargs):
        raise ConnectionRefusedError("redis://:hunter2@cache")

    monkeypatch.setattr(type(cache._connections["default"]), "set", fail)
    settings.IS_CACHE_A_TABLE = False

    finding = only(check_cache())

    assert "CACHE_URL" in finding.hint
    assert "hunter2" not in repr(finding)


# --- Issuers ------------------------------------------------------------------------


def test_no_issuer_is_fine():
    assert problems(check_issuers()) == []


def test_an_issuer_that_is_away_is_an_error(settings, closed_port):
    url = f"http://127.0.0.1:{closed_port}"
    settings.BETTER_AUTH_ISSUERS = f'[{{"url": "{url}"}}]'

    finding = only(check_issuers())

    assert finding.level == Level.ERROR
    assert "better_auth_doctor" in finding.hint


def test_a_wrong_setting_of_an_issuer_is_an_error(settings):
    settings.BETTER_AUTH_ISSUERS = "no json"

    assert "BETTER_AUTH_ISSUERS" in only(check_issuers()).text


# --- Disk and files -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("free", "level"),
    [(5_000, Level.OK), (500, Level.WARNING), (50, Level.ERROR)],
)
def test_little_free_disk_is_noticed(settings, tmp_path, monkeypatch, free, level):
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free * files.MIB))

    assert {finding.level for finding in check_disk()} == {level}


def test_a_missing_folder_is_named(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "none"

    assert str(settings.VAR_DIR) in only(check_disk()).text


def test_a_folder_that_can_not_be_written_is_an_error(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr("os.access", lambda folder, _: folder != tmp_path)

    assert "can't write" in only(check_disk()).text


def test_secrets_that_others_can_read_are_a_warning(settings, tmp_path):
    settings.VAR_DIR, file = tmp_path, tmp_path / ".env"
    settings.ENV_FILE = str(file)
    file.write_text("SECRET_KEY=hunter2")
    file.chmod(0o600)
    assert problems(check_files()) == []

    file.chmod(0o644)

    finding = only(check_files())
    assert finding.hint == f"chmod 600 {file}"
    assert "hunter2" not in repr(finding)


@pytest.mark.parametrize("place", ["backups", "static/js"])
def test_a_folder_that_root_made_is_an_error(settings, tmp_path, monkeypatch, place):
    settings.VAR_DIR, settings.STATIC_ROOT = tmp_path, tmp_path / "static"
    made = tmp_path / place
    made.mkdir(parents=True)
    assert problems(check_files()) == []

    monkeypatch.setattr("os.access", lambda folder, _: folder != made)

    finding = only(check_files())
    assert finding.level == Level.ERROR
    assert str(made) in finding.text
    assert f": {tmp_path}" in finding.hint


def test_a_static_file_that_only_root_can_read_is_an_error(
    settings, tmp_path, monkeypatch
):
    settings.VAR_DIR, settings.STATIC_ROOT = tmp_path, tmp_path / "static"
    made = tmp_path / "static" / "app.css"
    made.parent.mkdir()
    made.touch()
    monkeypatch.setattr("os.access", lambda path, _: path != made)

    finding = only(check_files())

    assert finding.level == Level.ERROR
    assert str(made) in finding.text


def test_a_backup_that_root_wrote_is_a_warning(settings, tmp_path, monkeypatch):
    settings.VAR_DIR, settings.STATIC_ROOT = tmp_path, tmp_path / "static"
    (tmp_path / "backups").mkdir()
    file = tmp_path / "backups" / "ownlist.backup"
    file.touch()
    kept = Path.lstat

    def of_another(path):
        status = list(kept(path))
        status[4] += path == file
        return os.stat_result(status)

    monkeypatch.setattr(Path, "lstat", of_another)

    finding = only(check_files())
    assert finding.level == Level.WARNING
    assert str(file) in finding.text


def test_files_of_another_user_are_a_warning(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr("os.geteuid", lambda: tmp_path.stat().st_uid + 1)

    assert "Another user" in only(check_files()).text


# --- Settings -----------------------------------------------------------------------


def test_the_settings_of_the_tests_are_fine():
    assert problems(check_settings()) == []


def test_a_wrong_setting_is_an_error_with_its_id(settings):
    settings.JWT_SIGNING_KEY = "short"

    finding = only(check_settings())

    assert finding.level == Level.ERROR
    assert "config.E010" in finding.text
    assert finding.hint


def test_settings_without_https_are_a_warning_for_a_public_service(settings):
    settings.IS_HTTPS = True

    assert any("security.W004" in finding.text for finding in check_settings())
