"""Secrets are generated once, randomly, and are readable for their owner only."""

import os
import stat
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from config import dotenv
from config.environment import Environment, values_in


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".env"


def values_of(path):
    pairs = (line.partition("=")[::2] for line in path.read_text().splitlines())
    return {name: value for name, value in pairs if name and not name.startswith("#")}


def test_creates_the_file_with_different_secrets(path):
    made = dotenv.complete(path)

    values = values_of(path)
    assert list(made) == list(dotenv.NAMES) == list(values)
    assert len(set(values.values())) == len(values)
    assert all(len(value) >= 50 for value in values.values())


def test_only_its_owner_can_read_it(path):
    dotenv.complete(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_second_run_changes_nothing(path):
    dotenv.complete(path)
    before = path.read_bytes()

    assert dotenv.complete(path) == []
    assert path.read_bytes() == before


def test_keeps_existing_values_and_adds_missing_ones(path):
    path.write_text("# mine\nSECRET_KEY=chosen\nDEBUG=true\n")

    made = dotenv.complete(path)

    assert made == ["JWT_SIGNING_KEY", "FACTOR_ENCRYPTION_KEY"]
    assert path.read_text().startswith("# mine\nSECRET_KEY=chosen\nDEBUG=true\n")


def test_prints_no_secret(path, capsys):
    dotenv.complete(path)

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("value", "expected"), [("", None), ("/x/y.env", "/x/y.env")])
def test_the_environment_names_the_file(monkeypatch, value, expected):
    monkeypatch.setenv("OWNLIST_ENV_FILE", value)

    found = dotenv.env_file()

    assert (found and str(found)) == expected


def test_of_several_lines_the_last_one_counts(path):
    path.write_text("SECRET_KEY=\nSECRET_KEY=chosen\n")

    made = dotenv.complete(path)

    assert made == ["JWT_SIGNING_KEY", "FACTOR_ENCRYPTION_KEY"]
    assert values_in(path.read_text())["SECRET_KEY"] == "chosen"


def test_of_several_empty_lines_the_last_one_is_completed(path):
    path.write_bytes(b"SECRET_KEY=\r\nexport SECRET_KEY=''\r\nDEBUG=true\r\n")

    made = dotenv.complete(path)

    assert made == list(dotenv.NAMES)
    assert values_in(path.read_text())["SECRET_KEY"]
    assert path.read_bytes().startswith(b"SECRET_KEY=\r\nSECRET_KEY=")
    assert b"\nDEBUG=true\r\n" in path.read_bytes()


@pytest.mark.parametrize(
    "line",
    [
        " JWT_SIGNING_KEY=hidden-word",
        "JWT_SIGNING_KEY = hidden-word",
        "export  JWT_SIGNING_KEY=hidden-word",
        "\ufeffJWT_SIGNING_KEY=hidden-word",
        "JWT_SIGNING_KEY: hidden-word",
    ],
)
def test_a_secret_in_a_line_that_is_not_read_is_not_replaced(path, monkeypatch, line):
    """A new one would end all sessions, or make second factors unreadable."""
    text = f"# mine\n{line}\n"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("OWNLIST_ENV_FILE", str(path))

    with pytest.raises(SystemExit) as end:
        dotenv.main()

    assert str(end.value) == (
        f"{path}, line 2 names JWT_SIGNING_KEY, but can't be read. Write"
        " JWT_SIGNING_KEY=value without spaces around the name, or delete the line."
    )
    assert path.read_text(encoding="utf-8") == text


def test_a_line_that_is_not_read_does_not_matter_beside_one_that_is(path):
    path.write_text(" SECRET_KEY=odd\nSECRET_KEY=chosen\n# JWT_SIGNING_KEY = odd\n")

    assert dotenv.complete(path) == ["JWT_SIGNING_KEY", "FACTOR_ENCRYPTION_KEY"]


def test_a_value_that_a_later_line_takes_back_is_not_replaced(path):
    text = "SECRET_KEY=hidden-word\nDEBUG=true\nSECRET_KEY=\n"
    path.write_text(text)

    with pytest.raises(dotenv.NotChanged, match="line 3 sets SECRET_KEY to") as error:
        dotenv.complete(path)

    assert "hidden-word" not in str(error.value)
    assert path.read_text() == text


