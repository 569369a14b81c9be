"""A real streaming standby as the replica; the primary answers whenever it cannot."""

import json
import subprocess
import sys
import time
import urllib.request

import pytest

from tests import served
from tests.benchmarks import processes, services
from tests.patience import PATIENCE, until
from tests.standby import Servers

pytestmark = pytest.mark.slow

FEED = "/api/v1/changes"
EXPORT = "/api/v1/export/json"
WRITES = ("INSERT INTO", "UPDATE ", "DELETE FROM")
OVER_THE_BOUND = 17 * 1024 * 1024  # bytes of the log


@pytest.fixture(scope="module")
def servers():
    with Servers() as running:
        yield running


@pytest.fixture(scope="module")
def ownlist(servers, tmp_path_factory):
    """A server of Ownlist with a role that owns nothing, and with the replica."""
    directory = tmp_path_factory.mktemp("replica")
    owner = servers.url("primary")
    environment = services.environment(directory, owner, 0)
    served.manage("migrate", environment)
    service = services.as_service(environment)["DATABASE_URL"]
    ports = [str(servers.ports[name]) for name in ("primary", "standby")]
    with served.serving(
        directory,
        DATABASE_URL=service,
        DATABASE_REPLICA_URL=f"{service.replace(*ports)}?statement_timeout=2000",
        MIGRATION_DATABASE_URL=owner,
        METRICS_ADDRESS=f"127.0.0.1:{processes.free_port()}",
    ) as running:
        yield running


@pytest.fixture
def account(ownlist, servers):
    """The headers of a user, once the replica answers for them."""
    headers = ownlist.register()
    write(ownlist, headers, "Milk")
    wait_for_replica(ownlist, servers, headers)
    return headers


def ask(ownlist, headers, method, path, body=None):
    with ownlist.connected() as connection:
        content = body and json.dumps(body)
        connection.request(
            method, path, content, headers | {"Content-Type": "application/json"}
        )
        response = connection.getresponse()
        return response.status, response.read()


def write(ownlist, headers, title):
    status, _ = ask(ownlist, headers, "POST", "/api/v1/tasks", {"title": title})
    assert status == 201


def read(ownlist, headers, path=FEED):
    status, body = ask(ownlist, headers, "GET", path)
    assert status == 200
    return body.decode()


def feed_read_by(servers, name):
    """Count the reads of the feed that a server has logged."""
    return sum(
        "todos_change" in line and "seq" in line and "SELECT" in line
        for line in servers.log(name).splitlines()
    )


def wait_for_replica(ownlist, servers, headers):
    def answers():
        before = feed_read_by(servers, "standby")
        read(ownlist, headers)
        return feed_read_by(servers, "standby") > before

    until(answers)


def outages(ownlist):
    """Return the codes of the outages of the replica that were logged."""
    lines = (ownlist.directory / "server.log").read_text().splitlines()
    found = [json.loads(line) for line in lines if line.startswith("{")]
    return [
        one.get("code")
        for one in found
        if one["message"] == "outage" and one.get("part") == "replica"
    ]


def test_the_replica_answers_and_the_primary_gives_only_the_number(
    ownlist, servers, account
):
    servers.wait_for_replay()
    primary, standby = (feed_read_by(servers, name) for name in servers.ports)

    texts = [read(ownlist, account) for _ in range(3)]

    assert all("Milk" in text for text in texts)
    assert feed_read_by(servers, "standby") == standby + 3
    assert feed_read_by(servers, "primary") == primary


def test_an_export_is_read_from_the_replica(ownlist, servers, account):
    servers.wait_for_replay()
    before = servers.log("standby").count("todos_tasklabel")

    assert "Milk" in read(ownlist, account, EXPORT)

    assert servers.log("standby").count("todos_tasklabel") > before


def test_users_always_read_what_they_just_wrote(ownlist, account):
    for number in range(20):
        write(ownlist, account, f"Task {number}")

        assert f"Task {number}" in read(ownlist, account)


def test_the_primary_answers_while_the_replay_is_paused(ownlist, servers, account):
    servers.run("standby", "SELECT pg_wal_replay_pause()")
    try:
        write(ownlist, account, "Newest")

        assert "Newest" in read(ownlist, account)
        assert "Newest" in read(ownlist, account, EXPORT)
    finally:
        servers.run("standby", "SELECT pg_wal_replay_resume()")

    wait_for_replica(ownlist, servers, account)
    assert "Newest" in read(ownlist, account)


def test_a_replica_that_is_too_far_behind_is_not_asked(ownlist, servers, account):
    servers.run("standby", "SELECT pg_wal_replay_pause()")
    try:
        servers.run(
            "primary",
            "SELECT pg_logical_emit_message"
            f"(false, 'test', repeat('x', {OVER_THE_BOUND}))",
        )
        write(ownlist, account, "Newest")

        def is_left_alone():
            assert "Newest" in read(ownlist, account)
            return "too far behind" in outages(ownlist)

        until(is_left_alone)
        assert "MiB behind" in doctor(ownlist)
    finally:
        servers.run("standby", "SELECT pg_wal_replay_resume()")
    wait_for_replica(ownlist, servers, account)


def test_the_primary_answers_while_the_replica_is_away(ownlist, servers, account):
    servers.stop("standby")
    try:
        write(ownlist, account, "Meanwhile")

        for path in (FEED, EXPORT, FEED):
            assert "Meanwhile" in read(ownlist, account, path)
        assert ask(ownlist, {}, "GET", "/readyz")[0] == 200
        assert "can't be used" in doctor(ownlist)
    finally:
        servers.start("standby")

    wait_for_replica(ownlist, servers, account)
    assert outages(ownlist)


def test_a_frozen_replica_delays_a_request_by_seconds_at_most(
    ownlist, servers, account
):
    with servers.frozen("standby"):
        first = seconds_of_a_read(ownlist, account)
        # The limit of statements, 5 seconds for its answer, and 3 to connect again;
        # five times as long on a machine that is as slow.
        assert first < 5 * 10

        # It is not asked again at once.
        others = [seconds_of_a_read(ownlist, account) for _ in range(5)]
        assert min(others) < first / 2
    wait_for_replica(ownlist, servers, account)


def seconds_of_a_read(ownlist, account):
    began = time.monotonic()
    assert "Milk" in read(ownlist, account)
    return time.monotonic() - began


def test_the_doctor_and_the_metrics_know_it(ownlist, account):
    assert "bytes behind" in doctor(ownlist)
    until(lambda: metric(ownlist, "replica") > 0)


def metric(ownlist, result):
    address = ownlist.environment["METRICS_ADDRESS"]
    with urllib.request.urlopen(
        f"http://{address}/metrics", timeout=PATIENCE
    ) as answer:
        text = answer.read().decode()
    name = f'ownlist_replica_reads_total{{result="{result}"}} '
    return next(
        (
            int(line.removeprefix(name))
            for line in text.splitlines()
            if line.startswith(name)
        ),
        0,
    )


def test_nothing_was_written_to_the_replica(servers, account):
    """Neither here nor by what ran before."""
    log = servers.log("standby")

    assert "todos_change" in log
    assert not [
        line
        for line in log.splitlines()
        if "execute" in line and any(word in line for word in WRITES)
    ]


def doctor(ownlist):
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        env=ownlist.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    return "\n".join(line for line in lines if " replica " in line)
