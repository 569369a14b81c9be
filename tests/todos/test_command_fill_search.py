"""`manage.py fill_search` makes tasks findable that an earlier version stored."""

from io import StringIO

import pytest
from django.core.management import call_command

from tests.factories import TaskFactory
from todos.management.commands import fill_search
from todos.models import Task


def run():
    out = StringIO()
    call_command("fill_search", stdout=out)
    return out.getvalue()


def found(owner, words):
    tasks = Task.objects.owned_by(owner).matching(words).order_by("pk")
    return [task.title for task in tasks]


def as_an_earlier_version(task, **changes):
    """Change a task without the text of searches."""
    Task.objects.filter(pk=task.pk).update(**changes)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    monkeypatch.setattr(fill_search, "PAGE", 2)


def test_finds_the_tasks_of_an_earlier_version_again(alice, bob):
    for owner, count in ((alice, 5), (bob, 1)):
        for number in range(count):
            task = TaskFactory(owner=owner, title=f"Crème {number}", notes="brûlée")
            as_an_earlier_version(task, search="")
    assert found(alice, "creme") == []

    assert run() == "Tasks made findable: 6\n"

    assert found(alice, "creme brulee") == [f"Crème {number}" for number in range(5)]
    assert found(bob, "creme") == ["Crème 0"]


def test_a_task_that_an_earlier_version_renamed_has_its_new_name(alice):
    task = TaskFactory(owner=alice, title="Old")
    as_an_earlier_version(task, title="New")

    run()

    assert (found(alice, "new"), found(alice, "old")) == (["New"], [])


def test_changes_nothing_else(alice):
    task = TaskFactory(owner=alice)
    before = Task.objects.values().get(pk=task.pk)
    as_an_earlier_version(task, search="")

    run()

    assert Task.objects.values().get(pk=task.pk) == before
    assert run() == "Tasks made findable: 0\n"


def test_a_task_that_changes_meanwhile_keeps_its_own_text(alice, monkeypatch):
    task = TaskFactory(owner=alice, title="Old")
    as_an_earlier_version(task, search="")
    field = Task._meta.get_field("search")
    computed = field.pre_save

    def change_meanwhile(row, add):
        as_an_earlier_version(task, title="New", search="new\n")
        return computed(row, add)

    monkeypatch.setattr(field, "pre_save", change_meanwhile)

    assert run() == "Tasks made findable: 0\n"
    assert found(alice, "new") == ["New"]
