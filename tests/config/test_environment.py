"""Settings are read from the environment and from `.env` as they are written."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from config.environment import Environment, load_file, values_in

ODD = [
    "$ecret-word",
    "$",
    "$$twice",
    "in$ide",
    r"\$escaped",
    r"back\slash",
    "$HOME",
    "a#b",
    "  spaces  ",
]


@pytest.mark.parametrize("value", ODD)
def test_a_value_is_what_it_says(monkeypatch, value):
    monkeypatch.setenv("OWNLIST_TEST", value)
    env = Environment()

    assert env("OWNLIST_TEST") == value
    assert env("OWNLIST_TEST", default="another") == value
    assert env.list("OWNLIST_TEST") == [value]


def test_numbers_and_defaults_are_read(monkeypatch):
    monkeypatch.setenv("OWNLIST_TEST", "12")
    env = Environment()

    assert env.int("OWNLIST_TEST") == 12
    assert env.int("OWNLIST_MISSING", default=7) == 7


@pytest.mark.parametrize("value", ODD)
def test_a_file_has_the_same_values(tmp_path, value):
    path = tmp_path / ".env"
    path.write_text(f"OWNLIST_TEST={value}\n")

    assert values_in(path.read_text()) == {"OWNLIST_TEST": value}


def test_the_environment_overrides_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("OWNLIST_TEST", "of the environment")
    path = tmp_path / ".env"
    path.write_text("OWNLIST_TEST=of the file\n")

    load_file(path)

    assert Environment()("OWNLIST_TEST") == "of the environment"


def test_a_line_that_can_not_be_read_is_named_by_its_number(tmp_path, capsys):
    path = tmp_path / ".env"
    path.write_text("# SECRET_KEY\n\n  # indented\nSECRET_KEY = secret-word\n")

    load_file(path)

    printed = capsys.readouterr().err
    assert printed.startswith(f"{path}, line 4 is ignored. Write NAME=value")
    assert printed.count("\n") == 1
    assert "secret-word" not in printed


def test_a_file_that_can_not_be_read_is_named(tmp_path, capsys):
    load_file(tmp_path)
    load_file(tmp_path / "missing")

    assert capsys.readouterr().err == f"{tmp_path} can't be read: Is a directory.\n"


def test_a_file_in_another_encoding_ends_the_start_and_is_not_shown(tmp_path):
    path = tmp_path / ".env"
    path.write_bytes("SECRET_KEY=secret-word\n# für\n".encode("latin-1"))

    with pytest.raises(SystemExit) as end:
        load_file(path)

    says = f"{path}, line 2 is not in UTF-8. Save the file in UTF-8."
    assert end.value.code == says
    assert end.value.__context__ is None


def test_every_setting_may_begin_with_a_dollar_sign(tmp_path):
    """Also passwords in URLs; no part of them is taken as the name of a variable."""
    keys = {
        name: f"${name}-{'x' * 40}"
        for name in ("SECRET_KEY", "JWT_SIGNING_KEY", "FACTOR_ENCRYPTION_KEY")
    }
    urls = {
        "DATABASE_URL": "postgres://ownlist:$word@127.0.0.1/ownlist",
        "EMAIL_URL": "smtp+tls://$user:$word@mail.example.com:587",
        "CACHE_URL": "rediscache://:$word@127.0.0.1:6379/1",
    }
    lists = {"SECRET_KEY_FALLBACKS": f"${'a' * 40},${'b' * 40}"}
    (tmp_path / ".env").write_text(
        "".join(f"{name}={value}\n" for name, value in (keys | urls | lists).items())
    )
    program = (
        "from config import settings as s;"
        "print(s.SECRET_KEY, s.JWT_SIGNING_KEY, s.FACTOR_ENCRYPTION_KEY,"
        " s.DATABASES['default']['PASSWORD'], s.EMAIL_HOST_USER,"
        " s.EMAIL_HOST_PASSWORD, s.CACHES['default']['LOCATION'],"
        " *s.SECRET_KEY_FALLBACKS)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], "OWNLIST_ENV_FILE": str(tmp_path / ".env")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.split() == [
        *keys.values(),
        *("$word", "$user", "$word", "redis://:$word@127.0.0.1:6379/1"),
        *(f"${'a' * 40}", f"${'b' * 40}"),
    ], done.stderr