# --- Rotation -----------------------------------------------------------------------


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    """The secrets of the tests, which would override those of the file."""
    for pair in dotenv.ROTATED.items():
        for name in pair:
            monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", dotenv.ROTATED)
def test_each_rotation_keeps_all_earlier_values(path, name):
    dotenv.complete(path)
    keys, others = [], {}

    for _ in range(3):
        before = values_in(path.read_text())
        keys.insert(0, before.pop(name))
        before.pop(dotenv.ROTATED[name], None)
        others = before
        assert dotenv.rotate(path, name) == keys

    values = values_in(path.read_text())
    assert values.pop(name) not in keys
    assert values.pop(dotenv.ROTATED[name]).split(",") == keys
    assert values == others
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_second_line_of_earlier_values_is_not_lost(path):
    """As an earlier version of the documents made it."""
    path.write_text(
        "DEBUG=true\nSECRET_KEY_FALLBACKS=oldest\nSECRET_KEY_FALLBACKS=older\n"
        "SECRET_KEY='old'\nBASE_URL=x"
    )

    assert dotenv.rotate(path, "SECRET_KEY") == ["old", "oldest", "older"]

    text = path.read_text()
    assert text.startswith("DEBUG=true\nBASE_URL=x\nSECRET_KEY=")
    assert text.endswith("\nSECRET_KEY_FALLBACKS=old,oldest,older\n")


RAW = st.text("ab,nt \"'\\$#=", max_size=12)


def secrets_read(path):
    """Return the key and its earlier ones, as settings read them from the file."""
    with mock.patch.dict(os.environ, values_in(path.read_text())):
        env = Environment()
        return env("SECRET_KEY"), env.list("SECRET_KEY_FALLBACKS", default=[])


@given(current=RAW, earlier=RAW | st.none())
@example(current="old", earlier='"a\\\\b"')
@example(current="'old", earlier="older'")
@example(current='"old', earlier='older"')
def test_settings_read_the_earlier_values_as_before(current, earlier):
    with TemporaryDirectory() as folder:
        path = Path(folder, ".env")
        line = "" if earlier is None else f"SECRET_KEY_FALLBACKS={earlier}\n"
        path.write_text(f"{line}SECRET_KEY={current}\n")
        before, keys = secrets_read(path)
        assume(before and "," not in before)

        dotenv.rotate(path, "SECRET_KEY")

        after, kept = secrets_read(path)
        assert kept == list(dict.fromkeys([before, *keys]))
        assert after not in kept


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "does not set SECRET_KEY"),
        ("SECRET_KEY=\n", "does not set SECRET_KEY"),
        ("SECRET_KEY=a,b\n", "has a comma"),
        ("SECRET_KEY=a\n SECRET_KEY_FALLBACKS=b\n", "line 2 names SECRET_KEY_FALL"),
    ],
)
def test_what_can_not_be_rotated_is_not_changed(path, text, says):
    path.write_text(text)

    with pytest.raises(dotenv.NotChanged, match=says):
        dotenv.rotate(path, "SECRET_KEY")

    assert path.read_text() == text


def test_a_secret_of_the_environment_is_not_rotated(path, monkeypatch):
    path.write_text("SECRET_KEY=chosen\n")
    monkeypatch.setenv("SECRET_KEY", "another")

    with pytest.raises(dotenv.NotChanged, match="The environment sets SECRET_KEY"):
        dotenv.rotate(path, "SECRET_KEY")


def test_the_command_rotates_and_prints_no_secret(path, monkeypatch, capsys):
    path.write_text("SECRET_KEY=chosen\n")
    monkeypatch.setenv("OWNLIST_ENV_FILE", str(path))

    dotenv.main(["--rotate", "SECRET_KEY"])

    assert capsys.readouterr().out == (
        "Wrote a new random value to .env: SECRET_KEY\n"
        "Earlier values in SECRET_KEY_FALLBACKS: 1. The newest is first.\n"
    )


def test_the_command_says_why_it_does_not_rotate(path, monkeypatch):
    monkeypatch.setenv("OWNLIST_ENV_FILE", str(path))

    with pytest.raises(SystemExit, match="does not set SECRET_KEY"):
        dotenv.main(["--rotate", "SECRET_KEY"])
