"""Reports and traces of a real server, whose receiver is there, away, or hangs."""

import json
import os
import signal
import sqlite3
import time
from contextlib import closing

import pytest

from config.telemetry.sender import STOP_TIMEOUT, TIMEOUT
from tests.patience import PATIENCE, until
from tests.receiver import receiver as running_receiver
from tests.served import serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "waitid"), reason="needs waitid"),
]


@pytest.fixture
def receiver():
    with running_receiver() as one:
        yield one


def break_ledger(served):
    """Make every write fail."""
    with closing(sqlite3.connect(served.directory / "ownlist.sqlite3")) as database:
        database.execute("UPDATE todos_ledger SET last_seq = 0")
        database.commit()


def has_ended(pid):
    """Whether a child has ended. It stays a child, for those who wait for it."""
    how = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, pid, how) is not None


def post_task(served, headers):
    with served.connected() as connection:
        connection.request(
            "POST",
            "/api/v1/tasks?q=query-Zanzibar",
            json.dumps({"title": "title-Zanzibar", "notes": "Kilimanjaro"}),
            {
                **headers,
                "Content-Type": "application/json",
                "Cookie": "ownlist_session=cookie-Zanzibar",
                "X-Secret": "header-Zanzibar",
            },
        )
        answer = connection.getresponse()
        answer.read()
        return answer.status


def events_of(received):
    return [one.event for one in received if one.path == "/api/7/envelope/"]


def requests_of(received):
    """Return the names of the traced requests."""
    spans = [s for one in received if one.path == "/v1/traces" for s in one.spans]
    return [span["name"] for span in spans if span["kind"] == 2]


def is_complete(received):
    return bool(events_of(received)) and len(requests_of(received)) == 3


def test_a_server_reports_an_error_and_traces_without_secrets(tmp_path, receiver):
    settings = {
        "SENTRY_DSN": receiver.dsn,
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.address,
    }
    with serving(tmp_path, **settings) as served:
        headers = served.register()
        first = post_task(served, headers)
        break_ledger(served)
        second = post_task(served, headers)
        received = []
        while not is_complete(received):
            received.append(receiver.next())
        os.kill(served.pid, signal.SIGTERM)
        until(lambda: has_ended(served.pid))
        received += receiver.all()

    assert (first, second) == (201, 500)
    (event,) = events_of(received)
    assert event["tags"]["route"] == "api/v1/tasks"
    assert event["exception"]["values"][-1]["type"] == "IntegrityError"
    assert requests_of(received) == [
        "POST api/v1/auth/register",
        *["POST api/v1/tasks"] * 2,
    ]
    token = headers["Authorization"].removeprefix("Bearer ")
    for secret in [token, "Zanzibar", "Kilimanjaro", "@example.com", "127.0.0.1:8"]:
        for one in received:
            assert secret.encode() not in one.octets, secret


@pytest.mark.parametrize("kind", ["away", "hanging"])
def test_a_receiver_that_fails_delays_neither_requests_nor_the_end(
    tmp_path, receiver, kind, closed_port
):
    receiver.hangs = True
    port = receiver.server_address[1] if kind == "hanging" else closed_port
    settings = {
        "SENTRY_DSN": f"http://abc@127.0.0.1:{port}/1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
    }
    with serving(tmp_path, **settings) as served:
        headers = served.register()
        post_task(served, headers)
        break_ledger(served)
        durations = []
        for _ in range(20):
            started = time.monotonic()
            assert post_task(served, headers) == 500
            durations.append(time.monotonic() - started)
        if kind == "hanging":
            assert receiver.arrived.wait(PATIENCE)

        started = time.monotonic()
        os.kill(served.pid, signal.SIGTERM)
        until(lambda: has_ended(served.pid))
        end = time.monotonic() - started

    # Each one that waited for the receiver would take this long, and more.
    assert sorted(durations)[10] < TIMEOUT
    assert end < 5 * (STOP_TIMEOUT + TIMEOUT)
