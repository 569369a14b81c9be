"""Traces have routes, statuses and fingerprints, and neither texts nor values."""

import json
import time

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import MiddlewareNotUsed
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from psycopg import sql

from config import slowness
from config.checks import check_telemetry
from config.slowness import tally
from config.telemetry import traces
from config.telemetry.middleware import TraceMiddleware
from config.telemetry.traces import Context, Statement, headers_of, url_of
from tests.factories import TaskFactory
from tests.patience import PATIENCE
from tests.receiver import receiver as running_receiver

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


@pytest.fixture
def receiver():
    with running_receiver() as one:
        yield one


@pytest.fixture
def traced(receiver, settings):
    """Trace the requests of this process; return the spans that were received."""
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = receiver.address
    settings.OTEL_EXPORTER_OTLP_HEADERS = "x-api-key=collector%20key"
    made = []
    settings.MIDDLEWARE = [*django_settings.MIDDLEWARE]
    after = settings.MIDDLEWARE.index("config.middleware.RequestLogMiddleware") + 1
    settings.MIDDLEWARE.insert(after, f"{__name__}.middleware")
    global middleware

    def middleware(get_response):
        made.append(TraceMiddleware(get_response))
        return made[-1]

    def received():
        for one in made:
            one._sender.end()
            one._sender.join(PATIENCE)
        return receiver.all()

    yield received
    received()


def values_of(span):
    return {
        one["key"]: one["value"].get("stringValue") or int(one["value"]["intValue"])
        for one in span["attributes"]
    }


@pytest.mark.database
def test_no_user_text_and_no_secret_is_traced(api_as, alice, traced):
    client = api_as(alice)
    client.raise_request_exception = False
    hidden = {
        "HTTP_X_SECRET": "header-Zanzibar",
        "HTTP_COOKIE": "ownlist_session=cookie-Zanzibar",
        "HTTP_TRACEPARENT": "00-Zanzibar-Zanzibar-01",
        "HTTP_TRACESTATE": "vendor=Zanzibar",
        "HTTP_BAGGAGE": "name=Zanzibar",
        "HTTP_USER_AGENT": "agent-Zanzibar",
        "REMOTE_ADDR": "203.0.113.77",
    }
    task = {"title": "title-Zanzibar", "notes": "Kilimanjaro", "labels": ["Serengeti"]}

    made = client.post("/api/v1/tasks", task, **hidden).json()
    client.get(f"/api/v1/tasks/{made['id']}", **hidden)
    client.get("/api/v1/tasks?q=Zanzibar&label=Serengeti", **hidden)
    client.post("/api/v1/tasks/quick", {"text": "Zanzibar @Kilimanjaro"}, **hidden)
    client.get("/api/Zanzibar/tasks", **hidden)
    client.generic("ZANZIBAR", "/api/v1/tasks", **hidden)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'Zanzibar', 77123 /* \"Zanzibar\" */")

    received = traced()
    token = client._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    secrets = [token, alice.email, str(alice.pk), alice.pk.hex, made["id"], "77123"]
    secrets += ["Zanzibar", "Kilimanjaro", "Serengeti", "203.0.113.77", "SELECT title"]
    assert len([span for one in received for span in one.spans]) > 10
    for one in received:
        for secret in secrets:
            assert secret.lower().encode() not in one.octets.lower(), secret
        for span in one.spans:
            assert values_of(span).keys() <= {
                "db.collection.name",
                "db.operation.name",
                "db.system.name",
                "http.request.method",
                "http.response.status_code",
                "http.route",
                "ownlist.fingerprint",
                "ownlist.request_id",
                "ownlist.statements",
            }


@pytest.mark.database
def test_a_request_and_its_statements_are_one_trace(api_as, alice, traced):
    TaskFactory(owner=alice)
    client = api_as(alice)

    response = client.get("/api/v1/tasks", HTTP_TRACEPARENT=TRACEPARENT)

    (one,) = traced()
    request, *statements = one.spans
    assert one.path == "/v1/traces"
    assert one.headers["Content-Type"] == "application/json"
    assert one.headers["x-api-key"] == "collector key"
    assert (request["name"], request["kind"]) == ("GET api/v1/tasks", 2)
    assert (request["traceId"], request["parentSpanId"]) == (TRACE, PARENT)
    assert "status" not in request
    values = values_of(request)
    assert values["http.response.status_code"] == 200
    assert values["ownlist.request_id"] == response["X-Request-ID"]
    assert values["ownlist.statements"] == len(statements) >= 1
    for span in statements:
        assert (span["traceId"], span["kind"]) == (TRACE, 3)
        assert span["parentSpanId"] == request["spanId"] != span["spanId"]
        times = [int(one["startTimeUnixNano"]) for one in (request, span)]
        times += [int(one["endTimeUnixNano"]) for one in (span, request)]
        assert times == sorted(times)
        assert values_of(span)["db.system.name"] == connection.vendor
    assert any(span["name"].endswith(" todos_task") for span in statements)
    document = json.loads(one.body)
    names = document["resourceSpans"][0]["resource"]["attributes"]
    assert {"key": "service.name", "value": {"stringValue": "ownlist"}} in names
    assert abs(int(request["startTimeUnixNano"]) / 1e9 - time.time()) < PATIENCE


