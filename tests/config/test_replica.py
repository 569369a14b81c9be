"""Which reads a replica answers, and when the primary answers instead.

Here the replica is a second connection to the database of the tests. A streaming
standby is in tests/deploy/test_replica.py.
"""

import threading
from contextlib import contextmanager

import pytest
from django.db import (
    OperationalError,
    connection,
    connections,
    router,
    transaction,
)
from django.db.utils import InternalError
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config import checks, replica
from config.databases import replica_settings
from config.doctor import replica as doctor
from config.doctor.findings import Level
from config.outages import outages
from config.postgresql import pooling
from config.replica import KEPT_FOR, RETRIED_AFTER, Unusable, Watch
from config.row_security import rows_of
from tests.factories import TaskFactory
from tests.patience import PATIENCE
from todos.models import Ledger, Task, TaskQuerySet

on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="a replica needs PostgreSQL"
)


# --- When it is used --------------------------------------------------------------


class Examination:
    """Counts how often the replica is looked at, and fails as told."""

    def __init__(self, error=None):
        self.count = 0
        self.error = error

    def __call__(self, position):
        self.count += 1
        if self.error:
            raise self.error


@pytest.fixture
def codes(caplog):
    """What is logged of outages of the replica."""
    outages.forget()
    caplog.set_level("ERROR", "config.outages")
    yield lambda: [
        (one.part, one.code) for one in caplog.records if one.message == "outage"
    ]
    outages.forget()


def test_the_replica_is_looked_at_once_in_a_while():
    examination = Examination()
    watch = Watch(lambda: "0/0", examination)

    used = [watch.is_usable(now=100 + KEPT_FOR * n / 10) for n in range(20)]

    assert used == [True] * 20
    assert examination.count == 2


def test_a_replica_that_is_too_far_behind_is_left_alone_and_tried_again(codes):
    examination = Examination(Unusable("too far behind"))
    watch = Watch(lambda: "0/0", examination)

    assert not watch.is_usable(now=100)
    examination.error = None

    assert not watch.is_usable(now=100 + RETRIED_AFTER - 0.1)
    assert watch.is_usable(now=100 + RETRIED_AFTER)
    assert examination.count == 2
    assert codes() == [("replica", "too far behind")]


def test_an_error_of_the_primary_is_not_one_of_the_replica():
    def position():
        raise OperationalError

    watch = Watch(position, Examination())

    for _ in range(2):  # it does not stay locked
        with pytest.raises(OperationalError):
            watch.is_usable(now=100)


def test_nobody_waits_while_one_thread_looks():
    looks, ends = threading.Event(), threading.Event()

    def examine(position):
        looks.set()
        assert ends.wait(PATIENCE)

    watch = Watch(lambda: "0/0", examine)
    thread = threading.Thread(target=lambda: watch.is_usable(now=100))
    thread.start()
    assert looks.wait(PATIENCE)

    assert not watch.is_usable(now=100)

    ends.set()
    thread.join()
    assert watch.is_usable(now=100)


@pytest.mark.parametrize(
    ("behind", "text"),
    [
        (None, "not a standby"),
        (0, None),
        (replica.MOST_BEHIND, None),
        (replica.MOST_BEHIND + 1, "too far behind"),
    ],
)
def test_the_bound_is_of_bytes_that_are_not_replayed(behind, text, monkeypatch):
    monkeypatch.setattr(replica, "bytes_behind", lambda position: behind)

    try:
        replica.examine("0/0")
    except Unusable as error:
        assert str(error) == text
    else:
        assert text is None


def test_without_a_replica_nothing_is_asked(monkeypatch):
    monkeypatch.setattr(replica.watch, "is_usable", None)

    assert replica.read(lambda: "found", number=None) == "found"
    assert not router.routers


# --- What it answers --------------------------------------------------------------


@pytest.fixture
def second(settings, monkeypatch, transactional_db):
    """A replica that is always up to date: another connection to the same database."""
    connections["replica"] = connection.copy("replica")
    connections["replica"].settings_dict["ONLY_READS"] = True
    settings.DATABASE_REPLICA_URL = "postgres://standby/ownlist"
    settings.DATABASE_ROUTERS = ["config.replica.Router"]
    monkeypatch.setattr(replica, "watch", Watch(lambda: "0/0", Examination()))
    outages.forget()
    yield connections["replica"]
    connections["replica"].close()
    del connections["replica"]
    outages.forget()


