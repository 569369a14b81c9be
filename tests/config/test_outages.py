"""An outage is logged once, with its cause, and never with the text of an error."""

import json
from dataclasses import dataclass

import psycopg
import pytest
from django.db import InternalError, OperationalError, ProgrammingError, connection
from psycopg import errors

from config import outages as module
from config.outages import QUIET, Cause, Outages, note_failure, outages, part_of
from tests.patience import PATIENCE

LOCKED = Cause("database", "LockNotAvailable", "55P03")
LOST = Cause("database", "OperationalError", "connection refused")


@pytest.fixture(autouse=True)
def _fresh():
    outages.forget()
    yield
    outages.forget()


@pytest.fixture
def lines(caplog):
    """The lines of outages so far: message, and the fields that they have."""
    caplog.set_level("ERROR", "config.outages")

    def found():
        names = ("part", "reason", "code", "seconds", "failures")
        return [
            (
                record.message,
                {name: getattr(record, name) for name in names if name in vars(record)},
            )
            for record in caplog.records
            if record.name == "config.outages"
        ]

    return found


def test_an_outage_is_one_line_when_it_begins_and_one_when_it_has_ended(lines):
    known = Outages()
    for now in (10.0, 11.0, 14.5):
        known.failed(LOCKED, now=now)

    known.worked("database", now=14.5 + QUIET)
    known.worked("database", now=14.5 + QUIET + 1)

    cause = {"part": "database", "reason": "LockNotAvailable", "code": "55P03"}
    assert lines() == [
        ("outage", cause),
        ("outage ended", cause | {"seconds": 4.5, "failures": 3}),
    ]
    assert not known


def test_a_success_between_failures_does_not_end_an_outage(lines):
    known = Outages()
    known.failed(LOCKED, now=10.0)
    known.worked("database", now=10.1)
    known.failed(LOCKED, now=10.2)

    assert [message for message, _ in lines()] == ["outage"]


def test_another_part_that_works_does_not_end_an_outage(lines):
    known = Outages()
    known.failed(LOCKED, now=10.0)
    known.worked("cache", now=100.0)

    assert known


def test_another_cause_is_another_outage(lines):
    known = Outages()
    for cause in (LOCKED, LOST, LOCKED, LOST):
        known.failed(cause, now=10.0)

    assert [fields["code"] for _, fields in lines()] == ["55P03", "connection refused"]


# --- What is an outage ------------------------------------------------------------


def of_django(kind, cause):
    error = kind("the text")
    error.__cause__ = cause("Key (email)=(carol@example.com)")
    return error


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (of_django(OperationalError, errors.LockNotAvailable), "database"),
        (of_django(OperationalError, errors.AdminShutdown), "database"),
        (of_django(InternalError, errors.ReadOnlySqlTransaction), "database"),
        (of_django(InternalError, errors.IdleInTransactionSessionTimeout), "database"),
        (of_django(ProgrammingError, errors.DuplicatePreparedStatement), "database"),
        (of_django(InternalError, errors.DataCorrupted), None),
        (of_django(ProgrammingError, errors.UndefinedTable), None),
        (type("TimeoutError", (Exception,), {"__module__": "redis.exceptions"})(),
         "cache"),
        (ValueError(), None),
    ],
)  # fmt: skip
def test_tells_outages_from_bugs(error, part):
    assert part_of(error) == part


def test_the_text_of_an_error_is_never_logged(caplog):
    note_failure(of_django(InternalError, errors.ReadOnlySqlTransaction))

    (record,) = caplog.records
    assert (record.reason, record.code) == ("ReadOnlySqlTransaction", "25006")
    assert "carol" not in json.dumps(vars(record), default=str)


# --- Connections that can't be opened ---------------------------------------------


@dataclass
class Address:
    """Where to connect; the tests break one part of it."""

    host: str
    port: int
    user: str
    password: str
    dbname: str

    def failure(self, **changed):
        """Return the cause that is logged if a connection fails."""
        with pytest.raises(psycopg.OperationalError) as caught:
            psycopg.connect(**(vars(self) | changed), connect_timeout=PATIENCE)
        error = OperationalError()
        error.__cause__ = caught.value
        return Cause.of(error)


