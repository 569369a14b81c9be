"""Making rows without the constructor of their model."""

from uuid import uuid4

import pytest
from django.utils import timezone

from config.writes import new_row
from todos.models import Task

COMPUTED = {"id", "position"}


def columns(task: Task) -> dict[str, object]:
    return {field.attname: getattr(task, field.attname) for field in task._meta.fields}


def test_a_new_row_is_what_the_constructor_makes():
    now = timezone.now()
    given = {"owner_id": uuid4(), "title": "Buy milk", "created_at": now}
    given |= {"updated_at": now}

    made, usual = new_row(Task, **given), Task(**given)

    assert made.id and made.position and made.id != new_row(Task, **given).id
    mine, expected = columns(made), columns(usual)
    assert {name for name in mine if mine[name] != expected[name]} == COMPUTED
    assert (made._state.adding, made._state.db) == (True, None)
    assert vars(made).keys() == vars(usual).keys()


def test_a_given_value_replaces_a_computed_default():
    key = uuid4()

    made = new_row(Task, id=key, position=7)

    assert (made.pk, made.position) == (key, 7)


def test_an_unknown_column_is_an_error():
    with pytest.raises(TypeError, match="Task has no column colour"):
        new_row(Task, title="Buy milk", colour="red")
