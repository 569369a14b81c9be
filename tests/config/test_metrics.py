"""Metrics of all worker processes together, without labels that name a user."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from threading import Thread

import pytest
import yaml
from django.conf import settings
from django.urls import ResolverMatch, URLResolver, get_resolver, resolve

from accounts.better_auth.fetching import FetchFailed, fetch
from config.checks import check_metrics
from config.metrics import serving
from config.metrics.address import Address, parse
from config.metrics.labels import route_and_method
from config.metrics.registry import (
    BOUNDS,
    REQUESTS_MAX,
    Counts,
    Durations,
    Registry,
    registry,
)
from config.metrics.shared import HALF, Slot, Slots, TooLarge
from config.metrics.text import exposition
from config.regular_commands import record_success
from tests.benchmarks.processes import children_of, free_port
from tests.patience import PATIENCE, until
from tests.served import serving as served

DEPLOY = Path(settings.BASE_DIR) / "deploy"
RULES = DEPLOY / "prometheus" / "ownlist.rules.yml"
NO_DATABASE = {"statements": 2, "database_seconds": 0.25}


@pytest.fixture
def counting():
    """The registry of this process, switched on and empty."""
    registry.begin(Counts())
    yield registry
    registry.begin(Counts())
    registry.is_on = False


def counts_of(one):
    return Counts.from_bytes(one.to_bytes())


def text_of(counts, *, workers_started=0):
    return exposition(counts, workers_started=workers_started)


# --- Counting ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "position"),
    [(0.0, 0), (0.2, BOUNDS.index(0.2)), (0.201, BOUNDS.index(0.5)), (99, len(BOUNDS))],
)
def test_a_duration_is_counted_up_to_its_bound(seconds, position):
    one = Registry()

    one.observe("x", "GET", 200, seconds, **NO_DATABASE)

    durations = counts_of(one).requests["x", "GET", 200]
    assert durations.counts[position] == 1
    assert sum(durations.counts) == 1
    assert durations.seconds == seconds


def test_beyond_a_maximum_of_labels_new_ones_count_together():
    one = Registry()

    for number in range(3 * REQUESTS_MAX):
        one.observe(f"x{number}", "GET", 200 + number % 2, 0.1, **NO_DATABASE)

    requests = counts_of(one).requests
    assert len(requests) == REQUESTS_MAX + 2
    assert sum(sum(durations.counts) for durations in requests.values()) == (
        3 * REQUESTS_MAX
    )
    assert sum(requests["", "other", 200].counts) == REQUESTS_MAX
    Slot().write(one.to_bytes())


def test_requests_do_not_wait_for_the_encoding(monkeypatch):
    one = Registry()
    held = []
    monkeypatch.setattr(
        Counts, "to_bytes", lambda counts: held.append(one._lock.locked())
    )

    one.to_bytes()

    assert held == [False]


def test_what_is_encoded_is_a_copy():
    counts = counted(1)
    counts.counters["refusals", "not_found"] = 1

    copy = counts.copy()
    counts.add(counts.copy())

    assert copy.requests["x", "GET", 200].counts[0] == 1
    assert copy.counters["refusals", "not_found"] == 1


def test_counts_are_published_again_once_they_fit(caplog):
    slot = Slot()
    fits = True

    for octets in (b"x" * HALF, b"x" * HALF, counted(3).to_bytes()):
        fits = serving._write(slot, octets, fitted=fits)

    assert fits
    assert slot.read().requests["x", "GET", 200].counts[0] == 3
    assert [record.message for record in caplog.records] == ["metrics: too many labels"]


def test_counts_are_added_gauges_too_and_what_is_shared_is_not():
    first, second = Registry(), Registry()
    for one in (first, second):
        one.begin(Counts())
        one.observe("x", "GET", 200, 0.1, **NO_DATABASE)
        one.count("refusals", "not_found")
        one.gauge("waiting", lambda: 3)
    first.share("succeeded", {"purge_trash": 100.0})
    second.share("succeeded", {"purge_trash": 200.0})

    total = counts_of(first)
    total.add(counts_of(second))

    assert sum(total.requests["x", "GET", 200].counts) == 2
    assert total.counters["refusals", "not_found"] == 2
    assert total.counters["database_seconds", ""] == 0.5
    assert total.gauges["waiting", ""] == 6
    assert total.shared["succeeded", "purge_trash"] == 200


def test_nothing_is_counted_if_nobody_reads_it(client, monkeypatch):
    def fail(*args, **kwargs):
        raise AssertionError

    monkeypatch.setattr(registry, "observe", fail)
    registry.count("refusals", "not_found")

    assert client.get("/healthz").status_code == 200
    assert counts_of(registry).counters == {}


# --- Shared memory ------------------------------------------------------------------


def in_a_child(work):
    """Run `work` in a process that is forked, and wait for its end."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert status == 0
    return pid


