"""A wrong setting prevents the start, and the message names it."""

import os
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from django.core.checks import Error

from config import checks
from config.databases import database_settings

SECRET = "x" * 64


def pem_of(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def found():
    """Return the messages of our own checks, by id."""
    everything = [
        *checks.check_addresses(),
        *checks.check_rate_limits(),
        *checks.check_secrets(),
        *checks.check_database(),
        *checks.check_kind_of_database(),
        *checks.check_hsts(),
    ]
    assert all(isinstance(message, Error) for message in everything)
    return {message.id: message for message in everything}


def test_the_test_settings_pass():
    assert found() == {}


@pytest.mark.parametrize(
    ("identifier", "name", "wrong"),
    [
        ("config.E001", "BASE_URL", {"BASE_URL": "lists.example.com"}),
        ("config.E001", "BASE_URL", {"BASE_URL": "ftp://lists.example.com"}),
        ("config.E001", "BASE_URL", {"BASE_URL": "https://lists.example.com/todo"}),
        ("config.E001", "BASE_URL", {"BASE_URL": ""}),
        ("config.E002", "BASE_URL", {"BASE_URL": "http://lists.example.com"}),
        ("config.E002", "BASE_URL", {"BASE_URL": "http://192.168.1.5:8000"}),
        ("config.E003", "ALLOWED_HOSTS", {"ALLOWED_HOSTS": ["*"]}),
        ("config.E003", "ALLOWED_HOSTS", {"ALLOWED_HOSTS": ["localhost", "*"]}),
        ("config.E004", "DEBUG", {"DEBUG": True, "ALLOWED_HOSTS": ["a.example"]}),
        ("config.E004", "DEBUG", {"DEBUG": True, "BASE_URL": "https://a.example"}),
        (
            "config.E005",
            "CORS_ALLOWED_ORIGINS",
            {"CORS_ALLOWED_ORIGINS": ["app.example"]},
        ),
        (
            "config.E005",
            "CORS_ALLOWED_ORIGINS",
            {"CORS_ALLOWED_ORIGINS": ["https://app.example/"]},
        ),
        ("config.E006", "USER_RATE_LIMIT", {"RATE_LIMITS": {"user": (0, 60)}}),
        ("config.E010", "SECRET_KEY", {"SECRET_KEY": "short"}),
        ("config.E010", "JWT_SIGNING_KEY", {"JWT_SIGNING_KEY": "x" * 31}),
        (
            "config.E011",
            "JWT_SIGNING_KEY",
            {"SECRET_KEY": SECRET, "JWT_SIGNING_KEY": SECRET},
        ),
        (
            "config.E011",
            "FACTOR_ENCRYPTION_KEY",
            {"SECRET_KEY": SECRET, "FACTOR_ENCRYPTION_KEY": SECRET},
        ),
        ("config.E012", "JWT_PRIVATE_KEY", {"JWT_PRIVATE_KEY": "no key"}),
        (
            "config.E012",
            "JWT_PRIVATE_KEY",
            {"JWT_PRIVATE_KEY": pem_of(ec.generate_private_key(ec.SECP256R1()))},
        ),
    ],
    ids=lambda value: str(value)[:50] if not isinstance(value, dict) else "",
)
def test_a_wrong_setting_is_reported(settings, identifier, name, wrong):
    for setting, value in wrong.items():
        setattr(settings, setting, value)

    messages = found()

    assert list(messages) == [identifier]
    assert name in messages[identifier].msg
    assert messages[identifier].hint


def test_no_check_shows_the_value_of_a_secret(settings):
    settings.SECRET_KEY = settings.JWT_SIGNING_KEY = "hunter2"
    settings.JWT_PRIVATE_KEY = "hunter3"

    text = str([(message.msg, message.hint) for message in found().values()])

    assert "hunter" not in text


def test_an_ed25519_key_passes(settings):
    settings.JWT_PRIVATE_KEY = pem_of(Ed25519PrivateKey.generate())

    assert found() == {}


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "mysql://root@localhost/x", "postgres//x", "http://[::1", "x:"],
)
def test_an_invalid_database_url_is_reported(monkeypatch, settings, url):
    understood = database_settings(url, pooled=False)
    monkeypatch.setitem(settings.DATABASES, "default", understood)

    assert "DATABASE_URL" in found()["config.E020"].msg


def test_sqlite_is_refused_where_postgresql_is_required(monkeypatch, settings):
    settings.POSTGRESQL_REQUIRED = True
    for url, expected in {
        "sqlite:///ownlist.sqlite3": {"config.E038"},
        "postgres://me@localhost/ownlist": set(),
    }.items():
        used = database_settings(url, pooled=False)
        monkeypatch.setitem(settings.DATABASES, "default", used)

        assert found().keys() == expected


# --- The real start ---------------------------------------------------------------

GOOD = {
    "SECRET_KEY": "s" * 64,
    "JWT_SIGNING_KEY": "j" * 64,
    "FACTOR_ENCRYPTION_KEY": "f" * 64,
    "OWNLIST_ENV_FILE": "",
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "PATH": os.environ["PATH"],
}


def start(tmp_path, **changed):
    """Run the checks as on start, with only this environment."""
    environment = GOOD | {"VAR_DIR": str(tmp_path)} | changed
    kept = {name: value for name, value in environment.items() if value is not None}
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        env=kept,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_service_starts_with_only_its_secrets(tmp_path):
    done = start(tmp_path)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "JWT_SIGNING_KEY", "FACTOR_ENCRYPTION_KEY"]
)
def test_a_missing_secret_prevents_the_start_and_is_named(tmp_path, name):
    done = start(tmp_path, **{name: None})

    assert done.returncode != 0
    assert name in done.stderr.splitlines()[-1]


def test_a_dangerous_setting_prevents_the_start_and_is_named(tmp_path):
    done = start(
        tmp_path,
        DEBUG="true",
        BASE_URL="https://lists.example.com",
        ALLOWED_HOSTS="*",
        DATABASE_URL="mysql://localhost/x",
    )

    assert done.returncode != 0
    for identifier in ("config.E003", "config.E004", "config.E020"):
        assert identifier in done.stderr


def test_hsts_preload_requires_the_subdomains(settings):
    settings.HSTS_PRELOAD = True

    assert "HSTS_INCLUDE_SUBDOMAINS" in found()["config.E007"].msg

    settings.HSTS_INCLUDE_SUBDOMAINS = True

    assert found() == {}