@contextmanager
def statements():
    """Collect the statements of both databases that read owned rows."""
    both = {"default": [], "replica": []}
    with (
        CaptureQueriesContext(connections["default"]) as primary,
        CaptureQueriesContext(connections["replica"]) as standby,
    ):
        yield both
    for name, captured in (("default", primary), ("replica", standby)):
        both[name] += [query["sql"] for query in captured if '"todos_' in query["sql"]]


def tables(found):
    return [sql.partition(' FROM "')[2].partition('"')[0] for sql in found]


@on_postgresql
def test_the_feed_asks_the_primary_for_a_number_only(second, api_as, alice):
    program = api_as(alice)
    program.post(reverse("api:task-list"), {"title": "Milk"})

    with statements() as both:
        answer = program.get(reverse("api:change-list"))

    assert [change["after"]["title"] for change in answer.data["results"]] == ["Milk"]
    assert tables(both["default"]) == ["todos_ledger"]
    assert tables(both["replica"]) == ["todos_ledger", "todos_change"]


@on_postgresql
@pytest.mark.parametrize("name", ["json", "csv", "ics", "markdown"])
def test_an_export_asks_the_primary_for_a_number_only(second, api_as, alice, name):
    program = api_as(alice)
    program.post(reverse("api:task-list"), {"title": "Milk", "labels": ["home"]})

    with statements() as both:
        answer = program.get(reverse(f"api:export-{name}"))

    assert b"Milk" in b"".join(answer.streaming_content)
    assert tables(both["default"]) == ["todos_ledger"]
    assert tables(both["replica"])[0] == "todos_ledger"
    assert "todos_task" in tables(both["replica"])


@on_postgresql
def test_statistics_are_counted_at_the_replica(second, page_as, alice):
    TaskFactory(owner=alice, completed_at=alice.created_at)

    with statements() as both:
        answer = page_as(alice).get(reverse("todos:statistics"))

    assert answer.status_code == 200
    assert answer.context["total"] == 1
    assert any("todos_task" in sql and "COUNT" in sql for sql in both["replica"])
    assert not any('completed_at" >=' in sql for sql in both["default"])


@on_postgresql
def test_other_reads_and_all_writes_never_use_it(second, api_as, alice):
    program = api_as(alice)

    with statements() as both:
        made = program.post(reverse("api:task-list"), {"title": "Milk"})
        program.get(reverse("api:task-list"))
        program.get(reverse("api:task-detail", args=[made.data["id"]]))
        program.get(reverse("api:task-changes", args=[made.data["id"]]))
        program.patch(
            reverse("api:task-detail", args=[made.data["id"]]), {"title": "Oat milk"}
        )

    assert both["default"]
    assert both["replica"] == []


@on_postgresql
def test_the_primary_answers_what_the_replica_lacks(second, api_as, alice, monkeypatch):
    program = api_as(alice)
    program.post(reverse("api:task-list"), {"title": "Milk"})
    last_number = Ledger.objects.get(owner=alice).last_seq
    monkeypatch.setattr(
        "todos.replica_reads.last_number",
        lambda user: last_number - (replica.read_alias() == "replica"),
    )

    with statements() as both:
        answer = program.get(reverse("api:change-list"))

    assert len(answer.data["results"]) == 1
    assert tables(both["default"]) == ["todos_ledger", "todos_change"]
    assert both["replica"] == []


@on_postgresql
def test_the_primary_answers_when_the_replica_fails(second, api_as, alice, codes):
    program = api_as(alice)
    program.post(reverse("api:task-list"), {"title": "Milk"})
    second.settings_dict["PORT"] = 1  # where nothing listens

    for _ in range(3):
        answer = program.get(reverse("api:change-list"))

        assert answer.status_code == 200
        assert len(answer.data["results"]) == 1

    assert codes() == [("replica", "connection refused")]


@on_postgresql
def test_a_failure_in_the_midst_of_an_export_starts_it_again(
    second, api_as, alice, monkeypatch
):
    TaskFactory(owner=alice, title="Milk")
    values, failures = TaskQuerySet.values, []

    def fails_at_the_replica(self, *names):
        if "title" in names and self.db == "replica":
            failures.append(self.db)
            raise OperationalError("canceling statement due to conflict with recovery")
        return values(self, *names)

    monkeypatch.setattr(TaskQuerySet, "values", fails_at_the_replica)

    answer = api_as(alice).get(reverse("api:export-json"))
    text = b"".join(answer.streaming_content)

    assert failures == ["replica"]
    assert text.count(b"Milk") == 1
    assert text.startswith(b'{"format"')


@on_postgresql
def test_the_replica_is_not_asked_within_a_transaction(second, alice):
    with transaction.atomic():
        found = replica.read(replica.read_alias, number=lambda: 1)

    assert found == "default"
    assert replica.read(replica.read_alias, number=lambda: 1) == "replica"


