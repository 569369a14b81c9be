"""The mail server refuses, or accepts connections and never answers."""

import secrets
import sqlite3
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from tests import served
from tests.faults.accounts import Account
from tests.faults.client import ask
from tests.faults.drill import Readiness
from tests.faults.load import USERS
from tests.mail_server import mail_server
from tests.patience import until
from tests.tcp_proxy import TcpProxy

pytestmark = pytest.mark.faults

PART = "mail"
SIGN_UPS = 12


@pytest.fixture(scope="module")
def mails():
    """A mail server, and the network before it."""
    with mail_server() as server:
        network = TcpProxy("127.0.0.1", server.port)
        yield server, network
        network.close()


@pytest.fixture(scope="module")
def instances(start, mails):
    _, network = mails
    with start(EMAIL_URL=f"smtp://127.0.0.1:{network.port}") as running:
        running.wait_for_workers(running.ports[0])
        yield running


def sign_up(port, email=None):
    body = {"email": email or f"{secrets.token_hex(8)}@example.com"}
    body["password"] = served.PASSWORD
    return ask(port, "POST", "/api/v1/auth/register", body=body)


@pytest.fixture
def members(instances):
    """Users of the load, whose addresses count as verified."""
    (port,) = instances.ports
    emails = [f"{secrets.token_hex(8)}@example.com" for _ in range(USERS)]
    assert [sign_up(port, email).status for email in emails] == [202] * USERS
    with closing(sqlite3.connect(instances.database)) as database, database:
        database.execute("UPDATE account_emailaddress SET verified = 1")
    return [_sign_in(port, email) for email in emails]


def _sign_in(port, email):
    body = {"email": email, "password": served.PASSWORD}
    pair = ask(port, "POST", "/api/v1/auth/token", body=body).body
    headers = {"Authorization": f"Bearer {pair['access']}"}
    return Account(headers)


def sign_ups(port):
    """Sign up several users at once, and return the answers."""
    with ThreadPoolExecutor(SIGN_UPS) as pool:
        return list(pool.map(sign_up, [port] * SIGN_UPS))


def assert_told_to_come_back(answers):
    assert [str(one) for one in answers if not one.asks_to_repeat] == []


REMINDERS = 40
SENDERS = 3


@contextmanager
def senders(instances, number):
    """Run senders of reminders, and stop those that are left."""
    program = [sys.executable, "manage.py", "send_reminders", "--forever"]
    running = [
        subprocess.Popen(program, env=instances.environment, stdout=subprocess.DEVNULL)
        for _ in range(number)
    ]
    try:
        yield running
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


def remind(port, member, number):
    """Create a task whose reminder is due."""
    due = datetime.now(UTC) - timedelta(minutes=2)
    body = {"title": f"Remind {number}", "due_date": f"{due:%Y-%m-%d}"}
    body |= {"due_time": f"{due:%H:%M}", "due_tz": "UTC"}
    body |= {"reminder": {"minutes_before": 0}}
    answer = ask(port, "POST", "/api/v1/tasks", member.headers, body)
    assert answer.status == 201, answer
    member.created[body["title"]] = answer.body["id"]


def pending(instances):
    with closing(sqlite3.connect(instances.database)) as database:
        query = "SELECT count(*) FROM todos_task WHERE remind_on IS NOT NULL"
        return database.execute(query).fetchone()[0]


def test_a_sender_of_reminders_is_killed(fault, instances, mails, members):
    (port,) = instances.ports
    server, _ = mails
    name = f"{SENDERS} senders of {REMINDERS} reminders, one of them killed (SIGKILL)"
    for number in range(REMINDERS):
        remind(port, members[0], number)
    with closing(sqlite3.connect(instances.database)) as database, database:
        # They were due when they were made, so none was planned.
        database.execute(
            "UPDATE todos_task SET remind_on = due_date WHERE title LIKE 'Remind %'"
        )
    assert pending(instances) == REMINDERS
    before = server.mails.qsize()
    with (
        fault(name, instances, readiness=Readiness.READY, members=members),
        senders(instances, SENDERS) as running,
    ):
        until(lambda: server.mails.qsize() >= before + REMINDERS // 4)
        running[0].kill()
        until(lambda: not pending(instances))
    subjects = Counter(mail["Subject"] for mail in list(server.mails.queue)[before:])

    assert set(subjects.values()) == {1}
    # One that is killed while it sends loses that reminder.
    assert len(subjects) in {REMINDERS - 1, REMINDERS}


def test_it_refuses(fault, instances, mails, members):
    (port,) = instances.ports
    server, _ = mails
    name = f"refuses, {SIGN_UPS} sign-ups at once"
    with fault(name, instances, readiness=Readiness.READY, members=members):
        server.answers["MAIL"] = "451 Try again later"
        refused = sign_ups(port)
        server.answers.clear()
    after = sign_up(port)

    assert_told_to_come_back(refused)
    assert after.status == 202


def test_it_never_answers(fault, instances, mails, members):
    (port,) = instances.ports
    _, network = mails
    name = f"never answers, {SIGN_UPS} sign-ups at once"
    with (
        fault(name, instances, readiness=Readiness.READY, members=members) as load,
        network.cut(),
    ):
        refused = sign_ups(port)
        load.wait_for_requests(20)
    after = sign_up(port)

    assert_told_to_come_back(refused)
    assert after.status == 202
