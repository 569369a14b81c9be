"""Clients that send slowly, never read or send too much, beside those that behave."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress

import pytest

from tests.faults import accounts
from tests.faults.client import ask
from tests.faults.drill import Readiness

pytestmark = pytest.mark.faults

PART = "clients"
SENDERS = 200
READERS = 100
LARGE = 30  # clients
MEBIBYTE = 1024 * 1024
SOON = 3  # seconds that others may wait on a busy machine
TASKS = 200  # of one page
NOTES = "x" * 5_000


@pytest.fixture(scope="module")
def instances(start, prepared):
    with start(**prepared) as running:
        running.wait_for_workers(running.ports[0])
        yield running


@pytest.fixture
def user(instances):
    return accounts.register(instances.ports[0])


def assert_others_notice_nothing(load):
    late = [one for one in load.answers if not one.is_good or one.seconds > SOON]
    assert [f"{one}, after {one.seconds:.1f} s" for one in late] == []


def head(user, method, path, **fields):
    """Return the head of a request of the user."""
    fields = {"Host": "127.0.0.1", **user.headers, **fields}
    lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode()


@contextmanager
def connections(port, number):
    """Yield open connections that receive little at once."""
    with ExitStack() as stack:
        opened = []
        for _ in range(number):
            one = stack.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.settimeout(30)
            one.connect(("127.0.0.1", port))
            opened.append(one)
        yield opened


def test_many_send_slowly(fault, instances, user):
    (port,) = instances.ports
    name = f"{SENDERS} send a byte of a body now and then"
    fields = {"Content-Type": "application/json", "Content-Length": "1000"}
    ended = threading.Event()

    def drip(opened):
        while not ended.wait(0.5):
            for one in opened:
                with suppress(OSError):  # it was refused
                    one.send(b" ")

    with (
        fault(name, instances, readiness=Readiness.READY) as load,
        connections(port, SENDERS) as opened,
    ):
        for one in opened:
            one.sendall(head(user, "POST", "/api/v1/tasks", **fields))
        dripping = threading.Thread(target=drip, args=[opened])
        dripping.start()
        try:
            load.wait_for_requests(120)
        finally:
            ended.set()
            dripping.join()

    assert_others_notice_nothing(load)


def test_many_never_read(fault, instances, user):
    (port,) = instances.ports
    name = f"{READERS} ask for 1 MB and never read it"
    rows = [{"title": f"Row {number}", "notes": NOTES} for number in range(TASKS)]
    for row in rows:
        assert ask(port, "POST", "/api/v1/tasks", user.headers, row).status == 201
    path = f"/api/v1/tasks?page_size={TASKS}"
    answer = ask(port, "GET", path, user.headers)
    assert len(answer.body["results"]) == TASKS
    with (
        fault(name, instances, readiness=Readiness.READY) as load,
        connections(port, READERS) as opened,
    ):
        for one in opened:
            one.sendall(head(user, "GET", path))
        load.wait_for_requests(120)

    assert_others_notice_nothing(load)


def send_too_much(port, user):
    """Announce and send 50 MiB as a new task; return what was answered."""
    fields = {"Content-Type": "application/json", "Content-Length": 50 * MEBIBYTE}
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head(user, "POST", "/api/v1/tasks", **fields))
        with suppress(OSError):  # it ends the connection, once it has discarded enough
            for _ in range(50):
                connection.sendall(b" " * MEBIBYTE)
        with suppress(OSError):
            return connection.recv(4096)
        return b""


def test_many_send_too_much(fault, instances, user):
    (port,) = instances.ports
    name = f"{LARGE} send 50 MiB at once"
    with (
        fault(name, instances, readiness=Readiness.READY) as load,
        ThreadPoolExecutor(LARGE) as pool,
    ):
        answers = list(pool.map(lambda _: send_too_much(port, user), range(LARGE)))
        load.wait_for_requests(40)
    statuses = {answer.split(b" ")[1] for answer in answers if answer}

    assert statuses == {b"413"}
    assert_others_notice_nothing(load)
