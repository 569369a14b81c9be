"""Row-level security: the second layer of isolation, on PostgreSQL.

Here the first layer is switched off: `owned_by` returns the rows of all users. Requests
still find no row of another user. The tests run as a role like that of a deployment,
see `tests.runtime_role`.
"""

from contextlib import contextmanager
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import (
    IntegrityError,
    ProgrammingError,
    connection,
    transaction,
)
from django.db.models import Q
from django.utils import timezone

from config.checks import check_runtime_role
from config.compiled_queries import CompiledQuery
from config.postgresql.roles import Role, as_owner
from config.row_security import rows_of
from tests.changes import caller_of
from tests.factories import TaskFactory, TaskListFactory
from tests.runtime_role import owned_models
from tests.signing_in import browser_of, password_at, program_of
from tests.test_access_matrix import API, PAGES, AliceObjects
from todos import actions, import_files
from todos.across_owners import surplus_import_files, waiting_reminders
from todos.idempotency import store_answer
from todos.models import Change, IdempotentAnswer, ImportFile, Label, Task, TaskList
from todos.models.owned import OwnedQuerySet

pytestmark = pytest.mark.needs_postgresql

SECRET = "Zebra"  # in all texts of Alice


@pytest.fixture(autouse=True)
def _on_postgresql(db):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no row-level security")


@pytest.fixture
def no_owned_by(hers, monkeypatch):
    """Switch off the first layer, once the rows of Alice exist.

    Compiled queries must still name the owner.
    """

    def everything(rows, user):
        return rows.filter(Q(owner=user.pk) | Q(owner__isnull=False))

    monkeypatch.setattr(OwnedQuerySet, "owned_by", everything)
    monkeypatch.setattr(CompiledQuery, "_of_this_thread", CompiledQuery._compile)


class Secrets(AliceObjects):
    """Everything that Alice can own, with her secret in each text."""

    def __init__(self, alice):
        super().__init__(alice)
        caller, now = caller_of(alice), timezone.now()
        self.task = TaskFactory(
            owner=alice,
            title=SECRET,
            notes=SECRET,
            labels=[SECRET],
            due_date="2026-01-01",
        )
        TaskFactory(owner=alice, parent_id=self.task.pk, title=f"{SECRET} step")
        self.done = TaskFactory(owner=alice, title=f"{SECRET} done")
        actions.complete_task(caller, task_id=self.done.pk)
        self.trashed = TaskFactory(owner=alice, title=f"{SECRET} trash")
        actions.trash_task(caller, task_id=self.trashed.pk)
        self.list = TaskListFactory(owner=alice, name=f"{SECRET} list")
        self.label = Label.objects.get(owner=alice, name=SECRET)
        store_answer(
            owner=alice,
            key="key",
            request_digest=b"",
            status=200,
            headers={},
            body=SECRET.encode(),
            at=now,
        )
        self.upload = import_files.keep(
            alice,
            name=f"{SECRET}.csv",
            format="csv",
            mapping={},
            content=SECRET.encode(),
            report={},
            at=now,
        )


@pytest.fixture
def hers(alice):
    return Secrets(alice)


# --- Requests without the first layer ---------------------------------------------

READS = [row for row in API + PAGES if row.method == "GET"]
LISTINGS = [
    "api/v1/tasks?view=all",
    "api/v1/tasks?view=trash",
    f"api/v1/tasks?q={SECRET}&view=all",
    f"api/v1/tasks?label={SECRET}",
    "api/v1/lists?view=all",
    "api/v1/changes?since=0",
    f"search/?q={SECRET}",
    f"api/tasks/search?q={SECRET}",
]


def clients_of(user):
    browser = browser_of(user, proof=password_at(timezone.now()))
    return {True: program_of(user), False: browser}


def test_the_first_layer_is_really_off(bob, hers, no_owned_by):
    assert hers.task in Task.objects.owned_by(bob)


