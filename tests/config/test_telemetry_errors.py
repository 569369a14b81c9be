"""Errors are reported to a receiver without texts, secrets and addresses."""

import json
import logging
import subprocess
import sys
import threading

import pytest
from django.db import OperationalError
from django.test import Client

from config.checks import check_telemetry
from config.telemetry import errors
from config.telemetry.errors import Receiver, ReportHandler, event_of
from config.version import VERSION
from tests.environment import environment_of_tests
from tests.patience import PATIENCE
from tests.receiver import receiver as running_receiver
from todos.models import Ledger, Task

EVENT_FIELDS = {
    "contexts",
    "event_id",
    "exception",
    "fingerprint",
    "level",
    "logentry",
    "logger",
    "platform",
    "release",
    "tags",
    "timestamp",
    "transaction",
}
FRAME_FIELDS = {"function", "in_app", "lineno", "module"}


@pytest.fixture
def receiver():
    with running_receiver() as one:
        yield one


@pytest.fixture
def handler(receiver):
    """Report the errors of this process to the receiver."""
    handler = ReportHandler(receiver.dsn)
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)
    handler.sender.end()
    handler.sender.join(PATIENCE)


@pytest.fixture
def reported(handler, receiver):
    """Wait for what was reported until now, and return it."""

    def all_of_it():
        handler.sender.end()
        handler.sender.join(PATIENCE)
        return receiver.all()

    return all_of_it


class SecretError(Exception):
    pass


@pytest.mark.database
def test_no_user_text_and_no_secret_is_reported(api_as, alice, reported, monkeypatch):
    """Have secrets in every part of requests that fail, and of lines in the log."""
    client = api_as(alice)
    client.raise_request_exception = False
    token = client._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    hidden = {
        "HTTP_X_SECRET": "header-Zanzibar",
        "HTTP_COOKIE": "ownlist_session=cookie-Zanzibar",
        "HTTP_REFERER": "https://referer-zanzibar.example/",
        "HTTP_USER_AGENT": "agent-Zanzibar",
        "REMOTE_ADDR": "203.0.113.77",
        "QUERY_STRING": "q=query-Zanzibar",
    }
    # Lines before the error, which other reporters add as breadcrumbs.
    logging.getLogger("config").warning("breadcrumb", extra={"reason": "Zanzibar"})
    # A violation of a unique key, whose message quotes the row on PostgreSQL.
    task = {"title": "title-Zanzibar", "notes": "Kilimanjaro", "labels": ["Serengeti"]}
    client.post("/api/v1/tasks", task)
    Ledger.objects.update(last_seq=0)
    broken = client.post("/api/v1/tasks", task, **hidden)

    def fail(*args, **kwargs):
        local_variable = "local-Zanzibar"
        try:
            raise OperationalError(f"SELECT 'sql-Zanzibar' -- {local_variable}")
        except OperationalError as error:
            raise SecretError(
                f"text-Zanzibar alice@example.com {local_variable}"
            ) from error

    monkeypatch.setattr(Task.objects.__class__, "owned_by", fail)
    client.get("/api/v1/tasks/Zanzibar?q=Zanzibar", **hidden)
    crashed = client.get("/api/v1/tasks", **hidden)
    browser = Client(raise_request_exception=False)
    browser.force_login(alice)
    session = browser.cookies["ownlist_session"].value
    cookie = f"ownlist_session={session}"
    page = browser.get("/?q=Zanzibar", **hidden | {"HTTP_COOKIE": cookie})
    odd = client.generic("ZANZIBAR", "/api/v1/tasks", **hidden)
    # What libraries log.
    library = logging.getLogger("some.library")
    library.error("arguments %s", "Zanzibar")
    library.error(f"formatted {'Zanzibar'}")
    library.error("extra", extra={"title": "Zanzibar", "stack": "Zanzibar"})
    logging.getLogger("config").error("own %s", "Zanzibar", extra={"issuer": "Zan" * 9})

    received = reported()
    assert broken.status_code == crashed.status_code == 500
    assert (page.status_code, odd.status_code) == (500, 405)
    assert len(received) >= 6
    secrets = [token, token.split(".")[2], session, alice.email, str(alice.pk)]
    secrets += [alice.pk.hex, "Zanzibar", "Kilimanjaro", "Serengeti", "203.0.113.77"]
    secrets += ["ZanZan", "alice"]
    for one in received:
        for secret in secrets:
            assert secret.lower().encode() not in one.octets.lower(), secret
        assert one.event.keys() <= EVENT_FIELDS
        for error in one.event.get("exception", {}).get("values", []):
            assert error.keys() == {"type", "module", "stacktrace"}
            for frame in error["stacktrace"]["frames"]:
                assert frame.keys() == FRAME_FIELDS


def test_an_error_has_its_type_places_route_and_causes(reported):
    def fail(*args, **kwargs):
        try:
            raise KeyError("first")
        except KeyError as error:
            raise SecretError from error

    log = logging.getLogger("config.errors")
    try:
        fail()
    except SecretError:
        log.exception("server error", extra={"method": "GET", "route": "api/v1/x"})

    (one,) = reported()
    event = one.event
    cause, error = event["exception"]["values"]
    assert (cause["type"], cause["module"]) == ("KeyError", "builtins")
    assert (error["type"], error["module"]) == ("SecretError", __name__)
    frame = error["stacktrace"]["frames"][-1]
    assert frame["function"].endswith(
        "has_its_type_places_route_and_causes.<locals>.fail"
    )
    assert frame["lineno"] == fail.__code__.co_firstlineno + 4
    assert event["tags"] == {"method": "GET", "route": "api/v1/x"}
    assert event["transaction"] == "api/v1/x"
    assert (event["level"], event["platform"]) == ("error", "python")
    assert event["release"] == f"ownlist@{VERSION}"
    assert event["logentry"] == {"formatted": "server error"}
    assert one.path == "/api/7/envelope/"
    assert "sentry_key=publickey" in one.headers["X-Sentry-Auth"]


