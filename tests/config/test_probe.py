"""`python -m config.probe` asks the server of this machine, under a name it accepts."""

import pytest

from config import probe
from tests.benchmarks.processes import free_port


@pytest.fixture(autouse=True)
def settings_of_the_server(monkeypatch):
    """Nothing listens on the port, and no file is read."""
    monkeypatch.setenv("OWNLIST_ENV_FILE", "")
    monkeypatch.setenv("PORT", str(free_port()))
    for name in ("HOST", "BASE_URL", "ALLOWED_HOSTS"):
        monkeypatch.delenv(name, raising=False)


def test_says_that_no_server_answers():
    message = probe.main(["/healthz"])

    assert message.startswith("Not ready: /healthz at port ")
    assert ": no answer (Connection" in message  # refused, as a rule


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