@pytest.mark.parametrize(
    "route", [*{row.route: None for row in READS}, *LISTINGS], ids=str
)
def test_no_request_reads_a_row_of_another_user(bob, hers, no_owned_by, route):
    path = hers.path_of(route)
    client = clients_of(bob)[path.startswith("/api/")]

    response = client.get(path)

    assert response.status_code < 500
    content = b"".join(response) if response.streaming else response.content
    if "?q=" not in route:  # these repeat the question
        assert SECRET.encode() not in content
    assert str(hers.task.pk).encode() not in content.replace(path.encode(), b"")


WRITES = [row for row in API + PAGES if row.method != "GET" and "<" in row.route]


@pytest.mark.parametrize("row", WRITES, ids=lambda row: f"{row.method} {row.route}")
def test_no_request_changes_a_row_of_another_user(bob, hers, no_owned_by, row):
    path = hers.path_of(row.route)
    is_api = path.startswith("/api/")
    before = state_of(hers.alice)
    body = hers.named_in.get(id(row.body), row.body)

    client = clients_of(bob)[is_api]
    response = getattr(client, row.method.lower())(path, body)

    assert response.status_code == row.stranger
    assert state_of(hers.alice) == before


def state_of(user):
    models = [model for model in owned_models() if model is not IdempotentAnswer]
    return [
        list(model.objects.filter(owner=user).order_by("pk").values())
        for model in models
    ]


def test_a_user_still_reaches_their_own_rows_without_it(hers, no_owned_by):
    client = program_of(hers.alice)

    tasks = client.get("/api/v1/tasks").json()["results"]

    assert SECRET in [task["title"] for task in tasks]


# --- Statements -------------------------------------------------------------------


