"""`python -m config.probe` asks the server of this machine, under a name it accepts."""

import subprocess
import sys

import pytest

from config import probe


@pytest.fixture(autouse=True)
def settings_of_the_server(monkeypatch, closed_port):
    """Nothing listens on the port, and no file is read."""
    monkeypatch.setenv("OWNLIST_ENV_FILE", "")
    monkeypatch.setenv("PORT", str(closed_port))
    for name in ("HOST", "BASE_URL", "ALLOWED_HOSTS"):
        monkeypatch.delenv(name, raising=False)


def test_says_that_no_server_answers():
    message = probe.main(["/healthz"])

    assert message.startswith("Not ready: /healthz at port ")
    assert ": no answer (ConnectionRefusedError" in message


@pytest.mark.parametrize(
    ("allowed", "base_url", "host"),
    [
        ("", "", "127.0.0.1"),
        ("", "https://lists.example.com", "lists.example.com"),
        ("lists.example.com, other.example", "", "lists.example.com"),
        (".example.com", "https://lists.example.com", "example.com"),
    ],
)
def test_names_a_host_that_the_server_answers_to(monkeypatch, allowed, base_url, host):
    monkeypatch.setenv("ALLOWED_HOSTS", allowed)
    monkeypatch.setenv("BASE_URL", base_url)

    assert probe.host_header() == host


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOST", "no such host"),
        ("HOST", "a" * 64),  # longer than a part of a name can be
        ("ALLOWED_HOSTS", "lists.example\nother.example"),
        ("ALLOWED_HOSTS", "\N{SNOWMAN}.example"),
        ("BASE_URL", "https://[lists"),
    ],
)
def test_names_a_setting_that_no_server_can_have(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as ended:
        probe.main(["/healthz", "--wait", "60"])

    assert name in str(ended.value)


def test_waits_no_longer_than_the_server_lives():
    server = subprocess.Popen([sys.executable, "-c", ""])
    server.wait()

    message = probe.main(["--wait", "600", "--pid", str(server.pid)])

    assert message.startswith(f"The server, process {server.pid}, has ended.")


def test_a_path_that_is_none_is_refused():
    with pytest.raises(SystemExit, match="the path contains"):
        probe.main(["/health z"])


@pytest.mark.parametrize("seconds", ["nan", "soon"])
def test_a_time_that_is_none_is_refused(capsys, seconds):
    with pytest.raises(SystemExit) as ended:
        probe.main(["--wait", seconds])

    assert ended.value.code == 2
    assert "--wait" in capsys.readouterr().err
