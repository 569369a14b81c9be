"""Secrets are generated once, randomly, and are readable for their owner only."""

import stat

import pytest

from config import dotenv


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