def count(model):
    """Return how many rows of a model a plain statement finds."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {model._meta.db_table}")  # noqa: S608
        return cursor.fetchone()[0]


def test_without_a_user_no_owned_row_is_visible(hers, bob):
    with rows_of(None):
        assert {model: count(model) for model in owned_models() if count(model)} == {}
    with rows_of(hers.alice.pk):
        assert all(count(model) for model in owned_models())
    with rows_of(bob.pk):
        assert count(TaskList) == 1  # the inbox
        assert count(Task) == 0


@contextmanager
def refused():
    with (
        pytest.raises(ProgrammingError, match="violates row-level security"),
        transaction.atomic(),
    ):
        yield


def test_rows_for_another_owner_are_refused(hers, bob):
    his = TaskFactory(owner=bob)
    with rows_of(bob.pk):
        with refused():
            Label.objects.create(owner=hers.alice, name="x", key="x")
        with refused():
            Task.objects.filter(pk=his.pk).update(owner=hers.alice)
        with refused():
            Task.objects.bulk_create(
                [
                    Task.new(
                        owner_id=hers.alice.pk, at=timezone.now(), list_id=hers.list.pk
                    )
                ]
            )


def test_rows_of_another_owner_are_neither_changed_nor_deleted(hers, bob):
    with rows_of(bob.pk):
        assert Task.objects.filter(pk=hers.task.pk).update(title="x") == 0
        assert Label.objects.all().delete()[0] == 0
        assert not Task.objects.select_for_update().filter(pk=hers.task.pk)


def test_the_role_can_neither_switch_it_off_nor_empty_a_table_by_other_means(hers):
    role = Role.of_connection()

    assert not role.bypasses_row_security
    assert not role.owns_tables
    for statement in (
        "ALTER TABLE todos_task DISABLE ROW LEVEL SECURITY",
        "DROP POLICY owner_only ON todos_task",
        "SET LOCAL session_replication_role = replica",
    ):
        with pytest.raises(ProgrammingError), transaction.atomic():
            execute(statement)
    execute("SET LOCAL app.maintenance = 'on'")  # for the owner of the tables alone
    with rows_of(None):
        assert count(Task) == 0


def execute(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


# --- One connection, many users ---------------------------------------------------


@pytest.fixture
def lists(transactional_db, alice, bob):
    """Return a function that names the owners of the visible lists."""
    names = {alice.pk: "alice", bob.pk: "bob"}

    def owners():
        found = TaskList.objects.values_list("owner", flat=True)
        return [names[owner] for owner in found]

    return owners


def session_setting():
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('app.user_id', true), '')")
        return cursor.fetchone()[0]


def test_nothing_remains_on_a_connection(lists, alice, bob):
    """A pooler in transaction mode gives each transaction to anyone."""
    for _ in range(8):  # from the fourth time on, the statement is prepared
        for user, name in ((alice, "alice"), (bob, "bob")):
            with rows_of(user.pk):
                assert lists() == [name]
            with rows_of(user.pk), transaction.atomic():
                assert lists() == [name]
            with rows_of(None):
                assert lists() == []
                assert session_setting() == ""
                with transaction.atomic():
                    assert lists() == []


def test_requests_of_two_users_on_one_connection_see_their_own(lists, alice, bob):
    clients = {user: program_of(user) for user in (alice, bob)}
    with rows_of(None):
        for _ in range(5):
            for user, client in clients.items():
                created = client.post("/api/v1/tasks", {"title": user.display_name})
                shown = client.get("/api/v1/tasks").json()["results"]

                assert created.status_code == 201
                assert {task["title"] for task in shown} == {user.display_name}
            assert session_setting() == ""


def test_the_user_can_change_within_a_transaction(lists, alice, bob):
    with rows_of(alice.pk), transaction.atomic():
        assert lists() == ["alice"]
        with rows_of(bob.pk):
            assert lists() == ["bob"]
        with rows_of(None):
            assert lists() == []
        assert lists() == ["alice"]


def test_a_rollback_to_a_savepoint_does_not_restore_an_earlier_user(lists, alice, bob):
    with rows_of(alice.pk), transaction.atomic():
        assert lists() == ["alice"]
        with rows_of(bob.pk):
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                lists()
                raise ZeroDivisionError
            assert lists() == ["bob"]


def test_an_error_within_a_transaction_can_be_rolled_back(lists, alice, bob):
    with transaction.atomic():
        with rows_of(alice.pk), pytest.raises(IntegrityError), transaction.atomic():
            TaskList.objects.create(owner=alice, name="Inbox", is_inbox=True)
        with rows_of(bob.pk):
            assert lists() == ["bob"]


def test_statements_outside_a_transaction_store_and_fail_as_usual(lists, alice):
    with rows_of(alice.pk):
        for _ in range(6):
            with pytest.raises(IntegrityError, match="one_inbox"):
                TaskList.objects.create(owner=alice, name="Inbox", is_inbox=True)
            TaskList.objects.create(owner=alice, name="List")
        assert lists() == ["alice"] * 7
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE todos_tasklist SET name = %s WHERE owner_id = %s",
                [["A", alice.pk], ["B", alice.pk]],
            )
        assert set(TaskList.objects.values_list("name", flat=True)) == {"B"}


def test_a_transaction_begun_by_hand_does_not_confuse_the_users(lists, alice, bob):
    with rows_of(alice.pk), transaction.atomic():
        assert lists() == ["alice"]
    with rows_of(bob.pk):
        execute("BEGIN")
    try:
        with rows_of(alice.pk):
            assert lists() == ["alice"]
    finally:
        execute("ROLLBACK")


def test_no_statement_is_sent_without_its_user(lists, bob):
    """Neither by COPY nor as a stream, which don't go through `execute`."""
    with rows_of(bob.pk), connection.cursor() as cursor:
        for send in (cursor.cursor.copy, cursor.cursor.stream):
            with pytest.raises(NotImplementedError):
                send("TABLE todos_task")


def test_prepared_statements_are_found_again_after_a_rollback(lists, alice):
    """psycopg deallocates all of them at a rollback."""
    with rows_of(alice.pk):
        for _ in range(6):
            assert lists() == ["alice"]
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            lists()
            raise ZeroDivisionError
        for _ in range(6):
            assert lists() == ["alice"]


# --- The policies -----------------------------------------------------------------