def counted(number):
    return Counts({("x", "GET", 200): Durations([number] + [0] * len(BOUNDS), 1.0)})


def report(slot, number):
    """What a worker does: continue the counts of the one before it."""
    counts = slot.claim()
    counts.add(counted(number))
    slot.write(counts.to_bytes())


def test_the_counts_of_a_process_that_ended_stay_and_go_on():
    slots = Slots()

    for number in (5, 7):
        slots.prepare()
        in_a_child(lambda number=number: report(slots.next, number))

    assert slots.total().requests["x", "GET", 200].counts[0] == 12
    assert (len(slots._all), slots.started) == (1, 2)


def test_workers_at_the_same_time_have_memory_of_their_own():
    slots = Slots()
    slots.prepare()
    slots.prepare()

    assert len(slots._all) == 2


def test_gauges_of_a_process_that_ended_count_no_more():
    slots = Slots()
    slots.prepare()

    def work():
        slots.next.claim()
        slots.next.write(Counts(gauges={("waiting", ""): 3}).to_bytes())

    in_a_child(work)

    assert slots.total().gauges == {}


def test_a_reader_sees_complete_counts_only(monkeypatch):
    slot = Slot()
    slot.claim()
    slot.write(counted(1).to_bytes())
    monkeypatch.setattr(slot, "_put_head", lambda *_: None)  # dies before the end

    slot.write(counted(2).to_bytes())

    assert slot.read().requests["x", "GET", 200].counts[0] == 1


def test_counts_that_do_not_fit_are_refused():
    with pytest.raises(TooLarge):
        Slot().write(b"x" * 2_000_000)


# --- The text -----------------------------------------------------------------------


def test_a_histogram_is_cumulative_and_ends_with_all():
    one = Registry()
    one.observe("api/v1/tasks", "GET", 200, 0.004, **NO_DATABASE)
    one.observe("api/v1/tasks", "GET", 200, 0.3, **NO_DATABASE)

    text = text_of(counts_of(one))

    labels = 'route="api/v1/tasks",method="GET",status="200"'
    name = "ownlist_request_duration_seconds"
    assert f'{name}_bucket{{{labels},le="0.005"}} 1\n' in text
    assert f'{name}_bucket{{{labels},le="0.5"}} 2\n' in text
    assert f'{name}_bucket{{{labels},le="+Inf"}} 2\n' in text
    assert f"{name}_count{{{labels}}} 2\n" in text
    assert f"{name}_sum{{{labels}}} 0.304000\n" in text
    assert "ownlist_statements_total 4\n" in text


def test_a_route_with_a_backslash_and_quotes_is_escaped():
    one = Registry()
    one.observe(r'^(?P<key>[-:\w]+)"', "GET", 200, 0.1, **NO_DATABASE)

    assert r'route="^(?P<key>[-:\\w]+)\""' in text_of(counts_of(one))


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_prometheus_accepts_the_text():
    one = Registry()
    one.begin(Counts())
    one.observe("api/v1/tasks", "GET", 200, 0.1, **NO_DATABASE)
    one.count("refusals", "not_found")
    one.share("succeeded", {"purge_trash": 1.5})
    one.share("done", {"purge_trash": 3})
    text = text_of(counts_of(one), workers_started=2)

    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- What requests count ------------------------------------------------------------


def test_a_request_and_its_refusal_are_counted_without_the_user(
    counting, api_as, alice
):
    client = api_as(alice)

    client.get("/api/v1/tasks/01900000-0000-7000-8000-000000000000?q=Zanzibar")
    client.get(f"/api/{alice.pk}/tasks/01900000-0000-7000-8000-000000000000")
    client.get("/Zanzibar/")

    counts = counts_of(counting)
    assert counts.requests["api/v1/tasks/<uuid:task_id>", "GET", 404]
    assert counts.counters["refusals", "not_found"] == 3
    assert counts.counters["statements", ""] > 1
    assert counts.counters["database_seconds", ""] > 0
    text = text_of(counts)
    for secret in (str(alice.pk), "alice", "Zanzibar", "01900000"):
        assert secret not in text


METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "ALICE"]


def patterns(entries):
    for entry in entries:
        if isinstance(entry, URLResolver):
            yield from patterns(entry.url_patterns)
        else:
            yield entry


