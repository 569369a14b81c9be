"""Constraints, keys and indexes of the database, tested without the actions."""

from datetime import UTC, date, datetime, time

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import User
from config.api.pagination import page_of
from tests.factories import TaskFactory, UserFactory
from todos.models import Change, Label, Task, TaskLabel, TaskList
from todos.pages.listing import BY_DUE
from todos.schedule.days import Clock

on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="requires PostgreSQL"
)
pytestmark = pytest.mark.django_db


def inbox_of(user):
    return user.task_lists.get(is_inbox=True)


def task_of(user, **fields):
    """Store a task without an action, whatever its fields are."""
    fields.setdefault("list", inbox_of(user))
    return Task.objects.create(owner=user, title=fields.pop("title", "Task"), **fields)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("todos_task_title_not_blank", {"title": ""}),
        ("todos_task_priority_1_to_4", {"priority": 0}),
        ("todos_task_priority_1_to_4", {"priority": 5}),
        ("todos_task_time_needs_date", {"due_time": time(9)}),
        (
            "todos_task_zone_needs_time",
            {"due_date": date(2027, 1, 1), "due_tz": "Europe/Berlin"},
        ),
        ("todos_task_rule_has_anchor", {"rrule": "FREQ=DAILY"}),
        ("todos_task_rule_has_anchor", {"rrule_anchor": "due"}),
        ("todos_task_series_has_occurrence", {"series": uuid7()}),
        ("todos_task_series_has_occurrence", {"occurrence": 1}),
    ],
)
def test_contradictory_tasks_are_not_stored(alice, name, fields):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        task_of(alice, **fields)

    assert not Task.objects.exists()


def test_an_occurrence_of_a_series_is_stored_once(alice):
    series = uuid7()
    task_of(alice, series=series, occurrence=1)

    with pytest.raises(IntegrityError), transaction.atomic():
        task_of(alice, series=series, occurrence=1)


def test_a_task_cannot_be_its_own_step(alice):
    task = task_of(alice)

    with pytest.raises(IntegrityError), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(parent=task)


