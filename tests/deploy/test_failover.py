"""A standby takes over from a primary that dies under load, by a URL of two hosts."""

import http.client
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import pytest

from tests import served
from tests.benchmarks import processes
from tests.patience import until
from tests.standby import Servers

pytestmark = pytest.mark.slow

WRITERS = 4
PAUSE = 0.02  # seconds between two requests of one writer
# Seconds from the promotion to the first success. It takes one or two; the machine may
# be slow.
BOUND = 60.0


@dataclass
class Written:
    """What the writers sent: the time, status and Retry-After of each, and titles."""

    answers: list[tuple[float, int, str | None]] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)

    def has(self, status, *, since=0.0):
        return any(at > since and one == status for at, one, _ in list(self.answers))


@contextmanager
def writing(ownlist, headers):
    """Create tasks from several threads during the block."""
    written, ended, numbers = Written(), threading.Event(), count()

    def run():
        while not ended.wait(PAUSE):
            with ownlist.connected() as connection:
                create(connection, f"Task {next(numbers)}")

    def create(connection, title):
        body = json.dumps({"title": title})
        try:
            connection.request("POST", "/api/v1/tasks", body, headers)
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            written.answers.append((time.monotonic(), 0, None))
            return
        retry_after = response.headers["Retry-After"]
        written.answers.append((time.monotonic(), response.status, retry_after))
        if response.status == 201:
            written.acknowledged.append(title)

    writers = [threading.Thread(target=run) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        yield written
    finally:
        ended.set()
        for writer in writers:
            writer.join()


def ready(ownlist):
    with ownlist.connected() as connection:
        connection.request("GET", "/readyz")
        return connection.getresponse().status


def titles(ownlist, headers):
    found, path = [], "/api/v1/tasks?view=all&fields=title&page_size=200"
    while path:
        with ownlist.connected() as connection:
            connection.request("GET", path, headers=headers)
            page = json.loads(connection.getresponse().read())
        found += [task["title"] for task in page["results"]]
        path = page["next"] and page["next"].partition("/api/")[2]
        path = path and f"/api/{path}"
    return found


def titles_in_feed(ownlist, headers):
    """Read the whole feed, of which the standby answered a part before."""
    found, since = [], 0
    while True:
        with ownlist.connected() as connection:
            path = f"/api/v1/changes?since={since}&page_size=200"
            connection.request("GET", path, headers=headers)
            page = json.loads(connection.getresponse().read())
        if not page["results"]:
            return found
        changes = [one for one in page["results"] if one["entity"] == "task"]
        found += [one["after"]["title"] for one in changes]
        since = page["next"]


def test_a_standby_takes_over_and_nothing_acknowledged_is_lost(tmp_path):
    with (
        Servers(synchronous=True) as servers,
        served.serving(
            tmp_path,
            workers=2,
            DATABASE_URL=servers.address_of_both(servers.url("primary")),
            DATABASE_REPLICA_URL=servers.url("standby"),
        ) as ownlist,
    ):
        headers = ownlist.register() | {"Content-Type": "application/json"}
        workers = processes.children_of(ownlist.pid)

        with writing(ownlist, headers) as written:
            until(lambda: len(written.acknowledged) >= 50)
            assert titles_in_feed(ownlist, headers)
            servers.kill("primary")
            killed_at = time.monotonic()
            until(lambda: written.has(503, since=killed_at))
            until(lambda: ready(ownlist) == 503)
            servers.promote()
            promoted_at = time.monotonic()
            until(lambda: written.has(201, since=promoted_at))
            recovered_after = time.monotonic() - promoted_at
            until(lambda: ready(ownlist) == 200)
            enough = len(written.acknowledged) + 50
            until(lambda: len(written.acknowledged) >= enough)

        stored = titles(ownlist, headers)
        assert set(written.acknowledged) <= set(stored)
        assert len(stored) == len(set(stored))
        assert sorted(titles_in_feed(ownlist, headers)) == sorted(stored)
        assert {status for _, status, _ in written.answers} == {201, 503}
        assert all(after for _, status, after in written.answers if status == 503)
        assert recovered_after < BOUND
        assert processes.children_of(ownlist.pid) == workers
        print(
            f"{len(written.acknowledged)} acknowledged, right again"
            f" {recovered_after:.2f} s after the promotion"
        )