@pytest.mark.parametrize("status", [401, 405, 406])
def test_refusals_before_a_view_have_one_label_set_for_all_routes(status):
    labels = {
        route_and_method(ResolverMatch(one.callback, (), {}, route=str(one)), *asked)
        for one in patterns(get_resolver().url_patterns)
        for asked in product(METHODS, [status])
    }

    assert labels == {("", "other")}


def test_a_route_has_labels_for_its_own_methods_only():
    routes = {
        one: {
            route_and_method(
                ResolverMatch(one.callback, (), {}, route=str(one)), method, 302
            )
            for method in METHODS
        }
        for one in patterns(get_resolver().url_patterns)
    }

    assert len(routes) > 250
    assert sum(map(len, routes.values())) < 3 * len(routes)


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/v1/tasks", {"GET", "POST"}),
        ("/healthz", {"GET", "POST"}),
        ("/accounts/login/", {"GET", "POST", "PUT"}),
    ],
)
def test_the_methods_of_a_route(path, methods):
    match = resolve(path)

    labels = {route_and_method(match, method, 200) for method in METHODS}

    assert labels == {("", "other")} | {(match.route, method) for method in methods}


def test_an_anonymous_caller_makes_few_labels(counting, client, db):
    for path in ("/api/v1/tasks", "/api/v1/labels", "/healthz", "/lists/"):
        for method in METHODS:
            for accept in ("application/json", "application/xml"):
                client.generic(method, path, headers={"Accept": accept})

    assert len(counts_of(counting).requests) <= 12


def test_requests_to_issuers_are_counted(counting, closed_port):
    with pytest.raises(FetchFailed):
        fetch(f"http://127.0.0.1:{closed_port}/jwks")

    assert counts_of(counting).counters["issuer_fetches", "failed"] == 1


def test_what_regular_commands_did_is_read_from_the_database(
    counting, transactional_db
):
    at = datetime(2026, 11, 30, tzinfo=UTC)
    record_success("send_reminders", at=at, done=3)
    record_success("send_reminders", at=at, done=4)

    serving._share_commands()

    text = text_of(counts_of(counting))
    assert 'ownlist_command_done_total{command="send_reminders"} 7\n' in text
    assert (
        "ownlist_command_last_success_timestamp_seconds"
        f'{{command="send_reminders"}} {at.timestamp():.0f}\n' in text
    )
    assert (
        'ownlist_command_last_success_timestamp_seconds{command="purge_trash"} 0\n'
        in text
    )


# --- The address --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:9464", Address(host="127.0.0.1", port=9464)),
        ("[::1]:9464", Address(host="::1", port=9464)),
        ("unix:/run/x.sock", Address(path="/run/x.sock")),
    ],
)
def test_reads_an_address(text, address):
    assert parse(text) == address


@pytest.mark.parametrize("text", ["9464", ":9464", "host:", "host:0", "unix:x", "a:b"])
def test_refuses_what_is_not_an_address(text, settings):
    settings.METRICS_ADDRESS = text

    (message,) = check_metrics()
    assert message.id == "config.E008"


def test_an_address_that_is_taken_is_named_with_the_reason():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(SystemExit, match=f"'{address}': already in use"):
            serving.start(address)


# --- Slow clients ---------------------------------------------------------------------


@pytest.fixture
def listening():
    """A server of the metrics that does not accept clients by itself."""
    with serving._listening(Address(host="127.0.0.1", port=0)) as server:
        yield server


@pytest.fixture
def connect(listening):
    """Connect a client that has sent the beginning of a request."""
    with ExitStack() as clients:

        def connected():
            client = socket.create_connection(listening.server_address, PATIENCE)
            clients.enter_context(client).sendall(b"G")
            return client

        yield connected


def test_slow_clients_do_not_keep_others_out(listening, connect):
    clients = []
    for _ in range(2 * serving.AT_ONCE):
        clients.append(connect())
        listening.handle_request()
    first, *_, last = clients

    last.sendall(b"ET /metrics HTTP/1.0\r\n\r\n")

    assert last.recv(12) == b"HTTP/1.0 200"
    assert first.recv(1) == b""
    assert len(listening._deadlines) <= serving.AT_ONCE


def test_a_client_has_a_deadline_for_the_whole_request(listening, connect):
    client = connect()
    now = time.monotonic()
    listening.handle_request()
    client.sendall(b"E")

    listening.end_late(now=now + serving.PATIENCE - 1)
    client.sendall(b"T")
    assert len(listening._deadlines) == 1

    listening.end_late(now=time.monotonic() + serving.PATIENCE)
    assert client.recv(1) == b""


def test_late_clients_are_ended_while_it_serves(listening, connect, monkeypatch):
    monkeypatch.setattr(serving, "PATIENCE", 0.0)
    serving_thread = Thread(target=listening.serve_forever)
    serving_thread.start()

    try:
        assert connect().recv(1) == b""
    finally:
        listening.shutdown()
        serving_thread.join(PATIENCE)


