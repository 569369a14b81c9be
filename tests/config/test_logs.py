"""Logs tell what happened to which user, without user texts and secrets."""

import io
import json
import logging
from uuid import UUID

import pytest
from django.db import IntegrityError
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from config.logs import JSONFormatter, request_id
from tests.factories import PASSWORD
from todos.models import Ledger, Task


@pytest.fixture
def log():
    """Collect all log lines from level DEBUG on, in the production format."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter())
    root = logging.getLogger()
    level = root.level
    loggers = [root, logging.getLogger("django.request")]
    for logger in loggers:
        logger.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(level)
    for logger in loggers:
        logger.removeHandler(handler)


def lines_of(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_no_user_text_and_no_secret_is_logged(db, log):
    """Sign up and in, use tasks, cause failures and a bug, and sign out."""
    client = APIClient()
    client.raise_request_exception = False
    email, password = "carol@example.com", "ultramarine typewriter 77"
    account = {"email": email, "password": password}
    first = client.post("/api/v1/auth/register", account).json()
    client.post("/api/v1/auth/register", account)
    client.post("/api/v1/auth/token", account | {"password": "wrong violet phrase"})
    pair = client.post("/api/v1/auth/token", account).json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    text = {
        "title": "Zanzibar surprise",
        "notes": "Kilimanjaro",
        "labels": ["Serengeti"],
    }
    task = client.post("/api/v1/tasks", text).json()
    client.get("/api/v1/tasks", {"q": "Zanzibar", "label": "Serengeti"})
    client.patch(f"/api/v1/tasks/{task['id']}", {"title": "Zanzibar\x00"})
    client.patch(f"/api/v1/tasks/{task['id']}", {"priority": "Kilimanjaro"})
    client.post("/api/v1/tasks", '{"title": "Zanzibar', content_type="application/json")
    client.get("/api/v1/tasks/Zanzibar")
    client.get("/api/Zanzibar/tasks")
    refreshed = client.post("/api/v1/auth/token/refresh", {"refresh": pair["refresh"]})
    # A real violation of a unique key, whose message quotes the row.
    Ledger.objects.update(last_seq=0)
    broken = client.post("/api/v1/tasks", text)
    APIClient().get("/api/v1/tasks", HTTP_AUTHORIZATION=f"Basic {pair['access']}")
    APIClient().get("/api/v1/tasks", HTTP_AUTHORIZATION=f"Bearer {pair['access']}x")
    browser = Client(raise_request_exception=False)
    browser.post(
        "/accounts/login/", {"login": email, "password": "wrong violet phrase"}
    )
    browser.post("/accounts/login/", {"login": email, "password": password})
    session = browser.cookies["ownlist_session"].value
    browser.post("/quick/", {"text": "Zanzibar", "list": "Kilimanjaro"})
    browser.post("/accounts/password/reset/", {"email": email})
    browser.get("/Zanzibar/?q=Kilimanjaro", headers={"Host": "Serengeti.example"})
    client.post("/api/v1/auth/logout", {"refresh": pair["refresh"]})

    assert broken.status_code == 500
    logged = log.getvalue()
    secrets = [email, password, "violet", session, pair["access"], pair["refresh"]]
    secrets += [first["access"], *refreshed.json().values()]
    secrets += [token.split(".")[2] for token in (pair["access"], pair["refresh"])]
    for secret in [*secrets, "Zanzibar", "Kilimanjaro", "Serengeti"]:
        assert secret.lower() not in logged.lower(), secret
    assert "integrityerror" in logged.lower()


def test_a_server_error_is_logged_by_place_without_its_text(log):
    logger = logging.getLogger("config.errors")
    try:
        raise IntegrityError("DETAIL: Key (email)=(carol@example.com) already exists.")
    except IntegrityError:
        logger.exception("server error")

    (line,) = lines_of(log)
    assert line["exception"] == "IntegrityError"
    assert "test_logs.py" in line["at"][-1]
    assert "carol" not in log.getvalue()


def test_each_request_is_one_line_with_its_route_instead_of_its_path(
    log, api_as, alice
):
    client = api_as(alice)
    log.truncate(0)
    log.seek(0)

    response = client.get(
        "/api/v1/tasks/01900000-0000-7000-8000-000000000000?q=secret",
        headers={"X-Request-ID": "from-the-client"},
    )

    (line,) = [line for line in lines_of(log) if line["message"] == "request"]
    assert line["route"] == "api/v1/tasks/<uuid:task_id>"
    assert (line["method"], line["status"]) == ("GET", 404)
    assert line["request_id"] == response["X-Request-ID"] == "from-the-client"
    assert line["duration_ms"] > 0
    assert "01900000" not in log.getvalue()


def test_a_request_without_an_id_gets_one(client):
    one, two = client.get("/healthz"), client.get("/healthz")

    assert UUID(one["X-Request-ID"]) != UUID(two["X-Request-ID"])


def test_successful_health_checks_are_not_logged(client, db, log):
    client.get("/healthz")
    client.get("/readyz")

    assert [line for line in lines_of(log) if line["message"] == "request"] == []


def test_a_refused_credential_is_logged_with_its_reason(log, db):
    APIClient().get("/api/v1/tasks", HTTP_AUTHORIZATION="Bearer a.b.c")

    line = next(line for line in lines_of(log) if line["message"].startswith("cred"))
    assert line["reason"]


def test_a_security_event_names_the_account_by_its_id(log, api, alice):
    api.post("/api/v1/auth/token", {"email": alice.email, "password": PASSWORD})

    line = next(line for line in lines_of(log) if line["message"] == "security event")
    assert (line["kind"], line["user_id"]) == ("signed_in", str(alice.pk))


def test_a_line_break_in_a_message_does_not_start_a_line(log):
    logging.getLogger("config").info('one\n{"level": "forged"}')

    (line,) = lines_of(log)
    assert line["message"] == 'one\n{"level": "forged"}'


def test_arguments_of_library_messages_are_not_logged(log):
    logging.getLogger("some.library").warning("Failed for %s", "carol@example.com")

    (line,) = lines_of(log)
    assert line["message"] == "Failed for %s"


def test_formatted_library_messages_are_not_logged(log):
    logging.getLogger("some.library").warning(f"Failed for {'carol@example.com'}")

    (line,) = lines_of(log)
    assert "carol" not in log.getvalue()
    assert line["message"].startswith(f"from {__file__}:")
    assert line["message"].endswith(" test_formatted_library_messages_are_not_logged")


@pytest.mark.django_db
def test_a_client_error_is_not_logged_as_an_error(log, client, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2

    answer = client.post("/accounts/login/", {"a": "1", "b": "2", "c": "3"})

    lines = [line for line in lines_of(log) if "TooManyFieldsSent" in line["logger"]]
    assert answer.status_code == 400
    assert {line["level"] for line in lines} == {"warning"}


def test_a_refused_host_is_logged_as_an_event_without_its_name(log, client):
    response = client.get("/", headers={"Host": "serengeti.example"})

    assert response.status_code == 400
    (line,) = [line for line in lines_of(log) if "DisallowedHost" in line["logger"]]
    assert line["exception"] == "DisallowedHost"
    assert "serengeti" not in log.getvalue()


def test_unknown_fields_are_dropped(log):
    logging.getLogger("accounts").info("x", extra={"kind": "a", "password": "b"})

    (line,) = lines_of(log)
    assert line["kind"] == "a"
    assert "password" not in line


def test_the_request_id_is_reset_after_the_request(client):
    client.get("/healthz")

    assert request_id.get() == ""


def test_the_text_of_an_object_is_its_id(alice):
    task = Task(title="Zanzibar")

    assert "alice" not in f"{alice} {alice!r} {User(email='alice@example.com')}"
    assert "Zanzibar" not in f"{task} {task!r}"
