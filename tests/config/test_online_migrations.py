"""Migrations bear the earlier version, which serves requests until it is restarted.

PostgreSQL must not lock a large table for long, and what the earlier version stores
must still be accepted.
"""

import pytest
from django.db import NotSupportedError, connection, migrations, models
from django.db.migrations import operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from config.postgresql.keys import KeyByOwner, WidenUnique
from config.postgresql.online import AddIndexOnline
from config.postgresql.roles import as_owner
from config.readiness import LATER
from todos.models import Task

# The last migrations that are not checked: they are older than this test.
UNCHECKED = {"accounts": 23, "config": 3, "todos": 8}
# Operations that break these rules, with the reason why they may: (app, number, what).
# They follow the restart, and so are in `LATER` of `config.readiness`.
KEYS = "Two pages group rows by `id` before; docs/operations.md has the order."
EXCUSED: dict[tuple[str, int, str], str] = {
    ("todos", 11, f"KeyByOwner of {model}"): KEYS
    for model in (
        "Change",
        "IdempotentAnswer",
        "Label",
        "Task",
        "TaskLabel",
        "TaskList",
    )
}


def findings(migration):
    """Yield what an earlier version would not bear: `operation of model`."""
    made = {
        operation.name_lower
        for operation in migration.operations
        if isinstance(operation, operations.CreateModel)
    }
    for operation in migration.operations:
        model = getattr(operation, "model_name", getattr(operation, "name", ""))
        if str(model).lower() not in made and not bears(operation, migration):
            yield f"{type(operation).__name__} of {model or 'rows'}"


def bears(operation, migration):
    match operation:
        case operations.CreateModel() | AddIndexOnline() | operations.RemoveIndex():
            return True
        case WidenUnique():
            return not migration.atomic
        case operations.AddField(field=field):
            # Rows of the earlier version lack it.
            return (
                field.many_to_many or field.null or field.db_default is not NOT_PROVIDED
            )
        case operations.AlterField(field=field):
            return not _changes_column(operation, migration)
        case operations.AlterModelOptions() | operations.AlterModelManagers():
            return True
        case operations.RemoveConstraint():
            return True
        case operations.RunPython() | operations.RunSQL():
            return not migration.atomic  # else its locks are held to the end
    return False


NOT_PROVIDED = models.NOT_PROVIDED
# What Django changes without the database.
PYTHON_ONLY = {"choices", "default", "help_text", "on_delete", "validators"}
PYTHON_ONLY |= {"verbose_name"}


def _changes_column(operation, migration):
    loader = MigrationLoader(None)
    before = loader.project_state(
        [name for name in migration.dependencies if name[0] == migration.app_label],
        at_end=True,
    )
    key = migration.app_label, operation.model_name_lower
    old = before.models[key].fields[operation.name]
    old, new = (
        {
            name: value
            for name, value in field.deconstruct()[3].items()
            if name not in PYTHON_ONLY
        }
        for field in (old, operation.field)
    )
    return old != new


def checked():
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        number = int(name.partition("_")[0]) if app in UNCHECKED else 0
        if number > UNCHECKED.get(app, 0):
            yield app, number, migration


def test_migrations_bear_the_earlier_version():
    found = {
        (app, number, finding)
        for app, number, migration in checked()
        for finding in findings(migration)
    }

    assert found == EXCUSED.keys()


def test_what_an_earlier_version_does_not_bear_follows_the_restart():
    loader = MigrationLoader(None)
    excused = {
        name
        for name in loader.disk_migrations
        for app, number, _ in EXCUSED
        if name[0] == app and name[1].startswith(f"{number:04}_")
    }

    assert excused <= LATER


@pytest.mark.parametrize("last", ["0007_row_security", "0010_deleted_by_owner"])
def test_the_orders_of_the_documents_leave_only_what_follows_the_restart(last):
    graph = MigrationLoader(None).graph
    targets = [("todos", last), *graph.leaf_nodes("accounts")]
    targets += graph.leaf_nodes("config")

    before = {name for target in targets for name in graph.forwards_plan(target)}
    left = {name for name in graph.nodes if name[0] in UNCHECKED} - before

    assert left <= LATER
    assert ("todos", "0011_keys_of_the_owner") in left


def migration_of(*its_operations, atomic=True):
    migration = migrations.Migration("0099_test", "todos")
    migration.operations, migration.atomic = list(its_operations), atomic
    return migration


INDEX = models.Index("title", name="test_index")


@pytest.mark.parametrize(
    "operation",
    [
        operations.RemoveField("task", "notes"),
        operations.RenameField("task", "notes", "text"),
        operations.RenameModel("Task", "Todo"),
        operations.DeleteModel("Task"),
        operations.AddField("task", "colour", models.TextField(default="")),
        operations.AddIndex("task", INDEX),
        operations.AddConstraint(
            "task", models.CheckConstraint(condition=models.Q(), name="x")
        ),
        operations.RunPython(lambda apps, editor: None),
        KeyByOwner("Task"),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_an_operation_that_an_earlier_version_does_not_bear_is_found(operation):
    assert len([*findings(migration_of(operation))]) == 1


@pytest.mark.parametrize(
    "operation",
    [
        operations.AddField("task", "colour", models.TextField(null=True)),
        operations.AddField("task", "colour", models.TextField(db_default="")),
        AddIndexOnline("task", INDEX),
        operations.RemoveIndex("task", "todos_task_due"),
    ],
    ids=["null", "default of the database", "index", "no index"],
)
def test_an_operation_that_an_earlier_version_bears_is_accepted(operation):
    assert [*findings(migration_of(operation))] == []


def test_a_new_table_may_get_indexes_in_its_migration():
    new = operations.CreateModel("Colour", [("id", models.AutoField(primary_key=True))])

    assert not [*findings(migration_of(new, operations.AddIndex("colour", INDEX)))]


# --- The index ---------------------------------------------------------------------


def names():
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Task._meta.db_table)
    return found.keys()


def add_online(*, atomic=False):
    index = models.Index("title", name="test_index")
    operation = AddIndexOnline("task", index)
    before = ProjectState.from_apps(Task._meta.apps)
    after = before.clone()
    operation.state_forwards("todos", after)
    with as_owner(), connection.schema_editor(atomic=atomic) as editor:
        operation.database_forwards("todos", editor, before, after)
    return lambda: _remove(index)


def _remove(index):
    with as_owner(), connection.schema_editor(atomic=False) as editor:
        editor.remove_index(Task, index)


@pytest.mark.django_db(transaction=True)
def test_an_index_is_added_online_and_again_after_an_interruption():
    remove = add_online()
    try:
        assert "test_index" in names()
        if connection.vendor == "postgresql":
            add_online()  # the first attempt left one
            assert "test_index" in names()
    finally:
        remove()
    assert "test_index" not in names()


@pytest.mark.django_db(transaction=True)
def test_an_index_is_not_added_online_in_a_transaction():
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has such indexes")

    with pytest.raises(NotSupportedError, match="atomic = False"):
        add_online(atomic=True)
