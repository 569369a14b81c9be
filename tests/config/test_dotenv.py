"""Secrets are generated once, randomly, and are readable for their owner only."""

import stat

import pytest

from config import dotenv
from config.environment import values_in


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
    path.write_text("SECRET_KEY=\nSECRET_KEY=chosen\nJWT_SIGNING_KEY = odd\n")

    made = dotenv.complete(path)

    assert made == ["JWT_SIGNING_KEY", "FACTOR_ENCRYPTION_KEY"]
    assert values_in(path.read_text())["SECRET_KEY"] == "chosen"


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


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "does not set SECRET_KEY"),
        ("SECRET_KEY=\n", "does not set SECRET_KEY"),
        ("SECRET_KEY=a,b\n", "has a comma"),
    ],
)
def test_what_can_not_be_rotated_is_not_changed(path, text, says):
    path.write_text(text)

    with pytest.raises(dotenv.RotationError, match=says):
        dotenv.rotate(path, "SECRET_KEY")

    assert path.read_text() == text


def test_a_secret_of_the_environment_is_not_rotated(path, monkeypatch):
    path.write_text("SECRET_KEY=chosen\n")
    monkeypatch.setenv("SECRET_KEY", "another")

    with pytest.raises(dotenv.RotationError, match="The environment sets SECRET_KEY"):
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
