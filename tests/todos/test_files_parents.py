"""Steps come after their tasks, whatever the order of a file."""

import pytest

from todos.actions.imports.rows import RowIssue, TaskRow
from todos.imports.parents import ParentSorter


def placed(*tasks):
    """Return (source, parent) of each task as yielded, and the rows of notices."""
    sorter = ParentSorter("parent")
    items = [item for task in tasks for item in sorter.add(task)]
    items += sorter.rest()
    notices = [item.row for item in items if isinstance(item, RowIssue)]
    return [(i.source, i.parent) for i in items if isinstance(i, TaskRow)], notices


def task(source, parent="", **columns):
    return TaskRow(row=int(source), source=source, parent=parent, fields={}, **columns)


@pytest.mark.parametrize(
    ("tasks", "expected", "notices"),
    [
        ([("1", ""), ("2", "1")], [("1", ""), ("2", "1")], []),
        ([("2", "1"), ("1", "")], [("1", ""), ("2", "1")], []),
        ([("3", "2"), ("2", "1"), ("1", "")], [("1", ""), ("2", "1"), ("3", "1")], [3]),
        ([("2", "9")], [("2", "")], [2]),
        ([("1", "1")], [("1", "")], [1]),
        ([("1", "2"), ("2", "1")], [("1", ""), ("2", "1")], [1]),
        ([("3", "2"), ("2", "9")], [("2", ""), ("3", "2")], [2]),
        (
            [("3", "1"), ("1", "2"), ("2", "1")],
            [("2", ""), ("1", "2"), ("3", "2")],
            [2, 3],
        ),
    ],
    ids=[
        "in order",
        "reversed",
        "two levels",
        "no parent",
        "its own",
        "a circle",
        "below a task without its parent",
        "beside a circle",
    ],
)
def test_steps_follow_their_task(tasks, expected, notices):
    assert placed(*(task(*one) for one in tasks)) == (expected, notices)


def test_a_step_goes_to_the_list_of_its_task():
    sorter = ParentSorter("parent")
    list(sorter.add(task("1", list_name="Home")))

    notice, step = sorter.add(task("2", "1", list_name="Work"))

    assert (notice.row, notice.field) == (2, "parent")
    assert step.list_name == "Home"


def test_many_steps_before_their_task_take_linear_time():
    sorter = ParentSorter("parent")
    steps = [task(str(number), "1") for number in range(2, 20_000)]

    assert not [item for step in steps for item in sorter.add(step)]
    assert len(list(sorter.add(task("1")))) == 19_999


@pytest.mark.parametrize("size", [2, 20_000])
def test_a_circle_of_any_length_is_opened_once(size):
    sorter = ParentSorter("parent")
    tasks = [task(str(n), str((n + 1) % size)) for n in range(size)]

    assert not [item for one in tasks for item in sorter.add(one)]
    items = list(sorter.rest())

    tops = [item for item in items if isinstance(item, TaskRow) and not item.parent]
    assert len(tops) == 1
    assert sum(isinstance(item, TaskRow) for item in items) == size