@pytest.fixture
def address(db):
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL only")
    chosen = connection.settings_dict
    return Address(
        chosen["HOST"] or "127.0.0.1",
        int(chosen["PORT"] or 5432),
        chosen["USER"],
        chosen["PASSWORD"],
        chosen["NAME"],
    )


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"password": "wrong"}, "wrong password"),
        ({"password": ""}, "no password"),
        ({"dbname": "elsewhere"}, "no such database or role"),
        ({"sslmode": "require"}, "server without TLS"),
        ({"host": "no.such.invalid"}, "unknown host"),
    ],
)
def test_says_why_a_connection_can_not_be_opened(address, changed, code):
    assert address.failure(**changed) == Cause("database", "OperationalError", code)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('root certificate file "/no/file" does not exist', "no file at sslrootcert"),
        ("SSL error: certificate verify failed", "certificate refused"),
        ('server certificate for "a" does not match host name', "certificate refused"),
        ("FATAL: unsupported startup parameter: options", "a pooler, but"),
        ("FATAL: sorry, too many clients already", "too many connections"),
        ("FATAL: the database system is starting up", "starting"),
        ("session is read-only", "no writable server"),
        ("etwas ist schiefgegangen", ""),
    ],
)
def test_tells_causes_apart_by_the_texts_of_libpq(text, code):
    error = OperationalError()
    error.__cause__ = psycopg.OperationalError(text)

    assert Cause.of(error).code.startswith(code)


def test_says_that_nothing_listens(closed_port):
    address = Address("127.0.0.1", closed_port, "ownlist", "secret", "ownlist")

    assert address.failure().code == "connection refused"


# --- Requests ---------------------------------------------------------------------


def failing(error):
    def view(*args, **kwargs):
        raise error

    return view


def test_refused_requests_are_counted_until_one_is_served(
    api_as, alice, monkeypatch, lines
):
    client = api_as(alice)
    client.raise_request_exception = False
    error = of_django(InternalError, errors.ReadOnlySqlTransaction)

    with monkeypatch.context() as broken:
        broken.setattr("todos.api.labels.LabelListView.get", failing(error))
        statuses = [client.get("/api/v1/labels").status_code for _ in range(3)]
    monkeypatch.setattr(module, "QUIET", 0.0)
    statuses.append(client.get("/api/v1/labels").status_code)

    assert statuses == [503, 503, 503, 200]
    (_, began), (message, ended) = lines()
    assert began["code"] == "25006"
    assert message == "outage ended"
    assert ended["failures"] == 3


@pytest.mark.parametrize(
    ("path", "view"),
    [
        ("/accounts/security/", "accounts.pages.views.SecurityView.get"),
        ("/api/v1/labels", "todos.api.labels.LabelListView.get"),
        ("/api/me/tasks", "todos.api.plan.views.PlanTaskListView.get"),
    ],
)
def test_a_database_that_only_reads_is_an_outage(
    page_as, alice, monkeypatch, path, view
):
    client = page_as(alice)
    client.raise_request_exception = False
    error = of_django(InternalError, errors.ReadOnlySqlTransaction)
    monkeypatch.setattr(view, failing(error))

    response = client.get(path)

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0


def test_requests_during_an_outage_are_warnings(api_as, alice, monkeypatch, caplog):
    client = api_as(alice)
    error = of_django(OperationalError, errors.LockNotAvailable)
    monkeypatch.setattr("todos.api.labels.LabelListView.get", failing(error))

    for _ in range(3):
        client.get("/api/v1/labels")

    levels = [r.levelname for r in caplog.records if r.message == "request"]
    assert levels == ["WARNING"] * 3
    # The log leaves out Django's own line of a request.
    ours = [r for r in caplog.records if r.name != "django.request"]
    assert [r.message for r in ours if r.levelname == "ERROR"] == ["outage"]
