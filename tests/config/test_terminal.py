"""What a developer sees in the terminal of `make run`."""

import io
import logging

import pytest
from django.core import mail

from config import launch
from config.logs import TerminalFilter, TerminalFormatter
from config.mails import CONSOLE
from tests.factories import UserFactory


@pytest.fixture
def terminal():
    """Collect the log as a terminal shows it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(TerminalFormatter())
    handler.addFilter(TerminalFilter())
    logger = logging.getLogger()
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


def test_logs_a_request_on_one_line(client, db, terminal):
    client.get("/accounts/login/?next=/secret/")

    line = terminal.getvalue()
    assert line.count("\n") == 1
    assert "GET    /accounts/login/  200" in line
    assert line.endswith(" ms\n")
    assert "secret" not in line


@pytest.mark.parametrize("path", ["/static/css/base.css", "/healthz", "/readyz"])
def test_is_silent_about_files_and_health(client, db, terminal, path):
    response = client.get(path)
    response.close()

    assert response.status_code == 200
    assert terminal.getvalue() == ""


def test_logs_a_missing_file(client, db, terminal):
    client.get("/static/no.css")

    assert "404" in terminal.getvalue()


def test_logs_a_failure_with_its_place_and_without_its_text(terminal):
    try:
        raise ValueError("Buy \x1b[2J milk")
    except ValueError:
        logging.getLogger("todos").exception("it \x1b[2J failed")

    shown = terminal.getvalue()
    assert "ValueError" in shown
    assert "test_terminal.py" in shown
    assert "milk" not in shown
    assert "\x1b" not in shown


def test_prints_a_mail_in_a_frame_with_its_link(settings, capsys):
    settings.EMAIL_BACKEND = CONSOLE

    link = "http://127.0.0.1:8000/accounts/confirm-email/" + "x" * 90
    mail.send_mail("Confirm", f"Follow:\n\n{link}\n\x1b[2J", None, ["a@example.com"])

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("+--- Mail to a@example.com ---")
    assert "| Subject: Confirm" in lines
    assert f"| {link}" in lines
    assert lines[-1].startswith("+-----")
    assert not any("\x1b" in line for line in lines)


def test_ends_with_what_to_do_next(db, monkeypatch):
    monkeypatch.setenv("BASE_URL", "http://127.0.0.1:8000")

    first = launch._invitation("run")
    UserFactory()

    assert first.startswith("Open http://127.0.0.1:8000/accounts/signup/ and make an")
    assert launch._invitation("run").startswith(
        "Open http://127.0.0.1:8000 and sign in"
    )