def test_every_table_of_tasks_has_an_owner():
    todos = apps.get_app_config("todos").get_models(include_auto_created=True)

    assert set(todos) == set(owned_models())


def test_every_owned_table_has_both_policies_and_forces_them():
    owned = {model._meta.db_table for model in owned_models()}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname::text, relrowsecurity AND relforcerowsecurity,"
            " array_agg(polname::text) FILTER (WHERE polname <> 'tests'),"
            " bool_and(polwithcheck IS NOT NULL) FILTER (WHERE polname <> 'tests')"
            " FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
            " LEFT JOIN pg_policy ON polrelid = pg_class.oid"
            " WHERE relkind = 'r' AND attname = 'owner_id'"
            " AND relnamespace = 'public'::regnamespace"
            " GROUP BY pg_class.oid, relname, 2"
        )
        found = {table: rest for table, *rest in cursor.fetchall()}

    assert found.keys() == owned
    for is_forced, policies, has_checks in found.values():
        assert is_forced
        assert sorted(policies) == ["maintenance", "owner_only"]
        assert has_checks


def test_the_owner_of_the_tables_is_limited_too_until_they_ask(transactional_db, alice):
    TaskFactory(owner=alice)
    with rows_of(None), as_owner():
        hidden = count(Task)
        with transaction.atomic():
            execute("SET LOCAL app.maintenance = 'on'")
            shown = count(Task)
        after = count(Task)

    assert (hidden, shown, after) == (0, 1, 0)


def test_the_policies_limit_nobody_before_the_last_migration(transactional_db, alice):
    """Until then, processes of the version before them can work."""
    TaskFactory(owner=alice)
    try:
        call_command("migrate", "todos", "0007", verbosity=0)
        with rows_of(None):
            assert count(Task) == 1
            [warning] = check_runtime_role(databases=["default"])
            assert warning.id == "config.W026"
            assert list(surplus_import_files(expired=timezone.now(), most=50)) == []
    finally:
        call_command("migrate", "todos", verbosity=0)
    with rows_of(None):
        assert count(Task) == 0


# --- Questions about all users ----------------------------------------------------


def test_the_functions_answer_with_ids_dates_and_zones_only(hers):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname::text, pg_get_function_result(oid), prosecdef,"
            " proconfig::text, has_function_privilege('pg_monitor', oid, 'EXECUTE')"
            " FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " AND proname LIKE 'todos_%%'"
        )
        found = cursor.fetchall()

    assert {name: result for name, result, *_ in found} == {
        "todos_surplus_import_files": "TABLE(owner_id uuid, key uuid)",
        "todos_waiting_reminders": (
            "TABLE(id uuid, owner_id uuid, remind_on date, due_date date,"
            " due_time time without time zone, due_tz character varying,"
            " reminder_minutes integer, reminder_time time without time zone)"
        ),
    }
    for _, _, is_definer, settings, for_anyone in found:
        assert is_definer
        assert settings == '{"search_path=pg_catalog, pg_temp"}'
        assert not for_anyone


def test_they_see_all_users_and_nothing_is_visible_after_them(alice, bob):
    now = timezone.now()
    for user in (alice, bob):
        task = TaskFactory(owner=user, due_date="2027-01-01", due_time="09:00")
        Task.objects.filter(pk=task.pk).update(remind_on=now.date())
        import_files.keep(
            user, name="x", format="csv", mapping={}, content=b"", report={}, at=now
        )
    with rows_of(None):
        waiting = waiting_reminders(until=now.date(), after=None, most=10)
        surplus = surplus_import_files(expired=now, most=50)
        later = waiting_reminders(
            until=now.date(), after=(now.date(), waiting[0].pk), most=10
        )

        assert {task.owner_id for task in waiting} == {alice.pk, bob.pk}
        assert [task.pk for task in later] == [waiting[1].pk]
        assert {owner for owner, _ in surplus} == {alice.pk, bob.pk}
        assert count(Task) == count(ImportFile) == 0
    assert Change.objects.filter(entity_id=uuid4()).count() == 0