@pytest.mark.django_db
def test_the_fingerprint_is_that_of_the_log(api_as, alice, traced, settings, caplog):
    settings.SLOW_QUERY_MS = 0.000_1
    client = api_as(alice)
    caplog.clear()

    client.get("/api/v1/tasks")

    (one,) = traced()
    logged = [r.fingerprint for r in caplog.records if r.message == "slow statement"]
    found = [values_of(span)["ownlist.fingerprint"] for span in one.spans[1:]]
    assert found == logged != []


def test_the_probes_are_not_traced(client, db, traced):
    client.get("/healthz")
    client.get("/readyz")

    assert traced() == []


def test_a_request_that_fails_below_is_traced_and_no_longer_collects(
    settings, monkeypatch
):
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:4318"
    layer = TraceMiddleware(lambda request: 1 / 0)
    put = []
    monkeypatch.setattr(layer._sender, "put", put.append)

    with pytest.raises(ZeroDivisionError):
        layer(RequestFactory().get("/"))

    assert [one.status for one in put] == [500]
    assert tally.trace is None


def test_a_share_of_the_requests_is_traced(settings, monkeypatch):
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:4318"
    settings.OTEL_TRACES_SAMPLER_ARG = 0.25
    layer = TraceMiddleware(lambda request: HttpResponse())
    put = []
    monkeypatch.setattr(layer._sender, "put", put.append)
    numbers = iter([0.0, 0.24, 0.25, 0.9])
    monkeypatch.setattr("random.random", lambda: next(numbers))

    for _ in range(4):
        # The caller asks for a trace, which does not count.
        layer(RequestFactory().get("/", headers={"traceparent": TRACEPARENT}))

    assert len(put) == 2


def test_a_request_that_is_not_traced_collects_nothing(settings):
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:4318"
    settings.OTEL_TRACES_SAMPLER_ARG = 0.0
    seen = []

    TraceMiddleware(lambda request: seen.append(tally.trace) or HttpResponse())(
        RequestFactory().get("/")
    )

    assert seen == [None]


def test_the_statements_of_a_request_are_bounded(settings, monkeypatch):
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:4318"

    def many(request):
        tally.begin()
        for _ in range(500):
            slowness.note_statement("SELECT 1", 0.0)
        return HttpResponse(status=503)

    layer = TraceMiddleware(many)
    put = []
    monkeypatch.setattr(layer._sender, "put", put.append)

    layer(RequestFactory().get("/"))

    assert len(put[0].statements) == slowness.TRACED_MAX
    assert put[0].statements_total == 500
    (request, *_) = json.loads(traces.encode(put))["resourceSpans"][0]["scopeSpans"][0][
        "spans"
    ]
    assert request["status"] == {"code": 2}


# --- Parts ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('SELECT "todos_task"."id" FROM "todos_task" WHERE x', "SELECT todos_task"),
        ('UPDATE "todos_task" SET x = %s', "UPDATE todos_task"),
        ('INSERT INTO "todos_label" (x)', "INSERT todos_label"),
        ("DELETE FROM todos_task WHERE x", "DELETE todos_task"),
        (
            "SELECT (SELECT x FROM todos_label) FROM todos_task JOIN y",
            "SELECT todos_task",
        ),
        ("WITH x AS (SELECT y FROM todos_task) SELECT y FROM x", "WITH todos_task"),
        ("SELECT ')' FROM todos_task", "SELECT todos_task"),
        ('SELECT x FROM "Zanzibar"', "SELECT"),
        ("Zanzibar", "statement"),
        ("COMMIT", "COMMIT"),
        (sql.SQL("SELECT {}").format("Zanzibar"), "statement"),
    ],
)
def test_a_statement_is_named_by_its_first_word_and_table(text, name):
    assert Statement.of(text, 1, 2).name == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Zanzibar",
        f"00-{TRACE}-{PARENT}",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"{TRACEPARENT}\n",
    ],
)
def test_a_trace_that_is_not_named_rightly_is_a_new_one(text):
    context = Context.of(text)

    assert context.trace_id != TRACE
    assert (len(context.trace_id), len(context.span_id)) == (32, 16)
    assert context.parent_id == ""


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("https://otel.example.com/below/", "https://otel.example.com/below/v1/traces"),
    ],
)
def test_the_endpoint_is_that_of_all_signals(endpoint, url):
    assert url_of(endpoint) == url


def test_headers_are_written_as_in_the_libraries():
    assert headers_of(" a=1, x-key = Basic%20abc= ,") == {
        "a": "1",
        "x-key": "Basic abc=",
    }


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318", "config.E031"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://u:p@127.0.0.1:4318", "config.E031"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:99999", "config.E031"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "key", "config.E032"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a b=c", "config.E032"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=b%0Ac", "config.E032"),
        ("OTEL_TRACES_SAMPLER_ARG", 10.0, "config.E033"),
        ("OTEL_TRACES_SAMPLER_ARG", -0.1, "config.E033"),
        ("OTEL_TRACES_SAMPLER_ARG", float("nan"), "config.E033"),
    ],
)
def test_a_wrong_setting_is_named_by_a_check(settings, name, value, check):
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:4318"
    assert [*check_telemetry()] == []
    setattr(settings, name, value)

    assert [message.id for message in check_telemetry()] == [check]


def test_a_wrong_address_leaves_the_middleware_out(settings):
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "nowhere"

    with pytest.raises(MiddlewareNotUsed):
        TraceMiddleware(lambda request: HttpResponse())