# --- The real server ------------------------------------------------------------------


def scraped(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as response:  # noqa: S310
        return response.read().decode()


def wait_for(port, is_good):
    """Return the first text that `is_good`."""

    def good():
        text = scraped(port)
        return text if is_good(text) else ""

    return until(good, lambda: scraped(port))


def total(text, name, **labels):
    lines = re.findall(rf"^{name}(?:{{(.*)}})? ([\d.]+)$", text, re.MULTILINE)
    return sum(
        float(number)
        for found, number in lines
        if all(f'{label}="{value}"' in found for label, value in labels.items())
    )


REQUESTS = "ownlist_request_duration_seconds_count"


@pytest.mark.slow
def test_all_workers_are_counted_together_also_after_one_died(tmp_path):
    port = free_port()

    with served(tmp_path, workers=2, METRICS_ADDRESS=f"127.0.0.1:{port}") as server:
        wait_for(port, lambda text: total(text, "ownlist_workers") == 2)
        for _ in range(10):
            with server.connected() as connection:
                connection.request("GET", "/api/v1/tasks")
                assert connection.getresponse().read()
        before = wait_for(port, lambda text: total(text, REQUESTS, status="401") == 10)
        worker = min(children_of(server.pid))
        os.kill(worker, signal.SIGKILL)
        after = wait_for(
            port, lambda text: total(text, "ownlist_workers_started_total") == 3
        )

        assert total(before, "ownlist_refusals_total", code="token_not_valid") == 10
        assert total(before, "ownlist_workers_started_total") == 2
        assert total(after, REQUESTS, status="401") == 10
        assert total(after, "ownlist_refusals_total", code="token_not_valid") == 10
        wait_for(port, lambda text: total(text, "ownlist_workers") == 2)


@pytest.mark.slow
def test_metrics_are_served_on_a_unix_socket_only_for_its_user(tmp_path):
    path = tmp_path / "metrics.sock"

    with (
        served(tmp_path, METRICS_ADDRESS=f"unix:{path}"),
        socket.socket(socket.AF_UNIX) as connection,
    ):
        connection.connect(str(path))
        connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))

        assert answer.startswith(b"HTTP/1.0 200")
        assert b"ownlist_workers_started_total 1" in answer
        assert path.stat().st_mode & 0o077 == 0


# --- Rules and dashboard ------------------------------------------------------------


def names():
    """The names of all metrics, as Prometheus stores them."""
    one = Registry()
    one.begin(Counts())
    one.observe("x", "GET", 200, 0.1, **NO_DATABASE)
    for counter in ("refusals", "issuer_fetches", "replica_reads"):
        one.count(counter, "x")
    one.share("succeeded", {"purge_trash": 1.5})
    one.share("done", {"purge_trash": 3})
    lines = text_of(counts_of(one)).splitlines()
    return {re.match(r"\w+", line)[0] for line in lines if not line.startswith("#")}


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
@pytest.mark.parametrize(
    "arguments",
    [("check", "rules", RULES), ("test", "rules", RULES.with_suffix(".test.yml"))],
    ids=lambda arguments: arguments[0],
)
def test_prometheus_accepts_the_rules_and_they_alert(arguments):
    done = subprocess.run(
        ["promtool", *arguments], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [RULES, DEPLOY / "grafana" / "ownlist.json"])
def test_rules_and_dashboard_use_metrics_that_exist(path):
    used = set(re.findall(r"\bownlist_\w+", path.read_text("utf-8")))

    assert len(used) >= 5
    assert used - names() == set()


def test_the_page_lists_every_metric():
    page = (settings.BASE_DIR / "docs" / "operations.md").read_text("utf-8")

    bare = {re.sub(r"_(bucket|sum|count)$", "", name) for name in names()}
    assert [name for name in sorted(bare) if f"`{name}`" not in page] == []


def test_the_dashboard_has_a_panel_for_each_kind():
    dashboard = json.loads((DEPLOY / "grafana" / "ownlist.json").read_text("utf-8"))

    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) > 8
    assert all(target["expr"] for panel in panels for target in panel["targets"])


def test_every_alert_names_a_section_that_says_what_to_do():
    (group,) = yaml.safe_load(RULES.read_text("utf-8"))["groups"]

    for rule in group["rules"]:
        name, _, anchor = rule["annotations"]["runbook"].partition("#")
        text = (settings.BASE_DIR / name).read_text("utf-8")
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        assert anchor in {one.lower().replace(" ", "-") for one in headings}, rule