@pytest.mark.django_db
def test_a_failed_request_is_one_report_with_its_id(api_as, alice, reported):
    client = api_as(alice)
    client.raise_request_exception = False
    client.post("/api/v1/tasks", {"title": "a"})
    Ledger.objects.update(last_seq=0)

    response = client.post("/api/v1/tasks", {"title": "a"})

    (one,) = reported()
    tags = one.event["tags"]
    assert tags["request_id"] == response["X-Request-ID"]
    assert (tags["route"], tags["method"]) == ("api/v1/tasks", "POST")
    assert tags.get("code", "SQLITE_CONSTRAINT_UNIQUE") in {
        "SQLITE_CONSTRAINT_UNIQUE",
        "SQLITE_CONSTRAINT_PRIMARYKEY",
        "23505",
    }


def test_a_method_that_a_client_made_up_is_not_reported(reported, handler):
    log = logging.getLogger("config.errors")
    for method in ("PATCH", "ZANZIBAR"):
        log.error("server error", extra={"method": method})

    methods = [one.event["tags"]["method"] for one in reported()]
    assert methods == ["PATCH", "other"]


def test_refused_requests_are_not_reported(client, db, reported):
    client.get("/", headers={"Host": "serengeti.example"})
    client.get("/api/v1/tasks")
    client.get("/nowhere")

    assert reported() == []


def test_what_is_about_the_receiver_is_not_reported(handler, reported):
    logging.getLogger("config.outages").error("outage", extra={"part": "telemetry"})
    logging.getLogger("config.outages").error("outage", extra={"part": "database"})

    (one,) = reported()
    assert one.event["tags"]["part"] == "database"


def test_lines_without_an_error_are_grouped_by_what_they_say():
    def fingerprint(**fields):
        record = logging.makeLogRecord(
            {"name": "config.outages", "msg": "outage", "levelname": "ERROR", **fields}
        )
        return event_of(record)["fingerprint"]

    assert fingerprint(part="database") == fingerprint(part="database")
    assert fingerprint(part="database") != fingerprint(part="cache")


def test_a_chain_of_causes_without_end_is_cut():
    error = SecretError()
    error.__cause__ = SecretError()
    error.__cause__.__cause__ = error

    assert len([*errors._chain(error)]) == errors.CAUSES_MAX


def test_an_error_in_a_deep_recursion_has_its_innermost_frames():
    def recurse():
        recurse()

    with pytest.raises(RecursionError) as caught:
        recurse()

    assert len(errors._frames(caught.tb)) == errors.FRAMES_MAX


def test_an_error_that_ends_a_thread_is_reported(receiver, monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", lambda ended: None)
    handler = errors.start(receiver.dsn)

    thread = threading.Thread(target=lambda: int("Zanzibar"))
    thread.start()
    thread.join(PATIENCE)

    event = receiver.next().event
    logging.getLogger().removeHandler(handler)
    assert event["exception"]["values"][0]["type"] == "ValueError"
    assert event["level"] == "fatal"
    assert "Zanzibar" not in json.dumps(event)


@pytest.mark.slow
def test_an_error_that_ends_a_command_is_reported(receiver):
    environment = environment_of_tests() | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SENTRY_DSN": receiver.dsn,
        "DATABASE_URL": "sqlite:///nowhere/at/all.sqlite3",
    }
    command = [sys.executable, "manage.py", "shell", "-c", "int('Zanzibar')"]

    ended = subprocess.run(command, env=environment, capture_output=True, check=False)

    assert ended.returncode == 1
    one = receiver.next()
    assert one.event["exception"]["values"][-1]["type"] == "ValueError"
    assert b"Zanzibar" not in one.octets


# --- The setting ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dsn", "url"),
    [
        (
            "https://abc@sentry.example.com/1",
            "https://sentry.example.com/api/1/envelope/",
        ),
        (
            "https://abc:old@sentry.example.com:9000/below/1",
            "https://sentry.example.com:9000/below/api/1/envelope/",
        ),
        ("http://abc@[::1]:8000/12", "http://[::1]:8000/api/12/envelope/"),
    ],
)
def test_a_dsn_names_the_receiver(dsn, url):
    assert Receiver.of(dsn) == Receiver(url, "abc")


@pytest.mark.parametrize(
    "dsn",
    [
        "abc",
        "https://sentry.example.com/1",
        "https://abc@sentry.example.com",
        "https://abc@sentry.example.com/",
        "https://a%0Ab@sentry.example.com/1",
        "https://abc@sentry.example.com:99999/1",
        "ftp://abc@sentry.example.com/1",
        "https://abc@/1",
    ],
)
def test_a_wrong_dsn_is_named_by_a_check(settings, dsn):
    settings.SENTRY_DSN = dsn

    assert [message.id for message in check_telemetry()] == ["config.E030"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings_", "loaded"),
    [
        ({}, []),
        (
            {"SENTRY_DSN": "http://abc@127.0.0.1:9/1"},
            ["config.telemetry", "config.telemetry.errors", "config.telemetry.sender"],
        ),
    ],
)
def test_nothing_is_imported_while_the_settings_are_empty(settings_, loaded):
    program = (
        "import sys; import config.rsgi;"
        "print([one for one in sorted(sys.modules) if 'telemetry' in one])"
    )
    environment = environment_of_tests() | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": "sqlite:///nowhere/at/all.sqlite3",
        **settings_,
    }

    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert ended.stdout.strip() == str(loaded)