# --- Its guarantees ---------------------------------------------------------------


@on_postgresql
@pytest.mark.parametrize("pooled", [False, True])
def test_nothing_can_be_written_to_it(second, alice, pooled):
    """Even if its URL names the primary by mistake, and behind a pooler."""
    second.settings_dict["POOLED"] = pooled
    with pytest.raises(InternalError, match="read-only"), second.cursor() as cursor:
        cursor.execute("DELETE FROM todos_task")
    with pytest.raises(InternalError, match="read-only"), transaction.atomic("replica"):
        TaskFactory.build(owner=alice).save(using="replica")
    assert replica.read(lambda: router.db_for_read(Task), number=int) == "replica"
    assert replica.read(lambda: router.db_for_write(Task), number=int) == "default"
    assert not router.allow_migrate("replica", "todos")


@on_postgresql
def test_it_shows_the_rows_of_one_user_only(second, alice, bob):
    TaskFactory(owner=alice)
    task = TaskFactory(owner=bob)

    def seen_by(user):
        with rows_of(user and user.pk), transaction.atomic("replica"):
            return list(Task.objects.using("replica").values_list("pk", flat=True))

    assert seen_by(bob) == [task.pk]
    assert seen_by(None) == []
    with rows_of(bob.pk):  # and outside a transaction
        assert Task.objects.using("replica").count() == 1


@on_postgresql
def test_it_has_the_time_limits_of_the_primary(second):
    with transaction.atomic("replica"), second.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'),"
            " current_setting('lock_timeout'),"
            " current_setting('transaction_isolation')"
        )
        assert cursor.fetchone() == ("15s", "5s", "repeatable read")


@on_postgresql
def test_a_server_that_is_not_a_standby_is_not_used(second):
    assert replica.bytes_behind(replica.log_position()) is None


@pytest.mark.parametrize(
    ("used", "named", "is_refused"),
    [
        ("postgres://u@h/d", "postgres://u@h2/d", False),
        ("postgres://u@h/d", "sqlite:///x", True),
        ("postgres://u@h/d", "no url", True),
        ("sqlite:///x", "postgres://u@h2/d", True),
    ],
)
def test_the_start_is_refused_if_it_is_not_postgresql(
    settings, monkeypatch, used, named, is_refused
):
    for alias, url in (("default", used), ("replica", named)):
        chosen = replica_settings(url, pooled=False)
        monkeypatch.setitem(settings.DATABASES, alias, chosen)

    found = [message.id for message in checks.check_replica()]

    assert found == (["config.E027"] if is_refused else [])


@on_postgresql
def test_the_server_does_not_start_if_a_pooler_lends_sessions_of_it(
    second, monkeypatch
):
    asked = []

    def lends_sessions(database):
        asked.append(database.alias)
        return database.alias == "replica"

    monkeypatch.setattr(pooling, "lends_sessions", lends_sessions)
    monkeypatch.setattr(connections, "settings", {"default": {}, "replica": {}})

    with pytest.raises(SystemExit, match="DATABASE_POOLED=true"):
        pooling.refuse_unknown_pooler()

    assert asked == ["default", "replica"]


# --- The doctor -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behind", "level", "text"),
    [
        (4096, Level.OK, "4,096 bytes behind"),
        (32 * 1024 * 1024, Level.WARNING, "32 MiB behind"),
        (None, Level.WARNING, "not a standby"),
    ],
)
def test_the_doctor_says_how_far_it_is_behind(monkeypatch, behind, level, text):
    monkeypatch.setattr(replica, "log_position", lambda: "0/0")
    monkeypatch.setattr(replica, "bytes_behind", lambda position: behind)
    monkeypatch.setattr(doctor, "connections", {"replica": None})
    monkeypatch.setattr(doctor, "_identifier", lambda database: 1)

    (finding,) = doctor.check_replica()

    assert finding.level == level
    assert text in finding.text


def test_the_doctor_finds_a_replica_of_another_database(monkeypatch):
    monkeypatch.setattr(replica, "log_position", lambda: "0/0")
    monkeypatch.setattr(replica, "bytes_behind", lambda position: 0)
    monkeypatch.setattr(doctor, "connections", {"replica": None})
    monkeypatch.setattr(doctor, "_identifier", lambda database: database is None)

    (finding,) = doctor.check_replica()

    assert finding.level == Level.ERROR
    assert "another database" in finding.text


@on_postgresql
def test_the_role_of_the_service_may_read_which_cluster_it_is(db):
    assert doctor._identifier(connection) > 0
