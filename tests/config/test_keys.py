"""Keys in PostgreSQL begin with the owner, also after an interrupted migration."""

import pytest
from django.conf import settings
from django.db import IntegrityError, NotSupportedError, connection, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState
from django.db.models import Count, UniqueConstraint
from psycopg.errors import ForeignKeyViolation

from config.postgresql.keys import KeyByOwner, WidenUnique
from config.postgresql.roles import as_owner
from tests.factories import TaskFactory
from tests.runtime_role import owned_models
from todos.models import Label, Task, TaskLabel

pytestmark = [
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite has no such keys"
    ),
]

UNIQUE_KEYS = """
SELECT indrelid::regclass::text, indexrelid::regclass::text,
    (SELECT attname FROM pg_attribute WHERE attrelid = indrelid AND attnum = indkey[0])
FROM pg_index WHERE indisunique AND indrelid::regclass::text = ANY(%s)
"""
CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated
FROM pg_constraint WHERE conrelid::regclass::text = ANY(%s) ORDER BY 1, 2
"""
TABLES = ["todos_label", "todos_tasklabel"]
# The keys of labels as they were before.
EARLIER = [
    "ALTER TABLE todos_tasklabel DROP CONSTRAINT todos_tasklabel_label_id_owner",
    "ALTER TABLE todos_label DROP CONSTRAINT todos_label_owner_id,"
    " ADD CONSTRAINT todos_label_pkey PRIMARY KEY (id),"
    " ADD CONSTRAINT todos_label_owner_id UNIQUE (owner_id, id)",
    "ALTER TABLE todos_tasklabel ADD CONSTRAINT todos_tasklabel_label_id_owner"
    " FOREIGN KEY (owner_id, label_id) REFERENCES todos_label (owner_id, id)"
    " DEFERRABLE INITIALLY DEFERRED",
]


def fetched(query, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall()


def execute_directly(*statements):
    with as_owner(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def run(operation, *, atomic=False):
    state = ProjectState.from_apps(Task._meta.apps)
    with as_owner(), connection.schema_editor(atomic=atomic) as editor:
        operation.database_forwards("todos", editor, state, state)


def key_labels_by_owner():
    run(KeyByOwner("Label", unique="todos_label_owner_id"))


@pytest.mark.django_db
def test_every_unique_key_of_an_owned_table_begins_with_the_owner():
    """This includes keys that are added later."""
    tables = [model._meta.db_table for model in owned_models()]

    keys = fetched(UNIQUE_KEYS, tables)

    assert {table for table, *_ in keys} == {*tables}
    assert [key for key in keys if key[2] != "owner_id"] == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("left", ["nothing", "an index", "a foreign key", "both keys"])
def test_a_key_is_changed_and_again_after_an_interruption(alice, left):
    label = Label.objects.create(owner=alice, name="Home", key="home")
    TaskLabel.objects.create(owner=alice, task=TaskFactory(owner=alice), label=label)
    wanted = fetched(CONSTRAINTS, TABLES)
    execute_directly(*EARLIER)
    leftovers = {
        "nothing": [],
        "an index": ["CREATE INDEX todos_label_key ON todos_label (id)"],
        "a foreign key": [
            "ALTER TABLE todos_tasklabel ADD CONSTRAINT"
            " todos_tasklabel_label_id_owner_new FOREIGN KEY (owner_id, label_id)"
            " REFERENCES todos_label (owner_id, id) NOT VALID"
        ],
        "both keys": [
            "ALTER TABLE todos_label DROP CONSTRAINT todos_label_pkey,"
            " ADD CONSTRAINT todos_label_key PRIMARY KEY (owner_id, id)"
        ],
    }
    execute_directly(*leftovers[left])
    assert fetched(CONSTRAINTS, TABLES) != wanted

    key_labels_by_owner()

    assert fetched(CONSTRAINTS, TABLES) == wanted
    key_labels_by_owner()  # nothing is left to do
    assert fetched(CONSTRAINTS, TABLES) == wanted


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_pooled", [False, True])
def test_indexes_are_built_online_unless_there_is_a_pooler(monkeypatch, is_pooled):
    """A pooler would give a session with changed settings to others."""
    sent = []
    execute = BaseDatabaseSchemaEditor.execute
    monkeypatch.setattr(
        BaseDatabaseSchemaEditor,
        "execute",
        lambda self, sql, *rest: (sent.append(sql), execute(self, sql, *rest)),
    )
    execute_directly(*EARLIER)
    monkeypatch.setitem(settings.MIGRATION_DATABASE, "POOLED", is_pooled)

    key_labels_by_owner()

    statements = [sql for sql in sent if isinstance(sql, str)]
    online = [sql for sql in statements if "CONCURRENTLY" in sql]
    lasting = [sql for sql in statements if sql.startswith(("SET l", "RESET"))]
    assert bool(online) is bool(lasting) is not is_pooled
    assert any("CREATE UNIQUE INDEX" in sql for sql in statements)


@pytest.mark.django_db(transaction=True)
def test_a_row_that_refers_to_nothing_stops_the_change_of_a_key(alice):
    """Row-level security must not hide it from the check."""
    label = Label.objects.create(owner=alice, name="Home", key="home")
    TaskLabel.objects.create(owner=alice, task=TaskFactory(owner=alice), label=label)
    execute_directly(*EARLIER)
    reference = fetched(CONSTRAINTS, TABLES)
    drop, _, create = EARLIER
    try:
        execute_directly(drop)
        Label.objects.filter(owner=alice).delete()
        execute_directly(f"{create} NOT VALID")

        with pytest.raises(IntegrityError) as raised:
            key_labels_by_owner()
    finally:
        TaskLabel.objects.filter(owner=alice).delete()
        key_labels_by_owner()

    assert isinstance(raised.value.__cause__, ForeignKeyViolation)
    assert fetched(CONSTRAINTS, TABLES) != reference


@pytest.mark.django_db(transaction=True)
def test_the_columns_of_a_unique_key_change_while_others_write():
    wanted = fetched(CONSTRAINTS, TABLES)
    indexes = fetched(UNIQUE_KEYS, ["todos_task", "todos_tasklabel"])
    execute_directly(
        "ALTER TABLE todos_tasklabel DROP CONSTRAINT todos_tasklabel_once,"
        " ADD CONSTRAINT todos_tasklabel_once UNIQUE (task_id, label_id)",
        "DROP INDEX todos_task_occurrence_once",
        "CREATE UNIQUE INDEX todos_task_occurrence_once ON todos_task"
        " (series, occurrence) WHERE series IS NOT NULL",
        "CREATE INDEX todos_tasklabel_once_new ON todos_tasklabel (id)",  # left behind
    )

    for model in (TaskLabel, Task):
        [now] = [
            constraint
            for constraint in model._meta.constraints
            if isinstance(constraint, UniqueConstraint)
            and constraint.name.endswith("_once")
        ]
        run(WidenUnique(model.__name__, old=now, new=now))

    assert fetched(CONSTRAINTS, TABLES) == wanted
    found = fetched(UNIQUE_KEYS, ["todos_task", "todos_tasklabel"])
    assert sorted(found) == sorted(indexes)


@pytest.mark.django_db(transaction=True)
def test_a_key_is_not_changed_in_a_transaction():
    with pytest.raises(NotSupportedError, match="atomic = False"):
        run(KeyByOwner("Label", unique="todos_label_owner_id"), atomic=True)


@pytest.mark.django_db
def test_rows_are_grouped_although_their_id_is_not_the_key(alice):
    TaskFactory(owner=alice)

    counted = Task.objects.owned_by(alice).annotate(number=Count("steps"))

    assert [task.number for task in counted] == [0]


# --- The same id -----------------------------------------------------------------


@pytest.fixture
def same_id(alice, bob):
    """Two tasks that have the same id, which no request can bring about."""
    hers = TaskFactory(owner=alice, title="Hers")
    his = TaskFactory(owner=bob, title="His", id=hers.pk)
    for owner in (alice, bob):
        label = Label.objects.create(owner=owner, name=owner.display_name, key="x")
        TaskLabel.objects.create(owner=owner, task_id=hers.pk, label=label)
    return his.pk


def of(user):
    columns = ("title", "completed_at", "trashed_at", "version")
    return Task.objects.owned_by(user).with_labels().values(*columns, "label_names")


@pytest.mark.django_db
def test_the_same_id_of_another_user_is_neither_read_nor_changed(
    api_as, alice, bob, same_id
):
    url, before = f"/api/v1/tasks/{same_id}", list(of(alice))
    client = api_as(bob)

    assert client.get(url).json()["labels"] == ["Bob"]
    assert client.patch(url, {"title": "New"}, format="json").status_code == 200
    assert client.post(f"{url}/complete").status_code == 200
    assert client.patch(url, {"labels": []}, format="json").status_code == 200
    assert client.delete(url).status_code == 204
    assert client.delete(f"{url}?permanent=true").status_code == 204
    assert client.get(url).status_code == 404

    assert list(of(alice)) == before
    assert list(of(bob)) == []


@pytest.mark.django_db
def test_an_id_is_not_stored_twice_for_one_user(alice):
    task = TaskFactory(owner=alice)

    refused = pytest.raises(IntegrityError, match="todos_task_owner_id")
    with refused, transaction.atomic():
        TaskFactory(owner=alice, id=task.pk)
