"""Many repeating tasks, or many of their steps, take few statements."""

from datetime import date

import pytest

from tests.changes import statements_of
from tests.factories import TaskFactory
from todos import actions
from todos.models import Change, Label, Task, TaskLabel

DUE = {"due_date": date(2027, 1, 15), "rrule": "FREQ=DAILY"}
STEPS_MAX = 500


def repeating(owner, *, steps, labels=("home",)):
    """Store a repeating task with this number of steps, each with the labels."""
    task = TaskFactory(owner=owner, labels=labels, **DUE)
    made = Task.objects.bulk_create(
        Task(owner=owner, list_id=task.list_id, parent=task, title=f"Step {number}")
        for number in range(steps)
    )
    TaskLabel.objects.bulk_create(
        TaskLabel(owner=owner, task=step, label=label)
        for step in made
        for label in Label.objects.owned_by(owner)
    )
    return task


def test_completing_copies_any_number_of_steps_in_the_same_statements(as_alice, alice):
    counts = [
        statements_of(
            actions.complete_task,
            as_alice,
            task_id=repeating(alice, steps=steps, labels=("home", "work")).pk,
        )
        for steps in (2, 30)
    ]

    assert counts[0] == counts[1]


def test_completing_a_task_with_the_most_steps_takes_few_statements(as_alice, alice):
    task = repeating(alice, steps=STEPS_MAX)

    assert statements_of(actions.complete_task, as_alice, task_id=task.pk) <= 40

    upcoming = Task.objects.represented().get(series=task.series, occurrence=2)
    assert (upcoming.steps_total, upcoming.steps_done) == (STEPS_MAX, 0)
    copied = upcoming.steps.with_labels()
    assert {tuple(step.label_names) for step in copied} == {("home",)}
    assert alice.changes.filter(kind=Change.Kind.COMPLETED).count() == STEPS_MAX + 1


@pytest.mark.parametrize("action", ["complete", "reopen"])
def test_many_repeating_tasks_take_as_many_statements_as_few(as_alice, alice, action):
    counts = []
    for count in (2, 15):
        tasks = [repeating(alice, steps=1).pk for _ in range(count)]
        if action == "reopen":
            actions.change_tasks(as_alice, task_ids=tasks, action="complete")
        counts.append(
            statements_of(actions.change_tasks, as_alice, task_ids=tasks, action=action)
        )

    assert counts[0] == counts[1]


def test_each_of_many_repeating_tasks_gets_a_next_occurrence_with_its_steps(
    as_alice, alice
):
    tasks = [repeating(alice, steps=number) for number in range(3)]

    done = actions.change_tasks(
        as_alice, task_ids=[task.pk for task in tasks], action="complete"
    )

    assert [done.next_occurrences[task.pk].steps_total for task in tasks] == [0, 1, 2]
    assert [done.next_occurrences[task.pk].series for task in tasks] == [
        task.series for task in tasks
    ]


@pytest.mark.parametrize("is_first", [True, False])
def test_a_repeating_step_completed_with_its_task_continues_with_it(
    as_alice, alice, is_first
):
    task = TaskFactory(owner=alice, **DUE)
    step = TaskFactory(owner=alice, parent_id=task.pk, **DUE)
    named = [step.pk, task.pk] if is_first else [task.pk, step.pk]

    actions.change_tasks(as_alice, task_ids=named, action="complete")

    upcoming = Task.objects.get(series=task.series, occurrence=2)
    assert list(upcoming.steps.values_list("title", "occurrence")) == [(step.title, 1)]
    assert task.steps.open().count() == 0
