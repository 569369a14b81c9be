"""No URL among the settings is shown, and one that can't be read names its setting."""

import json
import os
import subprocess
import sys
from urllib.parse import quote

import pytest
from django.conf import settings

from config import checks
from config.databases import UNUSABLE, database_settings
from config.setting_urls import (
    UNUSABLE_CACHE,
    UNUSABLE_MAIL,
    cache_settings,
    email_settings,
)

PASSWORDS = ["Tr0ub4dor/3", "Tr0ub4dor#3", "Tr0ub4dor?3", "1/3", "1#3", "1?3", "[3"]


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_password_that_is_not_encoded_is_never_read_as_something_else(password):
    mail = email_settings(f"smtp+tls://me:{password}@mail.example:587")
    cache = cache_settings(f"redis://:{password}@cache.example:6379/0")
    database = database_settings(f"postgres://me:{password}@db/x", pooled=False)

    assert (mail, cache, database) == (UNUSABLE_MAIL, UNUSABLE_CACHE, UNUSABLE)


@pytest.mark.parametrize("password", [*PASSWORDS, "p@ss"])
def test_an_encoded_password_is_read(password):
    encoded = quote(password, safe="")

    mail = email_settings(f"smtp+tls://me:{encoded}@mail.example:587")
    cache = cache_settings(f"redis://:{encoded}@cache.example:6379/0")
    database = database_settings(f"postgres://me:{encoded}@db/x", pooled=False)

    assert (mail["EMAIL_HOST"], mail["EMAIL_HOST_PASSWORD"]) == (
        "mail.example",
        password,
    )
    assert cache["LOCATION"] == f"redis://:{encoded}@cache.example:6379/0"
    assert database["PASSWORD"] == password


def test_an_at_sign_elsewhere_is_read():
    database = database_settings("postgres://u:pw@db/x?application_name=a@b", pooled=0)
    mails = email_settings("filemail:////home/me@example/mails")
    caches = cache_settings("redis://a:6379,b:6379/0")

    assert database["HOST"] == "db"
    assert mails["EMAIL_FILE_PATH"] == "/home/me@example/mails"
    assert caches["LOCATION"] == ["redis://a:6379/0", "redis://b:6379/0"]


@pytest.mark.filterwarnings("error")
def test_a_url_without_a_scheme_is_not_quoted_in_a_warning():
    assert database_settings("me@db:hunter2/x", pooled=False) == UNUSABLE


@pytest.mark.parametrize(
    ("name", "url", "check"),
    [
        ("EMAIL_URL", "smtp://me:hunter2/@mail.example", checks.check_mail_server),
        ("EMAIL_URL", "bogus://me:hunter2@mail.example", checks.check_mail_server),
        ("CACHE_URL", "redis://:hunter2/3@cache.example/0", checks.check_cache),
        ("CACHE_URL", "bogus://:hunter2@cache.example", checks.check_cache),
    ],
)
def test_the_check_names_the_setting_and_not_its_value(settings, name, url, check):
    setattr(settings, name, url)

    (message,) = check()

    assert name in message.msg
    assert "percent-encode" in message.hint
    assert "hunter2" not in f"{message.msg}{message.hint}"


# --- The real start -----------------------------------------------------------------


def run(tmp_path, *command, **changed):
    environment = {
        "OWNLIST_ENV_FILE": "",
        "PATH": os.environ["PATH"],
        "SECRET_KEY": settings.SECRET_KEY,
        "JWT_SIGNING_KEY": settings.JWT_SIGNING_KEY,
        "FACTOR_ENCRYPTION_KEY": settings.FACTOR_ENCRYPTION_KEY,
        "VAR_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/absent.sqlite3",
    }
    return subprocess.run(
        [sys.executable, *command],
        env=environment | changed,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_doctor_reports_them_also_as_json(tmp_path):
    done = run(
        tmp_path,
        "manage.py",
        "doctor",
        "--json",
        EMAIL_URL="smtp+tls://me:Tr0ub4dor/3@mail.example:587",
        CACHE_URL="redis://:Tr0ub4dor/3@127.0.0.1:6379/0",
    )

    reported = {one["name"]: one for one in json.loads(done.stdout)["checks"]}
    texts = " ".join(one["text"] for one in reported["settings"]["findings"])
    assert done.returncode == 2
    assert "EMAIL_URL" in texts
    assert "CACHE_URL" in texts
    assert reported["mail"]["status"] == reported["cache"]["status"] == "error"
    assert "Tr0ub4dor" not in done.stdout + done.stderr


WORD = "Tr0ub4dor"  # apart, because this is what a committed password looks like


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("EMAIL_URL", "smtp+tls://me:Tr0ub4dor/3@mail.example:587"),
        ("SENTRY_DSN", "https://Tr0ub4dor/3@sentry.example/1"),
        ("DATABASE_REPLICA_URL", f"postgres://me:{WORD}#3@db/x"),
    ],
)
def test_the_server_does_not_start_and_says_why_in_one_line(tmp_path, name, url):
    done = run(tmp_path, "-m", "config.server", **{name: url})

    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert line.startswith(name)
    assert "Tr0ub4dor" not in line


def test_an_address_that_is_not_a_url_is_reported(tmp_path):
    done = run(tmp_path, "manage.py", "check", BASE_URL="https://[lists")

    assert "config.E001" in done.stderr
