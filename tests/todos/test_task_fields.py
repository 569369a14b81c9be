"""The description of a task's fields, held against everything that it describes.

Each test fails when a field was added in one place and forgotten in another.
"""

import json
from pathlib import Path

import pytest
from django.db import models
from rest_framework import serializers

from config.api.fields import field_names
from tests.factories import TaskFactory
from todos.api.plan.serializers import represent_plan_task
from todos.api.serializers.changes import ChangedFieldsSerializer, represent_change
from todos.api.serializers.tasks import TaskSerializer, represent_task
from todos.exports.json import represent_task as represent_for_export
from todos.exports.rows import tasks_of
from todos.imports import json as json_import
from todos.ledger import snapshot
from todos.models import Change, Task, loaded
from todos.task_fields import (
    BY_COLUMN,
    CSV_NAMES,
    EXPORTED_NAMES,
    FIELDS,
    LOADED_VALUES,
    MOVING_COLUMNS,
    PLAN_COLUMNS,
    RECORDED_COLUMNS,
    SHOWN_COLUMNS,
    STORED_COLUMNS,
    Kind,
)

SCHEMA = Path(__file__).parents[2] / "docs" / "export.schema.json"
WRITABLE = [
    name for name, field in TaskSerializer().fields.items() if not field.read_only
]
DATABASE_KINDS = {
    models.DateField: Kind.DATE,
    models.TimeField: Kind.TIME,
    models.DateTimeField: Kind.INSTANT,
    models.UUIDField: Kind.ID,
    models.ForeignKey: Kind.ID,
    models.CharField: Kind.TEXT,
    models.TextField: Kind.TEXT,
    models.IntegerField: Kind.NUMBER,
}


def kind_of(column):
    """Return the kind of a column; of several classes, the nearest decides."""
    return next(
        DATABASE_KINDS[base] for base in type(column).__mro__ if base in DATABASE_KINDS
    )


def test_describes_every_column_of_the_table_once():
    columns = [column.attname for column in Task._meta.concrete_fields]

    assert sorted(STORED_COLUMNS) == sorted(columns)
    assert len(BY_COLUMN) == len(FIELDS)


def test_describes_every_value_that_queries_load():
    declared = [
        name for name, value in vars(Task).items() if isinstance(value, loaded.Loaded)
    ]

    # Only rows of pages show the title of the parent.
    assert sorted([*LOADED_VALUES, "parent_title"]) == sorted(declared)


@pytest.mark.parametrize("column", Task._meta.concrete_fields, ids=lambda c: c.attname)
def test_columns_are_of_the_kind_and_length_described(column):
    described = BY_COLUMN[column.attname]

    assert described.kind is kind_of(column)
    if isinstance(column, models.CharField) and not column.choices:
        assert described.most == column.max_length


def test_version_1_shows_what_is_described():
    assert set(field_names(TaskSerializer)) == {
        field.name for field in FIELDS if field.shown
    }


@pytest.mark.parametrize(
    "name",
    WRITABLE,
)
def test_version_1_takes_values_within_the_limits_described(name):
    taken = TaskSerializer().fields[name]
    described = next(field for field in FIELDS if field.name == name)

    if isinstance(taken, serializers.IntegerField):
        assert (taken.min_value, taken.max_value) == (described.least, described.most)
    elif isinstance(taken, serializers.CharField):
        assert taken.max_length == described.most


def test_version_1_represents_what_it_names(alice):
    task = Task.objects.represented().get(pk=TaskFactory(owner=alice).pk)

    assert tuple(represent_task(vars(task))) == field_names(TaskSerializer)
    assert vars(task).keys() >= set(SHOWN_COLUMNS)


def test_the_plan_shows_no_column_that_is_not_described(alice):
    TaskFactory(owner=alice)

    row = Task.objects.represented().values(*PLAN_COLUMNS).get()

    assert represent_plan_task(row, user_id="me")["title"] == row["title"]


def test_the_ledger_records_what_is_described(alice):
    task = TaskFactory(owner=alice)

    assert set(snapshot(task)) == {*RECORDED_COLUMNS, "labels"}


def test_the_ledger_shows_what_it_records(alice):
    TaskFactory(owner=alice)
    change = Change.objects.filter(entity="task").values().get()

    shown = represent_change(change)["after"]

    recorded = {field.name for field in FIELDS if field.recorded and field.shown}
    assert set(shown) == recorded
    assert set(ChangedFieldsSerializer().fields) >= recorded


def test_the_json_export_holds_what_is_described(alice):
    TaskFactory(owner=alice)

    item = represent_for_export(next(tasks_of(alice)))

    assert set(item) == set(EXPORTED_NAMES)


def test_the_schema_of_the_json_export_has_what_is_described():
    schema = json.loads(SCHEMA.read_text())

    assert set(schema["$defs"]["task"]["properties"]) == set(EXPORTED_NAMES)


def test_the_json_import_takes_what_the_export_holds():
    _, names = json_import.READERS["tasks"]

    assert names == set(EXPORTED_NAMES)


def test_csv_holds_a_part_of_the_export():
    assert set(CSV_NAMES.values()) <= {
        field.column for field in FIELDS if field.exported
    }


@pytest.mark.parametrize(
    "field",
    [field for field in FIELDS if field.name in WRITABLE],
    ids=lambda field: field.column,
)
def test_what_users_fill_in_is_kept_everywhere(field):
    """Undo would not restore it, and exports and the next task would lack it."""
    assert field.recorded
    assert field.exported
    assert field.copied or field.column == "parent_id"


def test_dates_that_are_copied_move_along():
    dates = [field for field in FIELDS if field.kind is Kind.DATE and field.copied]

    assert {field.column for field in dates} == set(MOVING_COLUMNS)