def test_a_user_has_exactly_one_inbox(alice):
    inbox = TaskList.objects.filter(pk=inbox_of(alice).pk)

    for broken in (
        lambda: TaskList.objects.create(owner=alice, name="Inbox", is_inbox=True),
        lambda: inbox.update(trashed_at=timezone.now()),
        lambda: inbox.update(archived_at=timezone.now()),
        lambda: inbox.update(name=""),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            broken()


def test_label_keys_are_unique_for_each_owner(alice, bob):
    Label.objects.create(owner=alice, name="Home", key="home")
    Label.objects.create(owner=bob, name="Home", key="home")

    for broken in ({"name": "HOME", "key": "home"}, {"name": "", "key": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Label.objects.create(owner=alice, **broken)


def test_a_label_is_stored_once_for_each_task(alice):
    task = task_of(alice)
    label = Label.objects.create(owner=alice, name="Home", key="home")
    TaskLabel.objects.create(owner=alice, task=task, label=label)

    with pytest.raises(IntegrityError), transaction.atomic():
        TaskLabel.objects.create(owner=alice, task=task, label=label)


def test_numbers_of_the_ledger_are_unique_for_each_owner(alice):
    fields = {
        "owner": alice,
        "seq": 1,
        "at": timezone.now(),
        "entity": "task",
        "entity_id": uuid7(),
        "kind": "created",
        "credential": "command",
        "batch": uuid7(),
    }
    Change.objects.create(**fields)

    with pytest.raises(IntegrityError), transaction.atomic():
        Change.objects.create(**fields)


def test_addresses_are_unique_and_in_lower_case(alice):
    for email in ("ALICE@example.com", "alice@example.com"):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(email=email)


def test_several_users_can_have_no_address(db):
    User.objects.create_user()
    User.objects.create_user()

    assert User.objects.filter(email=None).count() == 2


def test_deleting_a_user_deletes_all_their_rows(alice, bob):
    task = TaskFactory(owner=alice, labels=["home"])
    TaskFactory(owner=alice, parent_id=task.pk)
    TaskFactory(owner=bob, labels=["home"])

    alice.delete()

    for model in (TaskList, Task, Label, TaskLabel, Change):
        assert set(model.objects.values_list("owner", flat=True)) == {bob.pk}


# --- References include the owner -------------------------------------------------


def execute(statement, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@on_postgresql
@pytest.mark.parametrize(
    ("column", "key"),
    [
        ("list_id", "todos_task_list_id_owner"),
        ("parent_id", "todos_task_parent_id_owner"),
    ],
)
def test_a_task_cannot_refer_to_rows_of_another_user(alice, bob, column, key):
    hers, his = task_of(alice), task_of(bob)
    target = his.list_id if column == "list_id" else his.pk

    with pytest.raises(IntegrityError, match=key):
        execute(
            f"UPDATE todos_task SET {column} = %s WHERE id = %s",  # noqa: S608
            target,
            hers.pk,
        )


@on_postgresql
def test_a_task_cannot_be_inserted_into_a_list_of_another_user(alice, bob):
    with pytest.raises(IntegrityError, match="todos_task_list_id_owner"):
        execute(
            "INSERT INTO todos_task (id, owner_id, list_id, title, notes, priority,"
            " due_tz, rrule, rrule_anchor, position, created_at, updated_at, version)"
            " VALUES (%s, %s, %s, 'x', '', 3, '', '', '', 1, now(), now(), 1)",
            uuid7(),
            alice.pk,
            inbox_of(bob).pk,
        )


@on_postgresql
def test_the_owner_of_a_task_cannot_be_changed(alice, bob):
    hers = task_of(alice)

    with pytest.raises(IntegrityError, match="todos_task_list_id_owner"):
        execute("UPDATE todos_task SET owner_id = %s WHERE id = %s", bob.pk, hers.pk)


@on_postgresql
@pytest.mark.parametrize("owner", ["alice", "bob"])
def test_a_label_cannot_be_added_to_a_task_of_another_user(alice, bob, owner):
    hers = task_of(alice)
    his = Label.objects.create(owner=bob, name="Home", key="home")

    with pytest.raises(IntegrityError, match="todos_tasklabel_(label|task)_id_owner"):
        execute(
            "INSERT INTO todos_tasklabel (owner_id, task_id, label_id)"
            " VALUES (%s, %s, %s)",
            {"alice": alice, "bob": bob}[owner].pk,
            hers.pk,
            his.pk,
        )


@on_postgresql
def test_every_reference_between_owned_rows_includes_the_owner(alice):
    """This includes references that are added later."""
    owned = ["todos_task", "todos_tasklist", "todos_label", "todos_tasklabel"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, cardinality(conkey) FROM pg_constraint"
            " WHERE contype = 'f' AND conrelid::regclass::text = ANY(%s)"
            " AND confrelid::regclass::text = ANY(%s)",
            [owned, owned],
        )
        keys = dict(cursor.fetchall())

    assert len(keys) == 4
    assert set(keys.values()) == {2}


# --- Query plans ------------------------------------------------------------------


@pytest.fixture
def filled(alice):
    """Store tasks of many users, so that a sequential scan would be expensive."""
    users = [alice, *UserFactory.create_batch(39)]
    now = timezone.now()
    rows = []
    for user in users:
        inbox = inbox_of(user)
        rows += [
            Task(
                owner=user,
                list=inbox,
                title=f"Task {number}",
                position=number,
                due_date=date(2027, 1, 1 + number % 28) if number % 3 else None,
                completed_at=now if number % 4 == 0 else None,
                # Enough in the trash that reading that of all users is dearer.
                trashed_at=now if number % 5 == 0 else None,
                created_at=now,
            )
            for number in range(300)
        ]
    Task.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return alice


CLOCK = Clock(now=datetime(2027, 1, 2, 12, tzinfo=UTC), zone=UTC)
QUERIES = {
    "todos_task_open": lambda tasks: tasks.open().order_by("position", "id"),
    "todos_task_due": lambda tasks: tasks.due_by(CLOCK, zones=()).order_by(*BY_DUE),
    "todos_task_completed": lambda tasks: tasks.completed().order_by(
        "-completed_at", "-id"
    ),
    "todos_task_created": lambda tasks: tasks.live().order_by("-created_at", "-id"),
    "todos_task_trashed": lambda tasks: tasks.trashed(),
}


@on_postgresql
@pytest.mark.parametrize("index", QUERIES)
def test_frequent_queries_use_their_index(filled, index):
    rows = QUERIES[index](Task.objects.owned_by(filled))[:51]

    plan = rows.explain()

    assert index in plan
    assert "Seq Scan" not in plan
    assert "Sort" not in plan or index == "todos_task_trashed"


@on_postgresql
def test_the_open_tasks_of_a_list_are_counted_in_an_index(filled):
    lists = TaskList.objects.owned_by(filled).with_open_counts(at_most=10)

    plan = lists.explain()

    assert "Index Only Scan using todos_task_open_in_list" in plan
    assert [row.open_count for row in lists] == [10]


@on_postgresql
@pytest.mark.parametrize(
    ("index", "ordering"),
    [
        ("todos_task_open", "position"),
        ("todos_task_open", "-position"),
        ("todos_task_created", "-created_at"),
        ("todos_task_completed", "-completed_at"),
        ("todos_task_completed", "completed_at"),
    ],
)
def test_pages_of_the_api_are_read_in_order_without_sorting(filled, index, ordering):
    tasks = Task.objects.owned_by(filled)
    view = {"todos_task_open": tasks.open, "todos_task_completed": tasks.completed}
    tasks = view.get(index, tasks.live)()
    name = ordering.removeprefix("-")
    with CaptureQueriesContext(connection) as captured:
        page_of(
            tasks.values("id", name),
            ordering=ordering,
            size=50,
            cursor=None,
            is_filled=True,
        )

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {captured[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert index in plan
    assert "Sort" not in plan.replace("Incremental Sort", "")


@on_postgresql
def test_one_task_is_found_by_its_key(filled):
    task = Task.objects.owned_by(filled).first()

    plan = Task.objects.owned_by(filled).filter(pk=task.pk).explain()

    assert "Seq Scan" not in plan


@on_postgresql
def test_the_history_of_a_task_uses_its_index(filled):
    TaskFactory.create_batch(30, owner=filled)
    Change.objects.bulk_create(
        Change(
            owner=filled,
            seq=1000 + number,
            at=timezone.now(),
            entity="task",
            entity_id=uuid7(),
            kind="created",
            credential="command",
            batch=uuid7(),
        )
        for number in range(3000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    change = Change.objects.first()

    plan = Change.objects.owned_by(filled).of("task", change.entity_id).explain()

    assert "todos_change_of_entity" in plan
